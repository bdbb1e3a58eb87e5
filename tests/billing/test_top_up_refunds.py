"""Refunds of top-ups: hold first, channel second; what was taken returns to the very lots when it comes to nothing."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import (
    approvals,
    bills,
    collecting,
    deductions,
    expiry,
    payments,
    refunds,
    staff_alerts,
    terms,
    top_ups,
)
from core import clock
from core import db as database
from gateways import channel as at_channel
from ledger import accounts, credit_line, explain, holds
from members import customers
from tests import factories
from tests.billing.refunding import BOSS, Channel, ask_for, issued, opened, paid_bill, told
from tests.billing.test_credit_limits import bought, set_limit


async def house(code):
    """What a house account holds."""
    return await database.fetchval(
        "SELECT coalesce(sum(CASE WHEN target_id = a.id THEN amount_fen ELSE -amount_fen END), 0)::bigint"
        " FROM account a LEFT JOIN posting p ON a.id IN (p.source_id, p.target_id) WHERE a.code = $1",
        f"house:{code}",
    )


async def topped_up(pay_fen, bonus_fen=0, *, rule=None, customer=None, **how):
    """A customer with one top-up; with a rule, the days of the customer's right are over."""
    customer = customer or await factories.customer()
    made = await factories.topped_up(customer.id, pay_fen, bonus_fen, **how)
    if rule:
        await database.execute(
            "UPDATE top_up SET claw_back = $2, refund_right_days = 0 WHERE top_up_no = $1",
            made.top_up_no,
            rule,
        )
    return customer.id, made.top_up_no


def shown(offer):
    return offer.refundable_fen, offer.bonus_back_fen, offer.rule, offer.by_right


async def test_within_the_days_of_the_right_all_that_is_left_goes_back_at_once_without_anybody(db):
    customer_id, number = await topped_up(10_000, 2_000)
    await paid_bill(customer_id, 2_500)  # the bonus and 500
    assert shown(await refunds.preview(customer_id, number)) == (9_500, 0, "right", True)
    channel = Channel("accepted")
    asked = await ask_for(customer_id, number, channel=channel)
    assert (asked.state, asked.amount_fen, asked.decided_by) == ("open", 9_500, None)
    assert await factories.balance(customer_id) == (0, 0)
    assert (await house("refunds_pending"), await house("wechat_pay")) == (9_500, -10_000)
    assert await refunds.settle("wechat_pay", channel.says("paid_back", 9_500)) == "paid_back"
    assert (await house("refunds_pending"), await house("wechat_pay")) == (0, -500)
    assert (await refunds.get(asked.refund_no)).state == "paid"
    assert (
        await told(customer_id, "top_up_refund_started") == await told(customer_id, "top_up_refund_paid") == 1
    )


async def test_the_right_ends_after_its_days_and_who_was_served_before_has_none(db):
    customer_id, number = await topped_up(10_000, 2_000)
    clock.set_offset(timedelta(days=7))
    assert shown(await refunds.preview(customer_id, number))[2:] == ("pro_rata", False)
    await paid_bill(customer_id, 100)
    _, later = await topped_up(5_000, customer=await customers.get(customer_id))
    assert shown(await refunds.preview(customer_id, later)) == (5_000, 0, "pro_rata", False)


async def test_terms_are_those_of_the_day_it_was_made(db):
    terms.use(replace(terms.current(), claw_back="unspent_only", refund_right_days=3))
    customer_id, number = await topped_up(10_000, 2_000)
    terms.use()
    assert (await refunds.preview(customer_id, number)).right_ends_at - clock.now() < timedelta(days=3)
    clock.set_offset(timedelta(days=4))
    await paid_bill(customer_id, 3_000)
    assert shown(await refunds.preview(customer_id, number)) == (9_000, 0, "unspent_only", False)


async def test_after_the_right_an_operator_decides_and_a_no_returns_everything_to_its_lots(db):
    customer_id, number = await topped_up(10_000, 2_000, rule="pro_rata")
    channel = Channel("paid_back")
    asked = await ask_for(customer_id, number, 5_000, channel=channel)
    assert (asked.state, asked.bonus_fen, channel.sent) == ("requested", 1_000, [])
    assert await factories.balance(customer_id) == (5_000, 1_000)
    assert [alert.kind for alert in await staff_alerts.page(is_open=True)] == ["refund_requested"]
    assert (await refunds.reject(BOSS, asked.refund_no, key=factories.key())).state == "rejected"
    assert await factories.balance(customer_id) == (10_000, 2_000)
    assert await staff_alerts.page(is_open=True) == []
    again = await ask_for(customer_id, number, 5_000, channel=channel)
    decided = await asyncio.gather(
        refunds.approve(channel.open(), BOSS, again.refund_no, key=factories.key()),
        refunds.approve(channel.open(), BOSS + 1, again.refund_no, key=factories.key()),
        refunds.reject(BOSS + 1, again.refund_no, key=factories.key()),
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in decided].count("RefundStateForbids") == 2
    state = (await refunds.get(again.refund_no)).state
    assert await factories.balance(customer_id) == ((5_000, 1_000) if state == "paid" else (10_000, 2_000))


