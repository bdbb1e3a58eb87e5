"""Reconciliation by days: a month with a field for each day and channel, and the page of one day with its bills, what does not agree, and what
is left before it can be closed."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from console import details, differences, lists, live, offering, telling
from console.places import PREFIX
from console.request import AROUND, ask, console, eyes, may, page
from console.showing import Shown
from core import clock
from core.http.calling import Asked

_LIST, _ONE, _LINES = "reconciliation_listing", "reconciliation_one", "reconciliation_lines"
_DEEDS = (
    "reconciliation_take_bill", "reconciliation_take_funds", "reconciliation_rerun", "reconciliation_close", "reconciliation_reopen",
)  # fmt: skip
_MOST_DIFFERENCES = "50"


def add_to(door: web.Application) -> None:
    """Adds the month, the page of a day, and what is live of it."""
    door.router.add_get("/reconciliation/days", _month)
    door.router.add_get("/reconciliation/days/{channel}/{day}", _day)
    door.router.add_get("/live/reconciliation/days/{channel}/{day}", _live)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A day of a channel in the month."""

    href: str
    state: Shown
    unresolved: int
    at_stake: str
    theirs: str | None
    ours: str
    name: str


async def _month(request: web.Request) -> web.StreamResponse:
    places = console(request).places
    place = places.all[_LIST]
    if set(request.query) - {"month"}:
        return await lists.shown(request, place)
    first, last = _days_of(request.query.get("month", ""))
    found = await ask(request, _LINES, Asked(query={"from": first.isoformat(), "to": last.isoformat()}))
    look = eyes(request, places.all[_ONE])
    channels = sorted({line.channel for line in found.items}, reverse=True)
    by_place = {(line.day, line.channel): _field(request, look, line) for line in found.items}
    days = sorted({line.day for line in found.items}, reverse=True)
    period = {"from": first.isoformat(), "to": last.isoformat()}
    report = places.all[_LINES]
    return page(
        request,
        "reconciliation.jinja",
        title=place.title(look.locale),
        b=telling.speaker(request),
        month=f"{first:%Y-%m}",
        earlier=place.address({}, {"month": f"{first - timedelta(days=1):%Y-%m}"}),
        later=place.address({}, {"month": f"{last + timedelta(days=1):%Y-%m}"})
        if last < clock.today()
        else None,
        channels=[(name, look.value("channel", name).text) for name in channels],
        rows=[
            (f"{day:%m-%d}", day.isoformat(), [by_place.get((day, name)) for name in channels])
            for day in days
        ],
        unresolved=sum(line.unresolved for line in found.items),
        unclosed=sum(line.state != "closed" for line in found.items),
        files=[
            (one.title(look.locale), one.address({}, period))
            for one in places.files(report)
            if may(request, one)
        ],
        report=report.address({}, period),
        all_days=place.address({}, {"state": ""}),
        differences=places.all["differences_listing"].address({}),
    )


