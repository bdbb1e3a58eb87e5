"""Money taken at the counter: as a top-up or for a bill, once, within the limits, and undone the same day."""

import asyncio
import contextvars
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import (
    approvals,
    bill_records,
    bills,
    caps,
    collecting,
    counter,
    counter_undo,
    deductions,
    instalment_schedule,
    instalments,
    merges,
    receipt_pages,
    receipts,
    refunds,
    terms,
    top_up_refunds,
    top_ups,
)
from core import clock, money
from core import db as database
from ledger import accounts
from shop import orders
from tests import factories
from tests.billing import refunding
from tests.factories import key

CASH = counter.Taking("cash", None)


def card(number="T001-000123"):
    return counter.Taking("card", number)


async def house(name):
    return await database.fetchval(
        "SELECT coalesce(sum(CASE WHEN t.code = $1 THEN p.amount_fen ELSE -p.amount_fen END), 0)::bigint FROM posting p"
        " JOIN account s ON s.id = p.source_id JOIN account t ON t.id = p.target_id WHERE $1 IN (s.code, t.code)",
        f"house:{name}",
    )


async def top_up(customer_id, amount_fen=10_000, taking=CASH, *, by=1, **wish):
    made = await counter.top_up(
        by, counter.TopUpWish(customer_id, amount_fen=None if wish else amount_fen, **wish), taking, key=key()
    )
    return made.payment


async def told(customer_id):
    rows = await database.fetch(
        "SELECT kind FROM outbox_message WHERE customer_id = $1 ORDER BY id", customer_id
    )
    return [row["kind"] for row in rows]


async def test_a_top_up_is_credited_with_its_packages_bonus_and_settles_what_is_due(db):
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, 1_000, automatic=True, consent="签字")
    package = await factories.packages.add(name="套餐", pay_fen=10_000, bonus_fen=1_000)
    made = await top_up(customer.id, package_id=package.id, taking=card())
    assert (made.tender, made.reference, made.amount_fen, made.operator) == (
        "card",
        "T001-000123",
        10_000,
        "operator:1",
    )
    balance = await accounts.balance(customer.id)
    assert balance.balance_fen == 10_000 and await house("counter") == -10_000
    assert (await bills.get(customer.id, bill_no)).state == "paid"
    assert (await told(customer.id))[-2:] == ["topped_up", "deducted"]


async def test_the_same_key_records_once_and_the_same_slip_is_refused(db):
    customer, again = await factories.customer(), key()
    for _ in range(2):
        await counter.top_up(1, counter.TopUpWish(customer.id, amount_fen=500), card(), key=again)
    with pytest.raises(counter.KeyReused):
        await counter.top_up(1, counter.TopUpWish(customer.id, amount_fen=501), card(), key=again)
    with pytest.raises(counter.AlreadyRecorded):
        await top_up(customer.id, 500, card(), by=2)
    assert (await accounts.balance(customer.id)).principal_fen == 500


async def test_of_two_operators_with_one_slip_one_records_it(db):
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, 500)

    async def attempt(act):
        try:
            return await act
        except counter.AlreadyRecorded:
            return None

    done = await asyncio.gather(
        attempt(top_up(customer.id, 500, card(), by=1)),
        attempt(top_up(customer.id, 500, card(), by=2)),
        attempt(counter.bill(3, bill_no, card(), key=key())),
    )
    assert len([one for one in done if one]) == 1 and await house("counter") == -500


@pytest.mark.parametrize("taking", [counter.Taking("card", None), counter.Taking("cash", "123")])
async def test_all_but_cash_has_a_number(db, taking):
    customer = await factories.customer()
    with pytest.raises(counter.ReferenceNeeded):
        await top_up(customer.id, 500, taking)
    with pytest.raises(counter.ReferenceNeeded):
        await counter.bill(1, await factories.bill(customer.id, 500), taking, key=key())


