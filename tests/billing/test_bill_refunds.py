"""Refunds of bills: partial and many, into the very lots and back through the very channels."""

import asyncio
from datetime import timedelta

import pytest

from billing import approvals, bills, channel_refunds, expiry, payments, refunds, staff_alerts
from core import clock
from core import db as database
from gateways import channel as at_channel
from ledger import accounts
from shop import orders, orders_history
from tests import factories
from tests.billing.refunding import (
    BOSS,
    Channel,
    opened,
    paid_bill,
    paid_by_channel,
    parts,
    refund_bill,
    told,
)


async def test_partial_refunds_return_to_the_lots_in_the_reverse_order_and_never_more_than_was_burnt(db):
    customer = await factories.customer(principal=1_000, bonus=300)
    bill = await paid_bill(customer.id, 1_000)  # 300 of bonus, then 700 of principal
    assert await factories.balance(customer.id) == (300, 0)
    seen = []
    for amount_fen in (500, 300, 200):
        await refund_bill(bill, amount_fen)
        seen.append(await factories.balance(customer.id))
    assert seen == [(800, 0), (1_000, 100), (1_000, 300)]
    with pytest.raises(refunds.NothingToRefund):
        await refund_bill(bill, 1)
    assert await told(customer.id, "refunded") == 3


async def test_more_than_is_left_is_refused_and_moves_nothing(db):
    customer = await factories.customer(principal=1_000)
    bill = await paid_bill(customer.id, 400)
    await refund_bill(bill, 300)
    with pytest.raises(refunds.RefundTooLarge) as refusal:
        await refund_bill(bill, 101)
    assert refusal.value.params["left_fen"] == 100
    assert await factories.balance(customer.id) == (900, 0)
    with pytest.raises(refunds.NoSuchBill):
        await refunds.of_bill(opened(), BOSS, "B0", amount_fen=1, reason="", key=factories.key())


async def test_bonus_that_is_over_returns_to_its_lot_and_expires_there(db):
    customer = await factories.customer(principal=1_000, bonus=300, bonus_days=1)
    bill = await paid_bill(customer.id, 300)
    clock.set_offset(timedelta(days=3))
    await refund_bill(bill, 200)
    assert await factories.balance(customer.id) == (1_000, 200)
    assert await expiry.expire_bonus() == 1
    await refund_bill(bill, 100)
    assert await expiry.expire_bonus() == 1
    assert await factories.balance(customer.id) == (1_000, 0)


async def test_the_same_refund_asked_at_once_by_many_is_made_once_and_others_share_what_is_left(db):
    customer = await factories.customer(principal=1_000)
    bill = await paid_bill(customer.id, 1_000)
    same = [refund_bill(bill, 300, key="one-and-the-same") for _ in range(4)]
    others = [refund_bill(bill, 300) for _ in range(5)]
    came = await asyncio.gather(*same, *others, return_exceptions=True)
    made = {one.refund.refund_no for one in came if isinstance(one, refunds.Outcome)}
    assert len(made) == 3
    assert await factories.balance(customer.id) == (900, 0)
    assert {type(one) for one in came} == {refunds.Outcome, refunds.RefundTooLarge}


async def test_a_channel_part_is_reserved_sent_once_and_ends_when_the_channel_has_paid_it_back(db):
    customer = await factories.customer(principal=500)
    bill = await paid_by_channel(customer.id, 1_000, balance_fen=400)
    channel = Channel()
    refund = (await refund_bill(bill, 700, channel=channel)).refund
    assert [(part.tender, part.amount_fen, part.state) for part in refund.parts] == [
        ("wechat_pay", 600, "open"), ("balance", 100, "paid"),
    ]  # fmt: skip
    assert await factories.balance(customer.id) == (200, 0)
    assert (await bills.get(customer.id, bill)).state == "paid"
    with pytest.raises(refunds.RefundTooLarge):
        await refund_bill(bill, 301)
    for state, outcome in (("accepted", "waiting"), ("paid_back", "paid_back"), ("paid_back", "repeated")):
        assert await refunds.settle("wechat_pay", channel.says(state, 600)) == outcome
    assert (await refunds.get(refund.refund_no)).state == "paid"
    assert await parts(bill) == [("balance", 400, 100, 0), ("wechat_pay", 600, 600, 0)]
    assert len(channel.sent) == 1
    assert await told(customer.id, "refund_started") == await told(customer.id, "refund_paid") == 1


