"""Liability 应付顾客余额: what the shop owes its customers at an instant, and what moved it between two.

"We owe customers X" = top-ups + grants − spend − refunds − expiry (I15). An instant cuts every account where its statement is
cut (``ledger.statement``): before the first entry stamped at or after it. So the liability at midnight is the sum of all
statements that close then, to the fen.

Cost. The balances of now are kept, and the past is found by going back: one pass over the customers' accounts, and the entries
stamped since the instant, which a block range index leads to. Yesterday costs a day of entries whatever the history; the
oldest instants cost all entries once. What is owed now is asked for all day long: it is what was owed at a recent instant
(``mark``), added up once, and what the accounts that moved since have more or less than then. Should a shop of many years ask for old instants often, a kept balance of every account
at each month's end would bound that as well: the cut of an account only needs the next entry after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core import clock, db, errors, money

_OPEN_END = datetime(9999, 1, 1, tzinfo=UTC)


class NotYet(errors.Invalid):
    """The instant lies in the future."""

    code = "liability_not_yet"


class InstantOrTwo(errors.Invalid):
    """Asked about one instant and about two, or about an end without a beginning."""

    code = "liability_instant_or_two"


class InstantsReversed(errors.Invalid):
    """The first of two instants comes after the second."""

    code = "liability_instants_reversed"


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed at an instant, in fen, and to how many customers (those who have anything)."""

    at: datetime
    principal_fen: int
    bonus_fen: int
    customers: int

    @property
    def total_fen(self) -> int:
        return self.principal_fen + self.bonus_fen


@dataclass(frozen=True, slots=True)
class Movement:
    """What the changes of one kind did to what is owed, with their sign."""

    kind: str
    changes: int
    principal_fen: int
    bonus_fen: int

    @property
    def total_fen(self) -> int:
        return self.principal_fen + self.bonus_fen


@dataclass(frozen=True, slots=True)
class Between:
    """What was owed at two instants, and what moved it from one to the other: opening and movements make closing."""

    opening: Owed
    closing: Owed
    movements: Sequence[Movement]


async def report(
    *, at_instant: datetime | None = None, begins_at: datetime | None = None, ends_at: datetime | None = None
) -> Owed | Between:
    """``at`` one instant, or ``between`` two, as the question says; now where it says nothing.

    Raises:
        InstantOrTwo, NotYet, InstantsReversed.
    """
    if begins_at is not None and at_instant is None:
        return await between(begins_at, ends_at)
    if begins_at is not None or ends_at is not None:
        raise InstantOrTwo
    return await at(at_instant)


_AT = """
WITH cut AS (SELECT account_id, min(entry_no) AS entry_no FROM entry WHERE created_at >= $1 GROUP BY account_id)
SELECT coalesce(sum(principal_fen), 0), coalesce(sum(bonus_fen), 0), count(*) FILTER (WHERE principal_fen + bonus_fen > 0)
FROM (
    SELECT coalesce(e.principal_after_fen - e.principal_fen, a.principal_fen) AS principal_fen,
           coalesce(e.bonus_after_fen - e.bonus_fen, a.bonus_fen) AS bonus_fen
    FROM account a
    LEFT JOIN cut ON cut.account_id = a.id
    LEFT JOIN entry e ON e.account_id = cut.account_id AND e.entry_no = cut.entry_no
    WHERE a.kind = 'customer' AND a.currency = $2
) held
"""


async def at(instant: datetime | None = None) -> Owed:
    """What was owed at an instant, before anything that happened at it; without one, what is owed now.

    Raises:
        NotYet: the instant lies in the future.
    """
    now = clock.now()
    if instant is not None and instant > now:
        raise NotYet
    row = await db.fetchrow(_AT, instant or _OPEN_END, money.CURRENCY)
    assert row is not None
    return Owed(instant or now, int(row[0]), int(row[1]), row[2])


_MARK = """
INSERT INTO liability_mark (at, principal_fen, bonus_fen, customers) VALUES ($1, $2, $3, $4) ON CONFLICT (at) DO NOTHING
"""
_DROP = "DELETE FROM liability_mark WHERE at < $1"
_SETTLED_AFTER = timedelta(minutes=10)
"""What was stamped longer ago is committed: no transaction takes as long."""
_MARKS_KEPT = timedelta(days=2)


async def mark() -> int:
    """Adds up what was owed a moment ago, for ``now`` to go on from. Run by the clock. Returns 1."""
    owed = await at(clock.now() - _SETTLED_AFTER)
    await db.execute(_MARK, owed.at, owed.principal_fen, owed.bonus_fen, owed.customers)
    await db.execute(_DROP, owed.at - _MARKS_KEPT)
    return 1


