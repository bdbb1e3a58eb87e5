"""The HTTP server: several processes on one port, kept running by this one, which stays small and quick to start."""

from __future__ import annotations

import logging
import socket
import sys
from pathlib import Path

from app import config
from app.exit_codes import ExitCode
from app.supervisor import Command, Supervisor

log = logging.getLogger(__name__)

_CLOSING_S = 5.0


def serve(settings: config.Config, path: Path, *, workers: int, host: str, port: int) -> ExitCode:
    """Serves with ``workers`` processes until SIGTERM or SIGINT, starting again those that die.

    Each process listens on the port itself (SO_REUSEPORT) and the kernel deals connections out. A stop lets requests under
    way finish, for ``server.shutdown_grace_s`` at most.
    """
    try:
        held = hold_port(host, port)
    except OSError as error:
        log.error("cannot listen on %s:%d: %s", host, port, error.strerror)
        return ExitCode.UNAVAILABLE
    with held, Supervisor(grace_s=settings.server.shutdown_grace_s + _CLOSING_S) as supervisor:
        port = held.getsockname()[1]
        argv = command("--config", str(path.resolve()), "serve-one", "--host", host, "--port", str(port))
        for number in range(1, workers + 1):
            supervisor.start(Command(f"server {number}", argv))
        log.info("serving on http://%s:%d with %d processes", host, port, workers)
        return supervisor.run()


def command(*arguments: str) -> list[str]:
    """How a child process is told to be another ``yucun``."""
    return [sys.executable, "-m", "app", *arguments]


def hold_port(host: str, port: int) -> socket.socket:
    """Claims a port without listening: nobody else's server can slip onto it, our own processes can.

    Raises:
        OSError: The address is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(
        family, socket.SOCK_STREAM
    ) as probe:  # another Yucun would share the port gladly: ask alone first
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
    held = socket.socket(family, socket.SOCK_STREAM)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((host, port))
    except BaseException:
        held.close()
        raise
    return held
