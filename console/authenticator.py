"""An authenticator app of one's own: its secret as a QR code, and the first code of it; and new recovery codes."""

from __future__ import annotations

import segno
from aiohttp import web

from console import account, acting, session
from console.request import CSRF, LOCALE, ask, page
from core import errors
from core.http import problems
from core.http.calling import Asked
from members import step_up


def add_to(door: web.Application) -> None:
    """Adds the page and what it sends."""
    door.router.add_post("/me/authenticator", _begin)
    door.router.add_post("/me/authenticator/confirm", _confirm)
    door.router.add_post("/me/recovery-codes", _new_codes)


async def _begin(request: web.Request) -> web.StreamResponse:
    await _checked(request)
    try:
        made = await ask(request, "second_factors_begin_totp")
    except errors.DomainError as refusal:
        return await account.refused(request, refusal)
    return _page(request, made.secret, made.uri)


async def _confirm(request: web.Request) -> web.StreamResponse:
    sent = await _checked(request)
    try:
        found = await ask(
            request, "second_factors_confirm_totp", Asked(body={"one_time_code": sent.get("code", "")})
        )
    except step_up.StepUpRequired as refusal:
        return await account.refused(request, refusal)
    except errors.DomainError as refusal:
        status = problems.status_of(type(refusal))
        return _page(
            request,
            sent.get("secret", "")[:100],
            sent.get("uri", "")[:1000],
            refusal.sentence(request[LOCALE]),
            status,
        )
    if not found.recovery_codes:
        return acting.done_there("second_factors_confirm_totp", account.ADDRESS)
    return account.codes_page(request, found.recovery_codes)


async def _new_codes(request: web.Request) -> web.StreamResponse:
    await _checked(request)
    try:
        found = await ask(request, "second_factors_new_recovery_codes")
    except errors.DomainError as refusal:
        return await account.refused(request, refusal)
    return account.codes_page(request, found.recovery_codes)


def _page(request: web.Request, secret: str, uri: str, sentence: str = "", status: int = 200) -> web.Response:
    return page(
        request,
        "authenticator.jinja",
        status,
        sentence=sentence,
        secret=secret,
        uri=uri,
        picture=segno.make(uri, error="m").svg_data_uri(scale=4, border=4) if uri else "",
        back=account.ADDRESS,
    )


async def _checked(request: web.Request) -> dict[str, str]:
    sent = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
    session.check_form(sent.get("_csrf"), request[CSRF])
    return sent
