"""All doors in one application, each built from what it needs. A new door is one more line here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import asyncpg
from aiohttp import web
from redis.exceptions import RedisError
from tortoise.exceptions import DBConnectionError

from app import database
from app.runtime import RUNTIME, Runtime
from core import db
from core import http as kit

_READY_TIMEOUT_S = 2.0
OUTAGES = (OSError, TimeoutError, DBConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError)
"""What a missing database looks like from inside a handler."""


def assemble(runtime: Runtime) -> web.Application:
    """The application that a server process serves."""
    settings = runtime.settings
    application = kit.root(
        doors(runtime),
        others=others(runtime),
        settings=kit.Edge(
            trusted_networks=settings.server.trusted_proxies,
            public_url=settings.server.public_url,
            outages=OUTAGES,
        ),
    )
    application[RUNTIME] = runtime
    application.router.add_get("/health", _health)
    application.router.add_get("/ready", _ready)
    return application


def doors(runtime: Runtime) -> list[web.Application]:
    """The doors that speak our JSON."""
    return []


def others(runtime: Runtime) -> Mapping[str, web.Application]:
    """The doors that speak somebody else's protocol, by prefix."""
    return {}


def limits(runtime: Runtime) -> kit.Limits:
    """How much and how often a door may be asked."""
    chosen = runtime.settings.limits
    return kit.Limits(
        body_bytes=chosen.body_bytes,
        timeout_s=chosen.request_timeout_s,
        per_address=kit.Rate(chosen.requests_per_minute_per_address, 60),
        per_caller=kit.Rate(chosen.requests_per_minute_per_caller, 60),
    )


async def _health(_request: web.Request) -> web.Response:
    """The process runs. Says nothing about anything else, so that no outage makes an orchestrator kill processes."""
    return web.json_response({"status": "ok"})


async def _ready(request: web.Request) -> web.Response:
    """Requests can be served: the database answers and has its tables. Redis is told about, and may be away."""
    checks = {"database": await _database_state(), "redis": await _redis_state(request.app[RUNTIME])}
    ready = checks["database"] == "ok"
    return web.json_response(
        {"status": "ok" if ready else "unavailable", "checks": checks}, status=200 if ready else 503
    )


async def _database_state() -> str:
    try:
        async with asyncio.timeout(_READY_TIMEOUT_S):
            await db.fetchval("SELECT 1")
            missing = await database.missing_migrations()
    except (*OUTAGES, asyncpg.PostgresError):
        return "no answer"
    return f"missing migrations: {', '.join(missing)}" if missing else "ok"


async def _redis_state(runtime: Runtime) -> str:
    if runtime.redis is None:
        return "not configured"
    try:
        async with asyncio.timeout(_READY_TIMEOUT_S):
            await runtime.redis.ping()
    except (RedisError, OSError, TimeoutError):
        return "no answer"
    return "ok"
