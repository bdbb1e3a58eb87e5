"""Who empties the database before each test and proves its books after it, over one connection for all of a session: a new one has to learn
the tables first (measured on a busy machine: looking which of 132 have rows took 60 ms the first time, 6 the second)."""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg
from tortoise import connections
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError

from app import database

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    OSError,
    OperationalError,
)
_TRIES = 3
_MOST_BYTES = 128 * 1024


class Keeper:
    """Works in a loop of its own, between tests. The server may have been crashed meanwhile: then it comes back."""

    def __init__(self, url):
        self._url = url

    def __enter__(self):
        self._open()
        return self

    def __exit__(self, *_raised):
        self._close()

    def empty(self):
        """Ends every other connection and takes away all rows but those that migrations wrote."""
        self._run(_emptied_here)

    def violations(self):
        """What ``ledger.proof`` finds."""
        from ledger import proof

        return self._run(proof.check)

    def _run(self, work):
        for _ in range(_TRIES - 1):
            try:
                return self._runner.run(work())
            except _LOST:
                self._close()
                self._open()
        return self._runner.run(work())

    def _open(self):
        self._runner = asyncio.Runner()
        self._context = TortoiseContext()
        self._runner.run(self._begin())

    async def _begin(self):
        await self._context.__aenter__()
        chosen = database.tortoise_config(self._url, pool_min=1, pool_max=1, application_name="yucun keeper")
        await self._context.init(
            config=chosen
        )  # not database.opened: the global way to a pool is the test's own

    def _close(self):
        with contextlib.suppress(*_LOST):
            self._runner.run(self._context.__aexit__(None, None, None))
        self._runner.close()


async def _emptied_here():
    async with connections.get("default").acquire_connection() as connection:
        await empty(connection)


def prepare(url):
    """Makes an empty database one that tests can use again and again: migrated, what migrations wrote remembered, nothing moved behind them."""
    asyncio.run(database.migrate(url))
    asyncio.run(_remember_seeds(url))
    asyncio.run(_leave_deleted_rows(url))


async def _remember_seeds(url):
    """Keeps a copy of the rows that migrations themselves wrote, in the schema ``seed``."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE SCHEMA seed")
        for table in await _tables_with_rows(connection):
            await connection.execute(f'CREATE TABLE seed."{table}" AS TABLE public."{table}"')
    finally:
        await connection.close()


async def emptied(url):
    """``empty`` over a connection for this once."""
    connection = await asyncpg.connect(url)
    try:
        await empty(connection)
    finally:
        await connection.close()


async def empty(connection):
    """Ends every other connection of the database and takes away all rows but those that migrations wrote."""
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    # a statement that was refused wrote no row, but took a number; the next test counts from one all the same
    await connection.execute(
        "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)"
        " FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
    )
    tables = await _tables_with_rows(connection)
    seeded = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'seed'")
    names = sorted({*tables, *(row["tablename"] for row in seeded)})
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # any order will do
        for name in await _to_truncate(connection, names):
            await connection.execute(f'TRUNCATE public."{name}" CASCADE')
        await connection.execute(";".join(f'DELETE FROM public."{name}"' for name in names))
        for row in seeded:
            name = row["tablename"]
            await connection.execute(
                f'INSERT INTO public."{name}" OVERRIDING SYSTEM VALUE TABLE seed."{name}"'
            )
            await connection.execute(
                f"SELECT setval(pg_get_serial_sequence('public.{name}', 'id'), max(id)) FROM public.\"{name}\""
            )


_TO_TRUNCATE = """
SELECT c.relname FROM unnest($1::text[]) name JOIN pg_class c ON c.oid = format('public.%I', name)::regclass
WHERE pg_relation_size(c.oid) > $2 OR c.reltuples >= 0
"""


async def _to_truncate(connection, names):
    """Deleting the rows of fourteen tables took 3 ms where truncating them took 840, side by side on a machine with a load of twelve; but what
    is deleted stays until somebody cleans up, which here is nobody but us: so rows never move, and who forgets to say an order finds theirs.
    What a test had PostgreSQL count goes, too: plans made for that many rows are not the next test's."""
    return [row[0] for row in await connection.fetch(_TO_TRUNCATE, names, _MOST_BYTES)]


async def _leave_deleted_rows(url):
    """Nothing vacuums the tables by itself."""
    connection = await asyncpg.connect(url)
    try:
        for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            await connection.execute(f'ALTER TABLE public."{row[0]}" SET (autovacuum_enabled = false)')
    finally:
        await connection.close()


async def _tables_with_rows(connection):
    tables = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations'"
    )
    looks = [
        f"SELECT '{row['tablename']}' WHERE EXISTS (SELECT FROM public.\"{row['tablename']}\")"
        for row in tables
    ]
    return [row[0] for row in await connection.fetch(" UNION ALL ".join(looks))] if looks else []
