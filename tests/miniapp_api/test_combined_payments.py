"""Paying an order or a bill with the balance and a channel together, over HTTP with the channels' stand-ins."""

import asyncio

import pytest

from billing import deductions, payments
from core import db
from tests.world import new_key


async def ordered(world, *, balance_fen=800, price_fen=2_800):
    phone = await world.arrive()
    if balance_fen:
        await world.give(phone.customer_id, balance_fen)
    order = await phone.post(
        "/orders", {"lines": [{"sku_id": await world.sku(price_fen=price_fen), "quantity": 1}]}
    )
    return phone, order.body["order_no"]


async def combine(phone, order_no, *, channel="wechat_pay", method="jsapi", key=None, **share):
    body = {"channel": channel, "method": method, **share}
    return await phone.post(f"/orders/{order_no}/combined-payments", body, key=key or new_key())


async def seen(phone, order_no, combined_no):
    """(combined payment, order, balance, held)."""
    combined = (await phone.get(f"/combined-payments/{combined_no}")).body
    order = (await phone.get(f"/orders/{order_no}")).body
    balance = await phone.balance()
    return combined["state"], order["state"], balance["balance_fen"], balance["held_fen"]


@pytest.mark.parametrize(
    ("channel", "method"),
    [("wechat_pay", "jsapi"), ("wechat_pay", "native"), ("alipay", "precreate"), ("alipay", "wap")],
)
async def test_the_balance_and_the_channel_pay_an_order_together(world, channel, method):
    phone, order_no = await ordered(world)
    made = await combine(phone, order_no, channel=channel, method=method)
    assert made.status == 201, made
    assert (made.body["state"], made.body["balance_fen"], made.body["channel_fen"]) == ("open", 800, 2_000)
    assert await seen(phone, order_no, made.body["combined_no"]) == ("open", "placed", 800, 800)
    bill_no = made.body["bill_no"]
    assert (await phone.get(f"/bills/{bill_no}")).body["pending_no"] == made.body["combined_no"]
    await phone.pay(made.body["payment"])
    await world.quiet()
    assert await seen(phone, order_no, made.body["combined_no"]) == ("paid", "paid", 0, 0)
    told = (await phone.get("/messages")).body["items"][0]
    assert (told["kind"], "8.00" in told["body"], "20.00" in told["body"]) == ("bill_paid", True, True)
    (line, *_) = (await phone.get("/account/changes")).body["items"]
    assert (line["kind"], line["principal_fen"]) == ("bill_payment", -800)


async def test_the_channel_alone_pays_when_the_balance_is_left(world):
    phone, order_no = await ordered(world)
    made = await combine(phone, order_no, balance_fen=0)
    await phone.pay(made.body["payment"])
    await world.quiet()
    assert await seen(phone, order_no, made.body["combined_no"]) == ("paid", "paid", 800, 0)


async def test_a_plans_bill_is_paid_the_same_way(world):
    phone, _ = await ordered(world)
    offer = await world.offer(amount_fen=3_000)
    await phone.post("/plans", {"offer_id": offer.id, "consent_version": "v1"})
    await deductions.run_due()
    (bill,) = (await phone.get("/bills?state=open")).body["items"][:1]
    made = await phone.post(
        f"/bills/{bill['bill_no']}/combined-payments", {"channel": "wechat_pay", "method": "jsapi"}
    )
    assert made.status == 201, made
    await phone.pay(made.body["payment"])
    await world.quiet()
    assert (await phone.get(f"/bills/{bill['bill_no']}")).body["state"] == "paid"


async def test_what_cannot_be_combined_is_refused(world):
    phone, order_no = await ordered(world)
    other = await world.arrive()
    assert (await combine(other, order_no)).code == "no_such_order"
    assert (await combine(phone, order_no, balance_fen=2_800)).code == "nothing_for_channel"
    assert (await combine(phone, order_no, balance_fen=801)).code == "insufficient_balance"
    assert (await combine(phone, order_no, method="wap")).code == "no_such_channel"
    assert (await combine(phone, order_no, balance_fen=-1)).code == "invalid_request"
    assert (await phone.get("/combined-payments/C1")).code == "no_such_combined_payment"
    made = await combine(phone, order_no)
    second = await combine(phone, order_no)
    assert (second.status, second.code) == (409, "bill_payment_pending")
    assert made.body["combined_no"] in str(second.body), "the client can continue or cancel it"
    assert (await phone.post(f"/orders/{order_no}/pay")).code == "bill_payment_pending"
    assert (await phone.post(f"/orders/{order_no}/cancel")).code == "bill_payment_pending"
    theirs = f"/combined-payments/{made.body['combined_no']}"
    for refused in (
        await other.get(theirs),
        await other.post(f"{theirs}/cancel"),
        await other.post(f"{theirs}/check"),
    ):
        assert (refused.status, refused.code) == (404, "no_such_combined_payment")


