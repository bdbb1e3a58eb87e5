"""A day is compared: what its bill and our books do not agree on becomes differences, set by set, and what stands in the bill of
another day is carried over.

Comparing again finds the same differences again and makes none twice; one that is gone is settled by itself. Nothing is written
about the rows that agree.
"""

from __future__ import annotations

from datetime import timedelta

from billing import terms
from core import clock, db
from models import bill_line
from reconciliation import agreeing, bill_imports, days, differences, funds, history, meters

_FOUND = """
CREATE TEMPORARY TABLE found (
    kind text, subject text, dedup_key text, payment_no text, refund_no text, channel_trade_no text, line_id bigint,
    ours_fen bigint, ours_state text, theirs_fen bigint, theirs_state text, expected_milli bigint, billed_milli bigint,
    at_stake_fen bigint
) ON COMMIT DROP
"""

_ODD_PAYMENTS = """
INSERT INTO found
SELECT d.kind, 'payment', concat_ws(':', d.kind, 'payment', l.payment_no, l.channel_trade_no), l.payment_no, NULL,
       l.channel_trade_no, l.id, p.amount_fen, coalesce(CASE WHEN q.id IS NOT NULL THEN 'quarantined' END, p.state), l.amount_fen,
       l.state, l.expected_milli, l.fee_milli,
       CASE d.kind WHEN 'amount' THEN abs(l.amount_fen - p.amount_fen)
                   WHEN 'fee' THEN round(abs(l.fee_milli - l.expected_milli) / 1000.0)::bigint ELSE l.amount_fen END
FROM bill_line l LEFT JOIN payment p ON p.id = l.payment_id
LEFT JOIN quarantine q ON q.channel = $3 AND q.channel_trade_no = l.channel_trade_no
CROSS JOIN LATERAL (SELECT CASE
    WHEN p.id IS NULL OR p.state IN ('created', 'prepared', 'closed') THEN 'missing_here'
    WHEN p.amount_fen <> l.amount_fen THEN 'amount'
    WHEN p.state <> 'paid' OR p.channel_trade_no <> l.channel_trade_no THEN 'status'
    WHEN l.fee_milli <> l.expected_milli THEN 'fee' END AS kind) d
WHERE l.id BETWEEN $1 AND $2 AND NOT l.agrees AND l.kind = 'payment' AND d.kind IS NOT NULL
  AND (q.state IS DISTINCT FROM 'resolved' OR d.kind = 'fee')
"""
"""Money in the quarantine that a person has decided on is explained."""
_ODD_REFUNDS = f"""
INSERT INTO found
SELECT d.kind, 'refund', concat_ws(':', d.kind, 'refund', coalesce(l.refund_no, '-' || l.payment_no), l.channel_refund_no),
       l.payment_no, l.refund_no, l.channel_trade_no, l.id, r.amount_fen, r.state, l.amount_fen, l.state, l.expected_milli, l.fee_milli,
       CASE d.kind WHEN 'amount' THEN abs(l.amount_fen - r.amount_fen)
                   WHEN 'fee' THEN round(abs(l.fee_milli - l.expected_milli) / 1000.0)::bigint ELSE l.amount_fen END
FROM bill_line line LEFT JOIN refund_part r ON r.id = line.part_id
CROSS JOIN LATERAL (SELECT line.*) l
CROSS JOIN LATERAL (SELECT CASE
    WHEN r.id IS NULL THEN 'missing_here'
    WHEN r.payment_no <> l.payment_no THEN 'status'
    WHEN r.amount_fen <> l.amount_fen THEN 'amount'
    WHEN NOT {agreeing.REFUND_STATES_AGREE} THEN 'refund'
    WHEN abs(l.fee_milli - l.expected_milli) > {agreeing.REFUND_FEE_TOLERANCE_MILLI} THEN 'fee' END AS kind) d
WHERE line.id BETWEEN $1 AND $2 AND NOT line.agrees AND line.kind = 'refund' AND d.kind IS NOT NULL AND NOT EXISTS (
    SELECT FROM quarantine q WHERE q.refund_no = line.refund_no AND q.channel = $3 AND q.amount_fen = line.amount_fen)
"""
"""Quarantined money that was sent back is followed there."""

