"""Showing again who one is, where an operation asks for it: before its form is filled in."""

from __future__ import annotations

from aiohttp import web

from admin_api.operators import origin
from console import session
from console.places import PREFIX
from console.request import CALLER, CSRF, LOCALE, console, is_part, page
from core import errors
from members import operator_sign_in, passkeys


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/again", _form)
    door.router.add_post("/again", _show)


def lead_to(request: web.Request, back: str | None = None) -> web.Response:
    """Sends the browser to the page, and from there back to where it was, or to ``back``."""
    wanted = back or _address(request)
    where = str(request.url.with_path(f"{PREFIX}/again").with_query({"next": wanted}).relative())
    if is_part(request):
        return web.Response(status=403, headers={"HX-Redirect": where})
    return web.Response(status=303, headers={"Location": where})


def _address(request: web.Request) -> str:
    """Of a part, the page that it is of."""
    if not is_part(request):
        return request.path_qs
    return session.own_address(request.headers.get("HX-Current-URL", "").partition(request.host)[2])


async def _form(request: web.Request) -> web.StreamResponse:
    return shown(request)


def shown(request: web.Request, sentence: str = "", status: int = 200) -> web.Response:
    """The ways to show it, and what went wrong."""
    who = request[CALLER].on_duty
    return page(
        request,
        "again.jinja",
        status,
        sentence=sentence,
        next=session.own_address(request.query.get("next")),
        by_code=who.has_second_factor,
        by_app=who.has_totp,
        by_passkey=who.has_passkey and passkeys.are_possible(),
    )


async def _show(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    session.check_form(str(form.get("_csrf", "")), request[CSRF])
    caller, proof = request[CALLER], str(form.get("proof", ""))[:200]
    by = {"code" if caller.on_duty.has_second_factor else "password": proof}
    try:
        found = await operator_sign_in.show_again(caller.on_duty, caller.token, **by, origin=origin(request))
    except operator_sign_in.SessionOver:
        raise
    except errors.DomainError as refusal:
        status = 401 if isinstance(refusal, errors.Unauthenticated) else 429
        return shown(request, refusal.sentence(request[LOCALE]), status)
    return renewed(request, found.token)


def renewed(request: web.Request, token: str) -> web.Response:
    """Back to where they were, with another token."""
    built = console(request)
    response = web.Response(status=303, headers={"Location": session.own_address(request.query.get("next"))})
    session.keep(response, token, secure=built.secure, max_age_s=built.session_s)
    return response