async def test_the_limits_of_top_ups_hold_at_the_counter_too(db):
    customer = await factories.customer()
    with pytest.raises(caps.BalanceLimit):
        await top_up(customer.id, terms.current().unnamed_cap_fen + 1)
    with pytest.raises(top_ups.AmountOutOfRange):
        await top_up(customer.id, terms.current().top_up_max_fen + 1)
    with pytest.raises(top_ups.PackageOrAmount):
        await counter.top_up(1, counter.TopUpWish(customer.id), CASH, key=key())
    with pytest.raises(counter.NoSuchCustomer):
        await top_up(999)


async def test_above_the_limit_a_second_person_agrees_by_the_facts_of_then(db):
    terms.use(replace(terms.current(), counter_approval_above_fen=999))
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, 1_000)
    first = await counter.top_up(1, counter.TopUpWish(customer.id, amount_fen=1_000), card(), key=key())
    second = await counter.bill(1, bill_no, card(), key=key())
    assert first.payment is None and await house("counter") == 0
    assert (await approvals.approve(2, first.approval_no, key=key())).state == "executed"
    failed = await approvals.approve(2, second.approval_no, key=key())
    assert failed.state == "failed" and failed.refusal["code"] == "counter_already_recorded"
    (made,) = await counter.page(customer_id=customer.id)
    assert (made.operator, made.approval_no) == ("operator:1", first.approval_no)


async def test_a_bill_is_paid_in_full_or_in_part_as_it_allows(db):
    customer = await factories.customer()
    whole = await factories.bill(customer.id, 3_000)
    with pytest.raises(counter.PaidInFullOnly):
        await counter.bill(1, whole, CASH, amount_fen=2_999, key=key())
    with pytest.raises(counter.AmountAboveOwed):
        await counter.bill(1, whole, CASH, amount_fen=3_001, key=key())
    made = await counter.bill(1, whole, CASH, key=key())
    assert made.payment.amount_fen == 3_000
    with pytest.raises(counter.BillNotOwed):
        await counter.bill(1, whole, CASH, key=key())
    partly = await factories.bill(customer.id, 3_000, collect_mode="partial")
    await counter.bill(1, partly, CASH, amount_fen=1_000, key=key())
    found = await bills.get(customer.id, partly)
    assert (found.state, found.owed_fen) == ("partly_paid", 2_000)
    assert (await house("counter"), await house("revenue")) == (-4_000, 4_000)
    assert (await told(customer.id)).count("counter_paid") == 2


async def test_an_order_is_paid_by_its_bill_and_a_plan_period_is_charged(db):
    customer = await factories.customer()
    order = await factories.order(customer.id, 1_000)
    await counter.bill(1, order.bill_no, CASH, key=key())
    assert (await orders.get(customer.id, order.order_no)).state == "paid"
    await factories.plan(customer.id, 5_000)
    await deductions.run_due()
    (owed,) = [one for one in await bills.page(customer.id) if one.state == "open"]
    made = await counter.bill(1, owed.bill_no, CASH, key=key())
    assert await database.fetchval("SELECT state FROM plan_period ORDER BY id LIMIT 1") == "charged"
    await counter_undo.undo(1, made.payment.counter_no, reason="记错顾客", key=key())
    assert await database.fetchval("SELECT state FROM plan_period ORDER BY id LIMIT 1") == "owed"


async def test_a_bill_paid_through_a_channel_meanwhile_is_left_alone(db):
    customer = await factories.customer()
    order = await factories.order(customer.id, 1_000)
    paying = await factories.combined_payment(order)
    with pytest.raises(counter.BillPaymentPending):
        await counter.bill(1, paying.bill_no, CASH, key=key())


async def test_counter_money_for_a_bill_is_refunded_at_the_counter(db):
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, 3_000)
    made = (await counter.bill(1, bill_no, card(), key=key())).payment
    refund = (await refunding.refund_bill(bill_no, 1_000)).refund
    await refunds.paid_out(1, refund.refund_no, key=key())
    assert await house("counter") == -2_000
    assert (await receipts.of(made.counter_no)).refunded_fen == 1_000
    with pytest.raises(counter_undo.NotTheLastPayment):
        await counter_undo.undo(1, made.counter_no, reason="记错", key=key())


