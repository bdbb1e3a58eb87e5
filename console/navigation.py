"""What stands around every page: the areas, the operator, the language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console import acting, arrangement, assets, helping, labels
from console.places import PREFIX, Place
from console.request import CALLER, CSRF, LOCALE, console, may
from console.showing import initials
from core import words


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the console and the pages in it that the operator may open."""

    name: str
    title: str
    pages: tuple[tuple[str, str, bool], ...]
    is_open: bool


def around(request: web.Request) -> dict[str, Any]:
    """What templates are told without being given it."""
    locale = request.get(LOCALE, words.DEFAULT_LOCALE)
    caller = request.get(CALLER)
    other = next(one for one in words.LOCALES if one != locale)
    return {
        "say": lambda key, **params: words.say(f"console.{key}", locale, **params),
        "asset": assets.address,
        "moment": lambda at: words.fill("{at:minute}", at=at),
        "locale": locale,
        "prefix": PREFIX,
        "csrf": request.get(CSRF, ""),
        "shop_name": console(request).shop_name,
        "operator": caller,
        "initials": initials(caller.name) if caller is not None else "",
        "areas": areas(request, locale) if caller is not None else [],
        "other_language": (other, f"{PREFIX}/language/{other}", request.path_qs),
        "help": helping.text(request, console(request).places, locale) if caller is not None else None,
        "flash": acting.flash(request) if caller is not None else None,
    }


def areas(request: web.Request, locale: str) -> list[Area]:
    """The areas in which the operator may open something."""
    places = console(request).places.all
    found = []
    for name, members in arrangement.AREAS.items():
        pages = (
            *_own_pages(request, name, locale),
            *(
                (place.title(locale), place.address({}), _is_here(request, place))
                for place in (places[one] for one in members)
                if may(request, place)
            ),
        )
        if pages:
            found.append(Area(name, labels.area(name, locale), pages, any(here for _, _, here in pages)))
    return found


def _own_pages(request: web.Request, area: str, locale: str) -> list[tuple[str, str, bool]]:
    """The pages of an area that are no operation's own."""
    places = console(request).places.all
    return [
        (
            words.say(f"desk_pages.{title}", locale),
            f"{PREFIX}{path}",
            request.path.startswith(f"{PREFIX}{path}"),
        )
        for title, path, operation in arrangement.OWN_PAGES.get(area, ())
        if may(request, places[operation])
    ]


def _is_here(request: web.Request, place: Place) -> bool:
    own = place.address({})
    return request.path == own or request.path.startswith(f"{own}/")
