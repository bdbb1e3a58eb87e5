"""Books broken on purpose in a transaction that is never kept, for every check of some invariants."""

import contextlib

from core import db as database
from ledger import proof
from ledger.proof import checks, marks


class _Undone(Exception):
    pass


async def rewrite(*statements):
    """Changes rows that nobody may change: the tables' own guards look away until the transaction ends."""
    async with database.transaction():
        await database.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            assert await database.execute(statement), f"nothing was changed by: {statement}"


async def missed(breaking, mark):
    """Which of the ways to break the books (name: invariant, statement) the proof does not name: in the whole, or in what came after
    the mark."""
    found = []
    for how, (invariant, statement) in breaking.items():
        asked = [one for one in checks.ALL if one.invariant == invariant]
        async with undone(statement):
            for scope, since in (("whole", None), ("new", mark)):
                if not await named(since, asked):
                    found.append((how, scope))
    return found


@contextlib.asynccontextmanager
async def undone(statement):
    """The books broken by the statement, for as long as the block runs."""
    with contextlib.suppress(_Undone):
        async with database.transaction():
            await rewrite(statement)
            yield
            raise _Undone


async def named(since, asked=None):
    """The invariants that the proof says are broken, of these checks; left out: of all but those of a running shop."""
    asked = asked or [one for one in checks.ALL if not one.needs_clock]
    return {one.invariant for one in asked if await proof._offenders(one, since)}


async def whole_on_both_sides(mark, tables):
    """The proof finds nothing, whichever of the tables' rows lie after the mark while what belongs to them lies before it."""
    for table in tables:
        straddling = marks.Mark(mark.id, mark.day, mark.proved_at, {**mark.last_ids, table: 0})
        assert await proof.check(since=straddling) == [], table
