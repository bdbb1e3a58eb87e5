"""Calls to the WeChat platform, and what its answers mean.

Business errors arrive as HTTP 200 with an errcode, under whatever content type; the text decides
(developers.weixin.qq.com, common return codes). Access tokens and secrets travel in the query, so no error here
quotes a URL.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp

from gateways import http, reading
from gateways.reading import JsonObject, Malformed

API_URL = "https://api.weixin.qq.com"
BUSY = -1


@dataclass(frozen=True, slots=True)
class Account:
    """A mini-program or an official account, as its developer console names it."""

    app_id: str
    secret: str = field(repr=False)


class PlatformError(Exception):
    """A call to the platform that did not succeed."""


class PlatformRefused(PlatformError):
    """The platform said no. `errcode` is its number (43101 not subscribed, 45015 window over, …)."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(f"{errcode}: {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg


class PlatformUnknown(PlatformError):
    """No answer, a busy platform (-1), or nothing readable: the call may or may not have taken effect.

    `maybe_executed` is False where it certainly has not: it never reached the platform, or the platform was too busy.
    """

    def __init__(self, reason: str, *, maybe_executed: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.maybe_executed = maybe_executed


class Platform:
    """The caller for one API host. Use between `open` and `close`, or as an async context manager."""

    def __init__(
        self,
        base_url: str = API_URL,
        *,
        session: aiohttp.ClientSession | None = None,
        total_timeout_s: float = 8.0,
        connect_timeout_s: float = 3.0,
    ) -> None:
        self._caller = http.Caller(
            (base_url,),
            session=session,
            total_timeout_s=total_timeout_s,
            connect_timeout_s=connect_timeout_s,
        )

    async def open(self) -> None:
        """Opens the HTTP session, unless one was passed in."""
        await self._caller.open()

    async def close(self) -> None:
        """Closes the HTTP session, if it is our own."""
        await self._caller.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def ask(
        self, path: str, *, query: Mapping[str, str] | None = None, fields: JsonObject | None = None
    ) -> JsonObject:
        """One call: POST with `fields` as JSON, else GET. Returns the answer without an error in it.

        Raises: PlatformRefused, PlatformUnknown.
        """
        target = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        body = b"" if fields is None else json.dumps(fields, ensure_ascii=False).encode()
        try:
            answer = await self._caller.send(
                "GET" if fields is None else "POST",
                target,
                headers=lambda: {"Accept": "application/json", "Content-Type": "application/json"},
                body=body,
                repeatable=False,
            )
        except http.NoAnswer as failed:
            raise PlatformUnknown(failed.reason, maybe_executed=failed.maybe_executed) from None
        if answer.status != 200:
            raise PlatformUnknown(f"HTTP {answer.status}", maybe_executed=answer.status >= 500)
        return _content(answer.body)


def _content(body: bytes) -> JsonObject:
    try:
        content = reading.json_object(body)
    except Malformed as fault:
        raise PlatformUnknown(f"unreadable answer: {fault}") from None
    errcode = content.get("errcode", 0)
    if not isinstance(errcode, int):
        raise PlatformUnknown("unreadable answer: errcode is not a number")
    if errcode == BUSY:
        raise PlatformUnknown("the platform is busy", maybe_executed=False)
    if errcode != 0:
        raise PlatformRefused(errcode, str(content.get("errmsg", "")))
    return content


def text(content: JsonObject, name: str) -> str:
    """The text under `name` in an answer.

    Raises: PlatformUnknown.
    """
    try:
        return reading.text(content, name)
    except Malformed as fault:
        raise PlatformUnknown(f"unreadable answer: {fault}") from None


def optional_text(content: JsonObject, name: str) -> str | None:
    """The text under `name` in an answer, None where it is absent or empty.

    Raises: PlatformUnknown.
    """
    return None if content.get(name) in (None, "") else text(content, name)
