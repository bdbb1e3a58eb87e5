"""Money that becomes available settles what is due, in the order the shop has chosen."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import adjustments, bill_records, operator_holds, statements, terms
from core import clock
from ledger import accounts, holds
from tests import factories


async def three_bills(customer_id):
    """Issued in this order: due last and largest, due first, due second and smallest; all due by now."""
    how = {"automatic": True, "consent": "x", "collect_mode": "full"}
    now = clock.now()
    return [
        await factories.bill(customer_id, amount_fen, due_at=now - timedelta(days=days), **how)
        for amount_fen, days in ((900, 1), (500, 3), (300, 2))
    ]


@pytest.mark.parametrize(
    ("rule", "paid"),
    [("oldest_due", [1]), ("oldest_issued", [0]), ("smallest_first", [1, 2])],
)
async def test_new_money_settles_in_the_chosen_order_and_the_payment_says_so(db, rule, paid):
    terms.use(replace(terms.current(), matching_order=rule))
    customer = await factories.customer()
    numbers = await three_bills(customer.id)
    await factories.topped_up(customer.id, 900 if rule != "oldest_due" else 700)
    records = [await bill_records.read(number) for number in numbers]
    assert [at for at, record in enumerate(records) if record.state == "paid"] == paid
    for at in paid:
        (payment,) = records[at].payments
        assert payment.matched_by == rule
        assert await bill_records.matched_by(payment.reference) == rule


async def test_what_is_partly_payable_takes_the_rest(db):
    customer = await factories.customer()
    how = {"automatic": True, "consent": "x"}
    whole = await factories.bill(customer.id, 900, **how)
    part = await factories.bill(customer.id, 900, collect_mode="partial", **how)
    in_parts = await factories.bill(customer.id, 900)
    await factories.in_instalments(in_parts)
    await factories.topped_up(customer.id, 1_000)
    paid = [(await bill_records.read(number)).paid_fen for number in (whole, part, in_parts)]
    assert sum(paid) == 1_000 and paid[2] in (0, 300)
    await factories.topped_up(customer.id, 10_000)
    paid = [(await bill_records.read(number)).paid_fen for number in (whole, part, in_parts)]
    assert paid == [900, 900, 300], "of instalments only what is due"


@pytest.mark.parametrize("how", ["expired", "adjusted", "refunded"])
async def test_also_money_that_is_freed_given_or_given_back(db, how):
    customer = await factories.customer(principal=1_000)
    code = accounts.of_customer(customer.id)
    await holds.place(code, reference="h", amount_fen=1_000, expires_at=clock.now() + timedelta(minutes=5))
    bill_no = await factories.bill(customer.id, 800, automatic=True, consent="x")
    if how == "expired":
        clock.set_offset(timedelta(minutes=6))
        ended = await asyncio.gather(*(operator_holds.expire_due() for _ in range(3)))
        assert sum(ended) == 1
    elif how == "adjusted":
        await adjustments.adjust(
            1, customer.id, kind="bonus", amount_fen=900, reason="x", key=factories.key()
        )
    else:
        await factories.topped_up(customer.id, 800)
    record = await bill_records.read(bill_no)
    assert record.state == "paid" and len(record.payments) == 1


async def test_top_ups_at_once_settle_each_bill_once(db):
    customer = await factories.customer()
    numbers = await three_bills(customer.id)
    started = [await factories.top_up(customer.id, 350) for _ in range(6)]
    await asyncio.gather(*(factories.payments.confirm(factories.trade(one)) for one in started))
    records = [await bill_records.read(number) for number in numbers]
    assert [record.state for record in records] == ["paid"] * 3
    assert (await accounts.balance(customer.id)).balance_fen == 6 * 350 - 1_700


async def test_an_explanation_says_which_rule_chose_the_bill(db):
    customer = await factories.customer()
    await factories.bill(customer.id, 800, automatic=True, consent="x")
    await factories.topped_up(customer.id, 800)
    found = await statements.last_deduction(customer.id)
    assert found.matched_by == "oldest_due"
    (top_up,) = [change for change in await statements.changes(customer.id) if change.kind == "top_up"]
    assert (await statements.why(customer.id, top_up.entry_no)).matched_by is None
