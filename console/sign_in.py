"""Signing in and out, and the language of the pages."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from console import session
from console.places import PREFIX
from console.request import CALLER, CSRF, LOCALE, console, page
from core import errors, words
from core.http import addresses, endpoint, rates
from members import operators

_TRIES = rates.Rate(10, 60)
_LIMITER = web.AppKey("sign_in_limiter", rates.RateLimiter)


def add_to(door: web.Application, limiter: rates.RateLimiter) -> list[str]:
    """Adds the pages; gives the paths that are open to everybody."""
    door[_LIMITER] = limiter
    door.router.add_get("/sign-in", _form)
    door.router.add_post("/sign-in", _sign_in)
    door.router.add_post("/sign-out", _sign_out)
    door.router.add_get("/language/{locale}", _language)
    return [f"{PREFIX}/sign-in", *(f"{PREFIX}/language/{locale}" for locale in words.LOCALES)]


async def _form(request: web.Request) -> web.StreamResponse:
    if CALLER in request:
        return _to(session.own_address(request.query.get("next")))
    return _page(request)


def _page(request: web.Request, sentence: str = "", login: str = "", status: int = 200) -> web.Response:
    wanted = session.own_address(request.query.get("next"))
    return page(request, "sign_in.jinja", status, sentence=sentence, login=login, next=wanted)


async def _sign_in(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    login, password = str(form.get("login", "")).strip(), str(form.get("password", ""))
    built = console(request)
    try:
        household = addresses.household(request[endpoint.CLIENT_ADDRESS])
        await request.config_dict[_LIMITER].spend(_TRIES, f"console_sign_in:{household}")
        found = await operators.sign_in(login, password, lifetime=timedelta(seconds=built.session_s))
    except errors.DomainError as refusal:
        status = 401 if isinstance(refusal, errors.Unauthenticated) else 429
        return _page(request, refusal.sentence(request[LOCALE]), login, status)
    response = _to(session.own_address(request.query.get("next")))
    session.keep(response, found.token, secure=built.secure, max_age_s=built.session_s)
    return response


async def _sign_out(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    session.check_form(str(form.get("_csrf", "")), request[CSRF])
    await operators.sign_out(request[CALLER].token)
    response = _to(f"{PREFIX}/sign-in")
    session.forget(response, secure=console(request).secure)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


async def _language(request: web.Request) -> web.StreamResponse:
    locale = request.match_info["locale"]
    if locale not in words.LOCALES:
        raise errors.NotFound
    response = _to(session.own_address(request.query.get("next")))
    session.keep_language(response, locale, secure=console(request).secure)
    return response


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
