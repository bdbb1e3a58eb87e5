"""One route as an aiohttp handler: everything that can be decided when the door is built is decided then."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import pydantic
import pydantic_core
from aiohttp import web
from multidict import CIMultiDict, MultiMapping

from core import errors
from core.http import (
    addresses,
    conditional,
    fields,
    languages,
    problems,
    rates,
    refusals,
    routes,
    signature,
    uploads,
    witnesses,
)

log = logging.getLogger(__name__)

KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_JSON_HEADERS = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})


class Caller(Protocol):
    """Whom a request comes from. Doors have their own classes; the kit needs only this."""

    @property
    def label(self) -> str:
        """How logs and rate limits call the caller, e.g. ``customer:17``; never a phone number, an openid or a name."""


class Validator(Protocol):
    """What of a pydantic validator is needed here, with or without plugins around it."""

    def validate_python(self, input: Any, /) -> Any: ...

    def validate_json(self, input: bytes, /) -> Any: ...


class OnDuty(Caller, Protocol):
    """A caller who may do some things and others not."""

    def may(self, duty: str) -> bool:
        """Whether the caller may do what routes of this duty do."""


CALLER_LABEL = web.RequestKey("caller_label", str)
CLIENT_ADDRESS = web.RequestKey("client_address", str)

Authenticate = Callable[[web.Request], Awaitable[Caller]]
Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much and how often a door may be asked, and how long it works on one request.

    ``per_address`` counts before anybody is signed in and is shared by everybody behind one address; ``per_caller`` counts
    per signed-in caller. Either may be None.
    """

    body_bytes: int = 256 * 1024
    timeout_s: float = 15.0
    per_address: rates.Rate | None = field(default_factory=lambda: rates.Rate(1200, 60))
    per_caller: rates.Rate | None = field(default_factory=lambda: rates.Rate(240, 60))


def compiled(
    route: routes.Route,
    *,
    services: Any,
    authenticate: Authenticate | None,
    identify: Authenticate | None,
    limits: Limits,
    limiter: rates.RateLimiter,
    witness: witnesses.Witness | None = None,
) -> Respond:
    """The aiohttp handler of a route.

    Raises:
        TypeError: the route cannot work, see ``signature.of``; or it has auth and the door no ``authenticate`` (``identify`` where
            the desk admits).
    """
    wants = signature.of(route)
    signed_in = None
    if route.auth is not None:
        signed_in = identify if route.auth.by_desk else authenticate
        if signed_in is None:
            raise TypeError(
                f"{route.method} {route.path} has auth, but the door was built without authenticate or identify"
            )
    admit = _admission(route, signed_in, limits, limiter, witness)
    arguments = _arguments(wants, services, limits.body_bytes, route.upload)
    reply = _reply(route)
    handler, timeout_s = witnesses.witnessed(route, witness), limits.timeout_s
    body_bytes = limits.body_bytes if route.upload is None else route.upload + uploads.AROUND_BYTES
    expected, name = frozenset(refusals.expected(route)), route.operation_id
    misunderstood = witnesses.misunderstood(route, witness)
    is_conditional = route.conditional

    async def respond(request: web.Request) -> web.StreamResponse:
        try:
            async with asyncio.timeout(timeout_s) as clock:
                caller = await admit(request)
                try:
                    if (announced := request.content_length) is not None and announced > body_bytes:
                        raise problems.TooLarge(limit_bytes=body_bytes)
                    found = await arguments(request, caller)
                except errors.DomainError as refusal:
                    await misunderstood(request, caller, refusal)
                    raise
                answer = reply(await handler(request, caller, found))
            return conditional.answer(request, answer) if is_conditional else answer
        except errors.DomainError as refusal:
            if type(refusal) not in expected:  # clients were not told of it
                log.warning("%s refused with %s, which its route does not list", name, refusal.code)
            raise
        except TimeoutError:
            if clock.expired():
                raise problems.TimedOut from None
            raise

    return respond


def _admission(
    route: routes.Route,
    signed_in: Authenticate | None,
    limits: Limits,
    limiter: rates.RateLimiter,
    witness: witnesses.Witness | None,
) -> Callable[[web.Request], Awaitable[Caller | None]]:
    per_address, per_caller, own = limits.per_address, limits.per_caller, route.rate
    name = route.operation_id
    on_duty = witnesses.on_duty(route, witness) if route.duty is not None else None

    async def admit(request: web.Request) -> Caller | None:
        if per_address is not None or own is not None:
            household = addresses.household(request[CLIENT_ADDRESS])
        if per_address is not None:
            await limiter.spend(per_address, f"address:{household}")
        if signed_in is None:
            if own is not None:
                await limiter.spend(own, f"{name}:{household}")
            return None
        caller = await signed_in(request)
        label = request[CALLER_LABEL] = caller.label
        if per_caller is not None:
            await limiter.spend(per_caller, label)
        if own is not None:
            await limiter.spend(own, f"{name}:{label}")
        if on_duty is not None:
            await on_duty(request, caller)
        return caller

    return admit