async def test_a_counter_top_up_is_refunded_at_the_counter(db):
    customer = await factories.customer()
    made = await top_up(customer.id, 1_000)
    asked = await refunding.ask_for(customer.id, made.purpose_no, 400)
    assert (asked.parts[0].tender, asked.parts[0].state) == ("counter", "waiting")
    await refunds.paid_out(1, asked.refund_no, key=key())
    assert (await house("counter"), (await accounts.balance(customer.id)).principal_fen) == (-600, 600)
    assert (await receipts.of(made.counter_no)).refunded_fen == 400


async def test_a_wrong_top_up_is_undone_once_with_its_bonus(db):
    customer = await factories.customer()
    package = await factories.packages.add(name="套餐", pay_fen=10_000, bonus_fen=1_000)
    made = await top_up(customer.id, package_id=package.id)

    async def undo(operator_id):
        try:
            return await counter_undo.undo(operator_id, made.counter_no, reason="记错顾客", key=key())
        except counter_undo.AlreadyUndone:
            return None

    done = [one for one in await asyncio.gather(undo(1), undo(2)) if one]
    assert [one.payment.state for one in done] == ["undone"]
    assert (await accounts.balance(customer.id)).balance_fen == 0 and await house("counter") == 0
    assert (await receipts.of(made.counter_no)).is_undone
    await top_up(customer.id, 500, card())  # and the slip of an undone one may be recorded again
    again = await top_up(customer.id, 500, card("another"))
    await counter_undo.undo(1, again.counter_no, reason="记错", key=key())
    await top_up(customer.id, 500, card("another"))


async def test_of_undoing_and_refunding_at_once_one_gives_the_money_back(db):
    for amount_fen in (1_000, 400, 1_000, 400):
        customer = await factories.customer()
        made = await top_up(customer.id, 1_000)
        undone, asked = await asyncio.gather(
            counter_undo.undo(1, made.counter_no, reason="记错", key=key()),
            refunding.ask_for(customer.id, made.purpose_no, amount_fen),
            return_exceptions=True,
        )
        if isinstance(undone, counter_undo.MoneySpent):
            assert asked.amount_fen == amount_fen
        else:
            assert undone.payment.state == "undone" and isinstance(asked, top_up_refunds.NotRefundable)
            amount_fen = 1_000
        assert (await accounts.balance(customer.id)).balance_fen == 1_000 - amount_fen


async def test_what_was_spent_or_is_of_yesterday_is_not_undone(db):
    customer = await factories.customer()
    made = await top_up(customer.id, 1_000)
    await refunding.paid_bill(customer.id, 1)
    with pytest.raises(counter_undo.MoneySpent):
        await counter_undo.undo(1, made.counter_no, reason="记错", key=key())
    clock.set_offset(timedelta(days=1))
    with pytest.raises(counter_undo.TooLateToUndo):
        await counter_undo.undo(1, made.counter_no, reason="记错", key=key())


async def test_a_bill_owes_again_what_was_recorded_wrongly_and_can_be_paid_otherwise(db):
    customer = await factories.customer(principal=5_000)
    bill_no = await factories.bill(customer.id, 3_000, collect_mode="partial")
    await collecting.pay(customer.id, bill_no, amount_fen=500, key=key())
    made = (await counter.bill(1, bill_no, CASH, amount_fen=1_000, key=key())).payment
    await counter_undo.undo(1, made.counter_no, reason="记错顾客", key=key())
    found = await bills.get(customer.id, bill_no)
    assert (found.state, found.owed_fen) == ("partly_paid", 2_500) and await house("counter") == 0
    await collecting.pay(customer.id, bill_no, key=key())
    assert (await bills.get(customer.id, bill_no)).state == "paid"
    assert (await told(customer.id)).count("counter_undone") == 1


