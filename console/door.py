"""What every request to the console passes: who it is, in which language, whether it may come from where it comes, and how refusals look."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from admin_api import Operator
from console import account, acting, again, session
from console.places import PREFIX
from console.request import CALLER, CSRF, LOCALE, Console, is_part, page
from core import errors, words
from core.http import endpoint, languages, problems, rates
from members import operators, step_up

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN = web.AppKey("open", frozenset)
"""The paths that nobody has to be signed in for."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def guard(
    built: Console, limiter: rates.RateLimiter, limits: endpoint.Limits
) -> Callable[..., Awaitable[web.StreamResponse]]:
    """The console's middleware."""

    @web.middleware
    async def pass_guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        chosen = session.language(request)
        request[LOCALE] = chosen if chosen in words.LOCALES else languages.of(request)
        request[CSRF] = ""
        try:
            if request.method not in ("GET", "HEAD"):
                session.check_origin(request)
            await _admit(request, built, limiter, limits)
            response = await handler(request)
        except errors.DomainError as refusal:
            response = _refused(request, refusal)
        except web.HTTPException as raised:
            response = raised if raised.status < 400 else _refused(request, problems.of_http(raised))
        if not response.prepared:
            acting.forget_flash(request, response)
            response.headers.setdefault("Content-Security-Policy", POLICY)
            response.headers["Referrer-Policy"] = (
                "same-origin"  # with no-referrer browsers hide the origin of forms from us, too
            )
        return response

    return pass_guard


async def _admit(
    request: web.Request, built: Console, limiter: rates.RateLimiter, limits: endpoint.Limits
) -> None:
    token = session.token_of(request, secure=built.secure)
    found = await operators.of_token(token) if token is not None else None
    if found is not None and token is not None:
        caller = Operator(found, token)
        request[CALLER], request[CSRF] = caller, session.form_token(token)
        request[endpoint.CALLER_LABEL] = caller.label
        if limits.per_caller is not None:
            await limiter.spend(limits.per_caller, caller.label)
    elif request.path not in request.config_dict[OPEN] and not request.path.startswith(f"{PREFIX}/static/"):
        raise errors.Unauthenticated


def _refused(request: web.Request, refusal: errors.DomainError) -> web.StreamResponse:
    if isinstance(refusal, errors.Unauthenticated):
        return _to_sign_in(request)
    if isinstance(refusal, step_up.StepUpRequired):
        return again.lead_to(request)
    if isinstance(refusal, step_up.SecondFactorRequired) and not is_part(request):
        return web.Response(status=303, headers={"Location": account.ADDRESS})
    status = problems.status_of(type(refusal))
    sentence = refusal.sentence(request[LOCALE])
    template = "_refused.jinja" if is_part(request) else "refused.jinja"
    return page(request, template, status, sentence=sentence, status=status, title=sentence)


def _to_sign_in(request: web.Request) -> web.StreamResponse:
    wanted = request.path_qs if request.method == "GET" and not is_part(request) else f"{PREFIX}/"
    where = str(request.url.with_path(f"{PREFIX}/sign-in").with_query({"next": wanted}).relative())
    if is_part(request):
        return web.Response(status=401, headers={"HX-Redirect": where})
    return web.Response(status=303, headers={"Location": where})
