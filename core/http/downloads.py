"""Answers that are files. A route says ``file=kit.CSV``, its handler returns ``kit.download(…)``."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable
from typing import BinaryIO
from urllib.parse import quote

from aiohttp import web

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# what file systems refuse, what ends a header, and what turns the direction of writing to hide an ending
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f\\/:*?"<>|%\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+')
_ATTR_CHAR = "!#$&+-.^_`|~"  # RFC 5987 section 3.2.1, with letters and digits


def download(
    body: AsyncIterable[bytes] | BinaryIO, *, name: str, media_type: str, locale: str
) -> web.Response:
    """A file to keep, sent piece by piece after the handler has returned. ``name`` may be Chinese; what cannot stand in a
    file name is replaced."""
    response = web.Response(body=body)
    response.content_type = media_type
    if media_type == CSV:
        response.charset = "utf-8"
    headers = response.headers
    headers["Content-Disposition"] = disposition(name)
    headers["Content-Language"] = locale
    headers["Vary"] = "Accept-Language"
    return response


def disposition(name: str) -> str:
    """``Content-Disposition`` of RFC 6266: the name in UTF-8, before it one in ASCII for old clients."""
    fit = _UNFIT.sub("_", name).strip(" .") or "file"
    plain = re.sub(r"[^\x20-\x7e]+", "_", fit).strip("._ ") or "file"
    if fit.endswith(f".{plain}"):  # nothing is left of it but what kind of file it is
        plain = f"file.{plain}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(fit, safe=_ATTR_CHAR)}"
