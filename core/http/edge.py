"""What every request passes on its way in and out: its id, its log line, security headers, and problem answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from core import errors
from core.http import addresses, cors, endpoint, languages, logs, problems

log = logging.getLogger(__name__)

ORIGINS = web.AppKey("origins", cors.Origins)
REQUEST_ID = web.RequestKey("request_id", str)

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Frame-Options", "DENY"),
    ("Cache-Control", "no-store"),
    ("Server", "yucun"),
)
_HSTS = (("Strict-Transport-Security", "max-age=31536000"),)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """How the outside reaches us.

    ``trusted_networks``: proxies whose ``X-Forwarded-For`` is believed. ``public_url``: where clients find us; with https,
    browsers are told to stay on it. ``outages``: exceptions that mean "the database or another part of ours is away", which
    are answered 503 instead of 500 (and logged all the same).
    """

    trusted_networks: Sequence[str] = ()
    public_url: str = ""
    outages: tuple[type[Exception], ...] = ()


def middleware(edge: Edge) -> Middleware:
    """The one middleware of the root application."""
    address_of = addresses.reader(edge.trusted_networks)
    baseline = (*_ALWAYS, *_HSTS) if edge.public_url.startswith("https://") else _ALWAYS

    @web.middleware
    async def pass_edge(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        request_id = logs.request_id_from(request.headers.get("X-Request-ID"))
        logs.REQUEST_ID.set(request_id)
        request[REQUEST_ID] = request_id
        request[endpoint.CLIENT_ADDRESS] = address_of(request)
        origin = request.headers.get("Origin")
        origins = request.match_info.apps[-1].get(ORIGINS) if origin is not None else None
        preflight = origins.preflight(request) if origins is not None else None
        response = preflight or await _answered(request, handler, edge.outages)
        headers = response.headers
        if not response.prepared:
            headers["X-Request-ID"] = request_id
            for name, value in baseline:
                headers.setdefault(name, value)
            if origins is not None and origin is not None:
                origins.mark(response, origin)
        _write_line(request, response.status, began)
        return response

    return pass_edge


async def _answered(
    request: web.Request, handler: Handler, outages: tuple[type[Exception], ...]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except errors.DomainError as refusal:
        return problems.answer(refusal, languages.of(request))
    except web.HTTPException as error:
        if error.status < 400:
            return _redirect(error)
        return problems.answer(problems.of_http(error), languages.of(request))
    except Exception as fault:
        return problems.answer(_admitted(fault, request, outages), languages.of(request))


def _admitted(
    fault: Exception, request: web.Request, outages: tuple[type[Exception], ...]
) -> errors.DomainError:
    """Logs a fault, and says as much of it as a client may know."""
    if isinstance(fault, ConnectionError) and (request.transport is None or request.transport.is_closing()):
        log.info("the client left")
        return problems.InternalError()
    if isinstance(fault, outages):
        log.error("no answer from a part of ours", exc_info=fault)
        return errors.Unavailable()
    log.error("unhandled fault", exc_info=fault)
    return problems.InternalError()


def _redirect(raised: web.HTTPException) -> web.Response:
    # aiohttp wants redirects raised and responses returned; its headers and cookies are all there is to one
    response = web.Response(status=raised.status, headers=raised.headers)
    for name, cookie in raised.cookies.items():
        response.cookies[name] = cookie
    return response


def _write_line(request: web.Request, status: int, began: float) -> None:
    resource = request.match_info.route.resource
    logs.write_access_line(
        method=request.method,
        # the template, never the path: paths can hold what must not be logged
        route=resource.canonical if resource is not None else None,
        status=status,
        duration_ms=round((time.perf_counter() - began) * 1000, 3),
        caller=request.get(endpoint.CALLER_LABEL),
    )
