"""A database that is thrown away: on a PostgreSQL of its own, which is started for it and ends with it.

Nothing that is done to it can reach the shop's database: it is on another server. A copy is made by ``pg_dump``, which only reads,
in one snapshot, while the shop goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote, urlsplit

import uvloop

from app import database
from app.local_servers import children, postgres

_NAME = "simulation"
_THROWN_AWAY = {"synchronous_commit": "off"}
"""Nobody reads after a crash what was committed here."""

T = TypeVar("T")


@contextlib.contextmanager
def opened(home: Path | None = None, *, copy_of: str | None = None) -> Iterator[str]:
    """The address of a spare database with all tables: empty ones, or a copy of those at ``copy_of``. Its files lie under ``home``
    meanwhile (a temporary directory when left out) and are deleted at the end.

    Raises:
        LocalServerFailed: its server did not start, or the copy could not be made; with what the program said.
    """
    with _told_to_end(_exit), _directory(home) as place:
        server = postgres.start(place / "postgres", durable=False, settings=_THROWN_AWAY)
        try:
            server.create_database(_NAME)
            server.ask(
                f"ALTER DATABASE {_NAME} SET plan_cache_mode = force_generic_plan"
            )  # the same few statements, many times
            if copy_of is not None:
                _copy(server, copy_of)
            asyncio.run(_up_to_date(server.url(_NAME)))
            yield server.url(_NAME)
        finally:
            server.stop()


@contextlib.contextmanager
def _directory(home: Path | None) -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="yucun-simulation-", dir=home))
    place.chmod(0o755)  # root's PostgreSQL runs as another user; its own directory inside stays closed
    try:
        yield place
    finally:
        postgres.erase(place / "postgres")
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _told_to_end(told: Callable[[], object]) -> Iterator[None]:
    """What SIGTERM does meanwhile; never what it does by itself, for customers' data must not stay behind in a temporary directory."""
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: told())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit() -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What ``work`` comes to, in a loop of its own. SIGTERM cancels it, so that it closes what it has open before the process ends:
    an exit raised wherever the signal happens to come may come in the middle of closing."""

    async def cancellable() -> T:
        loop, me = asyncio.get_running_loop(), asyncio.current_task()
        assert me is not None
        with _told_to_end(lambda: loop.call_soon_threadsafe(me.cancel)):
            return await work()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        try:
            return loop.run(cancellable())
        except asyncio.CancelledError:
            _exit()


async def _up_to_date(url: str) -> None:
    """A copy may be of tables that had not had every migration; going through all of them takes a while."""
    async with database.opened(url):
        missing = await database.missing_migrations()
    if missing:
        await database.migrate(url)


def _copy(server: postgres.LocalPostgres, source: str) -> None:
    """``pg_dump`` into ``pg_restore``, the passwords in their environments, not on their command lines. Only the schema that has our
    tables: what else somebody keeps in the database is none of ours."""
    server.ask("DROP SCHEMA public", database=_NAME)  # it comes with the copy
    alike = ("--no-owner", "--no-acl", "--no-publications", "--no-subscriptions")
    dump: list[str | Path] = [server.programs / "pg_dump", "-Fc", "--compress=0", "--schema=public", *alike]
    restore: list[str | Path] = [server.programs / "pg_restore", "--exit-on-error", "-d", _NAME, *alike]
    with (
        tempfile.TemporaryFile() as dump_said,
        subprocess.Popen(
            dump, stdout=subprocess.PIPE, stderr=dump_said, env=_connected(source, read_only=True)
        ) as reading,
        subprocess.Popen(
            restore, stdin=reading.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=_connected(server.url(_NAME)),
        ) as writing,
    ):  # fmt: skip
        assert reading.stdout is not None
        reading.stdout.close()  # it is pg_restore's now: should that end early, pg_dump is told
        try:
            _, restore_said = writing.communicate()
            reading.wait()
        except BaseException:  # told to stop: neither is waited for
            reading.kill()
            writing.kill()
            raise
        dump_said.seek(0)
        _refuse(reading.returncode, "pg_dump", dump_said.read())
        _refuse(writing.returncode, "pg_restore", restore_said)


def _refuse(status: int, program: str, said: bytes) -> None:
    if status:
        raise children.LocalServerFailed(
            f"数据库复制失败 · the database could not be copied: {program}: {said.decode(errors='replace').strip()}"
        )


def _connected(url: str, *, read_only: bool = False) -> dict[str, str]:
    """The environment in which PostgreSQL's programs find a database."""
    parts = urlsplit(url)
    found = {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path[1:]),
        "PGAPPNAME": "yucun simulate",
        "PGCONNECT_TIMEOUT": "10",
    }
    if read_only:
        found["PGOPTIONS"] = "-c default_transaction_read_only=on"
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "PGSSLMODE") if name in os.environ}
    return {**kept, **{name: value for name, value in found.items() if value}}
