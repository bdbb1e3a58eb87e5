"""Bills that operators issue: paid whole or in part, voided, taken by the clock on their day."""

import asyncio
from datetime import timedelta

import pytest

from billing import bill_records, bills, collecting, due_bills, operator_bills, parts
from core import clock
from core import db as database
from ledger import accounts
from shop import orders
from tests import factories


async def test_an_issued_bill_is_told_and_keeps_who_issued_it_and_why(db):
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, memo="秋季班", due_on=clock.today() + timedelta(days=3))
    record = await bill_records.read(bill_no)
    assert record.source.startswith("operator:M") and (record.issued_by, record.memo) == (
        "operator:1",
        "秋季班",
    )
    assert record.due_at == clock.start_of(clock.today() + timedelta(days=3)) and record.due_fen == 0
    assert await factories.told(customer.id, "bill_issued") == 1


async def test_the_same_key_issues_one_bill_also_at_once(db):
    customer = await factories.customer()
    numbers = await asyncio.gather(*(factories.bill(customer.id, key="the-one-key") for _ in range(4)))
    assert len(set(numbers)) == 1 == await database.fetchval("SELECT count(*) FROM bill")
    with pytest.raises(operator_bills.KeyReused):
        await factories.bill(customer.id, 1, key="the-one-key")


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"automatic": True}, operator_bills.ConsentMissing),
        ({"automatic": True, "consent": "  "}, operator_bills.ConsentMissing),
        ({"due_on": clock.today(), "due_at": clock.now()}, operator_bills.DueOnOrAt),
    ],
)
async def test_what_cannot_be_issued(db, how, refusal):
    customer = await factories.customer()
    with pytest.raises(refusal):
        await factories.bill(customer.id, **how)
    with pytest.raises(operator_bills.NoSuchCustomer):
        await factories.bill(customer.id + 1)
    assert await database.fetchval("SELECT count(*) FROM bill") == 0


async def test_a_stated_amount_is_paid_exactly_or_refused(db):
    customer = await factories.customer(principal=2_000)
    whole, in_part = (
        await factories.bill(customer.id),
        await factories.bill(customer.id, collect_mode="partial"),
    )
    with pytest.raises(collecting.PaidInFullOnly):
        await collecting.pay(customer.id, whole, amount_fen=100, key=factories.key())
    with pytest.raises(collecting.AmountAboveOwed):
        await collecting.pay(customer.id, in_part, amount_fen=3_001, key=factories.key())
    with pytest.raises(collecting.InsufficientBalance):
        await collecting.pay(customer.id, in_part, amount_fen=2_001, key=factories.key())
    assert (await collecting.pay(customer.id, in_part, amount_fen=500, key="pay-part-1")).paid_fen == 500
    assert (await collecting.pay(customer.id, in_part, amount_fen=500, key="pay-part-1")).paid_fen == 500
    await operator_bills.pay(1, in_part, amount_fen=700, key=factories.key())
    assert (await collecting.pay(customer.id, in_part, key=factories.key())).paid_fen == 2_000
    record = await bill_records.read(in_part)
    assert [payment.amount_fen for payment in record.payments] == [800, 700, 500]
    assert {payment.matched_by for payment in record.payments} == {None}


async def test_bills_of_others_and_of_orders_are_left_alone(db):
    customer, other = await factories.customer(principal=5_000), await factories.customer(principal=5_000)
    bill_no = await factories.bill(customer.id)
    with pytest.raises(bills.NoSuchBill):
        await collecting.pay(other.id, bill_no, key=factories.key())
    with pytest.raises(bills.NoSuchBill):
        await bill_records.read(bill_no, customer_id=other.id)
    sku = await factories.sku()
    order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    for act in (
        operator_bills.pay(1, order.bill_no, amount_fen=None, key=factories.key()),
        operator_bills.void(1, order.bill_no, reason="x", key=factories.key()),
    ):
        with pytest.raises(bills.BillOfAnOrder):
            await act