_TWICE = """
INSERT INTO found
SELECT 'duplicate', l.kind, concat_ws(':', 'duplicate', l.kind, coalesce(l.refund_no, l.payment_no), l.id), l.payment_no, l.refund_no,
       l.channel_trade_no, l.id, NULL, NULL, l.amount_fen, l.state, NULL, l.fee_milli, l.amount_fen
FROM (
    SELECT l.*, row_number() OVER (PARTITION BY l.{ours} ORDER BY l.agrees DESC, l.id) AS nth
    FROM bill_line l JOIN (
        SELECT {ours} FROM bill_line WHERE id BETWEEN $1 AND $2 AND {ours} IS NOT NULL GROUP BY {ours} HAVING count(*) > 1
    ) twice USING ({ours}) WHERE l.id BETWEEN $1 AND $2
) l WHERE l.nth > 1
"""
_TWICE_IN_TWO_BILLS = """
INSERT INTO found
SELECT 'duplicate', l.kind, concat_ws(':', 'duplicate', l.kind, coalesce(l.refund_no, l.payment_no), l.id), l.payment_no, l.refund_no,
       l.channel_trade_no, l.id, NULL, NULL, l.amount_fen, l.state, NULL, l.fee_milli, l.amount_fen
FROM bill_line l WHERE l.id IN (
    SELECT l.id FROM bill_line l JOIN bill_line other ON other.{ours} = l.{ours} AND other.id NOT BETWEEN $1 AND $2
    WHERE l.id BETWEEN $1 AND $2 AND l.other_day
    UNION
    SELECT l.id FROM channel_day d JOIN bill_file f ON f.day_id = d.id AND f.is_current
    JOIN bill_line other ON other.id {of_file} AND other.other_day
    JOIN bill_line l ON l.{ours} = other.{ours} AND l.id BETWEEN $1 AND $2
    WHERE d.channel = $3 AND d.day BETWEEN $4::date - 31 AND $4::date + 31 AND d.day <> $4
)
"""
"""The second half is for a bill that comes after one that already has the payment: days far apart are left to the proof."""

_NOT_IN_THE_BILL = {
    "payment": """
CREATE TEMPORARY TABLE absent_payment ON COMMIT DROP AS
WITH ours AS (
    SELECT id, payment_no AS number, payment_no, channel_trade_no, amount_fen, state, paid_at AS ended_at FROM payment
    WHERE channel = $3 AND paid_at >= $4 AND paid_at < $5 AND state = 'paid'
), absent AS MATERIALIZED (
    SELECT o.* FROM ours o LEFT JOIN bill_line l ON l.payment_id = o.id AND l.id BETWEEN $1 AND $2 WHERE l.id IS NULL
)
SELECT a.* FROM absent a
WHERE NOT EXISTS (SELECT FROM bill_line l WHERE l.payment_id = a.id)
""",
    "refund": """
CREATE TEMPORARY TABLE absent_refund ON COMMIT DROP AS
WITH ours AS (
    SELECT id, part_no AS number, payment_no, channel_refund_no AS channel_trade_no, amount_fen, state, ended_at FROM refund_part
    WHERE tender = $3 AND ended_at >= $4 AND ended_at < $5 AND state = 'paid'
), absent AS MATERIALIZED (
    SELECT o.* FROM ours o LEFT JOIN bill_line l ON l.part_id = o.id AND l.id BETWEEN $1 AND $2 WHERE l.id IS NULL
)
SELECT a.* FROM absent a
WHERE NOT EXISTS (SELECT FROM bill_line l WHERE l.part_id = a.id)
""",
}

_CARRY = """
INSERT INTO carried (day_id, kind, ours_id, amount_fen, until_on, state, created_at)
SELECT $1, $2, id, amount_fen, $3, 'waiting', $4 FROM absent_{kind} WHERE ended_at >= $5
ON CONFLICT (kind, ours_id) DO NOTHING
"""
_SETTLE_CARRIED = """
UPDATE carried SET state = 'settled', ended_day_id = $1, ended_at = $4
FROM channel_day d WHERE carried.state <> 'settled' AND d.id = carried.day_id AND d.channel = $5 AND EXISTS (
    SELECT FROM bill_line l WHERE l.id BETWEEN $2 AND $3
      AND (carried.kind = 'payment' AND l.payment_id = carried.ours_id OR carried.kind = 'refund' AND l.part_id = carried.ours_id))
"""
_OVERDUE = """
UPDATE carried SET state = 'overdue', ended_at = $3, ended_day_id = $4
FROM channel_day d WHERE carried.state = 'waiting' AND d.id = carried.day_id AND d.channel = $1 AND carried.until_on <= $2
"""
_STILL_CARRIED = "SELECT FROM carried c WHERE c.kind = '{kind}' AND c.ours_id = a.id AND c.state = 'waiting'"
_MISSING_THERE = """
INSERT INTO found
SELECT 'missing_there', '{kind}', concat_ws(':', 'missing_there', '{kind}', a.number), a.payment_no, {refund_no}, a.channel_trade_no,
       NULL, a.amount_fen, a.state, NULL, NULL, NULL, NULL, a.amount_fen
FROM absent_{kind} a WHERE NOT EXISTS ({still}) AND NOT EXISTS (
    SELECT FROM carried c WHERE c.kind = '{kind}' AND c.ours_id = a.id AND c.state = 'overdue')
"""
_OVERDUE_PAYMENTS = """
INSERT INTO found
SELECT 'missing_there', 'payment', concat_ws(':', 'missing_there', 'payment', p.payment_no), p.payment_no, NULL, p.channel_trade_no,
       NULL, p.amount_fen, p.state, NULL, NULL, NULL, NULL, p.amount_fen
FROM carried c JOIN payment p ON p.id = c.ours_id
WHERE c.state = 'overdue' AND c.kind = 'payment' AND c.ended_day_id = $1
"""
_OVERDUE_REFUNDS = """
INSERT INTO found
SELECT 'missing_there', 'refund', concat_ws(':', 'missing_there', 'refund', r.part_no), r.payment_no, r.part_no, r.channel_refund_no,
       NULL, r.amount_fen, r.state, NULL, NULL, NULL, NULL, r.amount_fen
FROM carried c JOIN refund_part r ON r.id = c.ours_id
WHERE c.state = 'overdue' AND c.kind = 'refund' AND c.ended_day_id = $1
"""
_COMPARED = "UPDATE channel_day SET state = 'matched', match_at = NULL, matched_at = $2 WHERE id = $1"
_CURRENT = "SELECT id FROM bill_file WHERE day_id = $1 AND is_current"


