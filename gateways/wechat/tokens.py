"""The access token of one account, shared by all processes, and calls made with it.

Fetched with stable_token (developers.weixin.qq.com, getStableAccessToken): in normal mode it hands out the same token
while that is good, so two processes fetching at once do no harm; forced mode kills the old token and is rationed (20 a
day, 30 s apart). Redis holds the token, and the lock under which one process fetches for all. Without Redis each
process holds its own copy of the same token, and nothing else changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core import clock
from gateways import reading
from gateways.reading import JsonObject, Malformed
from gateways.wechat.platform import Account, Platform, PlatformRefused, PlatformUnknown

_log = logging.getLogger(__name__)

TOKEN_REFUSED = frozenset({40001, 42001, 40014})
"""What the platform answers to a token that is not, or no longer, good."""

_EARLY_S = 120  # the platform renews 300 s before the end, and both tokens work in the overlap
_LONGEST_S = 7200
_FORCE_PAUSE_S = 30
_LOCK_S = 20
_REDIS_TIMEOUT_S = 1.0
_REDIS_PAUSE_S = 5.0
_TOLD_S = 1.0

_REDIS_FAULTS = (RedisError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class _Held:
    token: str = field(repr=False)
    until: datetime


class AccessTokens:
    """Gives out one account's access token and makes calls with it."""

    def __init__(self, account: Account, platform: Platform, *, redis: Redis | None = None) -> None:
        self._account = account
        self._platform = platform
        self._redis = redis
        self._redis_back_at = 0.0
        self._key = f"wechat:access_token:{account.app_id}"
        self._flight = asyncio.Lock()
        self._own: _Held | None = None
        self._told_until = 0.0
        self._question = asyncio.Lock()
        self._own_force_at = 0.0

    async def ask(
        self, path: str, *, query: Mapping[str, str] | None = None, fields: JsonObject | None = None
    ) -> JsonObject:
        """`Platform.ask` with the access token. A refused token is replaced once and the call repeated once.

        Raises: PlatformRefused, PlatformUnknown.
        """
        try:
            token = await self.current()
        except PlatformUnknown as unknown:
            raise PlatformUnknown(unknown.reason, maybe_executed=False) from None
        try:
            return await self._platform.ask(path, query=_with(token, query), fields=fields)
        except PlatformRefused as refused:
            if refused.errcode not in TOKEN_REFUSED:
                raise
        try:
            token = await self.replace(token)
        except PlatformUnknown as unknown:
            raise PlatformUnknown(unknown.reason, maybe_executed=False) from None
        return await self._platform.ask(path, query=_with(token, query), fields=fields)

    async def current(self) -> str:
        """The token to call with.

        Raises: PlatformRefused, PlatformUnknown when one must be fetched and cannot.
        """
        held = self._told()
        if held is None:
            async with self._question:  # a burst of calls is one question
                held = self._told() or await self._held()
        return held.token if held is not None else await self._obtain(failed=None)

    async def replace(self, failed: str) -> str:
        """The token to repeat a call with, whose token `failed` was refused.

        Somebody may have replaced it already; then that one is returned and nothing is fetched.

        Raises: PlatformRefused, PlatformUnknown.
        """
        return await self._obtain(failed=failed)

    async def _obtain(self, *, failed: str | None) -> str:
        async with self._flight, self._turn():
            held = await self._held()
            if held is not None and held.token != failed:
                return held.token
            fresh = await self._fetch(force=False)
            # Where the platform hands out the very token that it refuses, only force helps. Asking normally first
            # saves the ration, and keeps processes without Redis from killing each other's tokens in turn.
            if fresh.token == failed and await self._may_force():
                fresh = await self._fetch(force=True)
            await self._keep(fresh)
            return fresh.token

    async def _fetch(self, *, force: bool) -> _Held:
        content = await self._platform.ask(
            "/cgi-bin/stable_token",
            fields={
                "grant_type": "client_credential",
                "appid": self._account.app_id,
                "secret": self._account.secret,
                "force_refresh": force,
            },
        )
        try:
            token, lifetime_s = reading.text(content, "access_token"), reading.whole(content, "expires_in")
        except Malformed as fault:
            raise PlatformUnknown(f"unreadable answer: {fault}") from None
        _log.info("fetched an access token for %s (forced: %s)", self._account.app_id, force)
        held_s = min(max(lifetime_s - _EARLY_S, lifetime_s // 2), _LONGEST_S)
        return _Held(token, clock.now() + timedelta(seconds=held_s))

    def _told(self) -> _Held | None:
        """The token that Redis told of just now."""
        is_fresh = asyncio.get_running_loop().time() < self._told_until
        return self._own if is_fresh and self._own is not None and self._own.until > clock.now() else None

    async def _held(self) -> _Held | None:
        if (redis := self._reachable_redis()) is not None:
            try:
                async with asyncio.timeout(_REDIS_TIMEOUT_S):
                    kept = await redis.get(self._key)
                self._own = None if kept is None else _parsed(kept)
                self._told_until = asyncio.get_running_loop().time() + _TOLD_S
            except _REDIS_FAULTS as fault:
                self._leave_redis(fault)
        held = self._own
        return held if held is not None and held.until > clock.now() else None

    async def _keep(self, held: _Held) -> None:
        self._own = held
        if (redis := self._reachable_redis()) is None:
            return
        lifetime_s = max(1, int((held.until - clock.now()).total_seconds()))
        kept = json.dumps({"token": held.token, "until": held.until.isoformat()})
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_S):
                await redis.set(self._key, kept, ex=lifetime_s)
        except _REDIS_FAULTS as fault:
            self._leave_redis(fault)

    async def _may_force(self) -> bool:
        if (redis := self._reachable_redis()) is not None:
            try:
                async with asyncio.timeout(_REDIS_TIMEOUT_S):
                    return bool(await redis.set(f"{self._key}:forced", "1", nx=True, ex=_FORCE_PAUSE_S))
            except _REDIS_FAULTS as fault:
                self._leave_redis(fault)
        now = asyncio.get_running_loop().time()
        if now < self._own_force_at:
            return False
        self._own_force_at = now + _FORCE_PAUSE_S
        return True

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One process at a time; who waits longer than any fetch may last goes ahead, which does no harm."""
        lock = None
        if (redis := self._reachable_redis()) is not None:
            lock = redis.lock(f"{self._key}:lock", timeout=_LOCK_S, sleep=0.05, blocking_timeout=_LOCK_S)
            try:
                async with asyncio.timeout(_LOCK_S + _REDIS_TIMEOUT_S):
                    if not await lock.acquire():
                        lock = None
            except _REDIS_FAULTS as fault:
                lock = None
                self._leave_redis(fault)
        try:
            yield
        finally:
            if lock is not None:
                with contextlib.suppress(*_REDIS_FAULTS):
                    async with asyncio.timeout(_REDIS_TIMEOUT_S):
                        await lock.release()

    def _reachable_redis(self) -> Redis | None:
        return self._redis if asyncio.get_running_loop().time() >= self._redis_back_at else None

    def _leave_redis(self, fault: BaseException) -> None:
        # Money and login never depend on Redis: go on alone, and do not wait for it at every call.
        _log.warning("going on without Redis for %s s: %s", _REDIS_PAUSE_S, type(fault).__name__)
        self._redis_back_at = asyncio.get_running_loop().time() + _REDIS_PAUSE_S


def _parsed(kept: bytes | str) -> _Held | None:
    try:
        content = reading.json_object(kept.encode() if isinstance(kept, str) else kept)
        return _Held(reading.text(content, "token"), reading.instant(reading.text(content, "until"), "until"))
    except Malformed:
        return None


def _with(token: str, query: Mapping[str, str] | None) -> dict[str, str]:
    return {"access_token": token, **(query or {})}
