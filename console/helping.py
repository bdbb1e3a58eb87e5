"""The help text of a page: what it is for, what to do there. By the operation whose page it is, or by the page's own name."""

from __future__ import annotations

from aiohttp import web

from console.places import PREFIX, Place, Places
from core import words

TODAY = "today"
"""The first page, which is no operation's."""

_DOING = f"{PREFIX}/do/"


def text(request: web.Request, places: Places, locale: str) -> str | None:
    """The help for the page that is asked for; else the description of its operation, if it has one."""
    resource = request.match_info.route.resource
    path = resource.canonical if resource is not None else ""
    if path in (PREFIX, f"{PREFIX}/"):
        return words.template(f"help.{TODAY}", locale)
    place = of_path(places, path)
    return None if place is None else of_place(place, locale)


def of_path(places: Places, path: str) -> Place | None:
    """The operation whose page or form stands under an address of the console, its parts as ``{slots}``."""
    if path.startswith(_DOING):
        return places.all.get(path.removeprefix(_DOING))
    own = path.removeprefix(PREFIX)
    return next((place for place in places.shown if place.route.path == own), None)


def of_place(place: Place, locale: str) -> str | None:
    """What is said of an operation's page."""
    if words.has(f"help.{place.name}", locale):
        return words.template(f"help.{place.name}", locale)
    described = place.route.description
    return described[0 if locale == "zh-CN" else 1] if described else None
