"""The guided first run: what a shop sets up and tries before it opens, ticked off by what the operations tell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console import session
from console.places import PREFIX
from console.request import CSRF, ask, console, is_part, may, page, say
from core import errors
from core.http.calling import Asked

_COOKIE = "yucun_first_steps"
_YEAR_S = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is called, where it is taken, and whether it was."""

    name: str
    title: str
    address: str
    done: bool


Tells = Callable[[web.Request], Awaitable[bool]]


def _some(operation: str, at_least: int = 1) -> Tells:
    async def told(request: web.Request) -> bool:
        place = console(request).places.all[operation]
        query = {"limit": str(at_least)} if place.query is not None else {}
        return len((await ask(request, operation, Asked(query=query))).items) >= at_least

    return told


def _there(operation: str) -> Tells:
    async def told(request: web.Request) -> bool:
        try:
            await ask(request, operation)
        except errors.NotFound:
            return False
        return True

    return told


_STEPS: Mapping[str, tuple[str, str, Tells]] = {
    "store": ("stores_listing", "stores_listing", _some("stores_listing")),
    "hours": ("opening_hours_of_shop", "opening_hours_put_of_shop", _there("opening_hours_of_shop")),
    "package": ("packages_listing", "packages_add", _some("packages_listing")),
    "product": ("products_listing", "products_add", _some("products_listing")),
    "operator": ("staff_listing", "staff_add", _some("staff_listing", 2)),
    "customer": ("customers_listing", "customers_listing", _some("customers_listing")),
    "counter": ("counter_listing", "customers_listing", _some("counter_listing")),
    "reconciliation": ("reconciliation_listing", "reconciliation_listing", _some("reconciliation_listing")),
}
"""By the step's name: the operation that tells, the one it is taken with, and how it is told."""


def add_to(door: web.Application) -> None:
    """Adds the part of the first page, and leaving it away."""
    door.router.add_get("/first-steps", _shown)
    door.router.add_post("/first-steps", _dismissed)


async def _shown(request: web.Request) -> web.StreamResponse:
    """The steps; as a part of the first page nothing once all are done or it was sent away in this browser."""
    away = is_part(request) and _COOKIE in request.cookies
    steps = [] if away else await _steps(request)
    if is_part(request) and all(step.done for step in steps):
        return web.Response(text="", content_type="text/html")
    told: dict[str, Any] = {"steps": steps, "done": sum(step.done for step in steps)}
    template = "_first_steps.jinja" if is_part(request) else "first_steps.jinja"
    return page(request, template, title=say(request, "steps.title"), **told)


async def _steps(request: web.Request) -> list[Step]:
    """Those that the operator may take and see."""
    places = console(request).places.all
    return [
        Step(name, say(request, f"steps.{name}"), _address(request, does), await told(request))
        for name, (tells, does, told) in _STEPS.items()
        if may(request, places[tells]) and may(request, places[does])
    ]


def _address(request: web.Request, name: str) -> str:
    place = console(request).places.all[name]
    return place.address({}, {"back": f"{PREFIX}/"} if place.writes else None)


async def _dismissed(request: web.Request) -> web.StreamResponse:
    sent = (await request.post()).get("_csrf")
    session.check_form(sent if isinstance(sent, str) else None, request[CSRF])
    response = web.Response(status=303, headers={"Location": f"{PREFIX}/"})
    secure = console(request).secure
    response.set_cookie(
        _COOKIE, "away", max_age=_YEAR_S, path=PREFIX, httponly=True, secure=secure, samesite="Lax"
    )
    return response
