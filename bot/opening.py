"""几点关门、今天开门吗、open tomorrow?: when the shop is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from bot import opening_asked
from bot.asker import Asker
from bot.understanding.plain import plain
from core import clock
from shop import open_days
from shop.open_days import Hours, Spans

_STORES_MOST = 5
_DAYS_MOST = 8


async def answer(asker: Asker) -> list[str]:
    """The hours of the days that were asked about, and whether it is open now; of the store that is named, or whose code was scanned."""
    asked = opening_asked.days(asker.asked, clock.today())
    lines: list[str] = []
    for store_id, hours in await _wanted(asker):
        if asker.lesson.edition.stores.get(store_id):
            lines.append(asker.say("hours.store", name=asker.lesson.edition.stores[store_id]))
        lines += _about(asker, hours, asked)
    return lines or [asker.say("hours.unknown")]


def day_text(asker: Asker, store_id: int, day: date) -> str:
    """The hours of one day, for a text of an operator's."""
    hours = _of(asker, store_id)
    return asker.say("hours.none") if hours is None else spans_text(asker, hours.on(day)[0])


def week_text(asker: Asker, store_id: int) -> str:
    """The hours of all weekdays, for a text of an operator's."""
    hours = _of(asker, store_id)
    return asker.say("hours.none") if hours is None else "\n".join(_week(asker, hours))


def spans_text(asker: Asker, spans: Spans) -> str:
    """A day's spans: 09:00–12:00、13:00–21:00."""
    if not spans:
        return asker.say("hours.closed")
    if spans == ((0, 1440),):
        return asker.say("hours.all_day")
    return asker.say("hours.and").join(
        asker.say(
            "hours.span" if ends <= 1440 else "hours.span_over",
            start=open_days.clockface(begins),
            end=open_days.clockface(ends),
        )
        for begins, ends in spans
    )


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────


async def _wanted(asker: Asker) -> Sequence[tuple[int, Hours]]:
    """The stores to speak of: those named, else the one whose code was scanned, else the shop, else all that say something."""
    edition = asker.lesson.edition
    if not edition.hours:
        return []
    named = [number for number, name in edition.stores.items() if _is_named(name, asker.asked.text)]
    if not named and set(edition.hours) != {0}:
        scanned = await asker.store_id()
        named = [scanned] if scanned in edition.stores else []
    if not named:
        named = (
            [0] if 0 in edition.hours else [number for number in edition.stores if number in edition.hours]
        )
    found = [(number, _of(asker, number)) for number in named[:_STORES_MOST]]
    return [(number, hours) for number, hours in found if hours is not None]


def _is_named(name: str, text: str) -> bool:
    """Whether a store's name stands in a text, 店 at its end or not."""
    short = plain(name).removesuffix("店")
    return len(short) >= 2 and short in text


def _of(asker: Asker, store_id: int) -> Hours | None:
    hours = asker.lesson.edition.hours
    return hours.get(store_id) or hours.get(0)


def _about(asker: Asker, hours: Hours, asked: opening_asked.Asked) -> Iterator[str]:
    today = clock.today()
    if asked.holiday is not None and not asked.days:
        yield asker.say("hours.holiday_unknown")
        return
    for day in asked.days[:_DAYS_MOST] or (today,):
        yield _day(asker, hours, day, today)
        if day == today:
            yield _now(asker, hours, clock.now())
    if not asked.days and not asked.is_about_now:
        yield asker.say("hours.week")
        yield from _week(asker, hours)


def _day(asker: Asker, hours: Hours, day: date, today: date) -> str:
    spans, single, is_holiday = hours.on(day)
    ahead = (day - today).days
    called = asker.say(f"hours.day.{ahead}") if ahead in (0, 1, 2) else ""
    note = (
        ""
        if single is None
        else (single.note_en if asker.locale == "en" and single.note_en else single.note_zh)
    )
    if is_holiday and not note:
        note = asker.say("hours.holiday")
    line = asker.say(
        "hours.line", called=called, day=day, weekday=_weekday(asker, day), spans=spans_text(asker, spans)
    )
    return line + (asker.say("hours.note", note=note) if note else "")


def _now(asker: Asker, hours: Hours, now: datetime) -> str:
    until = hours.open_until(now)
    if until is not None:
        if until - now > timedelta(hours=24):
            return asker.say("hours.open")
        return asker.say("hours.open_until", until=_clock(until))
    opens = hours.opens_next(now)
    if opens is None:
        return asker.say("hours.shut")
    ahead = (clock.day_of(opens) - clock.day_of(now)).days
    if ahead in (0, 1):
        return asker.say(f"hours.opens.{ahead}", at=_clock(opens))
    return asker.say("hours.opens.later", day=clock.day_of(opens), at=_clock(opens))


def _week(asker: Asker, hours: Hours) -> list[str]:
    """The weekdays, those that follow each other with the same hours together."""
    lines: list[str] = []
    first = 0
    for number in range(7):
        if number == 6 or hours.weekly[number + 1] != hours.weekly[first]:
            key = "hours.weekday" if number == first else "hours.weekdays"
            names = {"first": asker.say(f"hours.name.{first}"), "last": asker.say(f"hours.name.{number}")}
            lines.append(asker.say(key, spans=spans_text(asker, hours.weekly[first]), **names))
            first = number + 1
    if hours.holidays is not None:
        lines.append(asker.say("hours.on_holidays", spans=spans_text(asker, hours.holidays)))
    return lines


def _weekday(asker: Asker, day: date) -> str:
    return asker.say(f"hours.name.{day.weekday()}")


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(clock.zone()):%H:%M}"


assert open_days.SPANS_MOST * 16 < 120, "a day's hours fit what chat_texts counts for them"
