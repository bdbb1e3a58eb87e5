"""All doors in one application, each built from what it needs. A new door is one more line here."""

from __future__ import annotations

import asyncio
import functools
import importlib
from collections.abc import Mapping

import asyncpg
from aiohttp import web
from pydantic import SecretStr
from redis.exceptions import RedisError
from tortoise.exceptions import DBConnectionError

import admin_api
import bot
import console
import miniapp_api
import webhooks
from app import database, metrics, wechat_config
from app.runtime import RUNTIME, Runtime
from bot import explaining
from core import db
from core import http as kit
from core.bell import Bell
from members import sign_in
from members.conversation_events import CHANNEL

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
    application.router.add_get(console.PREFIX, _to_console)
    application.router.add_get("/ready", _ready)
    application.router.add_get(
        "/metrics", metrics.handler(settings.server.trusted_proxies, bot.outcomes.counted)
    )
    return application


def doors(runtime: Runtime) -> list[web.Application]:
    """The doors that speak our JSON."""
    return [_miniapp_api(runtime), _admin_api(runtime)]


def others(runtime: Runtime) -> Mapping[str, web.Application]:
    """The doors that speak somebody else's protocol, by prefix."""
    outside = runtime.outside
    return {
        "/webhooks": webhooks.build(
            outside.readers, sms_reports="sms" in outside.post.channels, tracker=outside.tracker
        ),
        bot.PREFIX: _bot(runtime),
        console.PREFIX: _console(runtime),
    }


def _miniapp_api(runtime: Runtime) -> web.Application:
    settings, outside = runtime.settings, runtime.outside
    services = miniapp_api.Services(
        tokens=runtime.tokens,
        mini_program=outside.mini_program,
        phones=outside.mini_program,
        mini_app_id=settings.wechat.mini_program.app_id,
        channels=outside.channels,
        alipay=outside.alipay,
        alipay_app_id=outside.alipay_app_id,
        pages=_pages(runtime),
        message_templates=outside.post.by_kind,
        code_senders=outside.code_senders,
        images=outside.images,
        shop_name=settings.shop.name,
    )
    return miniapp_api.build(
        services, limiter=runtime.limiter, limits=limits(runtime), origins=settings.server.allowed_origins
    )


def _pages(runtime: Runtime) -> sign_in.Pages | None:
    chosen, account = runtime.settings.wechat.official_account, runtime.outside.official_account
    if chosen is None or account is None:
        return None
    return sign_in.Pages(account, chosen.app_id, runtime.outside.channels.leads_home)


def _admin_api(runtime: Runtime) -> web.Application:
    return admin_api.build(operations(runtime), limiter=runtime.limiter, limits=limits(runtime))


def _console(runtime: Runtime) -> web.Application:
    settings = runtime.settings
    return console.build(
        operations(runtime),
        shop_name=settings.shop.name,
        secure=settings.server.public_url.startswith("https://"),
        limiter=runtime.limiter,
        limits=limits(runtime),
    )


def operations(runtime: Runtime) -> admin_api.Services:
    """What the operators' operations need of the shop."""
    settings = runtime.settings
    return admin_api.Services(
        channels=runtime.outside.channels,
        readers=runtime.outside.readers,
        images=runtime.outside.images,
        vocabulary=explaining.HouseWords(),
        menus=runtime.outside.menus,
        scene_codes=runtime.outside.scene_codes,
        shop_name=settings.shop.name,
        identity_provider=runtime.outside.identity_provider,
        redis_state=functools.partial(_redis_state, runtime),
        bell=Bell(settings.database.url.get_secret_value(), CHANNEL),
    )


def _bot(runtime: Runtime) -> web.Application:
    settings, wechat = runtime.settings, runtime.settings.wechat
    accounts = {}
    for name, chosen in (
        ("official_account", wechat.official_account),
        ("mini_program", wechat.mini_program),
    ):
        if chosen is not None and chosen.push is not None and chosen.token is not None:
            accounts[name] = bot.Account(
                app_id=chosen.app_id,
                token=chosen.token.get_secret_value(),
                encoding_aes_key=_text(chosen.encoding_aes_key),
                previous_encoding_aes_key=_text(chosen.previous_encoding_aes_key),
                mode=chosen.push,
                original_id=chosen.original_id if isinstance(chosen, wechat_config.OfficialAccount) else None,
            )
    return bot.build(
        shop=bot.Shop(settings.shop.name, settings.shop.locale, _mini_program_pages(wechat.mini_program)),
        dialogues=bot.Dialogues(runtime.redis),
        official_account=accounts.get("official_account"),
        mini_program=accounts.get("mini_program"),
        customer_messages=runtime.outside.official_account,
        service_messages=runtime.outside.mini_program,
        guesser=_guesser(settings.chat.guesser),
    )


def _guesser(named: str | None) -> bot.Guesser | None:
    """What the settings name, made: ``package.module:factory``, called without arguments.

    Raises:
        ImportError, AttributeError: there is no such thing; the server does not start.
    """
    if named is None:
        return None
    module, _, factory = named.partition(":")
    made: bot.Guesser = getattr(importlib.import_module(module), factory)()
    return made


def _mini_program_pages(chosen: wechat_config.MiniProgram) -> bot.Pages:
    pages = chosen.pages
    return bot.Pages(app_id=chosen.app_id, top_up=pages.top_up, bill=pages.bill, order=pages.order)


def _text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def limits(runtime: Runtime) -> kit.Limits:
    """How much and how often a door may be asked."""
    chosen = runtime.settings.limits
    return kit.Limits(
        body_bytes=chosen.body_bytes,
        timeout_s=chosen.request_timeout_s,
        per_address=kit.Rate(chosen.requests_per_minute_per_address, 60),
        per_caller=kit.Rate(chosen.requests_per_minute_per_caller, 60),
    )


async def _to_console(_request: web.Request) -> web.Response:
    return web.Response(status=308, headers={"Location": f"{console.PREFIX}/"})


async def _health(_request: web.Request) -> web.Response:
    """The process runs. Says nothing about anything else, so that no outage makes an orchestrator kill processes."""
    return web.json_response({"status": "ok"})


async def _ready(request: web.Request) -> web.Response:
    """Requests can be served: the database answers and has its tables. Redis is told about, and may be away."""
    checks = {
        "database": await _database_state(),
        "redis": (await _redis_state(request.app[RUNTIME])).replace("_", " "),
    }
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


async def _redis_state(runtime: Runtime) -> admin_api.RedisState:
    if runtime.redis is None:
        return "not_configured"
    try:
        async with asyncio.timeout(_READY_TIMEOUT_S):
            await runtime.redis.ping()
    except (RedisError, OSError, TimeoutError):
        return "no_answer"
    return "ok"
