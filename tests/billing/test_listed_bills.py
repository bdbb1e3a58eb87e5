"""Which bills stand in the indexes of what is owed, and that paying an order writes none of them."""

import asyncpg
import pytest

from billing import bills, due_bills, forecast
from core import clock
from core import db as database
from reports import today
from shop import orders
from tests import factories

_ASKED_FOR = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = $1::text::regclass
UNION SELECT a.attname FROM pg_depend d JOIN pg_index i ON i.indexrelid = d.objid
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND i.indrelid = $1::text::regclass
    AND d.refobjid = i.indrelid AND d.refobjsubid > 0
"""


@pytest.mark.parametrize(
    ("table", "changed"),
    [
        ("bill", {"state", "paid_fen", "paid_at", "refunded_fen"}),
        ("shop_order", {"state", "paid_at"}),
        ("lot", {"remaining_fen"}),
        ("account", {"principal_fen", "bonus_fen", "held_fen", "entry_no"}),
    ],
)
async def test_what_a_payment_changes_stands_in_no_index(db, table, changed):
    asked = {row["attname"] for row in await database.fetch(_ASKED_FOR, table)}
    assert asked and not asked & changed


async def test_a_bill_is_listed_while_it_is_owed_unless_it_is_of_an_order_to_be_paid_in_one_go(db):
    customer = (await factories.customer(principal=10_000)).id
    owed = await factories.bill(customer, 700, automatic=False)
    sku = (await factories.sku(1_000, stock=9)).id
    order = await orders.place(customer, [orders.Wanted(sku, 1)], key=factories.key())
    assert await listed() == {owed: 700}
    assert [bill.bill_no for bill in await bills.due()] == [owed]
    money = await today.of_money()
    assert money.due_today_fen + money.overdue_fen == 700
    dues = await forecast._dues([customer], clock.today())
    assert [due.amount_fen for due in dues[customer]] == [700]
    await database.execute("UPDATE bill SET automatic = true WHERE bill_no = $1", order.bill_no)
    assert await listed() == {owed: 700, order.bill_no: 1_000}, "somebody comes for it"
    await database.execute("UPDATE bill SET automatic = false WHERE bill_no = $1", order.bill_no)
    await database.execute("UPDATE bill SET collect_at = $2 WHERE bill_no = $1", order.bill_no, clock.now())
    assert await listed() == {owed: 700, order.bill_no: 1_000}, "the clock looks at it"
    await due_bills.run()
    await orders.pay(customer, order.order_no, key=factories.key())
    assert await listed() == {owed: 700}


async def listed():
    found = await database.fetch("SELECT bill_no, listed_fen FROM bill WHERE listed_fen IS NOT NULL")
    return dict(map(tuple, found))


@pytest.mark.parametrize("table", ["bill", "shop_order"])
async def test_what_is_named_without_a_foreign_key_stays(db, table):
    """Payments of bills and steps of orders: nobody deletes what they name, not even where there is nothing to delete."""
    with pytest.raises(asyncpg.RestrictViolationError, match=f"rows of table {table} are never deleted"):
        await database.execute(f"DELETE FROM {table}")
