"""Counts that do not depend on the machine's mood: round trips and statements of the client, rows and WAL of the server."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
from asyncpg import protocol

TIMES = 26
"""An operation is counted so often; the medians are reported, which drops what autovacuum and page images add."""

_FRAMES = ("begin", "commit", "rollback", "savepoint", "release", "select pg_advisory_unlock_all")


@dataclass(slots=True)
class Tally:
    """What this process has asked of PostgreSQL since the last ``start``.

    ``round_trips`` are all of them; ``statements`` leaves out what only frames the work: BEGIN, COMMIT and what a pool says
    to a connection that comes back.
    """

    round_trips: int = 0
    statements: int = 0

    def start(self) -> None:
        self.round_trips = self.statements = 0


tally = Tally()


class CountedProtocol(protocol.Protocol):  # type: ignore[misc]
    """asyncpg's end of the wire. Every method below sends once and waits for the answer once."""

    def query(self, query: str, *args: Any) -> Any:
        tally.round_trips += 1
        tally.statements += not query.lstrip().lower().startswith(_FRAMES)
        return super().query(query, *args)

    def prepare(self, *args: Any, **kwargs: Any) -> Any:
        tally.round_trips += 1
        return super().prepare(*args, **kwargs)

    def bind_execute(self, *args: Any, **kwargs: Any) -> Any:
        tally.round_trips += 1
        tally.statements += 1
        return super().bind_execute(*args, **kwargs)

    def bind_execute_many(self, *args: Any, **kwargs: Any) -> Any:
        tally.round_trips += 1
        tally.statements += 1
        return super().bind_execute_many(*args, **kwargs)

    def close_statement(self, *args: Any, **kwargs: Any) -> Any:
        tally.round_trips += 1
        return super().close_statement(*args, **kwargs)


def count_from_now() -> None:
    """Connections opened from now on are counted."""
    protocol.Protocol = CountedProtocol


_SCANNED = "SELECT coalesce(sum(seq_tup_read), 0)::int8 FROM pg_stat_user_tables WHERE schemaname = 'public'"
_WRITTEN = """
SELECT coalesce(sum(record_length - fpi_length), 0)::int8 AS wal_bytes,
       count(*) FILTER (WHERE resource_manager IN ('Heap', 'Heap2')
                        AND record_type ~ '^(INSERT|UPDATE|HOT_UPDATE|DELETE|MULTI_INSERT)')::int8 AS rows_written,
       count(*) FILTER (WHERE resource_manager = 'Transaction' AND record_type = 'COMMIT')::int8 AS commits
FROM pg_get_wal_records_info($1, $2)
"""


async def per_operation(
    url: str, act: Callable[[int], Awaitable[object]], *, times: int = TIMES
) -> dict[str, float]:
    """Runs ``act(0)``, ``act(1)`` … alone, ``times`` in all, and returns what one of them cost.

    Medians, but for ``rows_scanned``, the mean of rows read by sequential scans: what grows with the shop. WAL bytes leave out
    full-page images, which depend on when the last checkpoint was. Run the operation a few times before, so that statements
    are prepared. Nobody else may write meanwhile.
    """
    watcher = await asyncpg.connect(url)
    try:
        await watcher.execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
        await _next_tells()
        seen = [await _one(watcher, act, 0)]
        scanned = await watcher.fetchval(_SCANNED)
        seen += [await _one(watcher, act, number) for number in range(1, times - 1)]
        await _next_tells()
        seen.append(await _one(watcher, act, times - 1))
        scanned = await watcher.fetchval(_SCANNED) - scanned
    finally:
        await watcher.close()
    counted = {name: float(statistics.median(one[name] for one in seen)) for name in seen[0]}
    return counted | {"rows_scanned": round(float(scanned) / (times - 1), 1)}


async def _one(
    watcher: asyncpg.Connection, act: Callable[[int], Awaitable[object]], number: int
) -> dict[str, int]:
    before = await watcher.fetchval("SELECT pg_current_wal_insert_lsn()")
    tally.start()
    await act(number)
    asked = {"statements": tally.statements, "round_trips": tally.round_trips}
    return asked | await _written(watcher, before)


async def _next_tells() -> None:
    """PostgreSQL's processes publish their statistics at the end of a statement, once a second at most."""
    await asyncio.sleep(1.2)


async def _written(watcher: asyncpg.Connection, before: str) -> dict[str, int]:
    after = await watcher.fetchval("SELECT pg_current_wal_insert_lsn()")
    if after == before:
        return {"wal_bytes": 0, "rows_written": 0, "commits": 0}
    await watcher.execute("SELECT txid_current()")  # its commit makes sure that all before it is on disk
    row = await watcher.fetchrow(_WRITTEN, before, after)
    return dict(row)
