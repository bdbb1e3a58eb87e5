"""What money that comes back must not do: pay the same bill again unasked, hide above the cap, wait for a closed channel for ever."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import (
    adjustments,
    approvals,
    bill_records,
    bills,
    caps,
    channel_refunds,
    channels,
    collecting,
    combined,
    counter,
    counter_undo,
    deduction_rules,
    due_bills,
    instalment_schedule,
    instalments,
    payments,
    refunds,
    reversals,
    reviews,
    staff_alerts,
    terms,
    transfers,
)
from core import clock
from core import db as database
from gateways import channel as at_channel
from shop import orders
from tests import factories
from tests.billing.refunding import BOSS, Channel, opened, paid_bill, paid_by_channel, refund_bill

OTHER = 2
CLOSED = channels.Channels({})


async def alerts(kind):
    return [alert for alert in await staff_alerts.page(is_open=True) if alert.kind == kind]


async def partly_paid(customer_id):
    """A due automatic bill of 3000 of which 1000, all there was, has been taken."""
    bill_no = await factories.bill(
        customer_id, 3_000, automatic=True, consent="报名表", collect_mode="partial"
    )
    await due_bills.run()
    assert (await bills.find(bill_no)).paid_fen == 1_000
    return bill_no


async def test_what_is_refunded_of_a_due_automatic_bill_is_not_taken_again(db):
    customer = await factories.customer(principal=1_000)
    bill_no = await partly_paid(customer.id)
    await refund_bill(bill_no, 600)
    assert await factories.balance(customer.id) == (600, 0)
    await factories.topped_up(customer.id, 5_000)
    clock.set_offset(timedelta(days=40))
    await due_bills.run()
    assert await factories.balance(customer.id) == (5_600, 0)
    shown = await bill_records.read(bill_no, customer_id=customer.id)
    assert (shown.automatic, shown.manual_because, shown.paid_fen) == (False, "refunded", 1_000)


async def test_a_bill_paid_by_hand_says_nothing_of_it(db):
    customer = await factories.customer(principal=1_000)
    bill_no = await factories.bill(customer.id, 3_000, collect_mode="partial")
    await collecting.pay(customer.id, bill_no, amount_fen=1_000, key=factories.key())
    await refund_bill(bill_no, 600)
    assert (await bills.find(bill_no)).manual_because is None


async def arranged(bill_no, *, automatic):
    wish = instalments.Terms(
        instalment_schedule.EqualParts(2, clock.today()), automatic, "1", "同意", "counter"
    )
    await instalments.arrange(BOSS, bill_no, wish, key=factories.key())


@pytest.mark.parametrize(
    ("again", "expected"),
    [(None, (False, "review_rejected")), (False, (False, "review_rejected")), (True, (False, None))],
)
async def test_no_arrangement_that_ends_brings_back_what_a_rejected_review_ended(db, again, expected):
    customer = await factories.customer(principal=2_000)
    bill_no = await factories.bill(customer.id, 3_000, automatic=True, consent="报名表")
    await arranged(bill_no, automatic=True)
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 500}, action="hold", tells_customer=False
    )
    await due_bills.run()
    (review,) = await reviews.page(state="waiting")
    await reviews.reject(BOSS, review.review_no, key=factories.key())
    found = await bills.find(bill_no)
    assert (found.automatic, found.manual_because) == (False, "review_rejected")
    if again is not None:
        await arranged(bill_no, automatic=again)
        assert (await bills.find(bill_no)).automatic is again
    await instalments.cancel(BOSS, bill_no, reason="r", key=factories.key())
    found = await bills.find(bill_no)
    assert (found.automatic, found.manual_because) == expected


async def test_a_failed_refund_of_a_bill_that_is_being_paid_is_not_tried_again_yet(db):
    customer = await factories.customer(principal=1_000)
    channel = Channel()
    bill_no = await paid_by_channel(customer.id, 1_000)
    made = (await refund_bill(bill_no, 300, channel=channel)).refund
    assert await refunds.settle("wechat_pay", channel.says("closed", 300)) == "refused"
    # what was partly paid through a channel before it became payable in parts
    await database.execute(
        "UPDATE bill SET amount_fen = 3000, state = 'partly_paid', paid_at = NULL, collect_mode = 'partial' WHERE bill_no = $1",
        bill_no,
    )
    wanted = combined.Wanted(500, "wechat_pay", "native", None)
    await combined.start(factories.open_channels(), customer.id, bill_no, wanted, key=factories.key())
    with pytest.raises(bills.BillPaymentPending):
        await refunds.retry(channel.open(), BOSS, made.refund_no, key=factories.key())
    assert len(await refunds.page(customer_id=customer.id)) == 1


async def test_a_refund_or_adjustment_above_the_cap_is_given_and_seen(db):
    customer = await factories.customer(principal=60_000)
    bill_no = await paid_bill(customer.id, 50_000)
    await factories.topped_up(customer.id, 80_000)
    assert not await alerts("over_cap")
    await refund_bill(bill_no, 20_000)
    (alert,) = await alerts("over_cap")
    assert alert.params["principal_fen"] == 110_000
    other = await factories.customer(principal=90_000)
    await adjustments.adjust(
        BOSS, other.id, kind="principal", amount_fen=20_000, reason="补偿", key=factories.key()
    )
    assert len(await alerts("over_cap")) == 2
    await adjustments.adjust(
        BOSS, other.id, kind="principal", amount_fen=-10_000, reason="r", key=factories.key()
    )
    assert await caps.resolve_alerts() == 1


async def test_a_refund_through_a_channel_that_is_switched_off_is_told_kept_and_ends_with_an_operator(db):
    customer = await factories.customer()
    bill_no = await paid_by_channel(customer.id, 1_000)
    made = (
        await refunds.of_bill(CLOSED, BOSS, bill_no, amount_fen=400, reason="r", key=factories.key())
    ).refund
    (alert,) = await alerts("refund_channel_off")
    assert made.refund_no in alert.text("zh-CN") and "wechat_pay" in alert.text("en")
    asked = []
    for day in range(10):
        clock.set_offset(timedelta(days=day, minutes=5))
        asked.append(await channel_refunds.poll(CLOSED))
        await channel_refunds.poll(CLOSED)  # not again on the same day
    (part,) = (await refunds.get(made.refund_no)).parts
    assert (part.state, sum(asked)) == ("abnormal", 1)
    assert part.asks == 7
    assert not await alerts("refund_channel_off")
    assert len(await alerts("refund_abnormal")) == 1
    await refunds.to_balance(BOSS, made.refund_no, key=factories.key())
    assert await factories.balance(customer.id) == (400, 0)


async def test_switched_on_again_it_goes_back_and_nobody_is_alerted_any_more(db):
    customer = await factories.customer()
    bill_no = await paid_by_channel(customer.id, 1_000)
    made = (
        await refunds.of_bill(CLOSED, BOSS, bill_no, amount_fen=400, reason="r", key=factories.key())
    ).refund
    clock.set_offset(timedelta(days=2))
    channel = Channel("paid_back")
    assert await channel_refunds.poll(channel.open()) == 1
    assert not await alerts("refund_channel_off")
    assert (await refunds.get(made.refund_no)).state == "paid"
    assert [order.out_refund_no for order in channel.sent] == [made.parts[0].part_no]


async def test_a_word_that_comes_though_the_channel_is_off_ends_it_too(db):
    customer = await factories.customer()
    bill_no = await paid_by_channel(customer.id, 1_000)
    made = (
        await refunds.of_bill(CLOSED, BOSS, bill_no, amount_fen=400, reason="r", key=factories.key())
    ).refund
    word = at_channel.ChannelRefund(made.parts[0].part_no, "50300", "paid_back", 400)
    assert await refunds.settle("wechat_pay", word) == "paid_back"
    assert not await alerts("refund_channel_off")


async def adjust(customer_id, amount_fen, by=BOSS):
    return await adjustments.adjust(
        by, customer_id, kind="principal", amount_fen=amount_fen, reason="r", key=factories.key()
    )


async def test_small_acts_of_one_operator_on_one_customer_add_up_to_the_limit(db):
    terms.use(replace(terms.current(), approval_above_fen=1_000))
    customer, other = await factories.customer(principal=5_000), await factories.customer()
    bill_no = await paid_bill(customer.id, 2_000)
    assert (await adjust(customer.id, 300)).approval_no is None
    assert (await adjust(customer.id, -300)).approval_no is None  # there and back is moved twice
    assert (await refund_bill(bill_no, 300)).approval_no is None
    assert (await refund_bill(bill_no, 101)).approval_no is not None
    gift = transfers.Gift(customer.id, other.id, 101, 0, "r")
    assert (await transfers.send(BOSS, gift, key=factories.key())).approval_no is not None
    assert (
        await transfers.send(BOSS, replace(gift, principal_fen=100), key=factories.key())
    ).approval_no is None
    assert (await adjust(customer.id, 1)).approval_no is not None
    # another operator, another customer and another day count for themselves
    assert (await adjust(customer.id, 900, by=OTHER)).approval_no is None
    assert (await adjust(other.id, 900)).approval_no is None
    clock.set_offset(timedelta(hours=25))
    assert (await adjust(customer.id, 900)).approval_no is None
    terms.use(replace(terms.current(), approval_window_hours=0))
    assert (await adjust(customer.id, 900)).approval_no is None


async def test_what_a_second_person_agreed_to_or_was_undone_does_not_add_up(db):
    terms.use(replace(terms.current(), approval_above_fen=1_000))
    customer = await factories.customer()
    asked = await adjust(customer.id, 1_001)
    await approvals.approve(OTHER, asked.approval_no, key=factories.key())
    made = await adjust(customer.id, 900)
    assert made.approval_no is None
    await reversals.reverse_adjustment(BOSS, made.adjustment_no, reason="r", key=factories.key())
    assert (await adjust(customer.id, 900)).approval_no is None


async def test_small_acts_at_once_add_up_too(db):
    terms.use(replace(terms.current(), approval_above_fen=1_000))
    customer = await factories.customer(principal=3_000)
    bill_no, other_no = await paid_bill(customer.id, 1_000), await paid_bill(customer.id, 1_000)
    made = await asyncio.gather(
        *(adjust(customer.id, 300) for _ in range(3)),
        *(refund_bill(number, 300) for number in (bill_no, other_no)),
    )
    assert sum(one.approval_no is None for one in made) == 3
    assert (await factories.balance(customer.id))[0] == 1_000 + 900


async def test_a_refund_that_is_tried_again_adds_up_with_what_one_operator_gave_back_alone(db):
    most = terms.current().approval_above_fen
    who = await factories.customer(principal=2 * most, named=True)
    one, two = await paid_by_channel(who.id, most), await paid_bill(who.id, most)
    first = await refund_bill(one, most, channel=Channel("closed"))
    assert first.refund.state == "failed"
    assert (await refund_bill(two, most)).refund.state == "paid"
    number = first.refund.refund_no
    with pytest.raises(refunds.SecondPersonNeeded):
        await refunds.retry(opened(), 1, number, at_counter=True, key=factories.key())
    assert (await refunds.get(number)).state == "failed"
    again = await refunds.retry(opened(), 2, number, at_counter=True, key=factories.key())
    assert again.amount_fen == most, "a second person does it"


async def test_a_top_up_at_the_counter_that_was_undone_does_not_count_as_given_back(db):
    most = terms.current().approval_above_fen
    who = await factories.customer(named=True)
    one = await counter.top_up(
        1, counter.TopUpWish(who.id, amount_fen=most), counter.Taking("cash", None), key=factories.key()
    )
    await counter_undo.undo(1, one.payment.counter_no, reason="x", key=factories.key())
    await factories.topped_up(who.id, most)
    assert (await refund_bill(await paid_bill(who.id, most), most)).approval_no is None


async def test_a_refund_that_a_second_person_agreed_to_is_tried_again_by_anybody_however_often_it_fails(db):
    most = terms.current().approval_above_fen
    who = await factories.customer(named=True)
    asked = await refund_bill(await paid_by_channel(who.id, most + 1), most + 1)
    done = await approvals.approve(2, asked.approval_no, key=factories.key())
    await channel_refunds.send(Channel("closed").open(), await refunds.get(done.result))
    second = await refunds.retry(Channel("closed").open(), 1, done.result, key=factories.key())
    assert (second.state, second.decided_by) == ("failed", "operator:2")
    third = await refunds.retry(opened(), 1, second.refund_no, at_counter=True, key=factories.key())
    assert third.amount_fen == most + 1


async def test_what_a_customer_cancelled_themselves_is_tried_again_by_anybody(db):
    most = terms.current().approval_above_fen
    who = await factories.customer(named=True)
    order = await factories.order(who.id, most + 1)
    assert await payments.confirm(factories.trade(await factories.combined_payment(order, 0))) == "settled"
    assert (await orders.cancel(who.id, order.order_no)).state == "cancelled"
    (refund,) = await refunds.page(customer_id=who.id)
    await channel_refunds.send(Channel("closed").open(), refund)
    assert (await refunds.get(refund.refund_no)).state == "failed"
    again = await refunds.retry(opened(), 1, refund.refund_no, at_counter=True, key=factories.key())
    assert again.amount_fen == most + 1


async def test_a_refund_that_failed_in_part_adds_up_by_the_part_that_went(db):
    most = terms.current().approval_above_fen
    who = await factories.customer(principal=2 * most, named=True)
    one, two = await paid_by_channel(who.id, most, balance_fen=most - 100), await paid_bill(who.id, most)
    before = sum(await factories.balance(who.id))
    assert (await refund_bill(one, most, channel=Channel("closed"))).refund.state == "failed"
    assert sum(await factories.balance(who.id)) == before + most - 100
    assert (await refund_bill(two, most)).approval_no is not None
