"""The database as the whole process sees it: which tables there are, the connection pool, the migrations."""

from __future__ import annotations

import contextlib
import gc
import pkgutil
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import asyncpg
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext, set_global_context
from tortoise.exceptions import ConfigurationError, DBConnectionError
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

import migrations
import models
from core import db

APP_LABEL = "models"
CANNOT_OPEN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBConnectionError)
"""What a wrong or missing database looks like to a process that starts."""
_STATEMENTS = 500
"""So many statements a connection keeps prepared. A worker's jobs alone have more than asyncpg's hundred, and each that was dropped is
parsed and planned anew."""
_OBJECTS = 20_000
"""So many new ones between two looks for rubbish while tables are drawn; some 150 MB at most."""
_MIGRATION_LOCK = 0x5975_6375_6E  # "Yucun"; any number nobody else locks


class PooledConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that goes back to the pool without a word to the server.

    asyncpg would send ``RESET ALL``, ``UNLISTEN *`` and the like at every return: a round trip after every statement, a
    quarter of those of an order payment (docs/performance.md). Nothing of ours leaves such things behind: settings are
    ``SET LOCAL`` or the transaction's, advisory locks and LISTEN belong on a connection of one's own. What asyncpg does
    besides stays: a transaction left open is rolled back, a query under way is cancelled first.
    """

    def get_reset_query(self) -> str:
        return ""


_PLANNED = {"random_page_cost": "1.1", "jit": "off"}
"""How PostgreSQL is to plan for us. Rows are asked for by key, of tables that are in memory or on disks that do not turn; with its own
figure, 4, it reads all of a table of a few hundred rows for one of them. Nothing is compiled first: so all of docs/performance.md was
measured."""


def tortoise_config(
    url: str,
    *,
    pool_min: int = 1,
    pool_max: int = 10,
    application_name: str = "yucun",
    frozen_after_s: float | None = None,
) -> dict[str, Any]:
    """Tortoise's settings for a database ``postgres://user:password@host:port/name``: every module of ``models``.

    A process that is frozen inside a transaction (stopped, swapped out, its machine gone) would keep the rows it has locked from
    everybody for as long as that lasts. After ``frozen_after_s`` PostgreSQL ends its session: what it had done is undone, the rows are
    free, and when it wakes up its next statement fails.
    """
    connection = expand_db_url(url)
    connection["credentials"].setdefault("statement_cache_size", _STATEMENTS)
    connection["credentials"] |= {
        "minsize": pool_min,
        "maxsize": pool_max,
        "application_name": application_name,
        "connection_class": PooledConnection,
    }
    settings = dict(_PLANNED)
    if frozen_after_s is not None:
        settings["idle_in_transaction_session_timeout"] = f"{frozen_after_s * 1000:.0f}"
    connection["credentials"]["server_settings"] = settings
    tables = [f"models.{module.name}" for module in pkgutil.iter_modules(models.__path__)]
    return {
        "connections": {"default": connection},
        "apps": {
            APP_LABEL: {"models": tables, "default_connection": "default", "migrations": "migrations"},
        },
        "use_tz": True,
        "timezone": "UTC",
    }


@contextlib.asynccontextmanager
async def opened(
    url: str, *, pool_min: int = 1, pool_max: int = 10, frozen_after_s: float | None = None
) -> AsyncIterator[TortoiseContext]:
    """The pool, open for as long as the block runs; models and ``core.db`` find it by themselves."""
    async with TortoiseContext() as context:
        chosen = tortoise_config(url, pool_min=pool_min, pool_max=pool_max, frozen_after_s=frozen_after_s)
        await context.init(config=chosen)
        # uvloop starts a connection's tasks outside our context; they find the pool through this second way. Only one
        # can be registered, and a test that opens a second server in its own process does without.
        with contextlib.suppress(ConfigurationError):
            set_global_context(context)
        yield context


async def migrate(url: str, *, progress: Callable[[str, str, str], object] | None = None) -> None:
    """Brings the database's tables up to date; several processes may try at once, one works and the others wait.

    ``progress`` is told ``("apply_start" | "apply_done", app, migration)``.
    """
    guard = await asyncpg.connect(url, command_timeout=None)
    try:
        await guard.execute("SELECT pg_advisory_lock($1)", _MIGRATION_LOCK)
        async with _executor(url) as executor:
            with _seldom_tidied():
                await executor.migrate([MigrationTarget(APP_LABEL, "__latest__")], progress=progress)
    finally:
        await guard.close()


async def missing_migrations() -> list[str]:
    """The names of the migrations that the opened database has not had yet, oldest first."""
    written = sorted(
        module.name for module in pkgutil.iter_modules(migrations.__path__) if module.name[:1].isdigit()
    )
    if not await db.fetchval("SELECT to_regclass('tortoise_migrations') IS NOT NULL"):
        return written
    rows = await db.fetch("SELECT name FROM tortoise_migrations WHERE app = $1", APP_LABEL)
    return [name for name in written if name not in {row["name"] for row in rows}]


@contextlib.contextmanager
def _seldom_tidied() -> Iterator[None]:
    """Models are drawn and thrown away by the thousand. Python would look for rubbish after every seven hundred objects, and each time go
    through everything that is imported as well: half of the time of a new database."""
    usual, freezes = gc.get_threshold(), not gc.get_freeze_count()  # who froze it before keeps it
    if freezes:
        gc.freeze()
    gc.set_threshold(_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        if freezes:
            gc.unfreeze()


@contextlib.asynccontextmanager
async def _executor(url: str) -> AsyncIterator[MigrationExecutor]:
    config = tortoise_config(url, pool_max=2, application_name="yucun migrate")
    async with TortoiseContext() as context:
        await context.init(config=config)
        yield MigrationExecutor(context.connections.get("default"), config["apps"])