async def test_a_bill_is_voided_while_nothing_is_paid(db):
    customer = await factories.customer(principal=5_000)
    bill_no = await factories.bill(customer.id, collect_mode="partial")
    await operator_bills.void(2, bill_no, reason="开错", key="void-it-1")
    await operator_bills.void(2, bill_no, reason="开错", key="void-it-1")
    record = await bill_records.read(bill_no)
    assert (record.state, record.voided_by, record.void_reason) == ("void", "operator:2", "开错")
    with pytest.raises(bills.BillNotOwed):
        await operator_bills.void(2, bill_no, reason="再来", key=factories.key())
    with pytest.raises(bills.BillNotOwed):
        await collecting.pay(customer.id, bill_no, key=factories.key())
    other = await factories.bill(customer.id, collect_mode="partial")
    await collecting.pay(customer.id, other, amount_fen=1, key=factories.key())
    with pytest.raises(operator_bills.BillHasPayments):
        await operator_bills.void(2, other, reason="x", key=factories.key())


async def test_the_clock_takes_an_automatic_bill_on_its_day_and_reminds_once(db):
    customer = await factories.customer(principal=4_000)
    how = {"automatic": True, "consent": "报名表", "due_on": clock.today() + timedelta(days=2)}
    first = await factories.bill(customer.id, **how)
    second = await factories.bill(customer.id, collect_mode="partial", **how)
    third = await factories.bill(customer.id, due_on=clock.today() + timedelta(days=2))
    assert (await due_bills.run()).due == 0
    clock.set_offset(timedelta(days=40))  # the clock was down for a month
    run = await due_bills.run()
    assert (run.due, run.charged) == (3, 1)
    assert (await due_bills.run()).due == 0
    states = [(await bill_records.read(number)).paid_fen for number in (first, second, third)]
    assert states == [3_000, 1_000, 0]
    assert (
        await factories.told(customer.id, "payment_due"),
        await factories.told(customer.id, "bill_due"),
    ) == (1, 1)
    payment = (await bill_records.read(first)).payments[0]
    assert payment.matched_by == "due_date"
    await factories.topped_up(customer.id, 5_000)
    record = await bill_records.read(second)
    assert (record.state, record.payments[0].matched_by) == ("paid", "oldest_due")
    assert (await bill_records.read(third)).state == "open", "nobody agreed to this being taken"


async def test_several_workers_take_every_due_bill_once(db):
    people = [await factories.customer(principal=3_000) for _ in range(6)]
    for person in people:
        for _ in range(2):
            await factories.bill(person.id, 1_000, automatic=True, consent="x")
    runs = await asyncio.gather(*(due_bills.run(batch=3) for _ in range(4)))
    assert sum(run.due for run in runs) == sum(run.charged for run in runs) == 12
    assert [(await accounts.balance(person.id)).balance_fen for person in people] == [1_000] * 6


async def test_top_ups_a_payment_a_void_and_due_runs_at_once_take_a_bill_once(db):
    for _ in range(5):
        customer = await factories.customer(principal=1_000)
        bill_no = await factories.bill(
            customer.id, 2_500, collect_mode="partial", automatic=True, consent="x"
        )
        started = [await factories.top_up(customer.id, 1_000) for _ in range(4)]
        await asyncio.gather(
            *(factories.payments.confirm(factories.trade(one)) for one in started),
            collecting.pay(customer.id, bill_no, amount_fen=300, key=factories.key()),
            operator_bills.pay(1, bill_no, amount_fen=200, key=factories.key()),
            operator_bills.void(1, bill_no, reason="x", key=factories.key()),
            due_bills.run(),
            due_bills.run(batch=1),
            return_exceptions=True,
        )
        record = await bill_records.read(bill_no)
        balance = (await accounts.balance(customer.id)).balance_fen
        assert balance == 5_000 - record.paid_fen
        assert (record.state, record.paid_fen) in (("paid", 2_500), ("void", 0))
        assert sum(payment.amount_fen for payment in record.payments) == record.paid_fen


async def test_parts_of_a_bill_that_is_not_in_instalments_are_none(db):
    customer = await factories.customer()
    bill = await bills.find(await factories.bill(customer.id))
    assert await parts.running([bill.id]) == {} and parts.asked_fen([]) == 0