async def compare(day_id: int) -> int:
    """Compares a day whose bill is here. Returns how many of its differences are not resolved.

    A closed day is left as it is.
    """
    async with meters.shown(day_id, meters.Meter(phase="comparing")):
        return await _compare(day_id)


@db.retried
async def _compare(day_id: int) -> int:
    async with db.transaction():
        day = await days.locked_by_id(day_id)
        file_id = await db.fetchval(_CURRENT, day_id)
        if file_id is None or day.state not in ("imported", "matched"):
            return 0
        await db.execute(bill_imports.ROOM)
        await bill_imports.look_again(day, file_id)
        await _clear()
        await _settle_what_came_late(day, file_id)
        await _find(day, file_id)
        opened = await differences.keep_found(day)
        await db.execute(_COMPARED, day_id, clock.now())
        await history.add(day_id, "compared", history.CLOCK, new_differences=opened)
        return await differences.unresolved(day_id)


async def _clear() -> None:
    for table in ("found", "absent_payment", "absent_refund"):
        await db.execute(f"DROP TABLE IF EXISTS {table}")
    await db.execute(_FOUND)


async def _settle_what_came_late(day: days.Day, file_id: int) -> None:
    """What was carried over to this bill, or called missing in one before it, may stand in it."""
    await db.execute(_SETTLE_CARRIED, day.id, *bill_imports.span(file_id), clock.now(), day.channel)
    await differences.settle_found_later(day)
    await db.execute(_OVERDUE, day.channel, day.day, clock.now(), day.id)


async def _find(day: days.Day, file_id: int) -> None:
    lines = bill_imports.span(file_id)
    await db.execute(_ODD_PAYMENTS, *lines, day.channel)
    await db.execute(_ODD_REFUNDS, *lines, day.channel)
    for ours in ("payment_id", "part_id"):
        await db.execute(_TWICE.format(ours=ours), *lines)
        await db.execute(
            _TWICE_IN_TWO_BILLS.format(ours=ours, of_file=bill_line.OF_FILE), *lines, day.channel, day.day
        )
    for kind in ("payment", "refund"):
        await db.execute(_NOT_IN_THE_BILL[kind], *lines, day.channel, day.begins, day.ends)
        await _carry_or_miss(day, kind)
    await db.execute(funds.FIND, day.id)
    await db.execute(_OVERDUE_PAYMENTS, day.id)
    await db.execute(_OVERDUE_REFUNDS, day.id)


async def _carry_or_miss(day: days.Day, kind: str) -> None:
    """A payment near the day's end, and any refund (we hear of it when we hear of it), may stand in one of the next bills."""
    chosen = terms.current()
    if chosen.carry_days:
        late = day.begins if kind == "refund" else day.ends - timedelta(minutes=chosen.day_cut_minutes)
        until_on = day.day + timedelta(days=chosen.carry_days)
        await db.execute(_CARRY.format(kind=kind), day.id, kind, until_on, clock.now(), late)
    await db.execute(
        _MISSING_THERE.format(
            kind=kind,
            still=_STILL_CARRIED.format(kind=kind),
            refund_no="a.number" if kind == "refund" else "NULL",
        )
    )
