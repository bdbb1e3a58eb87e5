"""Which refusals a client of a route must expect: those its table line names, and those every route of its kind has."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from core import errors
from core.http import problems, routes, signature, tokens


@functools.cache
def expected(route: routes.Route) -> tuple[type[errors.DomainError], ...]:
    """All of them, the route's own first."""
    return tuple(dict.fromkeys((*route.refusals, *_common(route))))


def _common(route: routes.Route) -> Iterator[type[errors.DomainError]]:
    wants = signature.of(route)
    if route.auth is not None:
        yield from (errors.Unauthenticated, tokens.InvalidToken, tokens.ExpiredToken)
        yield from route.auth.refusals
    if route.duty is not None:
        yield problems.NotYourDuty
    if wants.path:
        yield errors.NotFound
    if wants.key:
        yield from (problems.IdempotencyKeyRequired, problems.InvalidIdempotencyKey)
    if wants.query is not None and "cursor" in wants.query.model_fields:
        yield problems.InvalidCursor
    if wants.query is not None or wants.body is not None:
        yield problems.InvalidRequest
    if wants.body is not None:
        yield from (problems.MalformedJson, problems.BadRequest, problems.UnsupportedMediaType)
    if wants.upload:
        yield from (problems.BadRequest, problems.UnsupportedMediaType)
    yield from (problems.TooLarge, problems.TooManyRequests, problems.InternalError, problems.TimedOut)
    yield errors.Unavailable