async def test_parts_of_a_top_up_may_go_back_one_after_the_other_but_never_more_than_may(db):
    customer_id, number = await topped_up(10_000, 2_000, rule="pro_rata")
    await paid_bill(customer_id, 2_000)  # all of the bonus: 8333 of the principal may go back
    for amount_fen in (3_000, 3_000, 2_333):
        await ask_for(customer_id, number, amount_fen)
    with pytest.raises(refunds.NotRefundable) as refusal:
        await ask_for(customer_id, number, 1)
    assert refusal.value.params["refundable_fen"] == 0
    assert await factories.balance(customer_id) == (1_667, 0)


async def test_refunds_and_spending_at_once_never_give_back_what_was_spent(db):
    customer_id, number = await topped_up(1_000, 200)
    bill_nos = [(await issued(customer_id, 300)).bill_no for _ in range(3)]
    came = await asyncio.gather(
        *(ask_for(customer_id, number, 400) for _ in range(4)),
        *(collecting.pay(customer_id, bill_no, key=factories.key()) for bill_no in bill_nos),
        return_exceptions=True,
    )
    refunded = sum(isinstance(one, refunds.Refund) for one in came)
    paid = sum(isinstance(one, bills.Bill) for one in came)
    principal, bonus = await factories.balance(customer_id)
    back = await database.fetchval("SELECT clawed_fen FROM top_up WHERE top_up_no = $1", number)
    assert principal + bonus == 1_200 - 400 * refunded - 300 * paid - back
    assert refunded <= 2


async def test_the_same_request_twice_is_one_refund(db):
    customer_id, number = await topped_up(1_000)
    made = await asyncio.gather(*(ask_for(customer_id, number, 300, key="refund-me-1") for _ in range(4)))
    assert len({one.refund_no for one in made}) == 1
    assert await factories.balance(customer_id) == (700, 0)
    with pytest.raises(refunds.KeyReused):
        await ask_for(customer_id, number, 301, key="refund-me-1")


async def test_a_definite_no_returns_the_money_to_the_very_lots_even_to_bonus_that_expired_meanwhile(db):
    customer_id, number = await topped_up(1_000, 200, bonus_days=1)
    channel = Channel(at_channel.ResultUnknown("time-out"))
    asked = await ask_for(customer_id, number, channel=channel)
    assert (asked.state, await factories.balance(customer_id)) == ("open", (0, 0))
    clock.set_offset(timedelta(days=3))
    channel.known = "closed"
    assert await refunds.poll(channel.open()) == 1
    assert (await refunds.get(asked.refund_no)).state == "failed"
    assert await factories.balance(customer_id) == (1_000, 200)
    assert await expiry.expire_bonus() == 1
    assert await factories.balance(customer_id) == (1_000, 0)
    assert await house("refunds_pending") == 0
    assert await told(customer_id, "top_up_refund_failed") == 1


async def test_what_returns_settles_what_is_due(db):
    customer_id, number = await topped_up(1_000)
    asked = await ask_for(customer_id, number)
    await factories.plan(customer_id, 400)
    await deductions.run_due()
    no = at_channel.ChannelRefund(asked.parts[0].part_no, None, "closed", None)
    assert await refunds.settle("wechat_pay", no) == "refused"
    assert await factories.balance(customer_id) == (600, 0)


async def test_a_stuck_refund_can_go_back_to_its_lots_and_a_failed_one_is_tried_again_at_the_counter(db):
    customer_id, number = await topped_up(1_000, 200)
    channel = Channel("abnormal")
    asked = await ask_for(customer_id, number, channel=channel)
    back = await refunds.to_balance(BOSS, asked.refund_no, key=factories.key())
    assert (back.state, await factories.balance(customer_id)) == ("failed", (1_000, 200))
    outcome = await refunds.of_top_up(
        opened(), BOSS, number, amount_fen=None, at_counter=True, reason="现金退", key=factories.key()
    )
    assert outcome.refund.parts[0].state == "waiting"
    done = await asyncio.gather(
        *(refunds.paid_out(BOSS, outcome.refund.refund_no, key=factories.key()) for _ in range(3)),
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in done].count("Refund") == 1
    assert (await house("counter"), await house("refunds_pending")) == (1_000, 0)
    assert await factories.balance(customer_id) == (0, 0)
    assert await staff_alerts.page(is_open=True) == []


async def test_after_the_channels_year_the_counter_pays(db):
    customer_id, number = await topped_up(1_000)
    clock.set_offset(timedelta(days=366))
    channel = Channel("paid_back")
    asked = await ask_for(customer_id, number, channel=channel)
    assert (asked.state, asked.parts[0].tender) == ("requested", "counter")
    approved = await refunds.approve(channel.open(), BOSS, asked.refund_no, key=factories.key())
    assert (approved.state, channel.sent) == ("open", [])
    assert [alert.kind for alert in await staff_alerts.page(is_open=True)] == ["refund_at_counter"]
    assert (await refunds.paid_out(BOSS, asked.refund_no, key=factories.key())).state == "paid"


