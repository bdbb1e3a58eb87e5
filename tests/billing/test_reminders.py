"""Reminders: a bill will be due soon, or is overdue; each said once, and only while it is true."""

import json
from datetime import timedelta

from billing import collecting, due_bills, reminders
from core import clock
from core import db as database
from notifications import truth
from tests import factories


def days(number):
    clock.set_offset(timedelta(days=number))


async def told(customer):
    rows = await database.fetch("SELECT kind FROM outbox_message WHERE customer_id = $1", customer.id)
    return [kind for (kind,) in rows]


async def test_customers_are_reminded_before_a_bill_is_due_and_when_it_is_overdue_once_each(db):
    customer = await factories.customer()
    await factories.bill(customer.id, 900, due_on=clock.today() + timedelta(days=10))
    for offset, said in ((0, 0), (6, 0), (7.5, 1), (8, 0), (10, 0), (11, 1), (12, 0), (20, 0)):
        days(offset)
        if offset == 10:
            await due_bills.run()
        assert await reminders.run() == said, offset
    kinds = await told(customer)
    assert sorted(kinds) == ["bill_due", "bill_due_soon", "bill_issued", "bill_overdue"]


async def test_after_an_outage_nobody_is_told_what_is_not_true(db):
    rich, poor = await factories.customer(principal=1_000), await factories.customer()
    for one in (rich, poor):
        on = clock.today() + timedelta(days=4)
        await factories.bill(one.id, 900, due_on=on, automatic=True, consent="x")
    days(8)
    assert await reminders.run() == 0, "the clock has yet to come for both"
    await due_bills.run()
    await reminders.run()
    assert "bill_overdue" not in await told(rich) and "bill_due_soon" not in await told(rich)
    assert "bill_overdue" in await told(poor)


async def test_a_reminder_is_looked_at_again_before_it_goes_out(db):
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, 900, due_on=clock.today() + timedelta(days=10))
    days(8)
    await reminders.run()
    (row,) = await database.fetch(
        "SELECT id, customer_id, kind, dedup_key, params::text AS params, created_at FROM outbox_message WHERE kind = 'bill_due_soon'"
    )
    waiting = truth.Waiting(**{**dict(row), "params": json.loads(row["params"])})
    assert await truth.untrue([waiting]) == {}
    days(11)
    assert await truth.untrue([waiting]) == {row["id"]: "due"}
    await database.execute("UPDATE bill SET collect_at = NULL")
    await factories.topped_up(customer.id, 900)
    await collecting.pay(customer.id, bill_no, key=factories.key())
    assert await truth.untrue([waiting]) == {row["id"]: "paid"}
