"""Answers that go on: server-sent events (html.spec.whatwg.org, "Server-sent events").

A few lines of our own: aiohttp-sse pings from a second task and lets a reader who does not read keep the writer waiting for ever; here one loop
writes, and who does not take what is written in time is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from core import errors
from core.http import fields

log = logging.getLogger(__name__)

CONTENT_TYPE = "text/event-stream"
_TAKEN_WITHIN_S = 20.0
"""A reader who lets what is written lie for longer is gone, or cannot follow; it comes back with the last number it saw."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event. ``id`` None: the reader's last number stays. ``data`` is JSON on one line. Without a kind it is a heart-beat."""

    kind: str | None = None
    data: str = ""
    id: int | None = None


def wants(request: web.Request) -> bool:
    """Whether a client asked for a stream, as a browser's EventSource does."""
    return CONTENT_TYPE in request.headers.get("Accept", "") and request.method == "GET"


def last_id(request: web.Request) -> int | None:
    """The number of the last event the client saw before it was cut off."""
    return fields.number(request.headers.get("Last-Event-ID", ""))


class EventStream(web.StreamResponse):
    """Sends events as they come; ends with their source, or when the reader goes. Sent after the handler has returned, as a file is, so the
    time limit of requests does not count."""

    def __init__(self, source: AsyncIterator[ServerEvent]) -> None:
        super().__init__(headers={"Content-Type": CONTENT_TYPE, "X-Accel-Buffering": "no"})
        self._source = source

    async def prepare(self, request: Any) -> AbstractStreamWriter | None:
        """Sends it all."""
        writer = await super().prepare(request)
        try:
            async with contextlib.aclosing(_whole(self._source)) as events:
                async for event in events:
                    async with asyncio.timeout(_TAKEN_WITHIN_S):
                        await self.write(_written(event))
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
        return writer


async def _whole(source: AsyncIterator[ServerEvent]) -> AsyncGenerator[ServerEvent]:
    """The events of a source up to where it fails, if it does: an event is whole or not there, so the reader, who comes back, is not cut off
    for that."""
    try:
        async with contextlib.aclosing(cast("Any", source)):
            async for event in source:
                yield event
    except errors.DomainError as refusal:
        log.warning("a stream ended with %s", refusal.code)
    except Exception:  # an edge, behind the one that answers with problems
        log.exception("a stream broke off")


def _written(event: ServerEvent) -> bytes:
    if event.kind is None:
        return b": still here\n\n"
    number = "" if event.id is None else f"id: {event.id}\n"
    return f"{number}event: {event.kind}\ndata: {event.data}\n\n".encode()
