"""What is live: a part of a page that the server sends anew whenever it has changed (server-sent events, read by htmx-ext-sse).

``stream(request, "today", render)`` answers a page's ``sse-connect``; the part has ``sse-swap="today"``.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable

from aiohttp import web

from console.request import caller
from core import errors
from core import http as kit
from members import operators

_CLOSING = web.AppKey("closing", asyncio.Event)
_HEARTBEAT_EVERY = 5
"""Without a change a sign of life is sent every so many looks."""

_ANEW_AFTER_S = 60.0

Render = Callable[[], Awaitable[str]]
Mark = Callable[[], Awaitable[Hashable]]


def add_to(door: web.Application) -> None:
    """Ends all streams before the server waits for what is under way."""
    door[_CLOSING] = asyncio.Event()

    async def close(_door: web.Application) -> None:
        door[_CLOSING].set()

    door.on_shutdown.append(close)


def closing(request: web.Request) -> asyncio.Event:
    """Set when the server is about to stop."""
    return request.config_dict[_CLOSING]


def stream(
    request: web.Request, kind: str, render: Render, *, every_s: float = 3.0, mark: Mark | None = None
) -> kit.EventStream:
    """Looks every ``every_s`` and sends what ``render`` gives (HTML) when it is another than before. With ``mark`` it is rendered only
    when that has changed, or a minute has passed: for what is written down each time it is read. Ends with the session, with the server,
    and when the operator may not see it any more."""
    return kit.EventStream(_changes(request, kind, _marked(render, mark), every_s))


def _marked(render: Render, mark: Mark | None) -> Render:
    if mark is None:
        return render
    last: tuple[Hashable, float, str] = (None, 0.0, "")

    async def render_anew() -> str:
        nonlocal last
        now, at = await mark(), time.monotonic()
        if now != last[0] or at - last[1] >= _ANEW_AFTER_S:
            last = (now, at, await render())
        return last[2]

    return render_anew


async def _changes(
    request: web.Request, kind: str, render: Render, every_s: float
) -> AsyncIterator[kit.ServerEvent]:
    over, token = closing(request), caller(request).token
    before, quiet = "", 0
    while not over.is_set() and await operators.is_open(token):
        try:
            now = " ".join((await render()).split("\n"))
        except errors.Forbidden:
            return
        if now != before:
            before, quiet = now, 0
            yield kit.ServerEvent(kind, now)
        elif (quiet := quiet + 1) >= _HEARTBEAT_EVERY:
            quiet = 0
            yield kit.ServerEvent()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), every_s)
