"""A bell that PostgreSQL rings (LISTEN/NOTIFY): who waits for rows that another process writes waits for it instead of asking all the time.

It says only that there may be something, so nothing depends on it: without its connection a waiter looks again after a little while.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import asyncpg

log = logging.getLogger(__name__)

_AGAIN_AFTER_S = 5.0


class Bell:
    """One channel. It has a connection of its own while somebody listens, one for the whole process."""

    def __init__(self, url: str | None, channel: str) -> None:
        """``url`` None: it never rings."""
        self._url = url
        self._channel = channel
        self._ears: set[asyncio.Event] = set()
        self._keeping: asyncio.Task[None] | None = None
        self._is_heard = False
        self._closed = asyncio.Event()

    @property
    def is_heard(self) -> bool:
        """Whether it is connected, so that waiting for it is enough."""
        return self._is_heard

    @property
    def is_closed(self) -> bool:
        """Whether the process is stopping."""
        return self._closed.is_set()

    @contextlib.asynccontextmanager
    async def ear(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever it rings; who waits for it clears it."""
        ear = asyncio.Event()
        self._ears.add(ear)
        if self._keeping is None and self._url is not None:
            self._keeping = asyncio.create_task(self._keep(self._url), name=f"bell {self._channel}")
        try:
            yield ear
        finally:
            self._ears.discard(ear)
            if not self._ears and self._keeping is not None:
                self._keeping.cancel()
                self._keeping = None

    def close(self) -> None:
        """Rings for the last time: who listens is to leave."""
        self._closed.set()
        self._ring()

    def _ring(self, *_: object) -> None:
        for ear in self._ears:
            ear.set()

    async def _keep(self, url: str) -> None:
        while True:
            try:
                await self._listen(url)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning(
                    "the bell %s is not heard, looking instead: %s", self._channel, type(error).__name__
                )
            finally:
                self._is_heard = False
            self._ring()
            await asyncio.sleep(_AGAIN_AFTER_S)

    async def _listen(self, url: str) -> None:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(self._channel, self._ring)
            self._is_heard = True
            self._ring()  # what was written before we listened
            await lost.wait()
        finally:
            with contextlib.suppress(Exception):
                connection.terminate()
