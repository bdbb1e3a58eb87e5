"""Showing again who one is, where an operation asks for it: before its form is filled in."""

from __future__ import annotations

from aiohttp import web

from admin_api.operators import origin
from console import session
from console.places import PREFIX
from console.request import CALLER, CSRF, LOCALE, console, is_part, page
from core import errors
from members import operator_sign_in


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/again", _form)
    door.router.add_post("/again", _show)


def lead_to(request: web.Request) -> web.Response:
    """Sends the browser to the page, and from there back to where it was."""
    where = str(request.url.with_path(f"{PREFIX}/again").with_query({"next": _address(request)}).relative())
    if is_part(request):
        return web.Response(status=403, headers={"HX-Redirect": where})
    return web.Response(status=303, headers={"Location": where})


def _address(request: web.Request) -> str:
    return request.path_qs if not is_part(request) else f"{PREFIX}/"


async def _form(request: web.Request) -> web.StreamResponse:
    return _page(request)


def _page(request: web.Request, sentence: str = "", status: int = 200) -> web.Response:
    wanted = session.own_address(request.query.get("next"))
    by_code = request[CALLER].on_duty.has_second_factor
    return page(request, "again.jinja", status, sentence=sentence, next=wanted, by_code=by_code)


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
        return _page(request, refusal.sentence(request[LOCALE]), status)
    built = console(request)
    response = web.Response(status=303, headers={"Location": session.own_address(request.query.get("next"))})
    session.keep(response, found.token, secure=built.secure, max_age_s=built.session_s)
    return response