async def test_only_the_last_payment_of_a_bill_is_undone_and_none_of_an_order(db):
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, 3_000, collect_mode="partial")
    first = (await counter.bill(1, bill_no, CASH, amount_fen=1_000, key=key())).payment
    await counter.bill(1, bill_no, CASH, amount_fen=1_000, key=key())
    with pytest.raises(counter_undo.NotTheLastPayment):
        await counter_undo.undo(1, first.counter_no, reason="记错", key=key())
    order = await factories.order(customer.id, 1_000)
    made = (await counter.bill(1, order.bill_no, CASH, key=key())).payment
    with pytest.raises(counter_undo.BillOfAnOrder):
        await counter_undo.undo(1, made.counter_no, reason="记错", key=key())


def in_two():
    how = instalment_schedule.EqualParts(2, clock.today(), "days", 10)
    return instalments.Terms(how, False, "2026-11", "分两期付清", "counter")


async def test_what_parts_were_agreed_on_after_is_not_owed_again_before_they_are_ended(db):
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, 3_000, collect_mode="partial")
    first = (await counter.bill(1, bill_no, CASH, amount_fen=1_000, key=key())).payment
    await instalments.arrange(1, bill_no, in_two(), key=key())
    with pytest.raises(counter_undo.ArrangedSince) as refused:
        await counter_undo.undo(1, first.counter_no, reason="记错", key=key())
    assert refused.value.params == {"counter_no": first.counter_no, "bill_no": bill_no}
    found = await bills.get(customer.id, bill_no)
    assert found.owed_fen == 2_000 and await house("counter") == -1_000
    part = (await counter.bill(1, bill_no, CASH, amount_fen=1_000, key=key())).payment
    await counter_undo.undo(1, part.counter_no, reason="记错", key=key())  # a part of them is owed again
    owed = [one.owed_fen for one in (await bill_records.read(bill_no, customer_id=customer.id)).instalments]
    assert owed == [1_000, 1_000]
    await instalments.cancel(1, bill_no, reason="重新约定", key=key())
    await counter_undo.undo(1, first.counter_no, reason="记错", key=key())
    found = await bills.get(customer.id, bill_no)
    assert (found.state, found.owed_fen) == ("open", 3_000) and await house("counter") == 0
    await instalments.arrange(1, bill_no, in_two(), key=key())
    owed = [one.owed_fen for one in (await bill_records.read(bill_no, customer_id=customer.id)).instalments]
    assert owed == [1_500, 1_500], "all of it is in some part"


async def test_undoing_and_agreeing_on_parts_at_once_leave_nothing_out(db):
    customer = await factories.customer()
    for _ in range(8):
        bill_no = await factories.bill(customer.id, 3_000, collect_mode="partial")
        made = (await counter.bill(1, bill_no, CASH, amount_fen=1_000, key=key())).payment
        undone, _ = await asyncio.gather(
            counter_undo.undo(1, made.counter_no, reason="记错", key=key()),
            instalments.arrange(1, bill_no, in_two(), key=key()),
            return_exceptions=True,
        )
        assert not isinstance(undone, Exception) or isinstance(undone, counter_undo.ArrangedSince)
        record = await bill_records.read(bill_no, customer_id=customer.id)
        assert sum(one.owed_fen for one in record.instalments) == record.owed_fen


async def test_what_was_paid_for_who_is_gone_by_now_is_not_owed_again(db):
    gone, kept = await factories.customer(), await factories.customer()
    bill_no = await factories.bill(gone.id, 3_000)
    made = (await counter.bill(1, bill_no, CASH, key=key())).payment
    asked = await merges.request(1, gone.id, kept.id, reason="同一人", key=key())
    await approvals.approve(2, asked, key=key())
    with pytest.raises(counter_undo.CustomerHasLeft):
        await counter_undo.undo(1, made.counter_no, reason="记错", key=key())
    assert (await counter.get(made.counter_no)).state == "taken"
    assert (await bills.get(gone.id, bill_no)).state == "paid"


