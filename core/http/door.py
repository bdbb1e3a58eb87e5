"""Putting things together: a door from its table of contents, and the application that holds all doors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pydantic_core
from aiohttp import web

from core.http import cors, docs_page, edge, endpoint, openapi, rates, routes, signature, witnesses

API = web.AppKey("api", routes.Api)


def build(
    api: routes.Api,
    *,
    services: Any = None,
    authenticate: endpoint.Authenticate | None = None,
    identify: endpoint.Authenticate | None = None,
    limits: endpoint.Limits | None = None,
    limiter: rates.RateLimiter | None = None,
    origins: Sequence[str] = (),
    witness: witnesses.Witness | None = None,
) -> web.Application:
    """A door as an application for ``root``; it also answers ``openapi.json`` under its prefix.

    ``services`` is given to handlers that take it. ``authenticate`` finds the caller of a request or raises
    Unauthenticated; ``identify`` does so for routes whose desk admits (``Bearer.by_desk``). ``limiter`` left out: counted in this process only. ``origins``: web pages that may call this door.
    ``witness`` writes down what those who are signed in change, and of what they read what it watches.

    Raises:
        TypeError: a handler asks for something it cannot get, or takes input without limits.
        ValueError: two routes have the same name, or an origin is malformed.
    """
    names = [route.operation_id for route in api.routes]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"operations of the same name: {', '.join(repeated)}")
    door = web.Application()
    door[API] = api
    door[edge.ORIGINS] = cors.Origins(origins)
    limits = limits if limits is not None else endpoint.Limits()
    limiter = limiter if limiter is not None else rates.RateLimiter(None)
    for route in api.routes:
        respond = endpoint.compiled(
            route,
            services=services,
            authenticate=authenticate,
            identify=identify,
            limits=limits,
            limiter=limiter,
            witness=witness,
        )
        if route.method == "GET":
            door.router.add_get(signature.pattern(route), respond)  # HEAD as well
        else:
            door.router.add_route(route.method, signature.pattern(route), respond)
    door.router.add_get("/openapi.json", _document(api))
    return door


def root(
    doors: Sequence[web.Application] = (),
    *,
    others: Mapping[str, web.Application] | None = None,
    settings: edge.Edge | None = None,
    docs: bool = True,
) -> web.Application:
    """The application to serve: ``doors`` under their own prefixes, ``others`` under theirs, and ``/docs``.

    ``others`` are applications that do not speak JSON with our shapes (bot, webhooks, console); they get the same request
    ids, log lines and security headers (a header they set themselves stays). Unknown paths are answered as problems.
    """
    application = web.Application(
        middlewares=[edge.middleware(settings if settings is not None else edge.Edge())]
    )
    for door in doors:
        application.add_subapp(door[API].prefix, door)
    for prefix, other in (others or {}).items():
        application.add_subapp(prefix, other)
    if docs:
        documents = [(door[API].title[0], f"{door[API].prefix}/openapi.json") for door in doors]
        application.add_subapp("/docs", docs_page.build(documents))
    return application


def _document(api: routes.Api) -> Any:
    text: list[bytes] = []

    async def document(_request: web.Request) -> web.Response:
        if not text:
            text.append(pydantic_core.to_json(openapi.openapi(api)))
        return web.Response(
            body=text[0],
            headers={"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-cache"},
        )

    return document