async def test_cancelling_closes_it_at_the_channel_and_the_order_can_be_paid_otherwise(world):
    phone, order_no = await ordered(world)
    made = await combine(phone, order_no)
    cancelled = await phone.post(f"/combined-payments/{made.body['combined_no']}/cancel")
    assert cancelled.body["state"] == "closed", cancelled
    assert (await phone.open(made.body["payment"])).status == 422, "closed at the channel as well"
    assert await seen(phone, order_no, made.body["combined_no"]) == ("closed", "placed", 800, 0)
    again = await combine(phone, order_no, balance_fen=300)
    await phone.pay(again.body["payment"])
    await world.quiet()
    assert await seen(phone, order_no, again.body["combined_no"]) == ("paid", "paid", 500, 0)


async def test_cancelling_what_was_paid_in_that_moment_says_that_it_is_paid(world):
    world.misbehave("wechat_pay.notify.queue", "lose")
    phone, order_no = await ordered(world)
    made = await combine(phone, order_no)
    await phone.pay(made.body["payment"])
    answers = await asyncio.gather(
        *(phone.post(f"/combined-payments/{made.body['combined_no']}/cancel") for _ in range(3)),
        phone.post(f"/combined-payments/{made.body['combined_no']}/check"),
    )
    assert {answer.body["state"] for answer in answers} == {"paid"}, answers
    assert await seen(phone, order_no, made.body["combined_no"]) == ("paid", "paid", 0, 0)


async def test_when_the_channel_does_not_answer_the_same_key_goes_on(world):
    phone, order_no = await ordered(world)
    key = new_key()
    world.misbehave("wechat_pay.jsapi", "500_after", times=1)
    assert (await combine(phone, order_no, key=key)).code == "channel_unavailable"
    assert (await phone.balance())["held_fen"] == 800
    made = await combine(phone, order_no, key=key)
    await phone.pay(made.body["payment"])
    await world.quiet()
    assert await seen(phone, order_no, made.body["combined_no"]) == ("paid", "paid", 0, 0)


async def test_the_clock_closes_what_was_left_lying_and_then_the_order(world):
    from shop import orders

    phone, order_no = await ordered(world)
    made = await combine(phone, order_no)
    world.advance(minutes=31)
    assert await orders.expire_unpaid() == 0
    await payments.poll(world.runtime.outside.channels)
    assert await orders.expire_unpaid() == 1
    assert await seen(phone, order_no, made.body["combined_no"]) == ("closed", "cancelled", 800, 0)


async def test_money_that_comes_after_the_order_is_gone_is_put_on_the_balance_and_told(world):
    world.misbehave("wechat_pay.notify.queue", "lose")
    phone, order_no = await ordered(world)
    made = await combine(phone, order_no)
    await phone.pay(made.body["payment"])
    await db.execute(
        "UPDATE payment SET state = 'closed', ask_at = NULL, ended_at = now() WHERE purpose = 'bill'"
    )
    await db.execute("UPDATE combined_payment SET state = 'closed', ended_at = now()")
    await db.execute("UPDATE bill SET pending_no = NULL")
    await db.execute("UPDATE hold SET state = 'released', ended_at = now()")
    await db.execute("UPDATE account SET held_fen = 0")
    assert (await phone.post(f"/orders/{order_no}/cancel")).status == 200
    (delivery,) = world.sandbox.world.courier.deliveries()
    world.sandbox.world.courier.resend(delivery.id)
    world.sandbox.world.courier.resend(delivery.id)
    await world.quiet()
    assert await seen(phone, order_no, made.body["combined_no"]) == ("credited", "cancelled", 2_800, 0)
    told = (await phone.get("/messages")).body["items"]
    assert [one["kind"] for one in told].count("payment_credited") == 1


async def test_money_that_does_not_match_waits_for_an_operator(world):
    world.misbehave("wechat_pay.notify", "wrong_amount")
    phone, order_no = await ordered(world)
    made = await combine(phone, order_no)
    path = f"/combined-payments/{made.body['combined_no']}"
    await phone.pay(made.body["payment"])
    await world.quiet()
    assert await seen(phone, order_no, made.body["combined_no"]) == ("quarantined", "placed", 800, 800)
    assert (await phone.post(f"{path}/cancel")).code == "payment_under_review"
    desk = await world.operator()
    (shown,) = (await desk.get("/combined-payments?state=open")).body["items"]
    assert (shown["combined_no"], shown["state"]) == (made.body["combined_no"], "quarantined")
    (payment,) = (await desk.get("/payments?state=quarantined")).body["items"]
    assert (payment["purpose"], payment["purpose_no"]) == ("bill", made.body["combined_no"])
    ended = await desk.post(f"{path}/let-go")
    assert ended.body["state"] == "closed", ended
    assert (await desk.post(f"{path}/let-go")).body["state"] == "closed"
    assert (await desk.post("/combined-payments/C1/let-go")).code == "no_such_combined_payment"
    assert await seen(phone, order_no, made.body["combined_no"]) == ("closed", "placed", 800, 0)
    second = await combine(phone, order_no)
    assert (
        await desk.post(f"/combined-payments/{second.body['combined_no']}/let-go")
    ).code == "not_under_review"
