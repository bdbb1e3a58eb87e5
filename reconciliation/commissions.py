"""Commissions 提成: what people and agencies get of paid bills, computed from the tables of rates; nothing is posted.

A bill counts on the day it was paid, with what is left of it after refunds. Of one party's lines in force that day the narrowest is
used: one for bills of that operator (``operator:5``) or of that kind (``order``, ``plan``, ``operator``, ``hold``) before one for all, then
the one with the highest ``above_fen`` below the amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from core import clock, db
from reconciliation import rates, report

_DUE = f"""
WITH line AS (
    SELECT * FROM fee_rule WHERE charge = 'commission' AND from_on <= $2 AND (until_on IS NULL OR until_on >= $1)
      AND ($5::text IS NULL OR party = $5)
), paid AS (
    SELECT id, bill_no, title, paid_fen - refunded_fen AS amount_fen, split_part(source, ':', 1) AS kind, issued_by,
           (paid_at AT TIME ZONE $6)::date AS on_day
    FROM bill WHERE state = 'paid' AND paid_at >= $3 AND paid_at < $4 AND paid_fen > refunded_fen
), due AS (
    SELECT DISTINCT ON (p.id, l.party) p.id, p.bill_no, p.title, p.on_day, p.amount_fen, l.party, l.id AS rate_id,
        {rates.charged_in_sql("p.amount_fen", "l")} AS commission_fen
    FROM paid p JOIN line l ON p.on_day >= l.from_on AND (l.until_on IS NULL OR p.on_day <= l.until_on) AND p.amount_fen > l.above_fen
        AND (l.applies_to IS NULL OR l.applies_to = p.issued_by OR l.applies_to = p.kind)
    ORDER BY p.id, l.party, l.applies_to IS NULL, l.applies_to IS DISTINCT FROM p.issued_by, l.above_fen DESC, l.from_on DESC, l.id DESC
)
"""
_TOTALS = (
    _DUE
    + """
SELECT party, count(*) AS bills, sum(amount_fen)::bigint AS amount_fen, sum(commission_fen)::bigint AS commission_fen
FROM due GROUP BY party ORDER BY party
"""
)
_LINES = (
    _DUE
    + """
SELECT id, bill_no, title, on_day, amount_fen, commission_fen, rate_id FROM due WHERE id > $7 ORDER BY id LIMIT $8
"""
)


@dataclass(frozen=True, slots=True)
class Total:
    """What one party gets of a period."""

    party: str
    bills: int
    amount_fen: int
    commission_fen: int


@dataclass(frozen=True, slots=True)
class Line:
    """What a party gets of one bill, and by which line of the tables."""

    id: int
    bill_no: str
    title: str
    on_day: date
    amount_fen: int
    commission_fen: int
    rate_id: int


def _period(from_on: date, to_on: date, party: str | None) -> tuple[object, ...]:
    if (to_on - from_on).days >= report.MAX_DAYS:
        raise report.PeriodTooLong(days=report.MAX_DAYS)
    ends = clock.start_of(to_on + timedelta(days=1))
    return from_on, to_on, clock.start_of(from_on), ends, party, clock.zone().key


async def totals(from_on: date, to_on: date, *, party: str | None = None) -> list[Total]:
    """What everybody, or one party, gets of a period, both days included.

    Raises:
        PeriodTooLong
    """
    return [Total(*row) for row in await db.fetch(_TOTALS, *_period(from_on, to_on, party))]


async def lines(
    party: str, from_on: date, to_on: date, *, after: int | None = None, limit: int = 20
) -> list[Line]:
    """The same bill by bill, in the order the bills were issued.

    Raises:
        PeriodTooLong
    """
    rows = await db.fetch(_LINES, *_period(from_on, to_on, party), after or 0, limit)
    return [Line(*row) for row in rows]
