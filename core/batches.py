"""Acts that are asked for one by one and done in sets, while others of their kind are under way.

Nobody waits for a set to fill: who comes while nothing is under way goes at once. Who comes meanwhile goes with the next set. So a
quiet shop works one by one, and a busy one in ever larger sets, without a clock or a setting.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Final, Generic, TypeVar

from core import db

A = TypeVar("A")
R = TypeVar("R")

log = logging.getLogger(__name__)

MOST = 64
"""So many go together: what is wrong with one of them delays that many."""
UNDER_WAY = 2
"""So many sets at once: one is computed while the other waits for the disk."""
_FEW = 4
"""So few are not worth sharing out between idle sets."""
_TRIES = 3


class _Again:
    """What is said of an act that somebody else stood in the way of."""


AGAIN: Final = _Again()


class Batches(Generic[A, R]):
    """Sets of acts of one kind, for each database of this process."""

    def __init__(
        self,
        do: Callable[[Sequence[A]], Awaitable[Sequence[R | _Again | None]]],
        *,
        of: Callable[[A], Hashable],
    ) -> None:
        """``do`` does a set in one transaction of its own and says what came of each, in order: the answer, None for what it left
        undone, ``AGAIN`` for what it may be able to do a moment later. ``of`` names whose act it is: of one, never two go in a
        set or in two sets at once; they go one after the other, in the order they came.
        """
        self._do, self._of = do, of
        self._queues: weakref.WeakKeyDictionary[Any, _Queue[A, R]] = weakref.WeakKeyDictionary()

    async def done(self, act: A) -> R | None:
        """What came of the act; None when it was not, or may not have been, done here and is to be done another way.

        Also where a set failed as a whole nothing is known of its acts: their other way has to be one that finds what was done.
        A caller who leaves while waiting is not served; one who leaves while the set is under way has it done all the same.
        """
        place = db.pool()
        if place is None:  # inside a transaction, which this act is to be part of
            return None
        queue = self._queues.get(place)
        if queue is None:
            queue = self._queues[place] = _Queue(self._do, self._of)
        return await queue.join(act)


class _Member(Generic[A, R]):
    __slots__ = ("act", "answer", "of", "tries")

    def __init__(self, act: A, of: Hashable, answer: asyncio.Future[R | None]) -> None:
        self.act, self.of, self.answer, self.tries = act, of, answer, 0


class _Queue(Generic[A, R]):
    """Who waits, and the sets under way, for one database."""

    def __init__(
        self,
        do: Callable[[Sequence[A]], Awaitable[Sequence[R | _Again | None]]],
        of: Callable[[A], Hashable],
    ) -> None:
        self._do, self._of = do, of
        self._waiting: deque[_Member[A, R]] = deque()
        self._served: set[Hashable] = set()
        self._workers: set[asyncio.Task[None]] = set()
        self._idle = UNDER_WAY

    def join(self, act: A) -> asyncio.Future[R | None]:
        answer: asyncio.Future[R | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Member(act, self._of(act), answer))
        self._start()
        return answer

    def _start(self) -> None:
        """A worker takes its first set when the loop comes round: with all who came in this turn of it."""
        if len(self._workers) < UNDER_WAY:
            worker = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._ended)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if worker.cancelled():  # the process ends
            while self._waiting:
                self._waiting.popleft().answer.cancel()

    async def _work(self) -> None:
        while members := self._next():
            self._idle -= 1
            try:
                await self._serve(members)
            finally:
                self._idle += 1
            await asyncio.sleep(0)  # who was served and comes back at once goes along

    def _next(self) -> list[_Member[A, R]]:
        """The next set: those longest waiting, shared out evenly between the sets that may start now."""
        count = len(self._waiting)
        room = MOST if count <= _FEW else min(MOST, -(-count // self._idle))
        members: list[_Member[A, R]] = []
        left: list[_Member[A, R]] = []
        while self._waiting and len(members) < room:
            member = self._waiting.popleft()
            if member.answer.done():  # the caller has left
                continue
            if member.of in self._served:
                left.append(member)
            else:
                self._served.add(member.of)
                members.append(member)
        self._waiting.extendleft(reversed(left))
        return members

    async def _serve(self, members: list[_Member[A, R]]) -> None:
        try:
            answers = await self._do([member.act for member in members])
            assert len(answers) == len(members), "one answer for each"
        except Exception as fault:
            log.warning(
                "a set of %d failed, each goes alone: %s: %s", len(members), type(fault).__name__, fault
            )
            answers = [None] * len(members)
        except BaseException:
            for member in members:
                member.answer.cancel()
            raise
        finally:
            self._served.difference_update(member.of for member in members)
        again = []
        for member, answer in zip(members, answers, strict=True):
            if isinstance(answer, _Again):
                member.tries += 1
                if member.tries < _TRIES:
                    again.append(member)
                    continue
                answer = None
            if not member.answer.done():
                member.answer.set_result(answer)
        self._waiting.extendleft(reversed(again))
