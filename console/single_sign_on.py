"""To the shop's identity provider and back: to sign in, or, signed in, to link the account there with one's own.

Both come back to one address; what the browser keeps meanwhile says which it is. Linking is begun by a form of the session that it is for, and
ends in that session only: nobody is led to link an account that is not theirs.
"""

from __future__ import annotations

from aiohttp import web

from admin_api.operators import origin
from console import account, acting, session, sign_in
from console.places import PREFIX
from console.request import CALLER, CSRF, LOCALE, ask, console, page
from core import errors
from core.http import problems, rates
from core.http.calling import Asked
from members import operator_sign_in, single_sign_on, step_up

_PROOF = "yucun_sign_on"
_LINKING = "link."
_TRIES = rates.Rate(30, 60)


def add_to(door: web.Application) -> list[str]:
    """Adds the ways there and back; gives the paths that are open to everybody."""
    door.router.add_get("/sign-in/single-sign-on", _to_sign_in)
    door.router.add_get("/sign-in/back", _back)
    door.router.add_post("/me/single-sign-on", _to_link)
    return [f"{PREFIX}/sign-in/single-sign-on", f"{PREFIX}/sign-in/back"]


async def _to_sign_in(request: web.Request) -> web.StreamResponse:
    try:
        await sign_in.spend(request, "console_single_sign_on", _TRIES)
        begun = await single_sign_on.begin(console(request).identity_provider, origin=origin(request))
    except errors.DomainError as refusal:
        return _not_signed_in(request, refusal)
    response = web.Response(status=303, headers={"Location": begun.url})
    _keep(request, response, begun.proof)
    return response


async def _to_link(request: web.Request) -> web.StreamResponse:
    """A page leads on, not this answer: browsers let no form of ours end at another site (``form-action``)."""
    session.check_form(str((await request.post()).get("_csrf", "")), request[CSRF])
    try:
        begun = await ask(request, "single_sign_on_begin_link")
    except errors.DomainError as refusal:
        return await account.refused(request, refusal)
    response = page(request, "to_provider.jinja", url=begun.url)
    _keep(request, response, f"{_LINKING}{begun.proof}")
    return response


def _keep(request: web.Request, response: web.Response, proof: str) -> None:
    secure = console(request).secure
    response.set_cookie(_PROOF, proof, max_age=600, path=PREFIX, httponly=True, secure=secure, samesite="Lax")


async def _back(request: web.Request) -> web.StreamResponse:
    proof = request.cookies.get(_PROOF, "")
    linking = proof.startswith(_LINKING)
    response = await (_link if linking else _sign_in)(request, proof.removeprefix(_LINKING))
    if response.status < 400:
        response.del_cookie(_PROOF, path=PREFIX)
    return response


async def _sign_in(request: web.Request, proof: str) -> web.Response:
    state, code = _said(request)
    try:
        await sign_in.spend(request, "console_single_sign_on_back", _TRIES)
        found = await single_sign_on.sign_in(
            console(request).identity_provider, state=state, code=code, proof=proof, origin=origin(request)
        )
    except errors.DomainError as refusal:
        return _not_signed_in(request, refusal)
    return sign_in.follow(request, found)


async def _link(request: web.Request, proof: str) -> web.Response:
    if CALLER not in request:
        return _not_signed_in(request, operator_sign_in.SignInOver())
    state, code = _said(request)
    body = {"state": state, "authorization_code": code, "proof": proof}
    try:
        await ask(request, "single_sign_on_link", Asked(body=body))
    except step_up.StepUpRequired:
        raise  # and they come back here
    except errors.DomainError as refusal:
        return await account.refused(request, refusal)
    return acting.done_there("single_sign_on_begin_link", account.ADDRESS)


def _said(request: web.Request) -> tuple[str, str]:
    return request.query.get("state", "")[:64], request.query.get("code", "")[:2000]


def _not_signed_in(request: web.Request, refusal: errors.DomainError) -> web.Response:
    sentence = refusal.sentence(request[LOCALE])
    return sign_in.first_page(request, sentence, status=problems.status_of(type(refusal)))
