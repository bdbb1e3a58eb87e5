"""Databases that earlier versions left: what migrations make of what is in them."""

from __future__ import annotations

from app import database
from billing import due_runs
from core import clock
from core import db as core_db
from shop import orders
from tests import factories

_SHARES = """
DROP TABLE due_run_share;
ALTER TABLE due_run ADD COLUMN claimed bigint NOT NULL DEFAULT 0, ADD COLUMN charged bigint NOT NULL DEFAULT 0,
    ADD COLUMN partly bigint NOT NULL DEFAULT 0, ADD COLUMN owed bigint NOT NULL DEFAULT 0, ADD COLUMN waived bigint NOT NULL DEFAULT 0,
    ADD COLUMN parked bigint NOT NULL DEFAULT 0, ADD COLUMN amount_fen bigint NOT NULL DEFAULT 0,
    ADD COLUMN batches bigint NOT NULL DEFAULT 0, ADD COLUMN last_batch_at timestamptz;
ALTER TABLE due_run ADD CONSTRAINT due_run_claimed CHECK (claimed = charged + partly + owed + waived + parked);
"""
_LISTED = """
DROP INDEX bill_owed;
DROP INDEX bill_collect;
ALTER TABLE bill DROP COLUMN listed_fen;
CREATE INDEX bill_owed ON bill (customer_id, due_at) WHERE state IN ('open', 'partly_paid');
CREATE INDEX bill_collect ON bill (collect_at, id) WHERE collect_at IS NOT NULL AND state IN ('open', 'partly_paid');
CREATE INDEX bill_due ON bill (due_at) INCLUDE (amount_fen, paid_fen) WHERE state IN ('open', 'partly_paid');
"""  # bill_due goes with its column
_DEADLINES = """
DROP TABLE order_deadline;
DROP INDEX order_at_work;
DROP INDEX order_completing;
ALTER TABLE shop_order DROP COLUMN stage;
ALTER TABLE shop_order RESET (fillfactor);
CREATE INDEX order_unpaid ON shop_order (customer_id) WHERE state = 'placed';
CREATE INDEX order_expiring ON shop_order (expires_at) WHERE state = 'placed';
CREATE INDEX order_completing ON shop_order (completes_at) WHERE state = 'shipped';
CREATE INDEX order_at_work ON shop_order (state, id) WHERE state NOT IN ('completed', 'cancelled');
"""
_UNDONE = {
    "0057": "DROP INDEX customer_merged_into; DROP INDEX points_debt_customer",
    "0054": _DEADLINES,
    "0053": _LISTED,
    "0050": "DROP INDEX plan_warn",
    "0049": _SHARES,
}
"""Migrations taken back, the latest first. The others make anew what is there, or take away what is not."""


async def _as_before(migration):
    """The tables as they were before ``migration``, and nothing is known of it and later ones."""
    undone = ";".join(sql for number, sql in _UNDONE.items() if number >= migration)
    async with core_db.transaction():
        for statement in filter(str.strip, undone.split(";")):
            await core_db.execute(statement)
        await core_db.execute("DELETE FROM tortoise_migrations WHERE name >= $1", migration)
        await core_db.fetchval(
            "SELECT setval('tortoise_migrations_id_seq', max(id)) FROM tortoise_migrations"
        )


async def test_a_database_of_before_gets_functions_as_they_are_now(database_url, db):
    await core_db.execute(
        """CREATE FUNCTION plans_charge(timestamptz, text, bigint[], bigint[], bigint[], int[], timestamptz[], text[], text[], bigint[])
           RETURNS SETOF int LANGUAGE sql AS 'SELECT 1'"""
    )
    now = await core_db.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'orders_pay'")
    await core_db.execute(
        """CREATE OR REPLACE FUNCTION ledger_debit_fingerprint(kind text, source text, target text, amount bigint) RETURNS bytea
           LANGUAGE sql STABLE AS 'SELECT sha256(''old'')'"""
    )
    await core_db.execute(
        """CREATE FUNCTION ledger_burn(timestamptz, int[], text[], text[], bytea[], text[], text[], text[], text[], bigint[])
           RETURNS int LANGUAGE sql AS 'SELECT 1'"""
    )
    await _as_before("0048")
    await database.migrate(database_url)
    found = await core_db.fetch(
        "SELECT proname, prosrc, pronargs FROM pg_proc WHERE proname ~ '^(plans_charge|orders_pay|ledger_debit_f|ledger_burn)'"
    )
    by_name = {row["proname"]: row for row in found}
    assert len(found) == 4 and by_name["plans_charge"]["pronargs"] == 11
    assert by_name["ledger_burn"]["pronargs"] == 11
    assert (
        by_name["orders_pay"]["prosrc"] == now
        and "convert_to" in by_name["ledger_debit_fingerprint"]["prosrc"]
    )
    assert await database.missing_migrations() == []


