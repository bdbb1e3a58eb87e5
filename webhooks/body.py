"""Reading what a stranger sends: bounded in size and in time."""

from __future__ import annotations

import asyncio

from aiohttp import web

_TIMEOUT_S = 5.0


class Unreadable(Exception):
    """Too large, too slow, or broken off."""


async def read(request: web.Request, *, max_bytes: int) -> bytes:
    """The body as it was sent.

    Raises:
        Unreadable.
    """
    if request.content_length is not None and request.content_length > max_bytes:
        raise Unreadable("too large")
    body = bytearray()
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > max_bytes:
                    raise Unreadable("too large")
    except TimeoutError:
        raise Unreadable("too slow") from None
    except web.RequestPayloadError:
        raise Unreadable("broken off") from None
    return bytes(body)
