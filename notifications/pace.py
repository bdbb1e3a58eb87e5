"""Pace: how many messages a channel is given in a second, by all workers together.

A second's allowance is one counter in Redis; a worker takes a share of it at a time. Without Redis each worker keeps to its
part of the rate, so that all together stay below it, wherever Redis has gone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

import redis.asyncio
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_SHARES = 10
_WINDOW_MS = 1000
_REDIS_TIMEOUT_S = 0.2
_REDIS_REST_S = 1.0
_COMPLAINT_EVERY_S = 60.0

# KEYS[1]: the window's counter. ARGV: limit, window in ms, how many are wanted. Answers: granted, ms until the window ends.
_TAKE = """
local left_ms = redis.call('PTTL', KEYS[1])
local used = 0
if left_ms > 0 then used = tonumber(redis.call('GET', KEYS[1]) or '0') else left_ms = tonumber(ARGV[2]) end
local granted = math.max(0, math.min(tonumber(ARGV[3]), tonumber(ARGV[1]) - used))
if granted > 0 then redis.call('SET', KEYS[1], used + granted, 'PX', left_ms) end
return {granted, left_ms}
"""


@dataclass(slots=True)
class _Window:
    left: int
    ends_at: float  # time.monotonic(): a rate is real time, whatever the shop's clock says


class Pace:
    """The pace of one worker's channels; all workers that are given the same Redis share their rates."""

    def __init__(
        self,
        connection: redis.asyncio.Redis | None,
        rates_per_s: Mapping[str, int],
        *,
        workers: int = 1,
        prefix: str = "yucun:pace:",
    ) -> None:
        """A channel without a rate is given as many as there are. ``workers``: among how many a rate is divided without Redis."""
        self._script = connection.register_script(_TAKE) if connection is not None else None
        self._rates = rates_per_s
        self._workers = max(1, workers)
        self._prefix = prefix
        self._shares: dict[str, _Window] = {}
        self._alone: dict[str, _Window] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._redis_back_at = 0.0
        self._complained_at = float("-inf")

    async def take(self, channel: str, wanted: int, *, patience_s: float) -> int:
        """How many may go out now; waits up to ``patience_s`` for as many as are wanted."""
        rate = self._rates.get(channel)
        if rate is None:
            return wanted
        give_up_at = time.monotonic() + patience_s
        taken = 0
        async with self._turns.setdefault(channel, asyncio.Lock()):
            while taken < wanted:
                share = await self._share(channel, rate, wanted - taken)
                used = min(share.left, wanted - taken)
                share.left -= used
                taken += used
                now = time.monotonic()
                if taken == wanted or now >= give_up_at:
                    break
                if not used:
                    await asyncio.sleep(min(max(share.ends_at - now, 0.005), give_up_at - now))
        return taken

    async def _share(self, channel: str, rate: int, wanted: int) -> _Window:
        now = time.monotonic()
        share = self._shares.get(channel)
        if share is not None and share.left > 0 and share.ends_at > now:
            return share
        granted, left_s = await self._taken(channel, rate, min(rate, max(1, rate // _SHARES, wanted)), now)
        share = self._shares[channel] = _Window(granted, now + left_s)
        return share

    async def _taken(self, channel: str, rate: int, wanted: int, now: float) -> tuple[int, float]:
        if self._script is not None and now >= self._redis_back_at:
            try:
                async with asyncio.timeout(_REDIS_TIMEOUT_S):
                    granted, left_ms = await self._script(
                        keys=[self._prefix + channel], args=[rate, _WINDOW_MS, wanted]
                    )
                return int(granted), int(left_ms) / 1000
            except (RedisError, OSError, TimeoutError) as fault:
                self._redis_back_at = now + _REDIS_REST_S
                self._complain(fault, now)
        return self._taken_alone(channel, rate, wanted, now)

    def _taken_alone(self, channel: str, rate: int, wanted: int, now: float) -> tuple[int, float]:
        """A rate below the number of workers gives each one a second, rather than nobody any."""
        window = self._alone.get(channel)
        if window is None or window.ends_at <= now:
            window = _Window(max(1, rate // self._workers), now + _WINDOW_MS / 1000)
            self._alone[channel] = window
        granted = min(wanted, window.left)
        window.left -= granted
        return granted, window.ends_at - now

    def _complain(self, fault: Exception, now: float) -> None:
        if now - self._complained_at >= _COMPLAINT_EVERY_S:
            self._complained_at = now
            log.warning(
                "Redis does not answer (%s); this worker sends at its part of the pace", type(fault).__name__
            )
