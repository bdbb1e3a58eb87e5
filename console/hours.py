"""Opening hours as a week on one page: for the shop, and for a store of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from console import acting, forms, session
from console.request import CSRF, LOCALE, ask, console, may, page, say
from core import errors
from core.http import problems
from core.http.calling import Asked

_OF: Mapping[bool, tuple[str, str, str]] = {
    False: ("opening_hours_of_shop", "opening_hours_put_of_shop", "opening_hours_remove_of_shop"),
    True: ("opening_hours_of_store", "opening_hours_put_of_store", "opening_hours_remove_of_store"),
}
_SPAN = re.compile(r"(\d{1,2}:\d{2})\s*[-–—~至到]\s*(\d{1,2}:\d{2})")
_CLOSED = ("休息", "closed")


class HoursUnreadable(ValueError):
    """A text is no hours."""


def add_to(door: web.Application) -> None:
    """Adds the pages of the shop and of a store."""
    for path in ("/opening-hours", "/stores/{code}/opening-hours"):
        door.router.add_get(path, _shown)
        door.router.add_post(path, _saved)


async def _shown(request: web.Request) -> web.StreamResponse:
    reads = _OF["code" in request.match_info][0]
    try:
        found = await ask(request, reads, Asked(path=dict(request.match_info)))
    except errors.NotFound as refusal:
        if refusal.code != "no_opening_hours":
            raise
        return _page(request, {}, known=None)
    return _page(request, texts(found, request[LOCALE]), known=found.holidays_known_through)


def texts(hours: Any, locale: str) -> dict[str, str]:
    """What stands in the form: a line of spans for each weekday, for holidays, and a line for each single day."""
    off = _CLOSED[locale == "en"]
    days = [
        " ".join(part for part in (one.day.isoformat(), _spans(one.spans, off), _note(one)) if part)
        for one in hours.days
    ]
    weekly = {f"day-{number}": _spans(spans, off) for number, spans in enumerate(hours.weekly)}
    holidays = "" if hours.holidays is None else _spans(hours.holidays, off)
    return {**weekly, "holidays": holidays, "days": "\n".join(days)}


def _spans(spans: Any, off: str) -> str:
    return ", ".join(f"{one.opens}-{one.closes}" for one in spans) or off


def _note(one: Any) -> str:
    return f"{one.note_zh}/{one.note_en}" if one.note_en else str(one.note_zh)


async def _saved(request: web.Request) -> web.StreamResponse:
    sent = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
    session.check_form(sent.get("_csrf"), request[CSRF])
    _, puts, removes = _OF["code" in request.match_info]
    path = dict(request.match_info)
    if sent.get("do") == "remove":
        await ask(request, removes, Asked(path=path))
        return acting.done_there(removes, request.path)
    body, faults = read(sent)
    if not faults:
        try:
            await ask(request, puts, Asked(path=path, body=body))
        except problems.InvalidRequest as refusal:
            by_name, rest = forms.sentences(refusal.params["faults"], request[LOCALE])
            return _page(request, sent, known=None, fault=" ".join([*by_name.values(), *rest]))
        except errors.Invalid as refusal:
            return _page(request, sent, known=None, fault=refusal.sentence(request[LOCALE]))
        return acting.done_there(puts, request.path)
    return _page(request, sent, known=None, faults=faults)


def read(sent: Mapping[str, str]) -> tuple[dict[str, Any], set[str]]:
    """The hours a form says, and the names of the lines that cannot be read."""
    faults: set[str] = set()

    def spans(name: str, text: str) -> list[dict[str, str]]:
        try:
            return _read_spans(text)
        except HoursUnreadable:
            faults.add(name)
            return []

    weekly = [spans(f"day-{number}", sent.get(f"day-{number}", "")) for number in range(7)]
    holidays = sent.get("holidays", "").strip()
    days = []
    for line in filter(None, map(str.strip, sent.get("days", "").splitlines())):
        match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})\s+(.*?)", line)
        if match is None:
            faults.add("days")
            continue
        hours, note = _split(match[2])
        zh, _, en = note.partition("/")
        days.append({"day": match[1], "spans": spans("days", hours), "note_zh": zh, "note_en": en})
    return {"weekly": weekly, "holidays": spans("holidays", holidays) if holidays else None, "days": days}, faults  # fmt: skip


def _split(text: str) -> tuple[str, str]:
    """Of a single day's line the hours and the note behind them."""
    for word in _CLOSED:
        if text.casefold().startswith(word):
            return word, text[len(word) :].strip()
    found = list(_SPAN.finditer(text))
    end = found[-1].end() if found else 0
    return text[:end], text[end:].strip()


def _read_spans(text: str) -> list[dict[str, str]]:
    text = text.strip()
    if not text or text.casefold() in _CLOSED:
        return []
    found = []
    for part in filter(None, map(str.strip, re.split(r"[,，、;；]", text))):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise HoursUnreadable(part)
        found.append({"opens": match[1].rjust(5, "0"), "closes": match[2].rjust(5, "0")})
    return found


def _page(
    request: web.Request,
    said: Mapping[str, str],
    *,
    known: int | None,
    fault: str = "",
    faults: set[str] | frozenset[str] = frozenset(),
) -> web.StreamResponse:
    reads, puts, _ = _OF["code" in request.match_info]
    places = console(request).places.all
    names = [*(f"day-{number}" for number in range(7)), "holidays"]
    return page(
        request,
        "hours.jinja",
        422 if fault or faults else 200,
        title=places[reads].title(request[LOCALE]),
        named=request.match_info.get("code", ""),
        lines=[(name, say(request, f"hours.{name}"), said.get(name, ""), name in faults) for name in names],
        days=said.get("days", ""),
        days_wrong="days" in faults,
        known=known,
        is_set=bool(said),
        fault=fault,
        may_save=may(request, places[puts]),
    )