async def test_held_money_another_customers_or_an_unpaid_top_up_cannot_be_refunded(db):
    customer_id, number = await topped_up(1_000)
    other = await factories.customer()
    unpaid = await factories.top_up(customer_id, 500)
    for who, which in ((other.id, number), (customer_id, unpaid.top_up_no), (customer_id, "T0")):
        with pytest.raises(refunds.NoSuchTopUp):
            await refunds.preview(who, which)
        with pytest.raises(refunds.NoSuchTopUp):
            await ask_for(who, which)
    await holds.place(accounts.of_customer(customer_id), reference="h", amount_fen=900)
    with pytest.raises(refunds.InsufficientBalance):
        await ask_for(customer_id, number)
    assert (await ask_for(customer_id, number, 100)).state == "open"


async def test_an_operators_top_up_refund_above_the_limit_waits_for_a_second_person(db):
    customer_id, number = await topped_up(100_000, rule="pro_rata")
    channel = Channel("paid_back")
    outcome = await refunds.of_top_up(
        channel.open(), BOSS, number, amount_fen=None, at_counter=False, reason="关店", key=factories.key()
    )
    assert outcome.refund is None and await factories.balance(customer_id) == (100_000, 0)
    await paid_bill(customer_id, 1_000)
    failed = await approvals.approve(BOSS + 1, outcome.approval_no, key=factories.key())
    assert (failed.state, failed.refusal["code"]) == ("failed", "top_up_not_refundable")
    assert await factories.balance(customer_id) == (99_000, 0)


async def test_the_customers_history_and_the_refund_itself_name_the_top_up(db):
    customer_id, number = await topped_up(1_000, 200)
    asked = await ask_for(customer_id, number, 500)
    why = await explain.change(customer_id, 2)
    assert (why.change.kind, {piece.source for piece in why.pieces}) == (
        "top_up_refund",
        {f"top_up:{number}"},
    )
    lots = await refunds.lots_of(asked)
    assert {(lot.kind, lot.amount_fen, lot.source) for lot in lots[asked.parts[0].part_no]} == {
        ("principal", -500, f"top_up:{number}"), ("bonus", -200, f"top_up:{number}"),
    }  # fmt: skip
    bill_no = await paid_bill(customer_id, 300)
    outcome = await refunds.of_bill(opened(), BOSS, bill_no, amount_fen=100, reason="", key=factories.key())
    lots = await refunds.lots_of(outcome.refund)
    assert [lot.source for found in lots.values() for lot in found] == [f"top_up:{number}"]


async def test_the_channel_says_refunded_of_a_payment_we_refunded_and_nothing_is_set_aside(db):
    customer_id, number = await topped_up(1_000)
    channel = Channel("paid_back")
    await ask_for(customer_id, number, channel=channel)
    top_up = await top_ups.get(customer_id, number)
    trade = factories.trade(top_up, state="refunded")
    assert await payments.confirm(trade) == "repeated"
    assert await database.fetchval("SELECT count(*) FROM quarantine") == 0


@pytest.mark.parametrize("said", ["closed", "abnormal", "accepted", "paid_back"])
async def test_a_word_about_a_refund_nobody_approved_yet_moves_nothing(db, said):
    customer_id, number = await topped_up(1_000, rule="pro_rata")
    asked = await ask_for(customer_id, number)
    found = at_channel.ChannelRefund(asked.parts[0].part_no, None, said, None)
    assert await refunds.settle("wechat_pay", found) == (
        "contradicted" if said == "paid_back" else "repeated"
    )
    assert (await refunds.get(asked.refund_no)).state == "requested"
    assert await factories.balance(customer_id) == (0, 0)


@pytest.mark.broken_books
async def test_nothing_goes_back_while_the_customer_owes_credit(db):
    customer_id, number = await topped_up(1_000)
    await database.execute(
        "UPDATE account SET credit_limit_fen = 500, credit_used_fen = 1 WHERE code = $1",
        f"customer:{customer_id}",
    )
    assert (await refunds.preview(customer_id, number)).refundable_fen == 0
    with pytest.raises(refunds.NotRefundable):
        await ask_for(customer_id, number)


async def test_a_customers_request_does_not_go_ahead_while_they_owe_credit_and_turned_down_it_pays_that_back(
    db,
):
    customer_id, number = await topped_up(1_000, rule="unspent_only")
    await set_limit(customer_id, 1_000)
    channel = Channel("accepted")
    asked = await refunds.ask_for(
        channel.open(), customer_id, number, amount_fen=None, reason="x", key=factories.key()
    )
    assert asked.state == "requested"
    await bought(customer_id, 800)
    with pytest.raises(refunds.CreditOwed):
        await refunds.approve(channel.open(), 2, asked.refund_no, key=factories.key())
    assert (await refunds.get(asked.refund_no)).state == "requested"
    await refunds.reject(2, asked.refund_no, key=factories.key())
    assert (await credit_line.of(customer_id)).used_fen == 0
    assert await factories.balance(customer_id) == (200, 0)
