"""How operators like to look at lists: filters and columns under names of their own."""

from __future__ import annotations

from dataclasses import dataclass

from core import clock, db, errors

MOST = 20
"""So many views one operator may keep of one list."""


class TooManyViews(errors.Conflict):
    """The operator keeps as many views of the list as one may."""

    code = "too_many_views"


@dataclass(frozen=True, slots=True)
class View:
    """A view; ``query`` is the query of the list's address."""

    id: int
    name: str
    query: str


_COUNT = "SELECT count(*) FROM saved_view WHERE operator_id = $1 AND operation = $2 AND name <> $3"
_SAVE = """
INSERT INTO saved_view (operator_id, operation, name, query, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (operator_id, operation, name) DO UPDATE SET query = $4
"""
_OF = "SELECT id, name, query FROM saved_view WHERE operator_id = $1 AND operation = $2 ORDER BY name_order(name), name"
_DROP = "DELETE FROM saved_view WHERE id = $1 AND operator_id = $2"


async def save(operator_id: int, operation: str, name: str, query: str) -> None:
    """Keeps a view; of the same name it takes the place of the one before.

    Raises:
        TooManyViews.
    """
    if await db.fetchval(_COUNT, operator_id, operation, name) >= MOST:
        raise TooManyViews(most=MOST)
    await db.execute(_SAVE, operator_id, operation, name, query, clock.now())


async def of(operator_id: int, operation: str) -> list[View]:
    """The views an operator keeps of a list."""
    return [View(**row) for row in await db.fetch(_OF, operator_id, operation)]


async def drop(operator_id: int, view_id: int) -> None:
    """Lets a view be; another's stays, and again is harmless."""
    await db.execute(_DROP, view_id, operator_id)
