"""The short state of a dialogue: what a chat waits for an answer to, or what it has just done and could undo.

Kept in Redis by account and openid, for all processes, and let go after a while. It holds no effect: a proposal is done by the desk, which
looks again whether all is as it was shown, and once. So nothing depends on Redis but that people are spared saying it again; where it is
away, or not to be had at once, the words to the letter do all that a confirmation does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from core import clock, ids

log = logging.getLogger(__name__)

ANSWERED_WITHIN = timedelta(minutes=5)
"""So long a question waits for its answer."""
KEPT_S = 3600
"""So long it is known afterwards that there was one."""
_TIMEOUT_S = 0.25
_REST_S = 1.0
_COMPLAINT_EVERY_S = 60.0

Subject = Mapping[str, Any]
"""What something is about: a plan's number, a bill's."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that a yes does. ``mark``: how what it is about was shown, as the desk marks it; ``number``: its own, under which it is
    done once."""

    number: str
    deed: str
    subject: Subject
    mark: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a list: what its number asks for."""

    deed: str
    subject: Subject


@dataclass(frozen=True, slots=True)
class Done:
    """What was done last. ``number``: the proposal's, or one of its own. ``undo``: what undoes it, None where nothing does; ``kept_because``
    says why then."""

    number: str
    undo: Choice | None
    mark: str
    kept_because: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a confirmation: what is said, and how it is undone, as in ``Done``."""

    lines: list[str]
    undo: Choice | None = None
    mark: str = ""
    kept_because: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What there is to answer, or to undo, in one chat. ``said_in``: the message whose answer showed it; ``at``: seconds since 1970."""

    customer_id: int | None
    locale: str
    at: float
    said_in: str
    proposal: Proposal | None = None
    choices: tuple[Choice, ...] = ()
    done: Done | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is too late for an answer."""
        age_s = clock.now().timestamp() - self.at
        return not -ANSWERED_WITHIN.total_seconds() < age_s < ANSWERED_WITHIN.total_seconds()


@dataclass(slots=True)
class Turn:
    """What the dialogue has for one message, and what the answer to that leaves behind."""

    app_id: str = ""
    openid: str = ""
    dedup_key: str = ""
    remembers: bool = False
    """Whether what is left behind will probably be known when it is answered."""
    was: State | None = None
    left: State | None = field(default=None, init=False)
    customer_id: int | None = field(default=None, init=False)
    locale: str = field(default="zh-CN", init=False)

    def begin(self, customer_id: int | None) -> None:
        """The message is worked on, perhaps again: nothing is left yet."""
        self.left, self.customer_id = None, customer_id
        if self.was is not None and self.was.customer_id not in (None, customer_id):
            self.was = None  # the chat has become another customer's

    def propose(self, deed: str, subject: Subject, mark: str) -> None:
        """From now on a yes does this."""
        self._leave(proposal=Proposal(ids.new_no("Q"), deed, subject, mark))

    def offer(self, choices: Sequence[Choice]) -> None:
        """From now on a number picks one of these."""
        self._leave(choices=tuple(choices))

    def did(self, outcome: Outcome, number: str | None = None) -> None:
        """Something was done, by the proposal of this number or by words of its own."""
        done = Done(number or ids.new_no("Q"), outcome.undo, outcome.mark, outcome.kept_because)
        self._leave(done=done)

    def drop(self) -> None:
        """Nothing waits any more."""
        self._leave()

    def _leave(self, **what: Any) -> None:
        self.left = State(self.customer_id, self.locale, clock.now().timestamp(), self.dedup_key, **what)


_KEEP = """
local kept = redis.call('GET', KEYS[1])
if kept then
  local known, state = pcall(cjson.decode, kept)
  local ahead_s = known and type(state) == 'table' and (tonumber(state.at) or 0) - tonumber(ARGV[2])
  if ahead_s and ahead_s > 0 and ahead_s < 60 then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return 1
"""
"""The newer of two answers at once is the one that people see last: it stays. What is a minute newer is not of the same moment: a clock was
set back."""


class Dialogues:
    """The states of all chats; one object per process."""

    def __init__(self, connection: redis.asyncio.Redis | None, *, prefix: str = "yucun:chat:1:") -> None:
        """``connection`` None: nothing is remembered. The number in ``prefix`` is the form of a state: another form takes another."""
        self._redis = connection
        self._keep = connection.register_script(_KEEP) if connection is not None else None
        self._prefix = prefix
        self._rests_until = 0.0
        self._complained_at = -math.inf

    async def turn(self, app_id: str, openid: str, dedup_key: str, *, recall: bool) -> Turn:
        """What a message finds. ``recall`` False: it is no answer to anything, so nobody is asked."""
        was = await self._recall(app_id, openid) if recall else None
        return Turn(app_id, openid, dedup_key, self._answers(), was)

    async def end(self, turn: Turn) -> None:
        """Keeps what the answer left behind. Where that fails the next answer finds nothing."""
        if turn.left is None or self._keep is None or not self._answers():
            return
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._keep(
                    keys=[self._key(turn.app_id, turn.openid)],
                    args=[json.dumps(asdict(turn.left)), repr(turn.left.at), KEPT_S],
                )
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)

    async def _recall(self, app_id: str, openid: str) -> State | None:
        if self._redis is None or not self._answers():
            return None
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                kept = await self._redis.get(self._key(app_id, openid))
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)
            return None
        return None if kept is None else _read(kept)

    def _key(self, app_id: str, openid: str) -> str:
        return f"{self._prefix}{app_id}:{openid}"

    def _answers(self) -> bool:
        return self._redis is not None and time.monotonic() >= self._rests_until

    def _rest(self, error: Exception) -> None:
        now = time.monotonic()
        self._rests_until = now + _REST_S
        if now - self._complained_at >= _COMPLAINT_EVERY_S:
            self._complained_at = now
            log.warning(
                "Redis does not answer (%s); chats ask again instead of remembering", type(error).__name__
            )


def _read(kept: bytes | str) -> State | None:
    """What was kept; None where that cannot be read, by an older or newer version of ours for instance."""
    try:
        found = json.loads(kept)
        proposal, done = found.pop("proposal"), found.pop("done")
        choices = tuple(Choice(**one) for one in found.pop("choices"))
        return State(
            **found,
            proposal=None if proposal is None else Proposal(**proposal),
            choices=choices,
            done=None if done is None else _done(done),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _done(found: dict[str, Any]) -> Done:
    undo = found.pop("undo")
    return Done(**found, undo=None if undo is None else Choice(**undo))
