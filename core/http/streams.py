"""Answers that go on: server-sent events (html.spec.whatwg.org, "Server-sent events").

A few lines of our own: aiohttp-sse pings from a second task and lets a reader who does not read keep the writer waiting for ever; here one loop
writes, and who does not take what is written in time is let go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

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
            async for event in self._source:
                async with asyncio.timeout(_TAKEN_WITHIN_S):
                    await self.write(_written(event))
        except Exception as error:
            # an edge, behind the one that answers with problems: whatever it is, the reader is cut off and comes back
            if not isinstance(error, (ConnectionError, TimeoutError)):
                log.exception("a stream broke off")
            if request.transport is not None:
                request.transport.abort()
        finally:
            await cast("Any", self._source).aclose()
        return writer


def _written(event: ServerEvent) -> bytes:
    if event.kind is None:
        return b": still here\n\n"
    number = "" if event.id is None else f"id: {event.id}\n"
    return f"{number}event: {event.kind}\ndata: {event.data}\n\n".encode()
