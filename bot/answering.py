"""Answers in time: each message is worked on once, and an answer that comes too late follows as a message of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot import outcomes
from bot.settings import Patience
from members import conversations

log = logging.getLogger(__name__)

MOST_LATE = 200
"""How many answers may still be worked on after their time; beyond that, something is down and they are given up."""
_CLOSING_S = 5.0

Act = Callable[[], Awaitable[str]]
FollowUp = Callable[[str], Awaitable[None]]
Afterwards = Callable[[], Awaitable[None]]
"""What is done once the work is kept, and before it is answered; it does not fail."""


class Answering:
    """The work under way. One object per process."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._tasks: set[asyncio.Task[str]] = set()
        self._late = 0

    async def answer(
        self,
        received: conversations.Received,
        act: Act,
        *,
        by: float,
        apology: str,
        follow_up: FollowUp | None = None,
        is_question: bool = False,
        afterwards: Afterwards | None = None,
    ) -> str:
        """The reply of ``act``, or the kept one when the message was answered before; empty when there is none by the loop
        time ``by``. What comes later is given to ``follow_up``. When the work fails, the answer is ``apology``.
        ``is_question``: ``act`` changes nothing, and so need not be kept from running again.
        """
        turn = _Turn(
            received,
            act,
            apology,
            follow_up,
            conversations.asked if is_question else conversations.once,
            afterwards,
        )
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._patience.follow_up_s
        # a task of its own: neither a client that leaves nor the deadline may stop it between two statements
        task = loop.create_task(turn.work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            is_done = await _is_done(task, min(by, ends_at))
        finally:
            if not task.done():  # most never need a limit of their own
                turn.end_at(ends_at)
        if is_done or (ends_at < by and await _is_done(task, by)):
            outcomes.count(turn.outcome)
            return task.result()
        turn.is_late = True
        self._stay_with(task)
        return ""

    async def close(self) -> None:
        """Lets the work under way end, for a little while."""
        if self._tasks:
            _, unfinished = await asyncio.wait(self._tasks, timeout=_CLOSING_S)
            for task in unfinished:
                task.cancel()

    def _stay_with(self, task: asyncio.Task[str]) -> None:
        if self._late >= MOST_LATE:
            log.error("too many late answers; one is given up")
            outcomes.count("given_up")
            task.cancel()
            return
        self._late += 1
        outcomes.count("late")
        task.add_done_callback(self._caught_up)

    def _caught_up(self, _task: asyncio.Task[str]) -> None:
        self._late -= 1


async def _is_done(task: asyncio.Task[str], by: float) -> bool:
    """Whether a task is done by then; it goes on whatever becomes of who waits here. What ``asyncio.wait`` does for many at thrice the cost."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake(_task: asyncio.Task[str] | None = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    task.add_done_callback(wake)
    timer = loop.call_at(by, wake)
    try:
        await waiter
    finally:
        timer.cancel()
    return task.done()


class _Turn:
    """The work on one delivery of a message."""

    def __init__(
        self,
        received: conversations.Received,
        act: Act,
        apology: str,
        follow_up: FollowUp | None,
        answered: Callable[[conversations.Received, Act], Awaitable[conversations.Answered]],
        afterwards: Afterwards | None,
    ) -> None:
        self._received = received
        self._act = act
        self._apology = apology
        self._follow_up = follow_up
        self._answered = answered
        self._afterwards = afterwards
        self._said = ""
        self._until: float | None = None
        self._limit: asyncio.Timeout | None = None
        self.is_late = False
        self.outcome: outcomes.Outcome = "failed"

    def end_at(self, until: float) -> None:
        """The work is given up at the loop time ``until``."""
        self._until = until
        if self._limit is not None:
            self._limit.reschedule(until)

    async def work(self) -> str:
        try:
            answered = await self._within_limit()
            reply, acted = answered.reply, answered.is_new
            self.outcome = "repeated" if not acted else "answered" if reply else "nothing"
            if acted and self._afterwards is not None:
                await self._afterwards()
        except Exception:
            # this door's edge: the person gets an answer, the log the reason; nothing was kept, so a repeat tries again
            log.exception("a %s could not be answered", self._received.kind)
            reply, acted, self._said = self._apology, True, self._apology
        if self.is_late and acted and self._said:
            await self._send(self._said)
        return reply

    async def _within_limit(self) -> conversations.Answered:
        try:
            async with asyncio.timeout_at(self._until) as self._limit:
                return await self._answered(self._received, self._speak)
        finally:
            self._limit = None

    async def _speak(self) -> str:
        self._said = await self._act()
        # too late for a reply: a repeat must not be given what is about to be sent by itself
        return "" if self.is_late else self._said

    async def _send(self, text: str) -> None:
        if self._follow_up is None:
            return
        try:
            await self._follow_up(text)
        except Exception as error:
            log.warning("a late answer could not be sent: %s", error)
