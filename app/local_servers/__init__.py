"""A real PostgreSQL and a real Redis on this machine, for the demo, the tests and the benchmarks.

Both come out of PyPI wheels (docs/decisions/0001-local-postgres-and-redis.md), listen on 127.0.0.1 only, ask for a
password made for this directory, and end with the process that started them, even when that one is killed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType

from app.local_servers import postgres, redis


@dataclass(frozen=True, slots=True)
class LocalServers:
    """A running pair of servers. A context manager: leaving it stops what this process started."""

    postgres: postgres.LocalPostgres
    redis: redis.LocalRedis

    def database_url(self, name: str = "yucun") -> str:
        """The address of a database, created when it does not exist."""
        self.postgres.create_database(name)
        return self.postgres.url(name)

    @property
    def redis_url(self) -> str:
        return self.redis.url

    def stop(self) -> None:
        """Stops both, cleanly; servers that were found running stay."""
        self.redis.stop()
        self.postgres.stop()

    def __enter__(self) -> LocalServers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    home: Path, *, durable: bool = True, postgres_settings: Mapping[str, str] = MappingProxyType({})
) -> LocalServers:
    """Starts both servers with their files under ``home``, or finds them running there already.

    ``durable=False`` lets PostgreSQL skip waiting for the disk: a killed process still loses nothing, a power cut would.
    ``postgres_settings`` are PostgreSQL's own, such as ``shared_buffers``; they count for a server that is started now.
    Call it from the main thread: the kernel ends the servers when the starting thread ends.

    Raises:
        LocalServerFailed: A server did not come up; the message names its log.
    """
    home.mkdir(parents=True, exist_ok=True)
    running_postgres = postgres.start(home / "postgres", durable=durable, settings=postgres_settings)
    try:
        running_redis = redis.start(home / "redis", durable=durable)
    except BaseException:
        running_postgres.stop()
        raise
    return LocalServers(running_postgres, running_redis)


def erase(home: Path) -> None:
    """Deletes everything kept under ``home``; the servers must be stopped."""
    postgres.erase(home / "postgres")
    shutil.rmtree(home / "redis", ignore_errors=True)
