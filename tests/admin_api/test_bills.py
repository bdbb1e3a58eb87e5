"""Bills over HTTP: an operator issues and arranges them, the customer sees, agrees and pays."""

from datetime import timedelta

from billing import due_bills
from core import clock

CONSENT = {"consent_version": "2026-11", "consent_text": "分三期付清，到期自动从余额扣款。"}


def day(days):
    return str(clock.today() + timedelta(days=days))


async def issued(desk, phone, **more):
    body = {"title": "秋季课程学费", "amount_fen": 1_000, **more}
    answer = await desk.post(f"/customers/{phone.customer_id}/bills", body)
    assert answer.status == 201, answer
    return answer.body


async def test_a_bill_is_issued_seen_paid_in_part_and_explained(world):
    desk, phone, other = await world.operator(), await world.arrive(), await world.arrive()
    await world.give(phone.customer_id, 600)
    bill = await issued(desk, phone, collect_mode="partial", due_on=day(3), memo="第二期班")
    path = f"/bills/{bill['bill_no']}"
    seen = (await phone.get(path)).body
    assert (seen["collect_mode"], seen["due_fen"], seen["next_part"], seen["payments"]) == (
        "partial",
        0,
        None,
        [],
    )
    assert (await other.get(path)).code == "no_such_bill"
    paid = await phone.post(f"{path}/pay", {"amount_fen": 250})
    assert (paid.status, paid.body["paid_fen"], paid.body["state"]) == (200, 250, "partly_paid")
    assert (await phone.post(f"{path}/pay", {"amount_fen": 751})).code == "amount_above_owed"
    assert (await phone.post(f"{path}/pay", {"amount_fen": 0})).status == 422
    taken = await desk.post(f"{path}/pay", {"amount_fen": 50})
    assert taken.body["paid_fen"] == 300 and taken.body["memo"] == "第二期班"
    assert (await desk.post(f"{path}/void", {"reason": "x"})).code == "bill_has_payments"
    assert [one["bill_no"] for one in await desk.all(f"/customers/{phone.customer_id}/bills")] == [
        bill["bill_no"]
    ]
    titles = [message["title"] for message in await phone.all("/messages")]
    assert "新账单" in titles


async def test_what_an_operator_cannot_issue(world):
    desk, phone = await world.operator(), await world.arrive()
    path, body = f"/customers/{phone.customer_id}/bills", {"title": "x", "amount_fen": 1}
    for more, status, code in (
        ({"automatic": True}, 422, "consent_missing"),
        ({"due_on": day(1), "due_at": "2026-12-01T00:00:00Z"}, 422, "due_on_or_at"),
        ({"due_at": "0001-01-01T00:00:00+14:00"}, 422, None),
        ({"amount_fen": 0}, 422, None),
        ({"title": ""}, 422, None),
        ({"collect_mode": "instalments"}, 422, None),
    ):
        answer = await desk.post(path, {**body, **more})
        assert answer.status == status and code in (None, answer.code), answer
    assert (await desk.post("/customers/404/bills", body)).code == "no_such_customer"
    assert (await desk.post(path, body, key=None)).code == "idempotency_key_required"


async def test_instalments_are_previewed_proposed_agreed_to_and_taken(world):
    desk, phone = await world.operator(), await world.arrive()
    await world.give(phone.customer_id, 400)
    path = f"/bills/{(await issued(desk, phone))['bill_no']}"
    schedule = {"kind": "equal", "count": 3, "first_due_on": day(0), "every": "month"}
    preview = await desk.post(f"{path}/instalments/preview", {"schedule": schedule})
    assert [part["amount_fen"] for part in preview.body["parts"]] == [334, 333, 333]
    proposed = await desk.post(f"{path}/instalments", {"schedule": schedule, "automatic": True, **CONSENT})
    assert proposed.status == 201 and proposed.body["history"][0]["state"] == "proposed"
    offer = (await phone.get(path)).body["proposed"]
    assert (len(offer["parts"]), offer["consent_version"], offer["automatic"]) == (3, "2026-11", True)
    agree = {"arrangement_no": offer["arrangement_no"], "consent_version": "2026-10"}
    assert (await phone.post(f"{path}/instalments/agree", agree)).code == "consent_outdated"
    agreed = await phone.post(f"{path}/instalments/agree", {**agree, "consent_version": "2026-11"})
    assert agreed.status == 200, agreed
    assert (agreed.body["collect_mode"], agreed.body["due_fen"], agreed.body["proposed"]) == (
        "instalments",
        334,
        None,
    )
    await due_bills.run()
    seen = (await phone.get(path)).body
    assert [part["state"] for part in seen["instalments"]] == ["paid", "open", "open"]
    assert (seen["payments"][0]["matched_by"], seen["next_part"]["part_no"]) == ("due_date", 2)
    custom = {
        "kind": "custom",
        "parts": [{"amount_fen": 600, "due_on": day(5)}, {"amount_fen": 66, "due_on": day(9)}],
    }
    again = {"schedule": custom, "automatic": False, "consent_channel": "counter", **CONSENT}
    assert (await desk.post(f"{path}/instalments", again)).body["collect_mode"] == "instalments"
    ended = await desk.post(f"{path}/instalments/cancel", {"reason": "顾客要求"})
    assert [one["state"] for one in ended.body["history"]] == ["cancelled", "replaced"]
    assert (ended.body["due_fen"], ended.body["collect_mode"]) == (666, "full")


async def test_instalments_that_do_not_fit_are_refused(world):
    desk, phone = await world.operator(), await world.arrive()
    path = f"/bills/{(await issued(desk, phone, amount_fen=10))['bill_no']}/instalments/preview"
    for schedule, code in (
        ({"kind": "equal", "count": 11, "first_due_on": day(0)}, "too_many_instalments"),
        (
            {"kind": "equal", "count": 1, "first_due_on": day(1), "down_payment_fen": 10},
            "down_payment_too_large",
        ),
        ({"kind": "equal", "count": 1, "first_due_on": day(-1)}, "instalment_dates_wrong"),
        ({"kind": "equal", "count": 1, "first_due_on": "2999-12-31"}, "instalment_dates_wrong"),
        ({"kind": "custom", "parts": [{"amount_fen": 9, "due_on": day(0)}]}, "instalments_differ"),
    ):
        answer = await desk.post(path, {"schedule": schedule})
        assert (answer.status, answer.code) == (422, code), answer
    assert (await desk.post(path, {"schedule": {"kind": "other"}})).status == 422
    assert (
        await desk.post(
            "/bills/B404/instalments/preview",
            {"schedule": {"kind": "equal", "count": 1, "first_due_on": day(0)}},
        )
    ).code == "no_such_bill"