async def test_due_runs_of_before_are_seen_as_they_were(database_url, db):
    await _as_before("0049")
    await core_db.execute(
        """INSERT INTO due_run (day, state, expected, claimed, charged, partly, owed, waived, parked, amount_fen, batches, started_at,
                                last_batch_at, ended_at)
           VALUES ($1, 'finished', 9, 8, 3, 1, 2, 1, 1, 700, 2, $2, $2, $2), ($1 - 1, 'running', 5, 0, 0, 0, 0, 0, 0, 0, 0, $2, NULL, NULL)""",
        clock.today(),
        now := clock.now(),
    )
    await database.migrate(database_url)
    finished, begun = await due_runs.page()
    assert (finished.expected, finished.claimed, finished.left, finished.last_batch_at) == (9, 8, 1, now)
    counts = (finished.charged, finished.partly, finished.owed, finished.waived, finished.parked)
    assert (*counts, finished.amount_fen, finished.batches) == (3, 1, 2, 1, 1, 700, 2)
    assert (begun.state, begun.claimed, begun.batches, begun.last_batch_at) == ("running", 0, 0, None)
    assert await database.missing_migrations() == []


async def test_bills_of_before_are_listed_as_they_stand(database_url, db):
    """What is owed is listed; what is settled is not, nor an order that waits to be paid in one go."""
    customer = (await factories.customer(principal=10_000)).id
    owed = await factories.bill(customer, 700)
    sku = (await factories.sku(1_000, stock=9)).id
    placed, paid = [
        await orders.place(customer, [orders.Wanted(sku, n)], key=factories.key()) for n in (1, 2)
    ]
    await orders.pay(customer, paid.order_no, key=factories.key())
    await _as_before("0053")
    await database.migrate(database_url)
    listed = {
        row["bill_no"]: row["listed_fen"]
        for row in await core_db.fetch("SELECT bill_no, listed_fen FROM bill")
    }
    assert listed == {owed: 700, placed.bill_no: None, paid.bill_no: None}
    looked_at = "SELECT count(*) FROM pg_stats WHERE tablename = 'bill' AND attname = 'listed_fen'"
    assert await core_db.fetchval(looked_at) == 1, "nobody plans without knowing how few are listed"
    assert await database.missing_migrations() == []


async def test_orders_of_before_that_wait_for_their_payment_get_deadlines(database_url, db):
    customer = (await factories.customer(principal=10_000)).id
    sku = (await factories.sku(1_000, stock=9)).id
    placed, paid, gone = [
        await orders.place(customer, [orders.Wanted(sku, n)], key=factories.key()) for n in (1, 2, 3)
    ]
    await orders.pay(customer, paid.order_no, key=factories.key())
    await orders.cancel(customer, gone.order_no)
    await _as_before("0054")
    await database.migrate(database_url)
    deadlines = await core_db.fetch("SELECT order_id, customer_id, expires_at FROM order_deadline")
    assert [tuple(row) for row in deadlines] == [(placed.id, customer, placed.expires_at)]
    stages = dict(map(tuple, await core_db.fetch("SELECT id, stage FROM shop_order")))
    assert stages == {placed.id: "new", paid.id: "new", gone.id: None}
    looked_at = "SELECT count(*) FROM pg_stats WHERE tablename = 'shop_order' AND attname = 'stage'"
    assert await core_db.fetchval(looked_at) == 1, "nobody plans without knowing how few are at work"
    assert await database.missing_migrations() == []


async def test_an_order_that_was_being_placed_meanwhile_gets_its_deadline_with_the_next_migration(
    database_url, db
):
    customer, sku = (await factories.customer()).id, (await factories.sku(1_000, stock=9)).id
    first, second = [
        await orders.place(customer, [orders.Wanted(sku, n)], key=factories.key()) for n in (1, 2)
    ]
    await core_db.execute("DELETE FROM order_deadline WHERE order_id = $1", second.id)
    await _as_before("0055")
    await database.migrate(database_url)
    found = await core_db.fetch("SELECT order_id, expires_at FROM order_deadline ORDER BY order_id")
    assert [tuple(row) for row in found] == [(order.id, order.expires_at) for order in (first, second)]
    assert await database.missing_migrations() == []


async def test_points_that_were_paid_back_before_a_merge_are_of_who_was_kept(database_url, db):
    gone, kept = [(await factories.customer()).id for _ in range(2)]
    await core_db.execute(
        "INSERT INTO points_debt (customer_id, reference, points, paid, changed_at) VALUES ($1, 'earned:x', 5, 5, $2)",
        gone,
        clock.now(),
    )
    await core_db.execute(
        "UPDATE customer SET state = 'merged', merged_into_id = $2 WHERE id = $1", gone, kept
    )
    await _as_before("0057")
    await database.migrate(database_url)
    assert await core_db.fetchval("SELECT customer_id FROM points_debt") == kept
    assert await database.missing_migrations() == []
    await core_db.execute("DELETE FROM points_debt")  # nothing earned them
