"""Opening hours 营业时间 of a store, or of the shop and every store of which nothing is said."""

from __future__ import annotations

import json

from billing import stores
from core import clock, db, errors
from shop import chat_edition, open_days
from shop.open_days import Hours

NoSuchStore = stores.NoSuchStore
HoursWrong = open_days.HoursWrong


class NoOpeningHours(errors.NotFound):
    """Nothing is said about when this store is open."""

    code = "no_opening_hours"


_SET = """
INSERT INTO opening_hours (store_id, hours, saved_by, saved_at) VALUES ($1, $2::jsonb, $3, $4)
ON CONFLICT (store_id) DO UPDATE SET hours = $2::jsonb, saved_by = $3, saved_at = $4
"""


@db.retried
async def put(operator_id: int, store: str | None, hours: Hours) -> Hours:
    """From now on a store (None: the shop, and every store of which nothing is said) is open then.

    Raises:
        HoursWrong, NoSuchStore.
    """
    open_days.check(hours)
    async with db.transaction():
        store_id = await stores.id_of(store)
        await chat_edition.rise()
        await db.execute(_SET, store_id, open_days.to_json(hours), f"operator:{operator_id}", clock.now())
    return hours


@db.retried
async def remove(store: str | None) -> None:
    """Nothing is said any more about when it is open; again is harmless.

    Raises:
        NoSuchStore.
    """
    async with db.transaction():
        store_id = await stores.id_of(store, closed_too=True)
        await chat_edition.rise()
        await db.execute("DELETE FROM opening_hours WHERE store_id = $1", store_id)


async def get(store: str | None) -> Hours:
    """What is said of a store, or with None of the shop.

    Raises:
        NoSuchStore, NoOpeningHours.
    """
    store_id = await stores.id_of(store, closed_too=True)
    kept = await db.fetchval("SELECT hours::text FROM opening_hours WHERE store_id = $1", store_id)
    if kept is None:
        raise NoOpeningHours(store=store or "")
    return open_days.of_json(json.loads(kept))