async def test_no_answer_is_not_a_no_and_the_clock_asks_by_the_same_number_less_and_less_often(db):
    customer = await factories.customer()
    bill = await paid_by_channel(customer.id, 1_000)
    channel = Channel(at_channel.ResultUnknown("time-out"))
    refund = (await refund_bill(bill, 1_000, channel=channel)).refund
    (number,) = {order.out_refund_no for order in channel.sent}
    asked = 0
    for minutes in range(1, 130):
        clock.set_offset(timedelta(minutes=minutes))
        before = channel.questions
        await refunds.poll(channel.open())
        asked += channel.questions > before
    assert 4 <= asked <= 8
    assert {order.out_refund_no for order in channel.sent} == {number}
    assert (await refunds.get(refund.refund_no)).state == "open"
    channel.answer = "paid_back"
    clock.set_offset(timedelta(minutes=200))
    assert await refunds.poll(channel.open()) == 1
    assert (await refunds.get(refund.refund_no)).state == "paid"


@pytest.mark.parametrize("no", ["closed", at_channel.ChannelRefused("NOT_ENOUGH", "no money")])
async def test_a_definite_no_frees_what_was_reserved_and_alerts_and_can_be_tried_again_once(db, no):
    customer = await factories.customer()
    bill = await paid_by_channel(customer.id, 1_000)
    channel = Channel(no)
    refund = (await refund_bill(bill, 600, channel=channel)).refund
    assert refund.state == "failed"
    assert await parts(bill) == [("wechat_pay", 1_000, 0, 0)]
    assert [alert.kind for alert in await staff_alerts.page(is_open=True)] == ["refund_failed"]
    assert await told(customer.id, "refund_failed") == 1
    channel.answer = "paid_back"
    again = await refunds.retry(channel.open(), BOSS, refund.refund_no, key=factories.key())
    assert (again.state, again.retry_of, again.amount_fen) == ("paid", refund.refund_no, 600)
    assert await staff_alerts.page(is_open=True) == []
    with pytest.raises(refunds.RefundStateForbids):
        await refunds.retry(channel.open(), BOSS, refund.refund_no, key=factories.key())
    assert await refunds.settle("wechat_pay", channel.says("paid_back", 600, nth=0)) == "contradicted"
    assert [alert.kind for alert in await staff_alerts.page(is_open=True)] == ["refund_contradicted"]


async def test_an_orders_history_has_a_refund_that_is_tried_again(db):
    customer = await factories.customer()
    order = await factories.order(customer.id, 1_000)
    made = await factories.combined_payment(order, 0)
    assert await payments.confirm(factories.trade(made)) == "settled"
    channel = Channel("closed")
    failed = (await refund_bill(order.bill_no, 600, channel=channel)).refund
    channel.answer = "paid_back"
    again = await refunds.retry(channel.open(), BOSS, failed.refund_no, key=factories.key())
    told_of = [event.note for event in await orders_history.of_order(order.id) if event.step == "refund"]
    assert told_of == [f"{failed.refund_no} 600", f"{again.refund_no} 600"]


async def test_a_refusal_after_an_unknown_answer_is_believed_only_if_the_channel_knows_no_refund(db):
    customer = await factories.customer()
    bill = await paid_by_channel(customer.id, 1_000)
    channel = Channel(at_channel.ChannelRefused("INVALID_REQUEST", "?"), known="accepted")
    refund = (await refund_bill(bill, 600, channel=channel)).refund
    assert (refund.state, refund.parts[0].last_answer) == ("open", "accepted")


