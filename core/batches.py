"""Acts that are asked for one by one and done in sets, while others of their kind are under way.

In a quiet shop who comes goes at once, one by one. Who comes while sets are under way goes with the next one, and where several went
together the next set waits a moment for as many (``core.gathering``): a busy shop works in ever larger sets, without a setting.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Final, Generic, TypeVar

from core import db, gathering

A = TypeVar("A")
R = TypeVar("R")

log = logging.getLogger(__name__)

MOST = 64
"""So many go together: what is wrong with one of them delays that many."""
UNDER_WAY = 2
"""So many sets at once: one is computed while the other waits for the disk."""
_ENOUGH = 16
"""So many make a set worth its own cost, which is that of six members (docs/performance.md)."""
_PATIENCE_S = 0.01
"""So long fewer wait for a set under way, to go after it."""
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
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """``do`` does a set in one transaction of its own and says what came of each, in order: the answer, None for what it left
        undone, ``AGAIN`` for what it may be able to do a moment later. ``of`` names whose act it is: of one, never two go in a
        set or in two sets at once; they go one after the other, in the order they came. ``patience_s``: so long few of them wait for a
        set under way.
        """
        self._do, self._of, self._patience_s = do, of, patience_s
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
            queue = self._queues[place] = _Queue(self._do, self._of, self._patience_s)
        return await queue.join(act)


class _Member(Generic[A, R]):
    __slots__ = ("act", "answer", "of", "tries")

    def __init__(self, act: A, of: Hashable, answer: asyncio.Future[R | None]) -> None:
        self.act, self.of, self.answer, self.tries = act, of, answer, 0


class _Set(Generic[A, R]):
    __slots__ = ("left_at", "members", "task")

    def __init__(self, members: list[_Member[A, R]], left_at: float) -> None:
        self.members, self.left_at = members, left_at
        self.task: asyncio.Task[None] | None = None


class _Queue(Generic[A, R]):
    """Who waits, and the sets under way, for one database."""

    def __init__(
        self,
        do: Callable[[Sequence[A]], Awaitable[Sequence[R | _Again | None]]],
        of: Callable[[A], Hashable],
        patience_s: float,
    ) -> None:
        self._do, self._of = do, of
        self._waiting: deque[_Member[A, R]] = deque()
        self._served: set[Hashable] = set()
        self._sets: set[_Set[A, R]] = set()
        self._gathering = gathering.Gathering(
            self._depart, enough=_ENOUGH, patience_s=patience_s, may_take_turns=True
        )

    def join(self, act: A) -> asyncio.Future[R | None]:
        answer: asyncio.Future[R | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Member(act, self._of(act), answer))
        self._gathering.came()
        self._gather()
        return answer

    def _gather(self) -> None:
        if self._waiting and len(self._sets) < UNDER_WAY:
            self._gathering.prepare(len(self._waiting))

    def _depart(self) -> None:
        members = self._next() if len(self._sets) < UNDER_WAY else []
        if members:
            under_way = _Set(members, self._gathering.left())
            self._sets.add(under_way)
            under_way.task = asyncio.get_running_loop().create_task(self._serve(under_way))
            under_way.task.add_done_callback(functools.partial(self._ended, under_way))
            self._gather()

    def _ended(self, under_way: _Set[A, R], _task: asyncio.Task[None]) -> None:
        """A set that is not back when it has ended was cancelled: the process ends."""
        if under_way in self._sets:
            for member in (*under_way.members, *self._waiting):
                member.answer.cancel()
            self._waiting.clear()
            self._back(under_way)

    def _next(self) -> list[_Member[A, R]]:
        """The next set: those longest waiting, shared out evenly between the sets that may start now."""
        room = min(MOST, max(self._gathering.enough, -(-len(self._waiting) // (UNDER_WAY - len(self._sets)))))
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

    async def _serve(self, under_way: _Set[A, R]) -> None:
        members = under_way.members
        answers = await self._answers(members)
        again = [one for one, answer in zip(members, answers, strict=True) if self._tries_again(one, answer)]
        self._waiting.extendleft(reversed(again))
        # Before anybody is told: what they do with it takes a while, and the next set is to be gone by then.
        self._back(under_way)
        for member, answer in zip(members, answers, strict=True):
            if member not in again and not member.answer.done():
                member.answer.set_result(None if isinstance(answer, _Again) else answer)

    async def _answers(self, members: list[_Member[A, R]]) -> Sequence[R | _Again | None]:
        try:
            answers = await self._do([member.act for member in members])
            assert len(answers) == len(members), "one answer for each"
        except Exception as fault:
            log.warning(
                "a set of %d failed, each goes alone: %s: %s", len(members), type(fault).__name__, fault
            )
            return [None] * len(members)
        return answers

    def _tries_again(self, member: _Member[A, R], answer: R | _Again | None) -> bool:
        member.tries += 1
        return isinstance(answer, _Again) and member.tries < _TRIES

    def _back(self, under_way: _Set[A, R]) -> None:
        self._sets.discard(under_way)
        self._served.difference_update(member.of for member in under_way.members)
        self._gathering.back(len(under_way.members), under_way.left_at, waiting=len(self._waiting))
