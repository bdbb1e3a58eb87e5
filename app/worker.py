"""The clock's process: runs the jobs of ``schedulers``. Any number may run at once; claims keep them apart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import uvloop

from app import config, runtime, server
from app.exit_codes import ExitCode

log = logging.getLogger(__name__)

Run = Callable[[runtime.Runtime, asyncio.Event], Awaitable[None]]


def work(settings: config.Config) -> ExitCode:
    """Runs jobs until SIGTERM or SIGINT; a job under way finishes its batch."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_work(settings))


async def _work(settings: config.Config) -> ExitCode:
    stop = server.asked_to_stop()
    async with contextlib.AsyncExitStack() as stack:
        try:
            opened = await stack.enter_async_context(runtime.opened(settings))
        except server.CANNOT_OPEN as error:
            log.error("cannot start (无法启动): %s: %s", type(error).__name__, error)
            return ExitCode.UNAVAILABLE
        await _jobs()(opened, stop)
    return ExitCode.OK


def _jobs() -> Run:
    return _nothing_to_do


async def _nothing_to_do(_runtime: runtime.Runtime, stop: asyncio.Event) -> None:
    log.warning("there are no jobs yet")
    await stop.wait()
