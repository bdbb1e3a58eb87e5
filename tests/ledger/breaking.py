"""Books broken on purpose in a transaction that is never kept, for every check of some invariants."""

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
    ours = {invariant for invariant, _ in breaking.values()}
    return [
        (how, scope)
        for how, (invariant, statement) in breaking.items()
        for scope, since in (("whole", None), ("new", mark))
        if invariant not in await _named_by(statement, since, ours)
    ]


async def _named_by(statement, since, ours):
    found = set()
    try:
        async with database.transaction():
            await rewrite(statement)
            for one in checks.ALL:
                if one.invariant in ours and await proof._offenders(one, since):
                    found.add(one.invariant)
            raise _Undone
    except _Undone:
        return found


async def whole_on_both_sides(mark, tables):
    """The proof finds nothing, whichever of the tables' rows lie after the mark while what belongs to them lies before it."""
    for table in tables:
        straddling = marks.Mark(mark.id, mark.day, mark.proved_at, {**mark.last_ids, table: 0})
        assert await proof.check(since=straddling) == [], table
