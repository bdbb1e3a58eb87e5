"""The one list of the console: filters, columns, pages, and what can be done with a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from console import arrangement, columns, exports, filling, forms, sorting, specs, states
from console.places import PREFIX, Place
from console.request import LOCALE, ask, caller, console, eyes, is_part, may, page
from console.showing import PICTURE, Eyes, Shown, fields_of
from core import http as kit
from core import words
from core.http import problems
from core.http.calling import Asked

_COLUMNS = "columns"
_OWN = frozenset({_COLUMNS, "part", "view"})
"""What the address of a list says to the console itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its cells in the order of the columns, its page, and what can be done with it. ``link``: which cell leads to its page."""

    cells: tuple[Shown, ...]
    href: str | None
    deeds: tuple[tuple[str, str], ...]
    link: int = 0


def handler(place: Place) -> Any:
    """What answers under the address of a list."""

    async def listing(request: web.Request) -> web.StreamResponse:
        return await shown(request, place)

    return listing


async def shown(request: web.Request, place: Place) -> web.StreamResponse:
    """A page of the list, or with HTMX only its rows."""
    given = dict(request.match_info)
    texts = {name: request.query.getall(name) for name in request.query if name not in _OWN}
    filled = filling.read(specs.of_query(place.route), texts, blank_is_null=False)
    paging = {name: texts[name][0] for name in ("cursor", "limit") if texts.get(name)}
    faults: dict[str, str] = {}
    found: Any = kit.Cut((), None)
    try:
        found = await ask(request, place.name, Asked(path=given, query={**filled.values, **paging}))
    except problems.InvalidRequest as refusal:
        faults, _others = forms.sentences(refusal.params["faults"], request[LOCALE])
    told = _told(request, place, given, found, texts)
    if is_part(request):
        return page(request, "_list.jinja", **told)
    around = _around(request, place, given, texts, faults if texts else {})
    return page(request, "list.jinja", **told, **around, **await exports.told_of(request, place))


def _told(
    request: web.Request, place: Place, given: Mapping[str, str], found: Any, texts: filling.Texts
) -> dict[str, Any]:
    look = eyes(request, place, given)
    names = chosen_columns(request, place)
    sorts = sorting.links(place, given, _kept(request, texts))
    several = [fields_of(item) for item in found.items]
    return {
        "place": place,
        "list_id": f"list-{place.name}",
        "columns": [(name, look.label(name)) for name in names],
        "sorts": sorts,
        "rows": [_row(request, look, place, row, names, given) for row in several],
        "next_address": _next_address(request, place, given, found.next_cursor, texts),
        "first_address": place.address(given, _kept(request, texts)) if texts.get("cursor") else None,
    }


def rows(
    request: web.Request, place: Place, items: Iterable[Any], columns: list[str], given: Mapping[str, str]
) -> list[Row]:
    """Some rows of a list as they stand on another page."""
    look = eyes(request, place, given)
    return [_row(request, look, place, fields_of(item), columns, given) for item in items]


def chosen_columns(request: web.Request, place: Place) -> list[str]:
    """The columns that are asked for, else those that stand for this list."""
    return columns.of(place, request.query.getall(_COLUMNS, []))


def _row(
    request: web.Request,
    look: Eyes,
    place: Place,
    row: Mapping[str, Any],
    names: list[str],
    given: Mapping[str, str],
) -> Row:
    places = console(request).places
    own = places.row_page(place)
    href = None
    if own is not None and may(request, own) and (parts := places.parts_of_row(own, row, given)) is not None:
        href = own.address(parts)
    deeds = []
    if own is None or own.slots[-1:] == place.slots[-1:]:
        for deed in places.row_deeds(place):
            if not (may(request, deed) and states.possible(deed.name, row, caller(request).id)):
                continue
            if (parts := places.parts_of_row(deed, row, given)) is not None:
                back = {"back": back_of(request)} if deed.writes else None
                deeds.append((deed.title(look.locale), deed.address(parts, back)))
    cells = tuple(look.value(name, row[name], row=row) for name in names)
    link = next((at for at, name in enumerate(names) if name != PICTURE), 0)
    return Row(cells=cells, href=href, deeds=tuple(deeds), link=link)


def back_of(request: web.Request) -> str:
    """The address to come back to after something was done."""
    return request.headers.get("HX-Current-URL", "").partition(request.host)[2] or request.path_qs


def _kept(request: web.Request, texts: filling.Texts) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: values for name, values in texts.items() if name != "cursor" and any(values)
    }
    if wanted := request.query.getall(_COLUMNS, []):
        kept[_COLUMNS] = wanted
    return kept


def _next_address(
    request: web.Request, place: Place, given: Mapping[str, str], cursor: str | None, texts: filling.Texts
) -> str | None:
    return place.address(given, {**_kept(request, texts), "cursor": cursor}) if cursor else None


def _around(
    request: web.Request,
    place: Place,
    given: Mapping[str, str],
    texts: filling.Texts,
    faults: Mapping[str, str],
) -> dict[str, Any]:
    look, places = eyes(request, place, given), console(request).places
    back = {"back": request.path_qs}
    shown_columns = chosen_columns(request, place)
    return {
        "title": place.title(look.locale),
        "crumbs": crumbs(request, place, given),
        "filters": forms.drawn(
            sorted(specs.of_query(place.route), key=lambda one: one.name == sorting.SORT), texts, faults, look
        ),
        "all_columns": [
            (name, look.label(name), name in shown_columns)
            for name in (place.model.model_fields if place.model is not None else ())
        ],
        "deeds": [
            *(
                forms.Deed.of(deed, deed.address(given, back), look.locale)
                for deed in places.deeds(place)
                if may(request, deed)
            ),
            *(
                forms.Deed(words.say(f"desk_pages.{title}", look.locale), f"{PREFIX}{path}", dangerous=False)
                for title, path in arrangement.ALSO.get(place.name, ())
            ),
        ],
        "files": [
            (one.title(look.locale), one.address(given)) for one in places.files(place) if may(request, one)
        ],
        "address": place.address(given),
        "query": urlencode(_kept(request, texts), doseq=True),
        "parts": given,
        "here": request.path_qs,
    }


def crumbs(request: web.Request, place: Place, given: Mapping[str, str]) -> list[tuple[str, str]]:
    """The way here: the pages above this one, from the top."""
    way: list[tuple[str, str]] = []
    places, above = console(request).places, place
    while (found := places.parent(above)) is not None:
        above = found
        if may(request, above):
            named = "" if above.is_list or not above.slots else f" {given.get(above.slots[-1], '')}"
            way.insert(0, (above.title(request[LOCALE]) + named, above.address(given)))
    return way
