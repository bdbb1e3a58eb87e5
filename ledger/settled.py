"""What can no longer change behind our back: the numbers below which every row that will ever be committed is committed.

Numbers come from sequences and are given out before the commit, so a row with a low number may appear after rows with higher
ones were seen. Whoever says "everything up to number *n*" has to wait for those at work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from core import db

_LOOK_EVERY_S = 0.02

_WRITERS = """
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted AND pid IS DISTINCT FROM pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND relation = ANY ($1::text[]::regclass[])
"""


async def last_ids(tables: Sequence[str], *, patience_s: float) -> dict[str, int] | None:
    """The last number seen in each table, once everybody who may still commit a lower one has ended.

    An INSERT locks its table (``ROW EXCLUSIVE``) before it takes a number, until its transaction ends. So a row with a number
    up to the last one seen is either committed or belongs to a transaction that holds that lock when we look *after* having
    seen the number. Those transactions, and no later ones, are waited for; nobody is blocked meanwhile. None: one of them is
    still running after ``patience_s``, also a prepared one.

    Call it outside a transaction: inside, an old snapshot could hide the last numbers.
    """
    found = await db.fetchrow("SELECT " + ", ".join(f"(SELECT max(id) FROM {table})" for table in tables))
    assert found is not None, "a SELECT without FROM has one row"
    writers = await _writers(tables)
    patient_until = time.monotonic() + patience_s
    while writers:
        if time.monotonic() > patient_until:
            return None
        await asyncio.sleep(_LOOK_EVERY_S)
        writers &= await _writers(tables)
    return {table: last or 0 for table, last in zip(tables, found, strict=True)}


async def _writers(tables: Sequence[str]) -> set[str]:
    return {row[0] for row in await db.fetch(_WRITERS, list(tables))}
