"""The first page: how the shop stands today, live, and how it went day by day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from console import live
from console.places import PREFIX
from console.request import AROUND, LOCALE, ask, console, eyes, may, page, say
from console.showing import Shown
from core import money, words
from core.http.calling import Asked
from reports import trends

_LEADS_TO: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "orders": ("orders_listing", {"state": "paid"}),
    "shipments": ("orders_listing", {"state": "confirmed"}),
    "after_sales": ("after_sales_listing", {"state": "asked"}),
    "approvals": ("approvals_listing", {"state": "waiting"}),
    "vouchers": ("vouchers_listing", {"state": "submitted"}),
    "refunds": ("refunds_listing", {"state": "requested"}),
    "reviews": ("reviews_listing", {"state": "waiting"}),
    "invoices": ("invoices_listing", {"state": "requested"}),
    "differences": ("differences_listing", {"state": "open"}),
    "quarantine": ("quarantine_listing", {"state": "open"}),
    "parked_periods": ("due_runs_parked", {}),
    "conversations": ("conversations_listing", {"state": "waiting"}),
    "tickets": ("tickets_listing", {"state": "open"}),
    "dead_messages": ("messages_listing", {"state": "dead"}),
    "alerts": ("alerts_listing", {"state": "open"}),
}
"""Where what waits is found."""

PERIODS = (7, 30, 90, 365)
_LOOKS_EVERY_S = 10.0
"""Sums and counts over the whole shop, hence not as often as where people wait for each other."""
_SERIES = (
    "taken",
    "sales_fen",
    "topped_up_fen",
    "deducted_fen",
    "liability_fen",
    "orders",
    "new_customers",
    "active_customers",
)


def add_to(door: web.Application) -> None:
    """Adds the page, its live part and its charts."""
    door.router.add_get("/", _today)
    door.router.add_get("/live/today", _live)
    door.router.add_get("/trend", _trend)


async def _today(request: web.Request) -> web.StreamResponse:
    told: dict[str, Any] = {
        "charts": may(request, console(request).places.all["reports_trend"]),
        "periods": PERIODS,
        "chosen": _chosen(request.query.get("days")),
    }
    return page(request, "dashboard.jinja", title=say(request, "today"), **told, **await _told(request))


async def _live(request: web.Request) -> web.StreamResponse:
    async def render() -> str:
        context = {**request.config_dict[AROUND](request), **await _told(request)}
        return aiohttp_jinja2.render_string("_today.jinja", request, context)

    return live.stream(request, "today", render, every_s=_LOOKS_EVERY_S)


async def _told(request: web.Request) -> dict[str, Any]:
    """What the live part says; without whoever may not see the shop it is empty."""
    if not may(request, console(request).places.all["reports_now"]):
        return {"money": None, "waiting": [], "health": None}
    found = await ask(request, "reports_now")
    return {
        "money": None if found.money is None else _money(request, found.money),
        "waiting": _waiting(request, found.waiting),
        "health": [
            (words.say(f"console.health.{name}", request[LOCALE]), value)
            for name in type(found.health).model_fields
            if (value := _said(getattr(found.health, name)))
        ],
    }


def _said(value: Any) -> str:
    return "、".join(value) if isinstance(value, list) else str(value) if value else ""


def _money(request: web.Request, found: Any) -> dict[str, Any]:
    look = eyes(request)
    ways = {way: fen - found.taken.given_back_fen.get(way, 0) for way, fen in found.taken.taken_fen.items()}
    ways |= {way: -fen for way, fen in found.taken.given_back_fen.items() if way not in ways}
    return {
        "taken": look.value("total_fen", found.taken.total_fen),
        "yesterday": look.value("total_fen", found.yesterday_fen),
        "ways": [
            (look.value("tender", way).text, look.value("amount_fen", fen))
            for way, fen in sorted(ways.items())
        ],
        "liability": look.value("liability_fen", found.liability_fen),
        "liability_customers": found.liability_customers,
        "due": look.value("due_fen", found.due_today_fen),
        "due_bills": found.due_today_bills,
        "overdue": look.value("overdue_fen", found.overdue_fen),
        "overdue_bills": found.overdue_bills,
    }


def _waiting(request: web.Request, found: Mapping[str, int]) -> list[tuple[str, int, str]]:
    places = console(request).places.all
    waiting = []
    for name, number in found.items():
        operation, query = _LEADS_TO[name]
        if may(request, places[operation]):
            title = words.say(f"console.waiting.{name}", request[LOCALE])
            waiting.append((title, number, places[operation].address({}, query)))
    return sorted(waiting, key=lambda one: one[1] == 0)


async def _trend(request: web.Request) -> web.StreamResponse:
    """The charts of a period."""
    days = _chosen(request.query.get("days"))
    found = await _days(request, days)
    charts = [
        (name, say(request, f"chart.{name}"), _chart(name, found, say(request, f"chart.{name}")))
        for name in _SERIES
    ]
    rows = [_row(request, day) for day in found]
    return page(request, "_trend.jinja", charts=charts, rows=rows, days=days, prefix=PREFIX, names=_SERIES)


def _chosen(said: str | None) -> int:
    return next((days for days in PERIODS if str(days) == said), 30)


async def _days(request: web.Request, days: int) -> list[Any]:
    from_on, to_on = trends.begin_of(days)
    query = {"from_on": from_on.isoformat(), "to_on": to_on.isoformat()}
    found = await ask(request, "reports_trend", Asked(query=query))
    return list(found.days)


def _value(name: str, day: Any) -> int:
    return int(day.taken.total_fen if name == "taken" else getattr(day, name))


def _is_money(name: str) -> bool:
    return name == "taken" or name.endswith("_fen")


def _chart(name: str, days: list[Any], title: str) -> str:
    """What the script draws: points of days, in yuan where they are amounts."""
    values = [_value(name, day) for day in days]
    points = [float(money.yuan(value)) if _is_money(name) else value for value in values]
    kind = "line" if name in ("liability_fen", "active_customers") else "bar"
    return json.dumps(
        {
            "title": title,
            "kind": kind,
            "days": [day.day.isoformat() for day in days],
            "points": points,
            "money": _is_money(name),
        }
    )


def _row(request: web.Request, day: Any) -> list[Shown]:
    look = eyes(request)
    return [
        look.value("day", day.day),
        *(look.value("total_fen" if _is_money(name) else name, _value(name, day)) for name in _SERIES),
    ]
