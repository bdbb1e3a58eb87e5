"""Where a benchmark runs: a PostgreSQL that waits for the disk, a Redis, a migrated database, settings as in production."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from app import config, database, local_servers, runtime

CONNECTIONS = 32
"""So many ask at once, over HTTP or in process."""
POSTGRES = {"shared_buffers": "1GB", "max_wal_size": "4GB", "min_wal_size": "4GB", "wal_buffers": "64MB"}
"""What docs/how-to/production.md advises, for a machine of 4 GB: floors and subjects alike have it."""
_LOG_SEGMENTS = 256
"""Of 16 MB each: ``min_wal_size``, so many a shop's PostgreSQL keeps to use again."""
_FILL_SEGMENT = "SELECT pg_logical_emit_message(false, 'benchmarks', ''); SELECT pg_switch_wal();"


@dataclass(frozen=True, slots=True)
class Place:
    """The servers and settings of a run."""

    home: Path
    servers: local_servers.LocalServers
    settings: config.Config
    settings_path: Path

    @property
    def database_url(self) -> str:
        return self.settings.database.url.get_secret_value()

    @property
    def processes(self) -> int:
        """How many server processes: ``SERVERS``, else one per core, as an installation would have."""
        return self.settings.server.workers

    @property
    def processes_beside_database(self) -> int:
        """How many where PostgreSQL works as much as they do and shares their cores: ``SERVERS``, else one for two cores
        (docs/performance.md)."""
        return _asked_for() or max(1, self.processes // 2)


@contextlib.contextmanager
def started() -> Iterator[Place]:
    """Starts both servers in a directory of their own, deleted afterwards. Call it from the main thread."""
    home = Path(tempfile.mkdtemp(prefix="yucun-bench-"))
    home.chmod(0o755)  # root's PostgreSQL runs as another user; its own directory inside stays closed
    try:
        with local_servers.start(home / "servers", durable=True, postgres_settings=POSTGRES) as servers:
            path = home / "config.toml"
            _have_logged(servers)
            path.write_text(settings_toml(servers.database_url("yucun"), servers.redis_url), encoding="utf-8")
            yield Place(home, servers, config.load(path), path)
    finally:
        local_servers.erase(home / "servers")
        shutil.rmtree(home, ignore_errors=True)


def _have_logged(servers: local_servers.LocalServers) -> None:
    """Lets PostgreSQL have written its log for a while, as a shop's has: it writes into segments that it used before. A new one would make
    each in the measured time, 16 MB of zeros first, while all who commit wait. The slot keeps segments from being used again before all are
    there."""
    ask = servers.postgres.ask
    ask("SELECT pg_create_physical_replication_slot('all_kept', true)")
    ask(_FILL_SEGMENT * _LOG_SEGMENTS)
    ask("SELECT pg_drop_replication_slot('all_kept')")
    ask("CHECKPOINT")


@contextlib.asynccontextmanager
async def opened(place: Place) -> AsyncIterator[runtime.Runtime]:
    """The migrated database, opened in this process with a connection for everybody who asks at once."""
    await database.migrate(place.database_url)
    async with runtime.opened(place.settings, pool_max=CONNECTIONS) as found:
        yield found


def _asked_for() -> int:
    return int(os.environ.get("SERVERS", 0))


def settings_toml(database_url: str, redis_url: str) -> str:
    """Settings as in production, for these servers."""
    values: dict[str, dict[str, object]] = {
        "shop": {"name": "压测"},
        "server": {
            "public_url": "http://127.0.0.1",
            "workers": _asked_for() or os.cpu_count() or 1,
            "trusted_proxies": [
                "127.0.0.1/32"
            ],  # the load generator speaks for many addresses, as a proxy does
        },
        "database": {"url": database_url, "pool_min": 2, "pool_max": CONNECTIONS // 2},
        "redis": {"url": redis_url},
        "wechat": {"api_base_url": "http://127.0.0.1:9"},  # nobody outside is called
        "wechat.mini_program": {"app_id": "wx-bench", "secret": "not-used"},
    }
    lines = [
        line
        for section, keys in values.items()
        for line in (f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items()))
    ]
    lines += ["[[tokens.customer_keys]]", 'kid = "bench"', f'secret = "{"0123456789abcdef" * 2}"']
    lines += [
        "[sealing]",
        f'search_key = "{"ab" * 32}"',
        "[[sealing.keys]]",
        'kid = "bench"',
        f'secret = "{"cd" * 32}"',
    ]
    return "\n".join(lines)