async def test_undoing_much_needs_a_second_person_too(db):
    customer = await factories.customer()
    made = await top_up(customer.id, 1_000)
    terms.use(replace(terms.current(), counter_approval_above_fen=999))
    asked = await counter_undo.undo(1, made.counter_no, reason="记错", key=key())
    with pytest.raises(counter_undo.AlreadyUndone):
        await counter_undo.undo(3, made.counter_no, reason="记错", key=key())
    assert (await approvals.approve(2, asked.approval_no, key=key())).state == "executed"
    assert (await counter.get(made.counter_no)).state == "undone"


async def test_each_payment_has_one_receipt_with_a_number(db):
    customer = await factories.customer("王<b>小明")
    by_channel = await factories.topped_up(customer.id, 10_000)
    at_counter = await top_up(customer.id, 12_305, counter.Taking("transfer", "20261125-9"))
    made = await asyncio.gather(*(receipts.of(at_counter.counter_no) for _ in range(3)))
    assert len({one.receipt_no for one in made}) == 1 and made[0].receipt_no.startswith("SK20")
    listed = await receipts.page(customer.id)
    assert {one.source_no for one in listed} == {by_channel.payment.payment_no, at_counter.counter_no}
    assert {one.amount_in_words for one in listed} == {"壹佰元整", "壹佰贰拾叁元零伍分"}
    assert len({one.receipt_no for one in listed}) == 2
    page = receipt_pages.html(made[0], shop="一盏茶 & 朋友", locale="zh-CN")
    assert "王&lt;b&gt;小明" in page and "一盏茶 &amp; 朋友" in page and "壹佰贰拾叁元零伍分" in page
    assert "Bank transfer" in receipt_pages.html(made[0], shop="x", locale="en")
    with pytest.raises(receipts.NoSuchReceipt):
        await receipts.of(at_counter.counter_no, customer_id=customer.id + 1)
    with pytest.raises(receipts.NoSuchReceipt):
        await receipts.of("P1")


@pytest.mark.parametrize(
    ("fen", "said"),
    [  # the first seven from 《正确填写票据和结算凭证的基本规定》
        (140_950, "壹仟肆佰零玖元伍角整"),
        (600_714, "陆仟零柒元壹角肆分"),
        (168_032, "壹仟陆佰捌拾元零叁角贰分"),
        (10_700_053, "壹拾万柒仟元零伍角叁分"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
        (32_504, "叁佰贰拾伍元零肆分"),
        (10_000, "壹佰元整"),
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (1_000_500, "壹万零伍元整"),
        (100_000_001_00, "壹亿零壹元整"),
        (1_000_050_000_00, "壹拾亿零伍万元整"),
        (10**14, "壹万亿元整"),
    ],
)
def test_amounts_in_chinese_words(fen, said):
    assert money.in_words(fen) == said


@pytest.mark.parametrize("fen", [-1, 10**14 + 1])
def test_no_words_for_what_is_no_amount(fen):
    with pytest.raises(ValueError, match="no such amount"):
        money.in_words(fen)


async def test_a_payment_that_is_taken_back_is_nobody_elses_until_that_is_done(db):
    customer = await factories.customer()
    payment = await top_up(customer.id)
    free = "SELECT counter_no FROM counter_payment WHERE counter_no = $1 FOR NO KEY UPDATE SKIP LOCKED"

    async def seen_by_another():
        async with database.transaction():
            return await database.fetchval(free, payment.counter_no)

    for lock, expected in ((True, None), (False, payment.counter_no)):
        async with database.transaction():
            await counter.get(payment.counter_no, lock=lock)
            assert await asyncio.create_task(seen_by_another(), context=contextvars.Context()) == expected
