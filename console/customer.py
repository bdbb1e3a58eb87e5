"""The page of one customer: who it is, what they have, and everything else in a few tabs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from console import details, forms, lists
from console.customer_parts import FIRST, GROUPS, TABS, Part
from console.places import Place
from console.request import LOCALE, ask, console, eyes, is_part, may, page, telling
from console.showing import Shown
from core import clock, errors, words
from core.http.calling import Asked


@dataclass(frozen=True, slots=True)
class Section:
    """A part as it stands in its tab: rows under these headings, or pairs; ``href``: all of it."""

    operation: str
    title: str
    href: str
    heads: tuple[str, ...] = ()
    rows: tuple[lists.Row, ...] = ()
    pairs: tuple[tuple[str, Shown], ...] = ()
    long_ones: tuple[tuple[str, Shown], ...] = ()
    origins: tuple[tuple[Any, ...], ...] = ()
    sentence: str = ""


def add_to(door: web.Application) -> None:
    """Adds the page; its tabs are asked for under the same address."""
    door.router.add_get("/customers/{customer_id:[0-9]+}", _customer)


async def _customer(request: web.Request) -> web.StreamResponse:
    given = {"customer_id": request.match_info["customer_id"]}
    tell = telling(request, "customer")
    tabs = _tabs(request)
    chosen = request.query.get("tab", "")
    chosen = chosen if chosen in tabs else next(iter(tabs))
    look = eyes(request, console(request).places.all["customers_one"], given)
    told = {"tell": tell, "look": look, **given, "chosen": chosen}
    told |= await _tab(request, chosen, tabs[chosen], given)
    if is_part(request):
        return page(request, "_customer_tab.jinja", **told)
    return page(
        request,
        "customer.jinja",
        tabs=[(name, tell(f"tab.{name}"), f"{request.path}?tab={name}") for name in tabs],
        **told,
        **await _head(request, given, tell),
    )


def _tabs(request: web.Request) -> dict[str, list[Part]]:
    """The tabs in which the operator may see something, with what they may see."""
    places = console(request).places.all
    found = {
        name: [one for one in parts if may(request, places[one.operation])] for name, parts in TABS.items()
    }
    return {name: parts for name, parts in found.items() if parts}


async def _head(request: web.Request, given: Mapping[str, str], tell: Any) -> dict[str, Any]:
    places = console(request).places
    look = eyes(request, places.all["customers_one"], given)
    customer = await ask(request, "customers_one", Asked(path=given))
    tags = await ask(request, "segments_tags_of", Asked(path=given))
    tiers = {one.code: one for one in (await ask(request, "tiers_listing")).items}
    tier = tiers.get(customer.tier or "")
    return {
        "title": customer.name or f"#{customer.id}",
        "customer": customer,
        "crumbs": lists.crumbs(request, places.all["customers_one"], given),
        "state": look.value("state", customer.state),
        "tier": "" if tier is None else tier.name_zh if request[LOCALE] == "zh-CN" else tier.name_en,
        "tags": tags.tags,
        "lasts": await _lasts(request, given, tell),
        **_deeds(request, given, tell),
    }


async def _lasts(request: web.Request, given: Mapping[str, str], tell: Any) -> str:
    """How long the balance lasts, as a sentence."""
    try:
        found = await ask(request, "customers_forecast", Asked(path=given))
    except errors.NotFound:
        return ""
    if not found.spends:
        return str(tell("spends_nothing"))
    if found.days is None:
        return str(tell("lasts_longer", days=found.horizon_days))
    said = tell("lasts", days=found.days, day=found.runs_out_on)
    return f"{said} {tell('early')}" if found.is_early else str(said)


def _deeds(request: web.Request, given: Mapping[str, str], tell: Any) -> dict[str, Any]:
    """What can be done: the first few, and all in groups."""
    places, locale, back = console(request).places, request[LOCALE], {"back": request.path}
    possible = {one.name: one for one in places.deeds(places.all["customers_one"]) if may(request, one)}

    def buttons(names: Any) -> list[forms.Deed]:
        chosen = [possible[name] for name in names if name in possible]
        return [forms.Deed.of(one, one.address(given, back), locale) for one in chosen]

    grouped = {name for names in GROUPS.values() for name in names}
    rest = [name for name in possible if name not in grouped]
    groups = [
        (tell(f"group.{name}"), buttons([*names, *(rest if name == "account" else ())]))
        for name, names in GROUPS.items()
    ]
    return {"first": buttons(FIRST), "groups": [(name, several) for name, several in groups if several]}


async def _tab(
    request: web.Request, name: str, parts: list[Part], given: Mapping[str, str]
) -> dict[str, Any]:
    if name == "statement":
        return await _statement(request, given)
    told: dict[str, Any] = {"sections": [await _section(request, one, given) for one in parts]}
    if name == list(TABS)[-1]:
        told["others"] = _others(request, given)
    return told


def _others(request: web.Request, given: Mapping[str, str]) -> list[tuple[str, str]]:
    """What else is told of a customer and stands in no tab."""
    places = console(request).places
    known = {part.operation for parts in TABS.values() for part in parts} | {
        "segments_tags_of",
        "customers_forecast",
    }
    return [
        (one.title(request[LOCALE]), one.address(given))
        for one in places.inside(places.all["customers_one"])
        if one.name not in known and may(request, one)
    ]


async def _section(request: web.Request, part: Part, given: Mapping[str, str]) -> Section:
    place = console(request).places.all[part.operation]
    look = eyes(request, place, given)
    asked: dict[str, Any] = {
        name: value.format(**given).split(",") if "," in value else value.format(**given)
        for name, value in part.query.items()
    }
    path = {slot: given[slot] for slot in place.slots}
    own_title = f"desk_pages.customer.part.{part.operation}"
    title = (
        words.template(own_title, look.locale)
        if words.has(own_title, look.locale)
        else place.title(look.locale)
    )
    href = place.address(path, asked or None)
    if place.is_list and place.query is not None:
        asked["limit"] = str(part.most)
    try:
        found = await ask(request, part.operation, Asked(path=path, query=asked))
    except errors.DomainError as refusal:
        return Section(part.operation, title, href, sentence=refusal.sentence(look.locale))
    if not place.is_list:
        return Section(part.operation, title, href, **_values(request, place, found, given))
    columns = (
        list(part.columns) or list(found.items[0].__class__.model_fields)
        if found.items
        else list(part.columns)
    )
    rows = lists.rows(request, place, found.items[: part.most], columns, given)
    return Section(
        part.operation,
        title,
        href,
        tuple(map(look.label, columns)),
        tuple(rows),
        origins=tuple(tuple(one.origins) for one in found.items)
        if part.operation == "explanations_lots"
        else (),
    )


def _values(request: web.Request, place: Place, found: Any, given: Mapping[str, str]) -> dict[str, Any]:
    shown = details.contents(request, place, found, dict(given))
    return {"pairs": tuple(shown["pairs"]), "long_ones": tuple(shown["long_ones"])}


async def _statement(request: web.Request, given: Mapping[str, str]) -> dict[str, Any]:
    """The statement of a period that is chosen, at first of this month."""
    places, locale = console(request).places.all, request[LOCALE]
    today = clock.today()
    first = today.replace(day=1)
    days = {"from": request.query.get("from", str(first)), "to": request.query.get("to", str(today))}
    paging = {name: request.query[name] for name in ("cursor",) if name in request.query}
    told: dict[str, Any] = {
        "period": days,
        "periods": _periods(request),
        "files": [
            (places[name].title(locale), places[name].address(given, days))
            for name in ("statements_as_csv", "statements_as_xlsx")
            if may(request, places[name])
        ],
        "statement": None,
        "sentence": "",
        "look": eyes(request, places["statements_read"], given),
    }
    try:
        found = await ask(
            request, "statements_read", Asked(path=given, query={**days, **paging, "limit": "100"})
        )
    except errors.DomainError as refusal:
        return told | {"sentence": refusal.sentence(locale)}
    more = None if found.next_cursor is None else {**days, "tab": "statement", "cursor": found.next_cursor}
    why = places["explanations_why"]
    return told | {
        "statement": found,
        "more": None if more is None else places["customers_one"].address(given, more),
        "why": {one.id: why.address({**given, "change_id": one.id}) for one in found.items}
        if may(request, why)
        else {},
    }


def _periods(request: web.Request) -> list[tuple[str, str]]:
    tell, today = telling(request, "customer"), clock.today()
    first = today.replace(day=1)
    before = first - timedelta(days=1)
    spans = {
        "this_month": (first, today),
        "last_month": (before.replace(day=1), before),
        "quarter": (today - timedelta(days=90), today),
        "year": (today - timedelta(days=365), today),
    }
    return [
        (tell(f"period.{name}"), f"{request.path}?tab=statement&from={begins}&to={ends}")
        for name, (begins, ends) in spans.items()
    ]
