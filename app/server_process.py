"""One process of the HTTP server."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal

import uvloop
from aiohttp import web

from app import config, database, doors, runtime
from app.exit_codes import ExitCode

log = logging.getLogger(__name__)

_BACKLOG = 1024


def serve_one(settings: config.Config, *, host: str, port: int) -> ExitCode:
    """One server process: what ``serve`` starts several of."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve_one(settings, host, port))


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
        except database.CANNOT_OPEN as error:
            log.error("cannot start (无法启动): %s: %s", type(error).__name__, error)
            return ExitCode.UNAVAILABLE
        gc.collect()
        gc.freeze()  # what is here now stays: later collections need not look at it, and requests wait less for them
        await stop.wait()
    return ExitCode.OK
