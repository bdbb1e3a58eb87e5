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


async def marked_between(happens):
    """What happens, once before a mark and once after it, the books whole each time. Returns the mark."""
    await happens()
    assert await proof.check() == []
    assert (await proof.run()).is_mark
    mark = await marks.last()
    await happens()
    assert await proof.check(since=mark) == [] == await proof.check()
    return mark


async def missed(breaking, mark):
    """Which of the ways to break the books (name: invariant, statement) the proof does not name: in the whole, or in what came after
    the mark."""
    return [way for way, titles in (await named_by(breaking, mark)).items() if not titles]


async def unseen(conditions, mark):
    """Which of the ways to break one condition (name: how a check's title begins, statements) that very check does not name, in the
    whole or in what came after the mark. What other checks say of it does not count."""
    found = []
    for how, (title, *statements) in conditions.items():
        (asked,) = [one for one in checks.ALL if one.title.startswith(title)]
        async with undone(*statements):
            for scope, since in (("whole", None), ("new", mark)):
                if not await proof._offenders(asked, since):
                    found.append((how, scope))
    return found


async def named_by(breaking, mark):
    """The titles of the invariant's checks that name each of the ways, by its name and ``whole`` or ``new``."""
    found = {}
    for how, (invariant, statement) in breaking.items():
        asked = [one for one in checks.ALL if one.invariant == invariant]
        async with undone(statement):
            for scope, since in (("whole", None), ("new", mark)):
                found[how, scope] = {one.title for one in asked if await proof._offenders(one, since)}
    return found


@contextlib.asynccontextmanager
async def undone(*statements):
    """The books broken by the statements, for as long as the block runs."""
    with contextlib.suppress(_Undone):
        async with database.transaction():
            await rewrite(*statements)
            yield
            raise _Undone


async def named(since):
    """The invariants that the proof says are broken."""
    return {one.invariant for one in checks.ALL if not one.needs_clock and await proof._offenders(one, since)}


async def whole_on_both_sides(mark, tables):
    """The proof finds nothing, whichever of the tables' rows lie after the mark while what belongs to them lies before it."""
    for table in tables:
        straddling = marks.Mark(mark.id, mark.day, mark.proved_at, {**mark.last_ids, table: 0})
        assert await proof.check(since=straddling) == [], table
