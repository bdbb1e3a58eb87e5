"""The one caller through which gateways reach the network.

It sends exactly the bytes it is given (what is signed is what is sent), follows no redirects, bounds time and size,
and tells apart a request that certainly never arrived from one that may have been executed. Its errors carry no URL:
queries hold secrets and access tokens.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
import yarl

_log = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 4 * 1024 * 1024
_PIECE_BYTES = 256 * 1024
_DOWNLOAD_TOTAL_S = 900.0
_DOWNLOAD_SILENCE_S = 30.0

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: `headers` with lower-case names, `body` as received (after transfer decoding)."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


class NoAnswer(Exception):
    """No usable answer came. `maybe_executed` is False where the request certainly never reached the other side."""

    def __init__(self, reason: str, *, maybe_executed: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.maybe_executed = maybe_executed


class Caller:
    """Calls one service under one or two base URLs (main, backup).

    A base URL is scheme, host and port, optionally with a path prefix. The session is the caller's own between
    `open` and `close`, or one that is passed in and stays its giver's to close.
    """

    def __init__(
        self,
        base_urls: Sequence[str],
        *,
        session: aiohttp.ClientSession | None = None,
        total_timeout_s: float = 10.0,
        connect_timeout_s: float = 4.0,
    ) -> None:
        if not base_urls:
            raise ValueError("no base URL")
        self._base_urls = tuple(url.rstrip("/") for url in base_urls)
        self._session = session
        self._owns_session = session is None
        self._timeout = aiohttp.ClientTimeout(total=total_timeout_s, connect=connect_timeout_s)

    async def open(self) -> None:
        """Makes the session, unless one was passed in."""
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Ends the session, if it is our own."""
        if self._owns_session and self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def send(
        self, method: str, target: str, *, headers: Callable[[], Headers], body: bytes = b"", repeatable: bool
    ) -> Answer:
        """Sends one request and returns whatever was answered, any status.

        `target` is path and query, already percent-encoded, sent as it stands. `headers` is asked for anew for each
        attempt, since a signature holds a nonce. The backup is tried when the main host was certainly not reached,
        and for `repeatable` requests (reads, or writes that name a number) also when no answer came.

        Raises:
            NoAnswer: from the last attempt; `maybe_executed` if any attempt may have been.
        """
        maybe_executed = False
        reason = ""
        for base_url in self._base_urls:
            try:
                return await self._attempt(method, base_url + target, headers(), body)
            except NoAnswer as failed:
                maybe_executed = maybe_executed or failed.maybe_executed
                reason = failed.reason
                _log.warning("no answer: %s %s: %s", method, yarl.URL(base_url).host, failed.reason)
                if failed.maybe_executed and not repeatable:
                    break
        raise NoAnswer(reason, maybe_executed=maybe_executed)

    async def download(
        self,
        target: str,
        *,
        headers: Callable[[], Headers],
        take: Callable[[bytes], Awaitable[None]],
        begin: Callable[[], None],
    ) -> Answer | None:
        """Fetches a file piece by piece: `take` is awaited with each, as sent (not unpacked), and may raise to stop.

        `begin` is called before the first piece of each attempt: what came before it counts no more. Returns None
        when a 200 was taken whole, else the answer. Hosts are tried like those of a repeatable `send`.

        Raises:
            NoAnswer: from the last attempt.
        """
        reason = ""
        for base_url in self._base_urls:
            begin()
            try:
                return await self._take(base_url + target, headers(), take)
            except NoAnswer as failed:
                reason = failed.reason
                _log.warning("no file: %s: %s", yarl.URL(base_url).host, failed.reason)
        raise NoAnswer(reason, maybe_executed=True)

    async def _take(
        self, url: str, headers: Headers, take: Callable[[bytes], Awaitable[None]]
    ) -> Answer | None:
        if self._session is None:
            raise RuntimeError("the caller is not open")
        timeout = aiohttp.ClientTimeout(
            total=_DOWNLOAD_TOTAL_S, connect=self._timeout.connect, sock_read=_DOWNLOAD_SILENCE_S
        )
        try:
            async with self._session.get(
                yarl.URL(url, encoded=True),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                auto_decompress=False,
                middlewares=(_once,),
            ) as response:
                if response.status != 200:
                    lower = {name.lower(): value for name, value in response.headers.items()}
                    return Answer(response.status, lower, await _read(response))
                async for piece in response.content.iter_chunked(_PIECE_BYTES):
                    await take(piece)
                return None
        # Not OSError: a full disk is `take`'s, and no backup helps against it.
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as failed:
            raise NoAnswer(type(failed).__name__, maybe_executed=True) from None

    async def _attempt(self, method: str, url: str, headers: Headers, body: bytes) -> Answer:
        if self._session is None:
            raise RuntimeError("the caller is not open")
        try:
            async with self._session.request(
                method,
                yarl.URL(url, encoded=True),
                data=body or None,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                middlewares=(_once,),
            ) as response:
                content = await _read(response)
                lower = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, lower, content)
        # `from None`: aiohttp's messages may quote the URL.
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as failed:
            raise NoAnswer(type(failed).__name__, maybe_executed=False) from None
        except (TimeoutError, aiohttp.ClientError, OSError) as failed:
            raise NoAnswer(type(failed).__name__, maybe_executed=True) from None


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keeps aiohttp from repeating a GET by itself when the connection drops.

    A repeat would spend a single-use code twice and turn "not known" into a refusal; who may repeat is decided above.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as dropped:
        raise NoAnswer(type(dropped).__name__, maybe_executed=True) from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for piece in response.content.iter_any():
        content += piece
        if len(content) > MAX_ANSWER_BYTES:
            raise NoAnswer("answer too large", maybe_executed=True)
    return bytes(content)
