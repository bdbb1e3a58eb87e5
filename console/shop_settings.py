"""The shop's settings on one page: what they are, who changed them last, where they are changed, and what they were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console import forms, lists
from console.places import Place
from console.request import LOCALE, admit, ask, console, eyes, may, page, telling
from console.showing import Eyes, Shown
from core.http.calling import Asked

_LISTING, _RULES, _HISTORY, _ACT = (
    "shop_settings_listing",
    "shop_settings_rules",
    "shop_settings_history",
    "acts_one",
)

_LISTS: Mapping[str, str] = {
    "recharge_package": "packages_listing",
    "tier": "tiers_listing",
    "points_rule": "points_rules",
    "coupon_template": "coupons_templates",
    "store": "stores_listing",
    "opening_hours": "opening_hours_of_shop",
    "plan_offer": "plan_offers_listing",
    "dunning_policy": "dunning_policies",
    "deduction_rule": "deduction_rules_listing",
    "freight_template": "freight_listing",
    "bookable": "bookings_listing",
    "fee_rule": "rates_listing",
    "agreement": "agreements_listing",
    "message_template": "messages_wordings_in_force",
}
"""Where the rows of a table of rules are listed and changed."""


def add_to(door: web.Application) -> None:
    """Adds the page of all settings, and the one of what a setting was."""
    door.router.add_get("/shop-settings", _settings)
    door.router.add_get("/shop-settings/changes", _changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A setting as it stands on the page. ``last``: who changed it, and when; empty: nobody here."""

    label: str
    value: Shown
    default: Shown
    is_chosen: bool
    last: str
    history: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The settings of a subject, and the button that leads to their form."""

    name: str
    title: str
    lines: list[Line]
    deed: forms.Deed | None
    of_file_alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A table of rules: where it is changed, how many it has."""

    label: str
    href: str | None
    rows: int
    last: str
    history: str


async def _settings(request: web.Request) -> web.StreamResponse:
    places, tell = console(request).places.all, telling(request, "settings")
    found, rules = await ask(request, _LISTING), await ask(request, _RULES)
    look, address = eyes(request, places[_LISTING]), places[_HISTORY].address({})
    by_subject: dict[str, list[Any]] = {}
    for one in found.items:
        by_subject.setdefault(one.subject, []).append(one)
    return page(
        request,
        "settings.jinja",
        title=places[_LISTING].title(request[LOCALE]),
        tell=tell,
        subjects=[_subject(request, look, name, ones) for name, ones in by_subject.items()],
        rules=[
            Rule(
                label=tell(f"table_{one.of_table}"),
                href=_listed(request, one.of_table),
                rows=one.rows,
                last=_last(tell, look, one),
                history=f"{address}?of={one.of_table}",
            )
            for one in rules.items
        ],
    )


def _subject(request: web.Request, look: Eyes, name: str, ones: Iterable[Any]) -> Subject:
    places, tell = console(request).places.all, telling(request, "settings")
    put, history = places.get(f"shop_settings_put_{name}"), places[_HISTORY].address({})
    here = {"back": places[_LISTING].address({}), "then": "back"}
    lines = [
        Line(
            label=tell(f"name_{one.name}") if one.of_file_alone else look.label(one.name),
            value=_value(tell, look, one.name, one.value),
            default=_value(tell, look, one.name, one.default),
            is_chosen=one.is_chosen,
            last=_last(tell, look, one),
            history="" if one.of_file_alone else f"{history}?of={one.name}",
        )
        for one in ones
    ]
    return Subject(
        name=name,
        title=tell(f"subject_{name}"),
        lines=lines,
        deed=forms.Deed.of(put, put.address({}, here), look.locale)
        if put is not None and may(request, put)
        else None,
        of_file_alone=put is None,
    )


def _value(tell: Any, look: Eyes, name: str, value: Any) -> Shown:
    if name in ("matching_order", "claw_back"):
        return Shown(tell(f"{name}_{value}"))
    return look.value(name, value)


def _last(tell: Any, look: Eyes, one: Any) -> str:
    if one.operator_name is None:
        return ""
    return str(tell("last", who=one.operator_name, at=look.value("changed_at", one.changed_at).text))


def _listed(request: web.Request, table: str) -> str | None:
    place = console(request).places.all[_LISTS[table]]
    return place.address({}) if may(request, place) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One change: when, by whom, in which row, and each field that differs, before and after."""

    at: Shown
    who: str
    row: str
    act: str | None
    fields: list[tuple[str, Shown, Shown]]


async def _changes(request: web.Request) -> web.StreamResponse:
    places, tell = console(request).places.all, telling(request, "settings")
    place = places[_HISTORY]
    await admit(request, place)
    query = {name: request.query[name] for name in ("of", "cursor") if name in request.query}
    found = await ask(request, _HISTORY, Asked(query=query))
    of, look = query.get("of", ""), eyes(request, place)
    is_rule = of in _LISTS
    following = {"of": of, "cursor": found.next_cursor} if found.next_cursor else None
    return page(
        request,
        "settings_history.jinja",
        title=tell("history"),
        named=tell(f"table_{of}") if is_rule else look.label(of),
        crumbs=lists.crumbs(request, place, {}),
        tell=tell,
        changes=[
            _changed(look, tell, of, is_rule, places[_ACT] if may(request, places[_ACT]) else None, one)
            for one in found.items
        ],
        following=place.address({}, following) if following else None,
    )


def _changed(look: Eyes, tell: Any, of: str, is_rule: bool, act: Place | None, one: Any) -> Changed:
    before, after = one.before or {}, one.after or {}
    names = [name for name in dict.fromkeys([*before, *after]) if is_rule or name == "value"]
    as_file = Shown(tell("as_file"), kind="nothing")

    def side(name: str, values: Mapping[str, Any]) -> Shown:
        if is_rule:
            return look.value(name, values.get(name), row=values)
        return as_file if values.get(name) is None else _value(tell, look, of, values[name])

    return Changed(
        at=look.value("changed_at", one.changed_at),
        who=one.operator_name,
        row=f"#{one.row_id}" if is_rule and one.row_id is not None else "",
        act=act.address({"act_id": one.act_id}) if act is not None else None,
        fields=[
            (look.label(name) if is_rule else look.label(of), side(name, before), side(name, after))
            for name in names
        ],
    )