_LAST_MARK = "SELECT at, principal_fen, bonus_fen, customers FROM liability_mark WHERE at <= $1 ORDER BY at DESC LIMIT 1"
_SINCE = """
WITH moved AS (SELECT account_id, min(entry_no) AS entry_no FROM entry WHERE created_at >= $1 GROUP BY account_id), held AS (
    SELECT a.principal_fen, a.bonus_fen, e.principal_after_fen - e.principal_fen AS principal_then_fen,
           e.bonus_after_fen - e.bonus_fen AS bonus_then_fen
    FROM moved JOIN account a ON a.id = moved.account_id
    JOIN entry e ON e.account_id = moved.account_id AND e.entry_no = moved.entry_no
    WHERE a.kind = 'customer' AND a.currency = $2
)
SELECT coalesce(sum(principal_fen - principal_then_fen), 0)::bigint, coalesce(sum(bonus_fen - bonus_then_fen), 0)::bigint,
       coalesce(sum((principal_fen + bonus_fen > 0)::int - (principal_then_fen + bonus_then_fen > 0)::int), 0)::bigint
FROM held
"""


async def now() -> Owed:
    """What is owed now: ``at()`` at the cost of what has moved since the last mark."""
    instant = clock.now()
    last = await db.fetchrow(_LAST_MARK, instant)
    if last is None:
        return await at()
    moved = await db.fetchrow(_SINCE, last["at"], money.CURRENCY)
    assert moved is not None, "sums have one row"
    return Owed(
        instant, last["principal_fen"] + moved[0], last["bonus_fen"] + moved[1], last["customers"] + moved[2]
    )


_BETWEEN = """
WITH cut AS MATERIALIZED (
    SELECT account_id, min(entry_no) AS first_no, min(entry_no) FILTER (WHERE created_at >= $2) AS end_no
    FROM entry WHERE created_at >= $1 GROUP BY account_id
), held AS MATERIALIZED (
    SELECT a.id, cut.first_no, cut.end_no,
           coalesce(o.principal_after_fen - o.principal_fen, a.principal_fen) AS opening_principal_fen,
           coalesce(o.bonus_after_fen - o.bonus_fen, a.bonus_fen) AS opening_bonus_fen,
           coalesce(c.principal_after_fen - c.principal_fen, a.principal_fen) AS closing_principal_fen,
           coalesce(c.bonus_after_fen - c.bonus_fen, a.bonus_fen) AS closing_bonus_fen
    FROM account a
    LEFT JOIN cut ON cut.account_id = a.id
    LEFT JOIN entry o ON o.account_id = cut.account_id AND o.entry_no = cut.first_no
    LEFT JOIN entry c ON c.account_id = cut.account_id AND c.entry_no = cut.end_no
    WHERE a.kind = 'customer' AND a.currency = $3
)
SELECT 'opening' AS what, '' AS kind, count(*) FILTER (WHERE opening_principal_fen + opening_bonus_fen > 0) AS number,
       coalesce(sum(opening_principal_fen), 0) AS principal_fen, coalesce(sum(opening_bonus_fen), 0) AS bonus_fen
FROM held
UNION ALL
SELECT 'closing', '', count(*) FILTER (WHERE closing_principal_fen + closing_bonus_fen > 0),
       coalesce(sum(closing_principal_fen), 0), coalesce(sum(closing_bonus_fen), 0)
FROM held
UNION ALL
SELECT 'movement', t.kind, count(*), sum(e.principal_fen), sum(e.bonus_fen)
FROM held
JOIN entry e ON e.account_id = held.id AND e.entry_no >= held.first_no
            AND (held.end_no IS NULL OR e.entry_no < held.end_no)
JOIN transfer t ON t.id = e.transfer_id
GROUP BY t.kind
ORDER BY what, kind
"""


async def between(begins_at: datetime, ends_at: datetime | None = None) -> Between:
    """What was owed at two instants, and the movements from the first up to, but not at, the second (or now).

    Raises:
        NotYet: an instant lies in the future.
        InstantsReversed: the first comes after the second.
    """
    now = clock.now()
    if max(begins_at, ends_at or begins_at) > now:
        raise NotYet
    if begins_at > (ends_at or now):
        raise InstantsReversed
    rows = await db.fetch(_BETWEEN, begins_at, ends_at or _OPEN_END, money.CURRENCY)
    owed = {
        row["what"]: (int(row["principal_fen"]), int(row["bonus_fen"]), row["number"])
        for row in rows
        if row["what"] != "movement"
    }
    movements = [
        Movement(row["kind"], row["number"], int(row["principal_fen"]), int(row["bonus_fen"]))
        for row in rows
        if row["what"] == "movement"
    ]
    return Between(Owed(begins_at, *owed["opening"]), Owed(ends_at or now, *owed["closing"]), movements)
