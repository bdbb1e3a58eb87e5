"""Questions of one moment, answered by one statement.

Thirty requests that come in together ask the same thing about thirty customers. Each asking for itself waits for the database
thirty times; asked together they wait once. Nothing is remembered: whoever asks is answered from a statement that began after
they asked.
"""

from __future__ import annotations

import asyncio
import functools
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from core import db, gathering

K = TypeVar("K")
V = TypeVar("V")

_ENOUGH = 64
"""So many questions do not wait for a statement under way."""
_PATIENCE_S = 0.005
"""So long fewer wait for it, to go with whatever else is asked meanwhile; then they go anyway."""


class Together(Generic[K, V]):
    """Reads by key from the database, several keys at a time."""

    def __init__(
        self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], *, linger_s: float = gathering.LINGER_S
    ) -> None:
        """``read`` answers for all of the keys it knows; it is only given different ones. ``linger_s``: so long a busy place waits for
        those it has just served, which is well spent where what they ask for takes long to come and to answer."""
        self._read, self._linger_s = read, linger_s
        self._queues: weakref.WeakKeyDictionary[Any, Queue[K, V]] = weakref.WeakKeyDictionary()

    async def get(self, key: K) -> V | None:
        """The answer for one key as of now; None when there is none. Inside a transaction it is asked for itself, there.

        Raises:
            whatever ``read`` raised, for everybody it was asked for.
        """
        place = db.pool()
        if place is None:
            return (await self._read([key])).get(key)
        queue = self._queues.get(place)
        if queue is None:
            queue = self._queues[place] = Queue(self._read, self._linger_s)
        return await queue.answer(key)


class Queue(Generic[K, V]):
    """The questions to one place, for the event loop they are asked in."""

    def __init__(
        self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], linger_s: float = gathering.LINGER_S
    ) -> None:
        self._read = read
        self._waiting: list[tuple[K, asyncio.Future[V | None]]] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._gathering = gathering.Gathering(
            self._depart, enough=_ENOUGH, patience_s=_PATIENCE_S, linger_s=linger_s
        )

    def answer(self, key: K) -> asyncio.Future[V | None]:
        """The answer to come for one key; None when there is none."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[V | None] = loop.create_future()  # one for each: who leaves takes nobody along
        self._waiting.append((key, answer))
        self._gathering.prepare(len(self._waiting))
        return answer

    def _depart(self) -> None:
        asked, self._waiting = self._waiting, []
        asked = [(key, answer) for key, answer in asked if not answer.done()]
        if asked:
            task = asyncio.get_running_loop().create_task(self._answered(asked))
            self._under_way.add(task)
            task.add_done_callback(functools.partial(self._arrived, len(asked), self._gathering.left()))

    def _arrived(self, count: int, left_at: float, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._gathering.back(count, left_at, waiting=len(self._waiting))

    async def _answered(self, asked: list[tuple[K, asyncio.Future[V | None]]]) -> None:
        try:
            found = await self._read(list({key: None for key, _ in asked}))
        except Exception as fault:
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(fault)
        except BaseException:
            for _, answer in asked:
                answer.cancel()
            raise
        else:
            for key, answer in asked:
                if not answer.done():
                    answer.set_result(found.get(key))
