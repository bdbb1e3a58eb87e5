"""The proof that the books balance: each invariant is one query that returns the rows that break it.

Run after every test, by the clock and by ``yucun proof``, over the whole database or over what changed since the last success
(``changed.py`` says what that is). The invariants are stated in docs/money.md; the checks stand
in ``checks/``, a file a topic.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg

from core import clock, db
from ledger import settled
from ledger.proof import changed, checks, marks

INVARIANTS = tuple(dict.fromkeys(one.invariant for one in checks.ALL))
FRESHNESS = "I16"
"""The invariant that only a running shop promises."""

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


async def check(*, freshness: bool = False, since: marks.Mark | None = None) -> list[Violation]:
    """Checks the whole database in one snapshot, or with ``since`` what changed after that mark. An empty list is the proof.

    With ``freshness`` it also looks for due work nobody has done in time (I16), which only a running shop promises.
    """
    found = []
    async with db.transaction():
        await db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for one in checks.ALL:
            if one.needs_clock and not freshness:
                continue
            rows = await _offenders(one, since)
            if rows:
                where = tuple(str(row[0]) for row in rows[:SHOWN])
                found.append(Violation(one.invariant, one.title, where, len(rows)))
    return found


async def _offenders(one: checks.Check, since: marks.Mark | None) -> list[asyncpg.Record]:
    if one.needs_clock:
        return await db.fetch(one.sql, clock.now())
    if since is None or (one.since is None and one.since_sql is None):
        return await db.fetch(one.sql)
    query = changed.over(one.since_sql or one.sql, one.since or {})
    return await db.fetch(query, *(since.last_ids[table] for table in changed.TABLES))


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that was run and recorded.

    ``since`` is the mark it went on from; None: the whole database was checked. ``transfers``, ``postings`` and ``entries`` say
    how many it covered. ``is_mark``: the next incremental proof may go on from here.
    """

    violations: tuple[Violation, ...]
    since: marks.Mark | None
    transfers: int
    postings: int
    entries: int
    is_mark: bool

    def __str__(self) -> str:
        found = "; ".join(map(str, self.violations)) or "balanced"
        scope = "whole" if self.since is None else f"since {self.since.proved_at:%Y-%m-%d %H:%M:%S} UTC"
        return (
            f"{found} ({scope}: {self.transfers} transfers, {self.postings} postings, {self.entries} entries)"
        )


async def run(
    *,
    freshness: bool = False,
    since_last: bool = False,
    patience_s: float = 2.0,
    before_recording: Callable[[], Awaitable[None]] | None = None,
) -> Proof:
    """Checks and records the result. With ``since_last`` only what changed since the last success, if there was one.

    Before it looks, it waits up to ``patience_s`` for transactions that may still commit rows with lower numbers than it
    sees; while one of them stays open, the result is as good, but no later proof can go on from it. ``before_recording`` is asked
    in the transaction that records; what it raises is raised, and nothing is recorded.
    """
    since = await marks.last() if since_last else None
    last_ids = await settled.last_ids(changed.TABLES, patience_s=patience_s)
    violations = await check(freshness=freshness, since=since)
    counts = await marks.counts(since)
    async with db.transaction():
        if before_recording is not None:
            await before_recording()
        is_mark = await marks.keep(
            whole=since is None, freshness=freshness, last_ids=last_ids, counts=counts,
            violations=_by_invariant(violations),
        )  # fmt: skip
    return Proof(tuple(violations), since, *counts, is_mark=is_mark)


def _by_invariant(violations: list[Violation]) -> dict[str, int]:
    found: dict[str, int] = {}
    for violation in violations:
        found[violation.invariant] = found.get(violation.invariant, 0) + violation.count
    return found
