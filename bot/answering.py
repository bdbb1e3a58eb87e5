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
        # a task of its own: neither a client that leaves nor the deadline may stop it between two statements
        task = asyncio.create_task(turn.work(self._patience.follow_up_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        done, _ = await asyncio.wait({task}, timeout=max(0.0, by - asyncio.get_running_loop().time()))
        if done:
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
        self.is_late = False
        self.outcome: outcomes.Outcome = "failed"

    async def work(self, at_most_s: float) -> str:
        try:
            async with asyncio.timeout(at_most_s):
                answered = await self._answered(self._received, self._speak)
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
