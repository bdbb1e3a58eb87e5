"""The operators' console: pages in the browser over the operators' operations."""

from __future__ import annotations

from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web

import admin_api
from admin_api import routes
from console import (
    account,
    acting,
    again,
    assets,
    authenticator,
    conversations,
    dashboard,
    desk_pages,
    details,
    door,
    exports,
    first_steps,
    hours,
    jobs,
    lists,
    live,
    mine,
    money_pages,
    passkeys,
    shop_settings,
    sign_in,
    single_sign_on,
    teaching,
    timelines,
    wordings,
)
from console.exporting import exporter
from console.navigation import around
from console.places import PREFIX, Places
from console.request import AROUND, CONSOLE, Console
from core import http as kit
from core.http import signature
from core.http.calling import Calls
from members import sign_in_rules

__all__ = ["PREFIX", "build", "exporter"]

_HERE = Path(__file__).parent
_PAGES = (
    assets, again, account, authenticator, mine, live, dashboard, exports, first_steps, conversations,
    money_pages, teaching, wordings, timelines, hours, desk_pages, shop_settings, jobs,
)  # fmt: skip
"""What is written by hand, which registers its addresses before what is made of operations."""


def build(
    services: admin_api.Services,
    *,
    shop_name: str,
    secure: bool,
    limiter: kit.RateLimiter | None = None,
    limits: kit.Limits | None = None,
) -> web.Application:
    """The console, for ``kit.root`` under ``PREFIX``. ``secure``: browsers reach it by https alone."""
    limits = limits if limits is not None else kit.Limits()
    limiter = limiter if limiter is not None else kit.RateLimiter(None)
    built = Console(
        shop_name=shop_name,
        places=Places(routes.API.routes),
        calls=Calls(
            routes.API,
            services=services,
            witness=admin_api.Witness(),
            limiter=limiter,
            timeout_s=limits.timeout_s,
        ),
        secure=secure,
        session_s=int(sign_in_rules.current().session_lifetime.total_seconds()),
        bell=services.bell,
        identity_provider=services.identity_provider,
    )
    application = web.Application(middlewares=[door.guard(built, limiter, limits)])
    application[CONSOLE] = built
    application[AROUND] = around
    open_paths = [
        *sign_in.add_to(application, limiter),
        *passkeys.add_to(application),
        *single_sign_on.add_to(application),
    ]
    application[door.OPEN] = frozenset(open_paths)
    for pages in _PAGES:
        pages.add_to(application)
    _add_places(application, built.places)
    aiohttp_jinja2.setup(
        application,
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return application


def _add_places(application: web.Application, places: Places) -> None:
    router = application.router
    for place in places.shown:
        answer = lists.handler(place) if place.is_list else details.handler(place)
        router.add_get(signature.pattern(place.route), answer)
    for place in places.all.values():
        if place.writes:
            form, do = acting.handlers(place)
            router.add_get(f"/do/{place.name}", form)
            router.add_post(f"/do/{place.name}", do)