async def test_what_is_stuck_waits_for_a_decision_to_try_again_or_to_credit_the_balance(db):
    customer = await factories.customer()
    bill = await paid_by_channel(customer.id, 1_000)
    channel = Channel("abnormal")
    refund = (await refund_bill(bill, 600, channel=channel)).refund
    assert (refund.state, refund.parts[0].state) == ("open", "abnormal")
    assert await parts(bill) == [("wechat_pay", 1_000, 0, 600)]
    channel.answer = channel.known = "abnormal"
    refund = await refunds.retry(channel.open(), BOSS, refund.refund_no, key=factories.key())
    assert refund.parts[0].state == "abnormal" and channel.sent[0] == channel.sent[-1]
    both = await asyncio.gather(
        *(refunds.to_balance(BOSS, refund.refund_no, key=factories.key()) for _ in range(3)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in both) == [
        "Refund",
        "RefundStateForbids",
        "RefundStateForbids",
    ]
    assert await factories.balance(customer.id) == (600, 0)
    assert await parts(bill) == [("wechat_pay", 1_000, 600, 0)]
    assert await staff_alerts.page(is_open=True) == []
    assert await refunds.settle("wechat_pay", channel.says("paid_back", 600)) == "contradicted"


async def test_an_answer_about_another_amount_or_an_unknown_refund_moves_nothing(db):
    customer = await factories.customer()
    bill = await paid_by_channel(customer.id, 1_000)
    channel = Channel("accepted")
    await refund_bill(bill, 600, channel=channel)
    stranger = at_channel.ChannelRefund("R-unknown", None, "paid_back", 600)
    assert await refunds.settle("wechat_pay", stranger) == "not_ours"
    assert await refunds.settle("alipay", channel.says("paid_back", 600)) == "not_ours"
    assert await refunds.settle("wechat_pay", channel.says("paid_back", 599)) == "abnormal"
    assert await parts(bill) == [("wechat_pay", 1_000, 0, 600)]
    assert {alert.kind for alert in await staff_alerts.page(is_open=True)} == {
        "refund_not_ours",
        "refund_abnormal",
    }


async def test_answers_at_once_and_out_of_order_end_a_refund_once(db):
    customer = await factories.customer()
    bill = await paid_by_channel(customer.id, 1_000)
    channel = Channel("accepted")
    await refund_bill(bill, 600, channel=channel)
    said = ("paid_back", "accepted", "paid_back", "missing", "paid_back")
    came = await asyncio.gather(*(refunds.settle("wechat_pay", channel.says(state, 600)) for state in said))
    assert came.count("paid_back") == 1
    assert await parts(bill) == [("wechat_pay", 1_000, 600, 0)]


async def test_cancelling_an_order_paid_two_ways_refunds_both_whatever_was_refunded_before(db):
    customer, sku = await factories.customer(principal=700), await factories.sku(1_000, stock=5)
    order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    await paid_by_channel(customer.id, 1_000, balance_fen=700, bill_no=order.bill_no)
    await database.execute("UPDATE shop_order SET state = 'paid', paid_at = $1", clock.now())
    channel = Channel("paid_back")
    came = await asyncio.gather(
        orders.cancel(customer.id, order.order_no), refund_bill(order.bill_no, 500, channel=channel),
        orders.cancel(customer.id, order.order_no), return_exceptions=True,
    )  # fmt: skip
    assert came[0].state == came[2].state == "cancelled"
    clock.set_offset(timedelta(minutes=2))
    await refunds.poll(channel.open())
    assert await factories.balance(customer.id) == (700, 0)
    assert await parts(order.bill_no) == [("balance", 700, 700, 0), ("wechat_pay", 300, 300, 0)]
    assert sum(order.amount_fen for order in channel.sent) == 300


async def test_refunds_and_spending_at_once_leave_the_books_right(db):
    customer, sku = await factories.customer(principal=1_000, bonus=100), await factories.sku(100, stock=50)
    bill = await paid_bill(customer.id, 1_000)
    placed = [
        await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key()) for _ in range(6)
    ]
    came = await asyncio.gather(
        *(refund_bill(bill, 250) for _ in range(4)),
        *(orders.pay(customer.id, order.order_no, key=factories.key()) for order in placed),
        return_exceptions=True,
    )
    paid = sum(isinstance(one, orders.Order) for one in came)
    balance = await accounts.balance(customer.id)
    assert balance.balance_fen == 1_100 - 100 * paid


async def test_an_operators_refund_above_the_limit_waits_for_a_second_person(db):
    customer = await factories.customer(principal=100_000)
    bill = await paid_bill(customer.id, 90_000)
    outcome = await refund_bill(bill, 80_000)
    assert outcome.refund is None and await factories.balance(customer.id) == (10_000, 0)
    done = await approvals.approve(BOSS + 1, outcome.approval_no, key=factories.key())
    assert done.state == "executed"
    assert await factories.balance(customer.id) == (90_000, 0)
    refund = await refunds.get(done.result)
    assert (refund.operator, refund.decided_by) == (f"operator:{BOSS}", f"operator:{BOSS + 1}")


async def test_no_second_person_is_asked_for_more_than_there_is_to_give_back(db):
    customer = await factories.customer(principal=100_000)
    bill = await paid_bill(customer.id, 90_000)
    with pytest.raises(refunds.RefundTooLarge) as refused:
        await refund_bill(bill, 90_001)
    assert refused.value.params == {"left_fen": 90_000, "amount_fen": 90_001}
    waiting = (await refund_bill(bill, 90_000)).approval_no
    await approvals.approve(BOSS + 1, waiting, key=factories.key())
    with pytest.raises(refunds.NothingToRefund):
        await refund_bill(bill, 90_000)
    unpaid = await factories.bill(customer.id, 90_000)
    with pytest.raises(refunds.NothingToRefund):
        await refund_bill(unpaid, 90_000)
    assert await approvals.page(state="waiting") == []


async def test_a_part_nobody_knows_cannot_be_asked_about(db):
    with pytest.raises(refunds.NoSuchRefund):
        await channel_refunds.ask(opened(), "R1_1")
    with pytest.raises(refunds.NoSuchRefund):
        await refunds.to_balance(BOSS, "R1", key=factories.key())
