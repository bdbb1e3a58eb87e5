"""Reads that cost nothing where nothing changed: an ``ETag`` over the answer, and 304 to who has it already (RFC 9110 section 13).

What is saved is the way to the client. The answer is made anew each time, so it is never an old one.
"""

from __future__ import annotations

import hashlib

from aiohttp import web

_BYTES = 12
_CACHE = "private, no-cache"
"""The client alone may keep it, and asks each time whether it still holds: what is seen hangs on who looks."""


def answer(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """The response with its mark, or 304 where the client says that it has this one."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes | bytearray):
        return response
    mark = hashlib.blake2b(response.body, digest_size=_BYTES).hexdigest()
    response.headers["ETag"] = f'"{mark}"'
    response.headers["Cache-Control"] = _CACHE
    if not _has(request, mark):
        return response
    return web.Response(status=304, headers={"ETag": f'"{mark}"', "Cache-Control": _CACHE})


def _has(request: web.Request, mark: str) -> bool:
    try:
        known = request.if_none_match or ()
    except ValueError:
        return False  # a header that makes no sense asks for nothing
    return any(one.value in (mark, "*") for one in known)
