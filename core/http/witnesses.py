"""Who writes down what callers ask for: every write, before it is begun and when it has ended, reads that are to be written down, what is not
theirs to ask for, and writes that cannot be understood."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import pydantic
from aiohttp import web

from core import errors
from core.http import problems, routes

Handled = Callable[[web.Request, Any, dict[str, Any]], Awaitable[Any]]
"""What a handler gives for what was found in a request of a caller."""


class Witness(Protocol):
    """Writes down what those who are signed in ask for. What it cannot write down is not answered. ``asked`` are the parts of the path,
    the query and the body as they were parsed; ``told`` is what is about to be answered: the route's answer, or a response."""

    def watches(self, route: routes.Route) -> bool:
        """Whether reads by this route are written down; asked once, when the door is built."""

    async def refused(self, caller: Any, route: routes.Route, request: web.Request, outcome: str) -> None:
        """Whoever asks for what is not their duty, or for a write in a way that cannot be understood, before they are told."""

    async def began(
        self, caller: Any, route: routes.Route, request: web.Request, asked: Mapping[str, Any]
    ) -> int:
        """Before a write. Returns the number for ``ended``."""

    async def ended(self, act: int, outcome: str, told: Any) -> None:
        """After it. ``outcome`` is ``done``, the code of a refusal, or ``failed``."""

    async def read(
        self, caller: Any, route: routes.Route, request: web.Request, asked: Mapping[str, Any], outcome: str, told: Any
    ) -> None:  # fmt: skip
        """A read, before its answer leaves."""


def on_duty(route: routes.Route, witness: Witness | None) -> Callable[[web.Request, Any], Awaitable[None]]:
    """Asks whether the caller may do what the route does, before anything else is looked at.

    Raises (what it makes):
        NotYourDuty: once ``witness`` has written it down.
    """
    duty = route.duty

    async def ask(request: web.Request, caller: Any) -> None:
        if duty is None or caller.may(duty):
            return
        refusal = problems.NotYourDuty(duty=duty)
        if witness is not None:
            await witness.refused(caller, route, request, refusal.code)
        raise refusal

    return ask


def misunderstood(
    route: routes.Route, witness: Witness | None
) -> Callable[[web.Request, Any, errors.DomainError], Awaitable[None]]:
    """Has ``witness`` write down that what a caller sent for a write was refused before the route was asked."""
    told = None if route.auth is None or route.method == "GET" else witness

    async def tell(request: web.Request, caller: Any, refusal: errors.DomainError) -> None:
        if told is not None:
            await told.refused(caller, route, request, refusal.code)

    return tell


def witnessed(route: routes.Route, witness: Witness | None) -> Handled:
    """The route's handler, before the eyes of ``witness`` where there is one for such a route."""
    handler, gate = route.handler, route.gate

    async def plain(_request: web.Request, caller: Any, found: dict[str, Any]) -> Any:
        if gate is not None:
            gate(caller)
        return await handler(**found)

    if witness is None or route.auth is None:
        return plain
    if route.method == "GET":
        return _read(route, witness) if witness.watches(route) else plain
    return _written(route, witness)


def _written(route: routes.Route, witness: Witness) -> Handled:
    handler, gate, told = route.handler, route.gate, _told(route)

    async def watched(request: web.Request, caller: Any, found: dict[str, Any]) -> Any:
        act = await witness.began(caller, route, request, _asked(found))
        outcome, result = "failed", None
        try:
            if gate is not None:
                gate(caller)
            result = await handler(**found)
            outcome = "done"
            result = told(result)
        except errors.DomainError as refusal:
            outcome = refusal.code
            raise
        finally:
            await witness.ended(act, outcome, result)
        return result

    return watched


def _read(route: routes.Route, witness: Witness) -> Handled:
    handler, gate, told = route.handler, route.gate, _told(route)

    async def watched(request: web.Request, caller: Any, found: dict[str, Any]) -> Any:
        outcome, result = "failed", None
        try:
            if gate is not None:
                gate(caller)
            result = told(await handler(**found))
            outcome = "done"
        except errors.DomainError as refusal:
            outcome = refusal.code
            raise
        finally:
            await witness.read(caller, route, request, _asked(found), outcome, result)
        return result

    return watched


def _told(route: routes.Route) -> Callable[[Any], Any]:
    """A handler's result as the model it is answered with."""
    answer = route.answer
    if answer is None:
        return lambda result: result
    validate = answer.__pydantic_validator__.validate_python

    def told(result: Any) -> Any:
        if isinstance(result, answer | web.StreamResponse):
            return result
        return validate(result, from_attributes=True)

    return told


def _asked(found: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, as plain data."""
    asked: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, pydantic.BaseModel):
            asked[name] = value.model_dump(mode="json", exclude_unset=True)
        elif isinstance(value, str | int):
            asked[name] = value
    return asked