def _arguments(
    wants: signature.Wants, services: Any, body_bytes: int, upload_bytes: int | None
) -> Callable[[web.Request, Caller | None], Awaitable[dict[str, Any]]]:
    fixed: dict[str, Any] = {"services": services} if "services" in wants.given else {}
    takes_caller, takes_locale = "caller" in wants.given, "locale" in wants.given
    path = tuple((name, adapter.validator) for name, adapter in wants.path.items())
    query = wants.query.__pydantic_validator__ if wants.query is not None else None
    body = wants.body.validator if wants.body is not None else None
    takes_key, request_name, lists = wants.key, wants.request, wants.query_lists

    async def arguments(request: web.Request, caller: Caller | None) -> dict[str, Any]:
        found = fixed.copy()
        for name, validator in path:
            found[name] = _part_of_path(validator, request.match_info[name])
        if takes_key:
            found["key"] = _idempotency_key(request)
        faults: list[dict[str, Any]] = []
        if query is not None:
            found["query"] = _parsed_query(query, request, lists, faults)
        if body is not None:
            found["body"] = _parsed_body(body, await _read_json(request, body_bytes), request, faults)
        if faults:
            raise problems.InvalidRequest(faults=faults[: problems.MAX_FAULTS])
        if upload_bytes is not None:
            found["upload"] = await uploads.read(request, upload_bytes)
        if takes_caller:
            found["caller"] = caller
        if takes_locale:
            found["locale"] = languages.of(request)
        if request_name is not None:
            found[request_name] = request
        return found

    return arguments


def _part_of_path(validator: Validator, text: str) -> Any:
    try:
        return validator.validate_python(text)
    except pydantic.ValidationError:
        raise errors.NotFound from None  # no such id can exist


def _idempotency_key(request: web.Request) -> fields.IdempotencyKey:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        raise problems.IdempotencyKeyRequired
    if KEY.fullmatch(key) is None:
        raise problems.InvalidIdempotencyKey
    return fields.IdempotencyKey(key)


def _parsed_query(
    validator: Validator,
    request: web.Request,
    lists: frozenset[str],
    faults: list[dict[str, Any]],
) -> Any:
    values = _values(request.query, lists)
    try:
        found = validator.validate_python(values)
    except pydantic.ValidationError as error:
        faults.extend(problems.faults("query", error, languages.of(request)))
        return None
    if "%00" in request.rel_url.raw_query_string:
        faults.extend(_nul_faults("query", values, request))
    return found


def _values(query: MultiMapping[str], lists: frozenset[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in query:
        several = query.getall(name)
        # a scalar given twice stays a list, and its field says so
        values[name] = several if name in lists or len(several) > 1 else several[0]
    return values


async def _read_json(request: web.Request, body_bytes: int) -> bytes:
    kind = request.content_type
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise problems.UnsupportedMediaType(expected=problems.JSON)
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise problems.UnsupportedMediaType(expected=problems.JSON)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise problems.UnsupportedMediaType(expected=problems.JSON)
    body = bytearray()
    content = request.content
    try:
        while chunk := await content.readany():
            body += chunk
            if len(body) > body_bytes:
                raise problems.TooLarge(limit_bytes=body_bytes)
    except web.RequestPayloadError:
        raise problems.BadRequest from None
    return bytes(body)


def _parsed_body(validator: Validator, raw: bytes, request: web.Request, faults: list[dict[str, Any]]) -> Any:
    try:
        found = validator.validate_json(raw)
    except pydantic.ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            raise problems.MalformedJson from None
        faults.extend(problems.faults("body", error, languages.of(request)))
        return None
    # JSON can carry NUL only escaped. PostgreSQL cannot store it, so it is refused wherever a model let it pass.
    if b"\\u0000" in raw:
        faults.extend(_nul_faults("body", pydantic_core.from_json(raw), request))
    return found


def _nul_faults(place: str, sent: Any, request: web.Request) -> list[dict[str, Any]]:
    locale = languages.of(request)
    return [problems.fault(place, at, "nul_character", locale, {}) for at in _nul_places(sent, ())]


def _nul_places(sent: Any, at: tuple[int | str, ...]) -> list[tuple[int | str, ...]]:
    if isinstance(sent, str):
        return [at] if "\0" in sent else []
    if isinstance(sent, dict):
        named = [(*at, "…") for name in sent if "\0" in name]
        return named + [place for name, part in sent.items() for place in _nul_places(part, (*at, name))]
    if isinstance(sent, list):
        return [place for index, part in enumerate(sent) for place in _nul_places(part, (*at, index))]
    return []


def _reply(route: routes.Route) -> Callable[[Any], web.StreamResponse]:
    status, answer = route.status, route.answer
    if answer is None:

        def bare(result: Any) -> web.StreamResponse:
            return result if isinstance(result, web.StreamResponse) else web.Response(status=status)

        return bare
    serializer, validator = answer.__pydantic_serializer__, answer.__pydantic_validator__
    to_json = serializer.to_json

    def reply(result: Any) -> web.StreamResponse:
        if not isinstance(result, answer):
            if isinstance(result, web.StreamResponse):
                return result
            result = validator.validate_python(result, from_attributes=True)
        return web.Response(body=to_json(result), status=status, headers=_JSON_HEADERS)

    return reply
