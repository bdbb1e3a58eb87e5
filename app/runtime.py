"""What a process holds while it runs: the database pool, Redis, the gateways, the clock it follows. Opened and closed here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import redis.asyncio
from aiohttp import web

from app import config, database, outside
from billing import shop_settings, terms
from core import clock, db, sealed
from core import http as kit
from members import chat_codes, people_rules, sign_in_rules
from notifications import policy
from shop import orders as _orders  # noqa: F401 (every process that may hear of a paid bill has the shop follow its own)

log = logging.getLogger(__name__)

_CONNECTIONS_MOST = 300
"""More than the messages that are on their way at once (``notifications.delivery``), and the rest that a process asks."""
_CLOCK_EVERY_S = 1.0
_CLOCK_TIMEOUT_S = 2.0
_SETTINGS_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything doors and jobs are built from."""

    settings: config.Config
    redis: redis.asyncio.Redis | None
    outside: outside.Outside
    tokens: kit.Tokens
    limiter: kit.RateLimiter


RUNTIME = web.AppKey("runtime", Runtime)


@contextlib.asynccontextmanager
async def opened(settings: config.Config, *, pool_max: int | None = None) -> AsyncIterator[Runtime]:
    """Opens what the settings name; everything is closed again, in reverse, when the block ends.

    Raises:
        OSError, asyncpg.PostgresError: The database does not answer. Redis may stay away, and come back later.
    """
    clock.set_zone(settings.shop.timezone)
    terms.use(settings.money.terms())
    policy.use(settings.messages.policy())
    chat_codes.use(settings.tokens.customer_keys[0].secret.get_secret_value().encode())
    sealed.use(settings.sealing.ring())
    people_rules.use(settings.people.rules())
    sign_in_rules.use(
        settings.operators.rules(shop_name=settings.shop.name, public_url=settings.server.public_url)
    )
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(_world_clock(settings.clock.follow_url))
        await stack.enter_async_context(
            database.opened(
                settings.database.url.get_secret_value(),
                pool_min=settings.database.pool_min,
                pool_max=pool_max or settings.database.pool_max,
                frozen_after_s=settings.database.frozen_after_s,
            )
        )
        await db.fetchval(
            "SELECT 1"
        )  # the pool connects when it is first asked; a wrong address should show now
        await stack.enter_async_context(_followed_settings())
        connection = _redis(settings)
        if connection is not None:
            stack.push_async_callback(connection.aclose)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                auto_decompress=True, connector=aiohttp.TCPConnector(limit=_CONNECTIONS_MOST)
            )
        )
        connected = outside.build(settings, session=session, redis=connection)
        await stack.enter_async_context(_fresh_certificates(connected))
        yield Runtime(
            settings=settings,
            redis=connection,
            outside=connected,
            tokens=_tokens(settings),
            limiter=kit.RateLimiter(connection),
        )


def _redis(settings: config.Config) -> redis.asyncio.Redis | None:
    if settings.redis.url is None:
        return None
    return redis.asyncio.Redis.from_url(
        settings.redis.url.get_secret_value(),
        socket_timeout=2,
        socket_connect_timeout=1,
        health_check_interval=30,
    )


def _tokens(settings: config.Config) -> kit.Tokens:
    keys = [kit.Key(key.kid, key.secret.get_secret_value().encode()) for key in settings.tokens.customer_keys]
    lifetime = timedelta(seconds=settings.tokens.customer_ttl_s)
    return kit.Tokens(keys, issuer="yucun", audience="customer", lifetime=lifetime)


@contextlib.asynccontextmanager
async def _followed_settings() -> AsyncIterator[None]:
    """Keeps what operators chose of the shop's terms in force in this process while the block lasts."""
    await shop_settings.follow()

    async def keep() -> None:
        while True:
            await asyncio.sleep(_SETTINGS_EVERY_S)
            try:
                await shop_settings.follow()
            except Exception:  # the database is away: what was in force stays so
                log.warning("the shop's settings could not be read", exc_info=True)

    following = asyncio.create_task(keep(), name="shop settings")
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


@contextlib.asynccontextmanager
async def _fresh_certificates(connected: outside.Outside) -> AsyncIterator[None]:
    """Keeps both channels' certificates fresh in this process while the block lasts."""
    channels = [channel for channel in (connected.wechat_pay, connected.alipay) if channel is not None]
    keeping = [
        asyncio.create_task(channel.keep_certificates(), name=f"certificates {channel.name}")
        for channel in channels
    ]
    try:
        yield
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)


@contextlib.asynccontextmanager
async def _world_clock(url: str | None) -> AsyncIterator[None]:
    """Keeps our clock at the offset that the sandbox's clock has; without a url the machine's clock is right."""
    if url is None:
        yield
        return
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CLOCK_TIMEOUT_S)) as session:
        await _read_clock(session, url)
        following = asyncio.create_task(_follow(session, url), name="world clock")
        try:
            yield
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following


async def _follow(session: aiohttp.ClientSession, url: str) -> None:
    while True:
        await asyncio.sleep(_CLOCK_EVERY_S)
        await _read_clock(session, url)


async def _read_clock(session: aiohttp.ClientSession, url: str) -> None:
    try:
        async with session.get(url) as answer:
            offset = timedelta(seconds=float((await answer.json())["offset_s"]))
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
        log.warning("the world clock does not answer, ours runs on: %s", type(error).__name__)
        return
    if offset != clock.offset():
        log.info("the world clock is now %s ahead of the machine's", offset)
        clock.set_offset(offset)
