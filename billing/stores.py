"""Stores 门店: the merchant's places. A top-up may say at which it was started; packages may be for some of them only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from core import clock, db, errors

State = Literal["open", "closed"]


class NoSuchStore(errors.NotFound):
    """There is no store of this code, or it has closed."""

    code = "no_such_store"


@dataclass(frozen=True, slots=True)
class Store:
    """One place. A closed one takes no top-ups any more."""

    code: str
    name: str
    state: str


_COLUMNS = "code, name, state"
_SET = f"""
INSERT INTO store (code, name, state, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (code) DO UPDATE SET name = $2, state = $3 RETURNING {_COLUMNS}
"""


async def put(code: str, *, name: str, state: State = "open") -> Store:
    """Adds a store, or gives the one of this code another name and state."""
    row = await db.fetchrow(_SET, code, name, state, clock.now())
    assert row is not None
    return Store(*row)


_ALL = f"SELECT {_COLUMNS} FROM store WHERE state = 'open' OR $1 ORDER BY id"


async def listing(*, closed_too: bool = False) -> list[Store]:
    """All stores that are open, or all there ever were, the oldest first."""
    return [Store(*row) for row in await db.fetch(_ALL, closed_too)]


_KNOWN = "SELECT code FROM store WHERE code = ANY ($1::text[]) AND (state = 'open' OR $2)"


async def check(codes: Collection[str], *, closed_too: bool = False) -> None:
    """Refuses codes that stand for no open store.

    Raises:
        NoSuchStore: at least one does not.
    """
    known = {row["code"] for row in await db.fetch(_KNOWN, list(codes), closed_too)}
    for code in codes:
        if code not in known:
            raise NoSuchStore(store=code)


_ID = "SELECT id FROM store WHERE code = $1 AND (state = 'open' OR $2)"


async def id_of(code: str | None, *, closed_too: bool = False) -> int:
    """The number that stands for a store in stock and orders; 0 of no code: the shop itself.

    Raises:
        NoSuchStore.
    """
    if code is None:
        return 0
    found = await db.fetchval(_ID, code, closed_too)
    if found is None:
        raise NoSuchStore(store=code)
    return int(found)


_WITHIN = "SELECT EXISTS (SELECT FROM store WHERE id = $1 AND code = ANY ($2::text[]))"


async def is_within(store_id: int, codes: Collection[str] | None) -> bool:
    """Whether a store is one of these; None: of all there are, and the shop itself (0)."""
    return codes is None or bool(await db.fetchval(_WITHIN, store_id, list(codes)))


async def code_of(store_id: int) -> str | None:
    """The code of a store; None of 0, the shop itself."""
    code: str | None = await db.fetchval("SELECT code FROM store WHERE id = $1", store_id)
    return code
