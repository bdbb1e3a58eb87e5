"""Signing in and out, and the language of the pages."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from admin_api.operators import origin
from console import session
from console.places import PREFIX
from console.request import CALLER, CSRF, LOCALE, console, page
from core import errors, words
from core.http import addresses, endpoint, rates
from members import operator_sign_in, passkeys, second_factors

_TRIES = rates.Rate(10, 60)
_FACTORS: tuple[second_factors.Kind, ...] = ("totp", "passkey", "recovery_code")
_LIMITER = web.AppKey("sign_in_limiter", rates.RateLimiter)


def add_to(door: web.Application, limiter: rates.RateLimiter) -> list[str]:
    """Adds the pages; gives the paths that are open to everybody."""
    door[_LIMITER] = limiter
    door.router.add_get("/sign-in", _form)
    door.router.add_post("/sign-in", _sign_in)
    door.router.add_post("/sign-in/second", _second)
    door.router.add_post("/sign-out", _sign_out)
    door.router.add_get("/language/{locale}", _language)
    return [
        f"{PREFIX}/sign-in",
        f"{PREFIX}/sign-in/second",
        *(f"{PREFIX}/language/{locale}" for locale in words.LOCALES),
    ]


async def _form(request: web.Request) -> web.StreamResponse:
    if CALLER in request:
        return _to(session.own_address(request.query.get("next")))
    return first_page(request)


def first_page(request: web.Request, sentence: str = "", login: str = "", status: int = 200) -> web.Response:
    """The ways to sign in, and what went wrong."""
    return page(
        request,
        "sign_in.jinja",
        status,
        operator=None,
        sentence=sentence,
        login=login,
        next=session.own_address(request.query.get("next")),
        sign_on=console(request).identity_provider is not None,
        by_passkey=passkeys.are_possible(),
    )


async def _sign_in(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    login, password = str(form.get("login", "")).strip(), str(form.get("password", ""))
    try:
        await spend(request, "console_sign_in", _TRIES)
        found = await operator_sign_in.sign_in(login, password, origin=origin(request))
    except errors.DomainError as refusal:
        status = 401 if isinstance(refusal, errors.Unauthenticated) else 429
        return first_page(request, refusal.sentence(request[LOCALE]), login, status)
    return follow(request, found)


async def spend(request: web.Request, what: str, rate: rates.Rate) -> None:
    """Counts a try from where the request comes.

    Raises:
        TooManyRequests.
    """
    household = addresses.household(request[endpoint.CLIENT_ADDRESS])
    await request.config_dict[_LIMITER].spend(rate, f"{what}:{household}")


def second_page(
    request: web.Request, challenge: str, kinds: Iterable[str], sentence: str = "", status: int = 200
) -> web.Response:
    """The second step: what it can be taken with, and what went wrong."""
    found = [one for one in _FACTORS if one in kinds]
    return page(
        request,
        "second_factor.jinja",
        status,
        operator=None,
        sentence=sentence,
        challenge=challenge,
        kinds=found,
        by_code="totp" in found or "recovery_code" in found,
        by_passkey="passkey" in found and passkeys.are_possible(),
        next=session.own_address(request.query.get("next")),
    )


async def _second(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    challenge, code = str(form.get("challenge", ""))[:64], str(form.get("code", ""))[:40]
    kinds = str(form.get("kinds", "")).split()
    try:
        await spend(request, "console_sign_in", _TRIES)
        return follow(request, await operator_sign_in.second(challenge, code, origin=origin(request)))
    except operator_sign_in.WrongSecondFactor as refusal:
        return second_page(request, challenge, kinds, refusal.sentence(request[LOCALE]), 401)
    except errors.DomainError as refusal:
        status = 401 if isinstance(refusal, errors.Unauthenticated) else 429
        return first_page(request, refusal.sentence(request[LOCALE]), status=status)


def follow(
    request: web.Request, found: operator_sign_in.Session | operator_sign_in.SecondFactorWanted
) -> web.Response:
    """What follows from a proof: the second step, or the session and where they wanted to go."""
    if isinstance(found, operator_sign_in.SecondFactorWanted):
        return second_page(request, found.challenge, found.kinds)
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
