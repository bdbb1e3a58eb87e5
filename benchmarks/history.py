"""A shop that has been running for a while, written as it would stand: customers, and what happened on their accounts.

By set-based SQL, a few hundred thousand entries a second; the proof of the books holds afterwards like after real work. The
days are laid out as they came: the n-th change of all customers, then the next, so that a customer's lie scattered.
"""

from __future__ import annotations

from core import clock, db

OPENING_FEN = 50_000_000
_DEBIT_FEN = 100

_CUSTOMERS = """
INSERT INTO customer (name, locale, state, low_balance_threshold_fen, created_at)
SELECT '顾客' || n, 'zh-CN', 'active', 5000, $2 FROM generate_series(1, $1::int) n
"""
_ACCOUNTS = """
INSERT INTO account (code, kind, currency, principal_fen, bonus_fen, held_fen, credit_limit_fen, entry_no, burn_policy,
                     created_at)
SELECT 'customer:' || id, 'customer', 'CNY', $1::bigint - $2::bigint * $3::int, 0, 0, 0, $3::int + 1, 'bonus_first', $4
FROM customer ORDER BY id
"""
_OWNERS = """
CREATE TEMP TABLE owner ON COMMIT DROP AS
SELECT id AS account_id, row_number() OVER (ORDER BY id) AS k, nextval(pg_get_serial_sequence('lot', 'id')) AS lot_id
FROM account WHERE kind = 'customer' ORDER BY id
"""
_LOTS = """
INSERT INTO lot (id, account_id, kind, source, original_fen, remaining_fen, created_at)
SELECT lot_id, account_id, 'principal', 'history:' || k || ':0', $1::bigint, $1::bigint - $2::bigint * $3::int, $4 FROM owner
"""
_TRANSFERS = """
INSERT INTO transfer (id, reference, kind, fingerprint, operator, memo, burn_policy, created_at)
SELECT n * $1::bigint + k, 'history:' || k || ':' || n, 'benchmark', sha256(int8send(n * $1::bigint + k)), 'benchmark', '',
       CASE WHEN n > 0 THEN 'bonus_first' END, $3::timestamptz - ($2 - n) * interval '1 minute'
FROM generate_series(0, $2::int) n CROSS JOIN owner ORDER BY n, k
"""
_POSTINGS = """
INSERT INTO posting (transfer_id, source_id, target_id, source_lot_id, target_lot_id, amount_fen)
SELECT n * $1::bigint + k, CASE WHEN n = 0 THEN adjustment.id ELSE account_id END,
       CASE WHEN n = 0 THEN account_id ELSE revenue.id END, CASE WHEN n > 0 THEN lot_id END, CASE WHEN n = 0 THEN lot_id END,
       CASE WHEN n = 0 THEN $3::bigint ELSE $4::bigint END
FROM generate_series(0, $2::int) n CROSS JOIN owner
CROSS JOIN (SELECT id FROM account WHERE code = 'house:adjustment') adjustment
CROSS JOIN (SELECT id FROM account WHERE code = 'house:revenue') revenue
ORDER BY n, k
"""
_ENTRIES = """
INSERT INTO entry (account_id, entry_no, transfer_id, principal_fen, bonus_fen, principal_after_fen, bonus_after_fen, created_at)
SELECT account_id, n + 1, n * $1::bigint + k, CASE WHEN n = 0 THEN $3::bigint ELSE -$4::bigint END, 0,
       $3::bigint - $4::bigint * n, 0, $5::timestamptz - ($2 - n) * interval '1 minute'
FROM generate_series(0, $2::int) n CROSS JOIN owner ORDER BY n, k
"""
_GO_ON = "SELECT setval(pg_get_serial_sequence('transfer', 'id'), (SELECT max(id) FROM transfer))"


async def write(*, customers: int, entries: int) -> list[int]:
    """Fills an empty database: so many customers, each funded once and charged ``entries`` times. Returns the customers' ids."""
    now = clock.now()
    async with db.transaction():
        await db.execute("SET LOCAL synchronous_commit = off")
        await db.execute(_CUSTOMERS, customers, now)
        await db.execute(_ACCOUNTS, OPENING_FEN, _DEBIT_FEN, entries, now)
        await db.execute(_OWNERS)
        await db.execute(_LOTS, OPENING_FEN, _DEBIT_FEN, entries, now)
        await db.execute(_TRANSFERS, customers, entries, now)
        await db.execute(_POSTINGS, customers, entries, OPENING_FEN, _DEBIT_FEN)
        await db.execute(_ENTRIES, customers, entries, OPENING_FEN, _DEBIT_FEN, now)
        await db.execute(_GO_ON)
    await db.execute("VACUUM ANALYZE")
    return [row["id"] for row in await db.fetch("SELECT id FROM customer")]
