"""What a client reads when a request is refused: one JSON shape for every reason, in the client's language and English.

``{"code", "message", "message_en", "params", "request_id"}``; programs look at ``code``, people at ``message``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pydantic_core
from aiohttp import web
from multidict import CIMultiDict

from core import errors, words
from core.http import logs

MAX_FAULTS = 50
"""A client that is wrong in more places than this learns the first ones."""

_STATUS_BY_KIND: tuple[tuple[type[errors.DomainError], int], ...] = (
    (errors.NotFound, 404),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.Conflict, 409),
    (errors.Invalid, 422),
    (errors.Unavailable, 503),
)


class InvalidRequest(errors.Invalid):
    """Something sent has the wrong shape; ``params.faults`` lists every place."""

    code = "invalid_request"


class MalformedJson(errors.Invalid):
    """The body is not JSON."""

    code = "malformed_json"
    http_status: ClassVar[int] = 400


class BadRequest(errors.Invalid):
    """The request breaks the HTTP protocol itself."""

    code = "bad_request"
    http_status: ClassVar[int] = 400


class MethodNotAllowed(errors.Invalid):
    """The path exists, but not for this method."""

    code = "method_not_allowed"
    http_status: ClassVar[int] = 405


class TooLarge(errors.Invalid):
    """The body is larger than the door takes."""

    code = "request_too_large"
    http_status: ClassVar[int] = 413


JSON = "application/json; charset=utf-8"


class UnsupportedMediaType(errors.Invalid):
    """The body is not announced as what is read here: JSON in UTF-8, or a file. ``expected``: the media type that is."""

    code = "unsupported_media_type"
    http_status: ClassVar[int] = 415


class TooManyRequests(errors.Unavailable):
    """The caller asks more often than allowed; ``Retry-After`` says when to come back."""

    code = "too_many_requests"
    http_status: ClassVar[int] = 429


class TimedOut(errors.Unavailable):
    """The work took longer than the door waits, and was broken off."""

    code = "timed_out"


class InternalError(errors.Unavailable):
    """A fault of ours. The log has it under the request id."""

    code = "internal_error"
    http_status: ClassVar[int] = 500


class IdempotencyKeyRequired(errors.Invalid):
    """The header Idempotency-Key is missing."""

    code = "idempotency_key_required"


class InvalidIdempotencyKey(errors.Invalid):
    """The header Idempotency-Key is not 8-64 of ``A-Za-z0-9_-``."""

    code = "invalid_idempotency_key"


class NotYourDuty(errors.Forbidden):
    """The caller is signed in, but what they may do does not include this; ``params.duty`` names what is missing."""

    code = "not_your_duty"


class InvalidCursor(errors.Invalid):
    """The cursor is not one that this list gave out."""

    code = "invalid_cursor"


def status_of(refusal: type[errors.DomainError]) -> int:
    """The HTTP status a refusal is answered with."""
    own = getattr(refusal, "http_status", None)
    if isinstance(own, int):
        return own
    return next((status for kind, status in _STATUS_BY_KIND if issubclass(refusal, kind)), 500)


def answer(refusal: errors.DomainError, locale: str) -> web.Response:
    """The refusal as a response; the edge adds the headers every response has."""
    status = status_of(type(refusal))
    problem = {
        "code": refusal.code,
        "message": refusal.sentence(locale),
        "message_en": refusal.sentence("en"),
        "params": refusal.params,
        "request_id": logs.REQUEST_ID.get(),
    }
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8", "Vary": "Accept-Language"})
    headers["Content-Language"] = locale
    if status == 401:
        headers["WWW-Authenticate"] = _challenge(refusal)
    if isinstance(allowed := refusal.params.get("allowed"), list) and status == 405:
        headers["Allow"] = ", ".join(allowed)
    if isinstance(wait_s := refusal.params.get("retry_after_s"), int):
        headers["Retry-After"] = str(wait_s)
    return web.Response(
        body=pydantic_core.to_json(problem, fallback=lambda _unserialisable: None),
        status=status,
        headers=headers,
    )


def of_http(error: web.HTTPException) -> errors.DomainError:
    """The refusal that says in our words what aiohttp raised."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        return MethodNotAllowed(method=error.method, allowed=sorted(error.allowed_methods))
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return TooLarge()
    if error.status == 415:
        return UnsupportedMediaType(expected=JSON)
    known: Mapping[int, type[errors.DomainError]] = {
        401: errors.Unauthenticated,
        403: errors.Forbidden,
        404: errors.NotFound,
        429: TooManyRequests,
        503: errors.Unavailable,
    }
    return known.get(error.status, InternalError if error.status >= 500 else BadRequest)()


def faults(place: str, error: pydantic_core.ValidationError, locale: str) -> list[dict[str, Any]]:
    """Everything a model found wrong in one place (``path``, ``query``, ``body``), without the values that were sent."""
    return [
        fault(place, found["loc"], found["type"], locale, found.get("ctx", {}))
        for found in error.errors(include_url=False, include_input=False)[:MAX_FAULTS]
    ]


def fault(
    place: str, location: Sequence[int | str], kind: str, locale: str, context: Mapping[str, Any]
) -> dict[str, Any]:
    """One thing that is wrong: where, of which kind, and a sentence about it in both languages."""
    key = f"faults.{kind}" if words.has(f"faults.{kind}", "en") else "faults.other"
    params = {name: value for name, value in context.items() if isinstance(value, str | int | float)}
    choices = _CHOICE.findall(str(params.get("expected", "")))

    def said(language: str) -> str:
        told = {"expected": _one_of(choices, language)} if choices else {}
        return words.say(key, language, **(params | told))

    return {
        "location": [
            place,
            *(logs.masked(part[:64]) if isinstance(part, str) else part for part in location),
        ],
        "type": kind,
        "message": said(locale),
        "message_en": said("en"),
    }


_CHOICE = re.compile(r"'([^']*)'")
"""In what Pydantic says of a value that is none of some words: ``'a', 'b' or 'c'``."""


def _one_of(choices: Sequence[str], locale: str) -> str:
    *others, last = choices
    between, before_last = ("、", " 或 ") if locale.startswith("zh") else (", ", " or ")
    return f"{between.join(others)}{before_last}{last}" if others else last


def _challenge(refusal: errors.DomainError) -> str:
    # RFC 6750 section 3: no error attribute when the client sent no token at all
    if type(refusal) is errors.Unauthenticated:
        return 'Bearer realm="yucun"'
    return f'Bearer realm="yucun", error="invalid_token", error_description="{refusal.sentence("en")}"'
