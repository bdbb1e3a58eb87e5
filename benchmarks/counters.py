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


_READ = """
SELECT coalesce(sum(s.seq_tup_read), 0)::int8 AS rows_scanned,
       coalesce(sum(coalesce(b.heap_blks_hit, 0) + coalesce(b.heap_blks_read, 0)
                    + coalesce(b.idx_blks_hit, 0) + coalesce(b.idx_blks_read, 0)), 0)::int8 AS buffers
FROM pg_stat_user_tables s JOIN pg_statio_user_tables b USING (relid) WHERE s.schemaname = 'public'
"""
_LOG_KEPT = "8GB"
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

    Medians, but for two means: ``rows_scanned``, rows read by sequential scans, which grow with the shop, and ``buffers``, pages of
    tables and indexes looked at, which grow as indexes get deeper. WAL bytes leave out
    full-page images, which depend on when the last checkpoint was. Run the operation a few times before, so that statements
    are prepared. Nobody else may write meanwhile.
    """
    watcher = await asyncpg.connect(url)
    try:
        await watcher.execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
        await watcher.execute(
            f"ALTER SYSTEM SET wal_keep_size = '{_LOG_KEPT}'"
        )  # an act may write more than is kept
        await watcher.execute("SELECT pg_reload_conf()")
        await _next_tells()
        seen = [await _one(watcher, act, 0)]
        before = await watcher.fetchrow(_READ)
        seen += [await _one(watcher, act, number) for number in range(1, times - 1)]
        await _next_tells()
        seen.append(await _one(watcher, act, times - 1))
        after = await watcher.fetchrow(_READ)
    finally:
        await watcher.close()
    counted = {name: float(statistics.median(one[name] for one in seen)) for name in seen[0]}
    return counted | {
        name: round(float(after[name] - count) / (times - 1), 1) for name, count in dict(before).items()
    }


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
    # its commit makes sure that all before it is on disk; a read that tidied a page has written without waiting
    await watcher.execute("SELECT pg_logical_emit_message(true, 'counted', '')")
    row = await watcher.fetchrow(_WRITTEN, before, after)
    return dict(row)
