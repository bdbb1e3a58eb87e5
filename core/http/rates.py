"""How often somebody may ask: fixed windows counted in Redis for all processes together.

A process does not ask Redis at every request. It takes a share of a window (a twentieth of the limit, at least one) and
spends it locally, so a busy caller costs one round trip in many requests, and at most the unspent shares of other processes
are lost until the window ends. The first requests of a window (a two-hundredth of the limit) a process lets pass before it
asks at all, and counts them when it does: most callers ask once or twice and cost no round trip, and a limit of 200 or more
can be exceeded by half a percent per process. Small limits, such as sign-in attempts, have shares of one, pass nothing
beforehand and are exact. Without Redis each process counts for itself: limits then hold per process.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import redis.asyncio
from redis.exceptions import RedisError

from core import together
from core.http import problems

log = logging.getLogger(__name__)

_SHARES = 20
_BEFOREHAND = 200
_REMEMBERED = 20_000
_REDIS_TIMEOUT_S = 0.1
_REDIS_REST_S = 1.0
_COMPLAINT_EVERY_S = 60.0

# KEYS: the windows' counters. ARGV, for each: limit, window in ms, how many are wanted. Answers, for each: granted, ms until the
# window ends.
_TAKE = """
local answers = {}
for i, key in ipairs(KEYS) do
  local used = tonumber(redis.call('GET', key) or '0')
  local left_ms = redis.call('PTTL', key)
  if left_ms < 0 then
    used = 0
    left_ms = tonumber(ARGV[3 * i - 1])
  end
  local granted = math.max(0, math.min(tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i - 2]) - used))
  if granted > 0 then
    redis.call('SET', key, used + granted, 'PX', left_ms)
  end
  answers[2 * i - 1] = granted
  answers[2 * i] = left_ms
end
return answers
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``count`` requests in ``per_s`` seconds."""

    count: int
    per_s: int

    def __post_init__(self) -> None:
        if self.count < 1 or self.per_s < 1:
            raise ValueError("a rate needs a count and a time of at least one")


@dataclass(frozen=True, slots=True)
class _Wish:
    """Of the window of ``key``, which holds ``rate``, so many."""

    key: str
    rate: Rate
    count: int


@dataclass(slots=True)
class _Share:
    left: int
    ends_at: float  # time.monotonic(): waiting is real time, whatever the shop's clock says
    used_up: bool = False  # the whole window, not only this share
    owed: int = 0  # let pass, and not yet counted in Redis


class RateLimiter:
    """Counts for one process; all processes that are given the same Redis share their limits."""

    def __init__(self, connection: redis.asyncio.Redis | None, *, prefix: str = "yucun:rate:") -> None:
        """``connection`` None: count in this process only."""
        self._script = connection.register_script(_TAKE) if connection is not None else None
        self._prefix = prefix
        self._shares: OrderedDict[str, _Share] = OrderedDict()
        self._alone: OrderedDict[str, _Share] = OrderedDict()
        self._wishes = together.Queue(self._granted)  # those of one moment go to Redis in one round trip
        self._renewals: dict[str, asyncio.Lock] = {}
        self._redis_rests_until = 0.0
        self._complained_at = -math.inf

    async def spend(self, rate: Rate, key: str) -> None:
        """Counts one request of ``key`` (what is limited and for whom, e.g. ``address:192.0.2.7``).

        Raises:
            TooManyRequests: the window is used up; ``retry_after_s`` says when the next one begins.
        """
        now = time.monotonic()
        share = self._usable(key, now)
        if share is None:
            share, now = await self._found_or_renewed(rate, key)
        if share.left < 1:
            raise problems.TooManyRequests(retry_after_s=max(1, math.ceil(share.ends_at - now)))
        share.left -= 1

    async def _found_or_renewed(self, rate: Rate, key: str) -> tuple[_Share, float]:
        """Of many requests of one key at once the first fetches and the others find what it got: each fetching a share of
        its own would empty the window with a burst."""
        renewal = self._renewals.setdefault(key, asyncio.Lock())
        try:
            async with renewal:
                now = time.monotonic()
                return self._usable(key, now) or await self._renewed(rate, key, now), now
        finally:
            if not renewal.locked():
                self._renewals.pop(key, None)

    def _usable(self, key: str, now: float) -> _Share | None:
        share = self._shares.get(key)
        if share is None or share.ends_at <= now or (share.left < 1 and not share.used_up):
            return None
        return share

    async def _renewed(self, rate: Rate, key: str, now: float) -> _Share:
        share = self._shares.get(key)
        if share is None or share.ends_at <= now:
            beforehand = rate.count // _BEFOREHAND
            share = _Share(beforehand, now + rate.per_s, owed=beforehand)
            _keep(self._shares, key, share)
            if beforehand:
                return share
        owed, share.owed = share.owed, 0
        granted, left_s = await self._taken(rate, key, max(1, rate.count // _SHARES) + owed, now)
        share = self._shares.get(key)  # read again: a twin may have renewed it while we waited
        if share is None or share.ends_at <= now:
            share = _Share(0, now + left_s)
            _keep(self._shares, key, share)
        share.left = max(0, share.left + granted - owed)
        share.ends_at = now + left_s
        share.used_up = granted <= owed
        return share

    async def _taken(self, rate: Rate, key: str, wanted: int, now: float) -> tuple[int, float]:
        if self._script is None or now < self._redis_rests_until:
            return self._taken_alone(rate, key, wanted, now)
        try:
            answer = await self._wishes.answer(_Wish(key, rate, wanted))
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_rests_until = now + _REDIS_REST_S
            self._complain(error, now)
            return self._taken_alone(rate, key, wanted, now)
        assert answer is not None, "every wish is answered"
        return answer

    async def _granted(self, wishes: Sequence[_Wish]) -> Mapping[_Wish, tuple[int, float]]:
        assert self._script is not None
        numbers = [(wish.rate.count, wish.rate.per_s * 1000, wish.count) for wish in wishes]
        async with asyncio.timeout(_REDIS_TIMEOUT_S):
            said = await self._script(
                keys=[f"{self._prefix}{wish.key}" for wish in wishes],
                args=list(itertools.chain.from_iterable(numbers)),
            )
        answers = zip(said[::2], said[1::2], strict=True)
        return {
            wish: (int(granted), int(left_ms) / 1000)
            for wish, (granted, left_ms) in zip(wishes, answers, strict=True)
        }

    def _taken_alone(self, rate: Rate, key: str, wanted: int, now: float) -> tuple[int, float]:
        window = self._alone.get(key)
        if window is None or window.ends_at <= now:
            window = _Share(rate.count, now + rate.per_s)
            _keep(self._alone, key, window)
        granted = min(wanted, window.left)
        window.left -= granted
        return granted, window.ends_at - now

    def _complain(self, error: Exception, now: float) -> None:
        if now - self._complained_at >= _COMPLAINT_EVERY_S:
            self._complained_at = now
            log.warning(
                "Redis does not answer (%s); rate limits are counted per process", type(error).__name__
            )


def _keep(shares: OrderedDict[str, _Share], key: str, share: _Share) -> None:
    shares[key] = share
    shares.move_to_end(key)
    if len(shares) > _REMEMBERED:
        shares.popitem(last=False)
