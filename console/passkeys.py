"""Passkeys in the browser: what ``static/passkeys.js`` is told, and what its forms bring, where somebody signs in, takes the second step,
shows again who they are, or makes a new one."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from aiohttp import web

from admin_api.operators import origin
from admin_api.passkeys import PasskeyAsked
from console import account, acting, again, session, sign_in
from console.places import PREFIX
from console.request import CSRF, LOCALE, ask
from core import errors
from core.http import problems, rates
from core.http.calling import Asked
from members import operator_sign_in, passkeys, step_up

_TRIES = rates.Rate(30, 60)
_MOST_CREDENTIAL = 20_000


def add_to(door: web.Application) -> list[str]:
    """Adds what is asked and answered; gives the paths that are open to everybody."""
    door.router.add_post("/sign-in/passkey/ask", _asked_to_sign_in)
    door.router.add_post("/sign-in/passkey", _sign_in)
    door.router.add_post("/again/passkey/ask", _asked_again)
    door.router.add_post("/again/passkey", _show_again)
    door.router.add_post("/me/passkeys/ask", _asked_to_make)
    door.router.add_post("/me/passkeys", _add)
    return [f"{PREFIX}/sign-in/passkey/ask", f"{PREFIX}/sign-in/passkey"]


async def _asked_to_sign_in(request: web.Request) -> web.StreamResponse:
    second = (await _sent(request)).get("second")

    async def asking() -> Any:
        await sign_in.spend(request, "console_passkey", _TRIES)
        found = await passkeys.ask(second_factor=second or None, origin=origin(request))
        return PasskeyAsked.model_validate(found, from_attributes=True)

    return await _told(request, asking())


async def _sign_in(request: web.Request) -> web.StreamResponse:
    sent = await _sent(request)
    second, kinds = sent.get("second", ""), sent.get("kinds", "").split()
    try:
        await sign_in.spend(request, "console_passkey", _TRIES)
        found = await passkeys.sign_in(sent["challenge"], sent["credential"], origin=origin(request))
    except errors.DomainError as refusal:
        status, sentence = problems.status_of(type(refusal)), refusal.sentence(request[LOCALE])
        if second:
            return sign_in.second_page(request, second, kinds, sentence, status)
        return sign_in.first_page(request, sentence, status=status)
    return sign_in.follow(request, found)


async def _asked_again(request: web.Request) -> web.StreamResponse:
    await _checked(request)
    return await _told(request, ask(request, "passkeys_ask_again"))


async def _show_again(request: web.Request) -> web.StreamResponse:
    answer = _answer(await _checked(request))
    try:
        found = await ask(request, "passkeys_show_again", Asked(body=answer))
    except operator_sign_in.SessionOver:
        raise
    except errors.DomainError as refusal:
        return again.shown(request, refusal.sentence(request[LOCALE]), problems.status_of(type(refusal)))
    return again.renewed(request, found.token)


async def _asked_to_make(request: web.Request) -> web.StreamResponse:
    await _checked(request)
    return await _told(request, ask(request, "passkeys_begin"))


async def _add(request: web.Request) -> web.StreamResponse:
    sent = await _checked(request)
    body = {**_answer(sent), "name": sent.get("name", "").strip()}
    try:
        found = await ask(request, "passkeys_add", Asked(body=body))
    except errors.DomainError as refusal:
        return await account.refused(request, refusal)
    if not found.recovery_codes:
        return acting.done_there("passkeys_add", account.ADDRESS)
    return account.codes_page(request, found.recovery_codes)


async def _told(request: web.Request, asking: Awaitable[Any]) -> web.Response:
    """What the script is told: what to ask the browser for, or why nothing is asked."""
    try:
        found = await asking
    except step_up.StepUpRequired:
        raise
    except errors.DomainError as refusal:
        said = {"sentence": refusal.sentence(request[LOCALE])}
        return web.json_response(said, status=problems.status_of(type(refusal)))
    return web.json_response({"challenge": found.challenge_token, "options": found.options})


async def _checked(request: web.Request) -> dict[str, str]:
    """A form of somebody who is signed in.

    Raises:
        ForeignRequest.
    """
    sent = await _sent(request)
    session.check_form(sent.get("_csrf"), request[CSRF])
    return sent


async def _sent(request: web.Request) -> dict[str, str]:
    form = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
    challenge, credential = form.get("challenge", "")[:64], form.get("credential", "")[:_MOST_CREDENTIAL]
    return {**form, "challenge": challenge, "credential": credential}


def _answer(sent: dict[str, str]) -> dict[str, str]:
    return {"challenge_token": sent["challenge"], "credential": sent["credential"]}
