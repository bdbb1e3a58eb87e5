"""The HTTP server: several processes on one port, kept running by a parent."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from pathlib import Path

import asyncpg
import uvloop
from aiohttp import web
from tortoise.exceptions import DBConnectionError

from app import config, doors, runtime
from app.exit_codes import ExitCode
from app.supervisor import Command, Supervisor

log = logging.getLogger(__name__)

_BACKLOG = 1024
_CLOSING_S = 5.0
CANNOT_OPEN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBConnectionError)


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


def serve_one(settings: config.Config, *, host: str, port: int) -> ExitCode:
    """One server process: what ``serve`` starts several of."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve_one(settings, host, port))


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


def asked_to_stop() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set in this process from now on."""
    event = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


async def _serve_one(settings: config.Config, host: str, port: int) -> ExitCode:
    stop = asked_to_stop()
    async with contextlib.AsyncExitStack() as stack:
        try:
            opened = await stack.enter_async_context(runtime.opened(settings))
            runner = web.AppRunner(
                doors.assemble(opened), access_log=None, shutdown_timeout=settings.server.shutdown_grace_s
            )
            await runner.setup()
            stack.push_async_callback(
                runner.cleanup
            )  # waits for requests under way, before anything they use closes
            await web.TCPSite(runner, host, port, backlog=_BACKLOG, reuse_port=True).start()
        except CANNOT_OPEN as error:
            log.error("cannot start (无法启动): %s: %s", type(error).__name__, error)
            return ExitCode.UNAVAILABLE
        log.debug("process %d serves", os.getpid())
        await stop.wait()
    return ExitCode.OK
