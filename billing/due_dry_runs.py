"""Dry runs 试扣: what a due run would do, by doing it and undoing it.

Batch by batch what the due run is made of (``due_periods.take``) works on what is due and is rolled back. A batch has all periods of its
customers, so that each is judged by what those before it would have left. Rows are locked for as long as their batch takes and no
longer; what a worker has at that moment is left out. Nothing of it stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from billing import due_periods, due_runs, halving, plan_rows
from core import clock, db, errors, sheets, words

CUSTOMERS = 200
"""So many customers make a batch."""


class DryRunTooLarge(errors.Conflict):
    """So much is due that trying it takes longer than a request may; ``yucun due-run dry-run`` has the time."""

    code = "dry_run_too_large"


@dataclass(frozen=True, slots=True)
class Line:
    """What would become of a period: ``charged``, ``partly``, ``owed``, ``waived``, or ``parked`` with the reason."""

    customer_id: int
    plan_id: int
    name: str
    period_no: int
    due_on: date
    amount_fen: int
    state: str
    taken_fen: int
    reason: str | None = None


@dataclass(slots=True)
class Summary:
    """How many periods would end how, what they cost, and what would be taken."""

    periods: Counter[str] = field(default_factory=Counter)
    amount_fen: Counter[str] = field(default_factory=Counter)
    taken_fen: int = 0

    def add(self, lines: Sequence[Line]) -> None:
        """Counts these too."""
        for line in lines:
            self.periods[line.state] += 1
            self.amount_fen[line.state] += line.amount_fen
            self.taken_fen += line.taken_fen


_CUSTOMERS = f"""
SELECT DISTINCT p.customer_id FROM plan p
WHERE p.customer_id > $2 AND EXISTS (
    SELECT FROM plan_period o WHERE o.plan_id = p.id AND o.state = 'upcoming' AND o.due_on <= $1 AND {plan_rows.TAKEN})
ORDER BY p.customer_id LIMIT $3
"""


async def how_many(*, until: date | None = None) -> int:
    """How many periods a dry run would look at."""
    return int(await db.fetchval(f"SELECT count(*) {due_runs.DUE}", until or clock.today()))


async def lines(*, until: date | None = None, customers: int = CUSTOMERS) -> AsyncIterator[list[Line]]:
    """What would become of each period that is due by ``until`` (today), with the balances of now; a list a batch."""
    day, last = until or clock.today(), 0
    while rows := await db.fetch(_CUSTOMERS, day, last, customers):
        batch = [row["customer_id"] for row in rows]
        yield await _tried(day, batch)
        last = batch[-1]


async def small(*, until: date | None = None, most: int) -> tuple[Summary, list[Line]]:
    """All of it at once.

    Raises:
        DryRunTooLarge: more than ``most`` periods are due.
    """
    periods = await how_many(until=until)
    if periods > most:
        raise DryRunTooLarge(periods=periods, most=most)
    summary, found = Summary(), list[Line]()
    async for batch in lines(until=until):
        summary.add(batch)
        found += batch
    return summary, found


class _Undone(Exception):
    """Rolls a tried batch back."""


async def _tried(day: date, customer_ids: Sequence[int]) -> list[Line]:
    try:
        return await _try(day, None, customer_ids)
    except Exception as error:
        if not db.is_of_the_rows(error):
            raise
    period_ids = await due_periods.ids_of(day, customer_ids)
    tried = await halving.in_halves(period_ids, lambda some: _try(day, some, customer_ids), _parked)
    return [line for some in tried for line in some]


@db.retried
async def _try(day: date, period_ids: Sequence[int] | None, customer_ids: Sequence[int]) -> list[Line]:
    found: list[Line] = []
    try:
        async with db.transaction():
            claimed = await due_periods.claim_of(day, customer_ids, only=period_ids)
            found = [_line(outcome) for outcome in await due_periods.take(claimed)] if claimed else []
            raise _Undone
    except _Undone:
        return sorted(found, key=lambda line: (line.due_on, line.plan_id, line.period_no))


async def _parked(period_id: int, error: BaseException) -> list[Line]:
    return [
        Line(
            row["customer_id"], row["plan_id"], row["name"], row["period_no"], row["due_on"], row["amount_fen"] or 0,
            "parked", 0, halving.reason(error),
        )
        for row in await db.fetch(_ONE, period_id)
    ]  # fmt: skip


_ONE = """
SELECT p.customer_id, o.plan_id, p.name, o.period_no, o.due_on, o.amount_fen
FROM plan_period o JOIN plan p ON p.id = o.plan_id WHERE o.id = $1
"""


def _line(outcome: due_periods.Outcome) -> Line:
    period = outcome.period
    return Line(
        period.customer_id, period.plan_id, period.name, period.period_no, period.due_on, period.amount_fen,
        outcome.state, outcome.taken_fen,
    )  # fmt: skip


_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("customer", "count"), ("plan", "count"), ("name", "text"), ("period", "count"), ("due", "text"), ("amount", "yuan"),
    ("outcome", "text"), ("taken", "yuan"), ("reason", "text"),
)  # fmt: skip


def as_csv(batches: AsyncIterator[list[Line]], locale: str) -> AsyncIterator[bytes]:
    """The lines as a CSV file, as they come."""

    async def rows() -> AsyncIterator[list[sheets.Row]]:
        async for batch in batches:
            yield [
                (
                    line.customer_id, line.plan_id, line.name, line.period_no, line.due_on.isoformat(), line.amount_fen,
                    words.say(f"due.outcome.{line.state}", locale), line.taken_fen, line.reason,
                )
                for line in batch
            ]  # fmt: skip

    columns = [sheets.Column(words.say(f"due.column.{title}", locale), cells) for title, cells in _COLUMNS]
    return sheets.as_csv(sheets.Sheet(words.say("due.dry_run", locale), columns, rows()))
