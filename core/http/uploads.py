"""Files that clients send. A route says ``upload=<most bytes>``, its handler takes ``upload: kit.Upload``.

``multipart/form-data`` with a part named ``file``, which is what wx.uploadFile sends (``name: "file"``), or the bytes themselves as the
body of type ``application/octet-stream`` or ``image/…``. What kind of file it is, is for the desk to find out from its content.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NewType

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from core.http import problems

Upload = NewType("Upload", bytes)
"""The bytes of a file, no more of them than the route takes."""

FIELD = "file"
_MOST_PARTS = 10
AROUND_BYTES = 64 * 1024
"""So much more a body may be than the file in it."""


async def read(request: web.Request, most_bytes: int) -> Upload:
    """The file in a request.

    Raises:
        TooLarge, UnsupportedMediaType,
        BadRequest: no file in it, or broken off.
    """
    kind = request.content_type
    try:
        if kind == "multipart/form-data":
            return await _in_form(request, most_bytes)
        if kind == "application/octet-stream" or kind.startswith("image/"):
            return Upload(await _whole(request.content.readany, most_bytes))
    except (web.RequestPayloadError, HttpProcessingError, ValueError, AssertionError, RuntimeError):
        raise problems.BadRequest from None  # aiohttp says so of a form that is none
    raise problems.UnsupportedMediaType(expected="multipart/form-data")


async def _in_form(request: web.Request, most_bytes: int) -> Upload:
    form = await request.multipart()
    for _ in range(_MOST_PARTS):
        part = await form.next()
        if part is None:
            break
        if isinstance(part, BodyPartReader) and part.name == FIELD:
            return Upload(await _whole(part.read_chunk, most_bytes))
        if isinstance(part, BodyPartReader):
            await _whole(part.read_chunk, AROUND_BYTES)
    raise problems.BadRequest


async def _whole(chunk_of: Callable[[], Awaitable[bytes]], most_bytes: int) -> bytes:
    read = bytearray()
    while chunk := await chunk_of():
        read += chunk
        if len(read) > most_bytes:
            raise problems.TooLarge(limit_bytes=most_bytes)
    return bytes(read)
