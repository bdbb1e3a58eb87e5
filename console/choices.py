"""What may be chosen in a form where that is what the shop has: its roles, its stores."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from console.places import Place
from console.request import ask, console, eyes, may
from core.http.calling import Asked

Choices = Mapping[str, tuple[tuple[str, str], ...]]
"""By field: what is sent, and what it is called."""

_FORMS = frozenset({"staff_add", "staff_post"})


async def of(request: web.Request, place: Place) -> Choices:
    """The choices of a form, as far as the operator may know them."""
    if place.name not in _FORMS:
        return {}
    return {"role": await _roles(request), "store": await _stores(request)}


async def _roles(request: web.Request) -> tuple[tuple[str, str], ...]:
    if not may(request, console(request).places.all["roles_listing"]):
        return ()
    found = await ask(request, "roles_listing", Asked(query={"limit": "100"}))
    look = eyes(request)
    return tuple(
        (one.role, one.name or look.value("role", one.role).text)
        for one in found.items
        if one.state == "active"
    )


async def _stores(request: web.Request) -> tuple[tuple[str, str], ...]:
    if not may(request, console(request).places.all["stores_listing"]):
        return ()
    return tuple((one.code, one.name) for one in (await ask(request, "stores_listing")).items)
