"""The proof that the books balance: each invariant is one query that returns the rows that break it.

Run after every test, by the clock and by ``yucun proof``. The invariants I1-I16 are stated in docs/money.md; the checks stand
in ``checks.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from core import clock, db
from ledger.proof import checks

SHOWN = 20
"""So many offenders of one check are named; the count says how many there are."""


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold: which, what is wrong, where (the first offenders) and how many there are."""

    invariant: str
    title: str
    where: tuple[str, ...]
    count: int

    def __str__(self) -> str:
        return f"{self.invariant} {self.title}: {self.count} ({', '.join(self.where)})"


async def check(*, freshness: bool = False) -> list[Violation]:
    """Checks the whole database in one snapshot. An empty list is the proof.

    With ``freshness`` it also looks for due work nobody has done in time (I16), which only a running shop promises.
    """
    found = []
    async with db.transaction():
        await db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for one in checks.ALL:
            if one.needs_clock and not freshness:
                continue
            rows = await db.fetch(one.sql, *([clock.now()] if one.needs_clock else []))
            if rows:
                where = tuple(str(row[0]) for row in rows[:SHOWN])
                found.append(Violation(one.invariant, one.title, where, len(rows)))
    return found
