"""The page of one thing: what it is, what can be done with it, and what else is told of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pydantic
from aiohttp import web

from console import filling, forms, lists, specs, states
from console.places import Place
from console.request import LOCALE, ask, caller, console, eyes, is_part, may, page, say
from console.showing import fields_of, is_long
from core import errors
from core.http import problems
from core.http.calling import Asked


def handler(place: Place) -> Any:
    """What answers under the address of one thing, or of a file about it."""

    async def detail(request: web.Request) -> web.StreamResponse:
        return await shown(request, place)

    return detail


async def shown(request: web.Request, place: Place) -> web.StreamResponse:
    """The page, with HTMX only its middle; a file is handed on as it comes."""
    given = dict(request.match_info)
    texts = {name: request.query.getall(name) for name in request.query if name != "part"}
    query = specs.of_query(place.route)
    filled = filling.read(query, texts, blank_is_null=False)
    faults: dict[str, str] = {}
    sentence, found = "", None
    try:
        found = await ask(request, place.name, Asked(path=given, query=filled.values))
    except problems.InvalidRequest as refusal:
        faults, others = forms.sentences(refusal.params["faults"], request[LOCALE])
        sentence = " ".join(others) or say(request, "ask_for")
    except errors.NotFound as refusal:
        if place.slots:
            raise
        sentence = refusal.sentence(request[LOCALE])  # nothing was set so far, and here it can be
    if isinstance(found, web.StreamResponse):
        return found
    told = {
        "place": place,
        "filters": forms.drawn(query, texts, faults if texts else {}, eyes(request, place, given)),
        "address": place.address(given),
        "sentence": sentence,
        **contents(request, place, found, given),
    }
    if is_part(request):
        return page(request, "_detail.jinja", **told)
    return page(request, "detail.jinja", **told, **around(request, place, given, found))


def contents(request: web.Request, place: Place, found: Any, given: dict[str, str]) -> dict[str, Any]:
    """The values of an answer: short ones, and long ones below them."""
    look = eyes(request, place, given)
    row = fields_of(found) if isinstance(found, pydantic.BaseModel) else {}
    pairs = look.pairs(row, row)
    return {
        "pairs": [(label, shown) for label, shown in pairs if not is_long(shown)],
        "long_ones": [(label, shown) for label, shown in pairs if is_long(shown)],
    }


def around(
    request: web.Request, place: Place, given: dict[str, str], found: Any, *, but: Collection[str] = ()
) -> dict[str, Any]:
    """What stands around the page of a thing: its title, what can be done with it as it is, what else is told of it. ``but``: deeds the
    page has a place of its own for."""
    places, look = console(request).places, eyes(request, place, given)
    back = {"back": request.path_qs}
    inside = [one for one in places.inside(place) if may(request, one)]
    return {
        "title": place.title(look.locale),
        "named": _named(place, given, found),
        "crumbs": lists.crumbs(request, place, given),
        "deeds": [
            forms.Deed.of(deed, deed.address(given, back), look.locale)
            for deed in places.deeds(place)
            if deed.name not in but
            and may(request, deed)
            and states.possible(deed.name, found, caller(request).id)
        ],
        "files": [
            (one.title(look.locale), one.address(given)) for one in places.files(place) if may(request, one)
        ],
        "tabs": [(one.name, one.title(look.locale), one.address(given)) for one in inside],
    }


def _named(place: Place, given: dict[str, str], found: Any) -> str:
    """What a thing is called: by its name, where it has one, and the number or code it stands under."""
    number = given.get(place.slots[-1], "") if place.slots else ""
    name = getattr(found, "name", None)
    return f"{name} {number}".strip() if isinstance(name, str) and name != number else number
