import pytest

from core import db

ADDRESS = "/webhooks/alipay"


async def paid_top_up(world):
    phone = await world.arrive()
    made = await phone.top_up("alipay", "precreate", amount_fen=100)
    await phone.pay(made.body["payment"])
    await world.quiet()
    return phone, made.body


def delivered(world):
    return [one for one in world.sandbox.world.courier.deliveries() if one.route == "alipay.notify"]


async def notices():
    return await db.fetch("SELECT * FROM channel_notice WHERE verdict = 'verified' ORDER BY id")


async def test_a_notification_is_answered_success_and_credited_once(world):
    phone, _ = await paid_top_up(world)
    paid = delivered(world)[-1]
    assert "success" in paid.tries[-1]["note"]
    for _ in range(2):
        assert world.sandbox.world.courier.resend(paid.id)
        await world.quiet()
    assert [(one["outcome"], one["receipts"]) for one in await notices()][-1] == ("credited", 3)
    assert (await phone.balance())["principal_fen"] == 100


@pytest.mark.parametrize("fault", ["bad_signature", "unsigned"])
async def test_what_is_not_provably_from_alipay_is_refused_and_the_true_one_taken_later(world, fault):
    world.misbehave("alipay.notify", fault)
    phone, _ = await paid_top_up(world)
    assert any("HTTP 401 'failure'" in one["note"] for delivery in delivered(world) for one in delivery.tries)
    assert (await phone.balance())["principal_fen"] == 100


@pytest.mark.parametrize(
    ("fault", "value", "reason"),
    [("wrong_amount", "0.99", "wrong_amount"), ("wrong_number", "NOBODYS1", "unknown_number")],
)
async def test_money_that_does_not_match_is_quarantined_not_credited(world, fault, value, reason):
    world.misbehave("alipay.notify", fault, value=value, times=0)
    phone, _ = await paid_top_up(world)
    assert (await phone.balance())["balance_fen"] == 0
    desk = await world.operator()
    (found,) = await desk.all("/quarantine")
    assert (found["reason"], found["channel"], found["state"]) == (reason, "alipay", "open")


@pytest.mark.parametrize("fault", ["wrong_app_id", "wrong_seller"])
async def test_a_notification_for_somebody_else_is_refused(world, fault):
    world.misbehave("alipay.notify", fault, times=0)
    phone, _ = await paid_top_up(world)
    assert await notices() == []
    assert (await phone.balance())["balance_fen"] == 0


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b""),
        (FORM, b"a=1&a=2"),
        (FORM, b"&".join(b"a%d=1" % n for n in range(500))),
        (FORM, b"sign_type=RSA2&sign=%00%ff&charset=utf-8"),
        (FORM, "sign=中文".encode()),
        (FORM, b"sign_type=RSA2&sign=" + b"A" * 60_000),
        (FORM, b"x" * 100_000),
        ("application/json", b"{}"),
        ("text/plain; charset=nonsense", b"a=1"),
    ],
)
async def test_hostile_input_is_refused_and_leaves_nothing(world, kind, body):
    async with world.http.post(f"{world.url}{ADDRESS}", data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status in (400, 401)
        assert await answer.text() == "failure"
    assert await notices() == []
