"""Delivery: one worker gets queued messages to a platform that answers each after 50 ms, through PostgreSQL and Redis as in a shop.

Against it stands what the platform or a shop would allow a worker: 2,000 messages a second.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator

import aiohttp
from redis.asyncio import Redis

from benchmarks import counters, place, seeds, slow_platform
from benchmarks.rounds import Contest, RunFailed
from core import clock, db
from gateways import wechat
from notifications import delivery, templates
from notifications.channels.subscribe import Subscribe
from notifications.pace import Pace

FLOOR = "2,000 messages a second, the most that a worker is to be allowed; no work is done for it"
MOST_PER_S = 2_000.0

MESSAGES = 4_000
_APP_ID, _TEMPLATE_ID = "wx-bench", "bench-topped-up"
_REACHABLE = """
WITH known AS (
    INSERT INTO identity (customer_id, provider, app_id, subject, follows, created_at)
    SELECT id, 'mini_program', $2, 'openid-' || id, false, $3 FROM unnest($1::bigint[]) AS id
)
INSERT INTO subscribe_quota (app_id, openid, template_id, remaining, updated_at)
SELECT $2, 'openid-' || id, $4, 1000000, $3 FROM unnest($1::bigint[]) AS id
"""
_QUEUE = """
INSERT INTO outbox_message (customer_id, kind, dedup_key, params, state, attempts, next_attempt_at, created_at)
SELECT id, 'topped_up', 'bench:' || $2::text || ':' || id,
       jsonb_build_object('amount_fen', 20000, 'bonus_fen', 2000, 'available_fen', 22000, 'at', $3::timestamptz), 'queued', 0, $3, $3
FROM unnest($1::bigint[]) AS id
"""
_WENT = "SELECT count(*) FROM outbox_message WHERE state = 'sent' AND channel = 'subscribe'"


@contextlib.asynccontextmanager
async def deliveries(where: place.Place) -> AsyncIterator[Contest]:
    """``notifications.delivery.run``. Every segment is so many messages to as many customers; its length is ignored."""
    async with (
        place.opened(where) as runtime,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=delivery.LANES * delivery.CHUNK)
        ) as session,
    ):
        with slow_platform.started() as url:
            made = await seeds.customers(MESSAGES)
            await db.execute(_REACHABLE, made, _APP_ID, clock.now(), _TEMPLATE_ID)
            await db.execute(
                "ANALYZE"
            )  # as a shop's tables are: without statistics a customer's openid is looked for among all
            post = _post(url, session, runtime.redis)
            queued = 0

            async def floor(_seconds: float) -> float:
                return MOST_PER_S

            async def subject(_seconds: float) -> float:
                nonlocal queued
                queued += 1
                await db.execute(_QUEUE, made, str(queued), clock.now())
                began = time.perf_counter()
                counts = await delivery.run(post)
                spent_s = time.perf_counter() - began
                if counts != {"subscribe": MESSAGES}:
                    raise RunFailed(f"{dict(counts)} instead of {MESSAGES} by subscribe messages")
                return MESSAGES / spent_s

            async def counted() -> dict[str, float]:
                whole = await counters.per_operation(where.database_url, lambda _: subject(0), times=2)
                if await db.fetchval(_WENT) != queued * MESSAGES:
                    raise RunFailed("not every message went out once")
                return {f"{name}_per_message": round(count / MESSAGES, 4) for name, count in whole.items()}

            async def before_round() -> None:
                """A segment queues its own messages."""

            yield Contest(floor=floor, subject=subject, counters=counted, before_round=before_round)


def _post(url: str, session: aiohttp.ClientSession, redis: Redis | None) -> delivery.Post:
    account = wechat.Account(_APP_ID, "secret")
    platform = wechat.Platform(url, session=session)
    mini_program = wechat.MiniProgram(account, platform, wechat.AccessTokens(account, platform, redis=redis))
    fields = {"amount1": "amount", "amount2": "bonus", "amount3": "balance", "time4": "time"}
    by_kind = {"topped_up": templates.Template(_TEMPLATE_ID, fields)}
    channel = Subscribe(_APP_ID, mini_program, by_kind)
    pace = Pace(redis, {"subscribe": 100_000})
    return delivery.Post(_APP_ID, {"subscribe": channel}, by_kind, pace=pace)