def _days_of(month: str) -> tuple[date, date]:
    """The first and the last day of a month, ``2026-11``; of this one where it is not a month."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        first = (clock.today() - timedelta(days=1)).replace(day=1)
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _field(request: web.Request, look: Any, line: Any) -> Field:
    place = console(request).places.all[_ONE]
    sides = telling.speaker(request)
    return Field(
        href=place.address({"channel": line.channel, "day": line.day}),
        state=look.value("state", line.state),
        unresolved=line.unresolved,
        at_stake=telling.yuan(line.at_stake_fen),
        theirs=_side(sides, line.theirs),
        ours=_side(sides, line.ours) or "",
        name=f"{look.value('channel', line.channel).text} {line.day.isoformat()}",
    )


def _side(b: Any, side: Any) -> str | None:
    if side is None:
        return None
    return str(b("reconciliation.side", count=side.payments, amount=telling.yuan(side.payment_fen)))


async def _day(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    places, b = console(request).places, telling.speaker(request)
    place = places.all[_ONE]
    found = await ask(request, _ONE, Asked(path=given))
    look = eyes(request, place, given)
    has_bill = found.report.bill_sha256 is not None
    return page(
        request,
        "reconciliation_day.jinja",
        **{**details.around(request, place, given, found, but=_DEEDS), "named": ""},
        b=b,
        day_name=f"{look.value('channel', found.day.channel).text} {found.day.day.isoformat()}",
        live=f"{PREFIX}/live{place.address(given).removeprefix(PREFIX)}",
        **_standing(request, given, found),
        close=offering.deed(request, "reconciliation_close", given, found)
        if not found.report.unresolved
        else None,
        rerun=offering.deed(request, "reconciliation_rerun", given, found),
        reopen=offering.deed(request, "reconciliation_reopen", given, found),
        take_bill=offering.deed(request, "reconciliation_take_bill", given, found),
        take_funds=offering.deed(request, "reconciliation_take_funds", given, found),
        has_bill=has_bill,
        has_funds=found.report.funds is not None,
        sides=_sides(look, found.report),
        pairs=look.pairs(_plain(found.report), _plain(found.report)),
        funds=look.value("funds", found.report.funds),
        several=await _differences(request, given),
        all_differences=places.all["differences_listing"].address(
            {}, {"channel": given["channel"], "day": given["day"], "state": ""}
        ),
        history=look.value("history", found.history),
    )


def _plain(report: Any) -> dict[str, Any]:
    names = (
        "fee_milli", "fee_fen", "differences", "unresolved", "at_stake_fen", "carried_in", "carried_in_fen", "carried_out",
        "carried_out_fen", "bill_given_by", "bill_received_at", "closed_at", "closed_by",
    )  # fmt: skip
    return {name: getattr(report, name) for name in names}


def _standing(request: web.Request, given: dict[str, str], found: Any) -> dict[str, Any]:
    """How far the day is, and what is left before it can be closed; the live part of the page."""
    look, b = eyes(request, console(request).places.all[_ONE], given), telling.speaker(request)
    day, report = found.day, found.report
    left = [
        (b("reconciliation.bill_came"), report.theirs is not None or day.state == "closed", day.last_answer),
        (b("reconciliation.compared"), day.state in ("matched", "closed"), ""),
        (b("reconciliation.explained", count=report.unresolved), not report.unresolved, ""),
    ]
    done = all(is_done for _, is_done, _ in left)
    return {
        "state": look.value("state", day.state),
        "left": left,
        "is_closed": day.state == "closed",
        "is_ready": done and day.state != "closed",
        "here": console(request).places.all[_ONE].address(given),
        "progress": look.value("phase", found.progress.phase) if found.progress else None,
        "percent": found.progress.percent if found.progress else 0,
        "fetch_at": look.value("fetch_at", day.fetch_at) if day.fetch_at else None,
    }  # fmt: skip


async def _live(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)

    async def render() -> str:
        found = await ask(request, _ONE, Asked(path=given))
        told = {
            **request.config_dict[AROUND](request), "b": telling.speaker(request), **_standing(request, given, found)
        }  # fmt: skip
        return aiohttp_jinja2.render_string("_reconciliation_day.jinja", request, told)

    await render()  # refused now rather than in the stream
    return live.stream(request, "day", render)


def _sides(look: Any, report: Any) -> list[tuple[str, Shown, Shown]]:
    names = ("payments", "payment_fen", "refunds", "refund_fen")
    return [
        (
            look.label(name),
            look.value(name, getattr(report.ours, name)),
            look.value(name, None if report.theirs is None else getattr(report.theirs, name)),
        )
        for name in names
    ]


async def _differences(request: web.Request, given: dict[str, str]) -> list[differences.Told]:
    """Those of the day that are not resolved."""
    names = await telling.operators(request)
    found = []
    for state in ("open", "asking"):
        query = {**given, "state": state, "limit": _MOST_DIFFERENCES}
        found += (await ask(request, "differences_listing", Asked(query=query))).items
    return [await differences.told(request, one, names) for one in found]
