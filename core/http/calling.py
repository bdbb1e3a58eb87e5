"""Operations of a door, asked for by another door of ours in the same process: the same duties, the same rules for what is sent, the same
witness and the same answers, with no HTTP between."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pydantic
import pydantic_core
from aiohttp import web

from core import errors
from core.http import endpoint, fields, problems, rates, routes, signature, uploads, witnesses


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is sent with a call: texts for the parts of the path, texts or lists of them for the query, JSON values for the body."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    key: str | None = None
    upload: bytes | None = None


class Calls:
    """The operations of a table of contents."""

    def __init__(
        self,
        api: routes.Api,
        *,
        services: Any,
        witness: witnesses.Witness | None,
        limiter: rates.RateLimiter | None = None,
        timeout_s: float = 15.0,
    ) -> None:
        self._services = services
        self._limiter = limiter
        self._timeout_s = timeout_s
        self.routes: Mapping[str, routes.Route] = {route.operation_id: route for route in api.routes}
        self._on_duty = {name: witnesses.on_duty(route, witness) for name, route in self.routes.items()}
        self._misunderstood = {
            name: witnesses.misunderstood(route, witness) for name, route in self.routes.items()
        }
        self._handlers = {name: witnesses.witnessed(route, witness) for name, route in self.routes.items()}

    async def admit(self, name: str, *, request: web.Request, caller: endpoint.OnDuty) -> None:
        """Asks whether the caller may ask for an operation, where a page is about to be shown that leads to it.

        Raises:
            NotYourDuty: once the witness has written it down.
        """
        await self._on_duty[name](request, caller)

    async def call(
        self, name: str, asked: Asked, *, request: web.Request | None, caller: endpoint.OnDuty, locale: str
    ) -> Any:
        """Asks for an operation: gives its answer model, a finished response where the operation answers with a file, or None.

        ``request`` is the one that led to it, for the witness; None: no witness looks on (``witness=None``).

        Raises:
            NotYourDuty, TooManyRequests (``limiter``: a route's own limit), InvalidRequest (``params.faults`` names every place), NotFound, TimedOut, and what the operation refuses with.
        """
        route = self.routes[name]
        await self._on_duty[name](cast("web.Request", request), caller)
        if route.rate is not None and self._limiter is not None:
            await self._limiter.spend(route.rate, f"{name}:{caller.label}")
        try:
            found = self._arguments(route, asked, request, caller, locale)
        except errors.DomainError as refusal:
            await self._misunderstood[name](cast("web.Request", request), caller, refusal)
            raise
        try:
            async with asyncio.timeout(self._timeout_s):
                result = await self._handlers[name](cast("web.Request", request), caller, found)
        except TimeoutError:
            raise problems.TimedOut from None
        if route.answer is None or isinstance(result, web.StreamResponse | route.answer):
            return result
        return route.answer.model_validate(result, from_attributes=True)

    def _arguments(
        self, route: routes.Route, asked: Asked, request: web.Request | None, caller: Any, locale: str
    ) -> dict[str, Any]:
        wants = signature.of(route)
        found: dict[str, Any] = {
            name: _part_of_path(adapter, asked.path.get(name, "")) for name, adapter in wants.path.items()
        }
        faults: list[dict[str, Any]] = []
        if wants.query is not None:
            found["query"] = _checked("query", wants.query.model_validate, asked.query, locale, faults)
        if wants.body is not None:
            sent = pydantic_core.to_json(asked.body)
            found["body"] = _checked("body", wants.body.validate_json, sent, locale, faults)
        if faults:
            raise problems.InvalidRequest(faults=faults[: problems.MAX_FAULTS])
        if wants.key:
            found["key"] = _key(asked.key)
        if route.upload is not None:
            found["upload"] = _upload(asked.upload, route.upload)
        given = {"services": self._services, "caller": caller, "locale": locale}
        found.update({name: given[name] for name in wants.given})
        if wants.request is not None:
            found[wants.request] = request
        return found


def _part_of_path(adapter: pydantic.TypeAdapter[Any], text: str) -> Any:
    try:
        return adapter.validate_python(text)
    except pydantic.ValidationError:
        raise errors.NotFound from None


def _checked(place: str, validate: Any, sent: Any, locale: str, faults: list[dict[str, Any]]) -> Any:
    try:
        found = validate(sent)
    except pydantic.ValidationError as error:
        faults.extend(problems.faults(place, error, locale))
        return None
    raw = sent if isinstance(sent, bytes) else pydantic_core.to_json(sent)
    if b"\\u0000" in raw:
        faults.append(problems.fault(place, (), "nul_character", locale, {}))
    return found


def _key(key: str | None) -> fields.IdempotencyKey:
    if key is None:
        raise problems.IdempotencyKeyRequired
    if endpoint.KEY.fullmatch(key) is None:
        raise problems.InvalidIdempotencyKey
    return fields.IdempotencyKey(key)


def _upload(sent: bytes | None, most_bytes: int) -> uploads.Upload:
    if sent is None:
        raise problems.BadRequest
    if len(sent) > most_bytes:
        raise problems.TooLarge(limit_bytes=most_bytes)
    return uploads.Upload(sent)
