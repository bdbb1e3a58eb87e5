"""Signing in and out, and the language of the pages."""

from __future__ import annotations

from aiohttp import web

from admin_api.operators import origin
from console import session
from console.places import PREFIX
from console.request import CALLER, CSRF, LOCALE, console, page
from core import errors, words
from core.http import addresses, endpoint, problems, rates
from members import operator_sign_in, single_sign_on

_TRIES = rates.Rate(10, 60)
_PROOF = "yucun_sign_on"
_LIMITER = web.AppKey("sign_in_limiter", rates.RateLimiter)


def add_to(door: web.Application, limiter: rates.RateLimiter) -> list[str]:
    """Adds the pages; gives the paths that are open to everybody."""
    door[_LIMITER] = limiter
    door.router.add_get("/sign-in", _form)
    door.router.add_post("/sign-in", _sign_in)
    door.router.add_post("/sign-in/second", _second)
    door.router.add_get("/sign-in/single-sign-on", _to_provider)
    door.router.add_get("/sign-in/back", _from_provider)
    door.router.add_post("/sign-out", _sign_out)
    door.router.add_get("/language/{locale}", _language)
    return [
        f"{PREFIX}/sign-in",
        f"{PREFIX}/sign-in/second",
        f"{PREFIX}/sign-in/single-sign-on",
        f"{PREFIX}/sign-in/back",
        *(f"{PREFIX}/language/{locale}" for locale in words.LOCALES),
    ]


async def _form(request: web.Request) -> web.StreamResponse:
    if CALLER in request:
        return _to(session.own_address(request.query.get("next")))
    return _page(request)


def _page(request: web.Request, sentence: str = "", login: str = "", status: int = 200) -> web.Response:
    wanted = session.own_address(request.query.get("next"))
    sign_on = console(request).identity_provider is not None
    return page(
        request, "sign_in.jinja", status, sentence=sentence, login=login, next=wanted, sign_on=sign_on
    )


async def _sign_in(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    login, password = str(form.get("login", "")).strip(), str(form.get("password", ""))
    try:
        household = addresses.household(request[endpoint.CLIENT_ADDRESS])
        await request.config_dict[_LIMITER].spend(_TRIES, f"console_sign_in:{household}")
        found = await operator_sign_in.sign_in(login, password, origin=origin(request))
    except errors.DomainError as refusal:
        status = 401 if isinstance(refusal, errors.Unauthenticated) else 429
        return _page(request, refusal.sentence(request[LOCALE]), login, status)
    if isinstance(found, operator_sign_in.SecondFactorWanted):
        return _second_page(request, found.challenge)
    return _signed_in(request, found)


def _second_page(request: web.Request, challenge: str, sentence: str = "", status: int = 200) -> web.Response:
    wanted = session.own_address(request.query.get("next"))
    return page(request, "second_factor.jinja", status, sentence=sentence, challenge=challenge, next=wanted)


async def _second(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    challenge, code = str(form.get("challenge", ""))[:64], str(form.get("code", ""))[:40]
    try:
        household = addresses.household(request[endpoint.CLIENT_ADDRESS])
        await request.config_dict[_LIMITER].spend(_TRIES, f"console_sign_in:{household}")
        return _signed_in(request, await operator_sign_in.second(challenge, code, origin=origin(request)))
    except operator_sign_in.WrongSecondFactor as refusal:
        return _second_page(request, challenge, refusal.sentence(request[LOCALE]), 401)
    except errors.DomainError as refusal:
        status = 401 if isinstance(refusal, errors.Unauthenticated) else 429
        return _page(request, refusal.sentence(request[LOCALE]), status=status)


async def _to_provider(request: web.Request) -> web.StreamResponse:
    built = console(request)
    try:
        begun = await single_sign_on.begin(built.identity_provider, origin=origin(request))
    except errors.DomainError as refusal:
        return _page(request, refusal.sentence(request[LOCALE]), status=problems.status_of(type(refusal)))
    response = _to(begun.url)
    response.set_cookie(
        _PROOF, begun.proof, max_age=600, path=PREFIX, httponly=True, secure=built.secure, samesite="Lax"
    )
    return response


async def _from_provider(request: web.Request) -> web.StreamResponse:
    state, code = (request.query.get(name, "")[:2000] for name in ("state", "code"))
    proof = request.cookies.get(_PROOF, "")
    try:
        found = await single_sign_on.sign_in(
            console(request).identity_provider, state=state, code=code, proof=proof, origin=origin(request)
        )
    except errors.DomainError as refusal:
        return _page(request, refusal.sentence(request[LOCALE]), status=problems.status_of(type(refusal)))
    if isinstance(found, operator_sign_in.SecondFactorWanted):
        return _second_page(request, found.challenge)
    response = _signed_in(request, found)
    response.del_cookie(_PROOF, path=PREFIX)
    return response


def _signed_in(request: web.Request, found: operator_sign_in.Session) -> web.Response:
    built = console(request)
    response = _to(session.own_address(request.query.get("next")))
    session.keep(response, found.token, secure=built.secure, max_age_s=built.session_s)
    return response


async def _sign_out(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    session.check_form(str(form.get("_csrf", "")), request[CSRF])
    await operator_sign_in.sign_out(request[CALLER].on_duty)
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
