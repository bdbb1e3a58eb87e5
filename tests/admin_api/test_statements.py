from datetime import timedelta

from core import clock
from tests.miniapp_api.test_statements import days, download, story


async def test_operators_read_any_customers_statement_and_see_who_acted(world):
    phone, desk = await story(world)
    body = (await desk.get(f"/customers/{phone.customer_id}/statement?{days()}")).body
    assert [line["operator"] for line in body["items"]] == [
        "channel:wechat_pay", f"customer:{phone.customer_id}", "operator:1"
    ]  # fmt: skip
    own = (await phone.get(f"/account/statement?{days()}")).body
    assert {name: body[name] for name in ("opening", "closing", "totals")} == {
        name: own[name] for name in ("opening", "closing", "totals")
    }
    _, raw = await download(desk, f"/customers/{phone.customer_id}/statement.csv?{days()}", locale="en")
    rows = raw.decode("utf-8-sig").splitlines()
    assert ",Operator," in rows[0] and ",operator:1,-0.07," in rows[4]
    _, raw = await download(desk, f"/customers/{phone.customer_id}/statement.xlsx?{days()}")
    assert raw[:2] == b"PK"


async def test_a_customer_who_does_not_exist_has_no_statement(world):
    desk = await world.operator()
    for ending in ("", ".csv", ".xlsx"):
        refused = await desk.get(f"/customers/404/statement{ending}?{days()}")
        assert (refused.status, refused.code) == (404, "no_such_customer")


async def test_what_customers_are_owed_is_told_for_now_then_and_between(world):
    phone, desk = await story(world)
    now = (await desk.get("/reports/liability")).body
    assert now["closing"]["total_fen"] == (await phone.balance())["balance_fen"]
    assert (now["closing"]["customers"], now["opening"], now["movements"]) == (1, None, None)
    midnight = f"{clock.start_of(clock.today()):%Y-%m-%dT%H:%M:%SZ}"
    then = (await desk.get(f"/reports/liability?at={midnight}")).body["closing"]
    assert (then["total_fen"], then["customers"]) == (0, 0)
    between = (await desk.get(f"/reports/liability?from={midnight}")).body
    assert (between["opening"], between["closing"]["total_fen"]) == (then, 19_192)
    assert {moved["kind"]: moved["total_fen"] for moved in between["movements"]} == {
        "top_up": 22_000, "bill_payment": -2_801, "manual_adjustment": -7
    }  # fmt: skip


async def test_questions_about_liability_that_cannot_be_answered_are_refused(world):
    desk = await world.operator()
    later = f"{clock.now() + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    for query, code in (
        (f"at={later}", "liability_not_yet"),
        (f"from=2026-01-01T00:00:00Z&to={later}", "liability_not_yet"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "liability_instants_reversed"),
        ("at=2026-01-02T00:00:00Z&from=2026-01-01T00:00:00Z", "liability_instant_or_two"),
        ("to=2026-01-02T00:00:00Z", "liability_instant_or_two"),
        ("at=2026-01-02T00:00:00", "invalid_request"),
    ):
        refused = await desk.get(f"/reports/liability?{query}")
        assert (refused.status, refused.code) == (422, code), query
