"""The days that a question about opening hours asks about: 明天, 下周六, 国庆, tomorrow, on monday. Unlike in questions about money they lie ahead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from billing import workdays
from bot.understanding import Understood

_AHEAD = (
    (re.compile(r"大后天"), 3),
    (re.compile(r"后天|day after tomorrow"), 2),
    (re.compile(r"明天|明日|明儿|明早|明晚|tomorrow"), 1),
    (re.compile(r"今天|今日|今儿|今早|今晚|today|tonight|this (?:morning|afternoon|evening)"), 0),
)
_WEEKDAY = re.compile(r"(?P<next>下+个?)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])")
_ENGLISH_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ENGLISH_WEEKDAY = re.compile(
    r"\b(?P<next>next )?(?P<day>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?\b"
)
_WEEKEND = re.compile(r"周末|weekend")
_NOW = re.compile(
    r"现在|还开|还营业|打烊了|关门了|几点关|几点打烊|几点下班|right now|still open|are you open|open now|clos"
)
_HOLIDAYS = (
    (re.compile(r"元旦|new year"), "元旦"), (re.compile(r"春节|过年|大年|年三十|除夕|spring festival|chinese new year"), "春节"),
    (re.compile(r"清明|qingming"), "清明"), (re.compile(r"五一|劳动节|labou?r day"), "劳动节"), (re.compile(r"端午|dragon boat"), "端午"),
    (re.compile(r"中秋|mid-autumn"), "中秋"), (re.compile(r"国庆|十一(?!月)|national day"), "国庆节"),
)  # fmt: skip
_LOOK_DAYS = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """The days asked about, none: no particular one; the holiday they are those of; and whether it is about this moment."""

    days: tuple[date, ...] = ()
    holiday: str | None = None
    is_about_now: bool = False


def days(asked: Understood, today: date) -> Asked:
    """What a question asks about."""
    text, about_now = asked.text, _NOW.search(asked.text) is not None
    for pattern, name in reversed(_HOLIDAYS):  # chinese new year before new year
        if pattern.search(text) and not (name == "元旦" and "chinese" in text):
            return Asked(_of_holiday(name, today), name)
    found = {today + timedelta(days=ahead) for ahead in _ahead(text)} | set(_weekdays(text, today))
    if not found and (period := asked.slots.period) is not None:
        first = period.first if period.last >= today else _next_year(period.first, today)
        many = min((period.last - period.first).days, 7)
        found = {first + timedelta(days=number) for number in range(many + 1)}
        found = {day for day in found if day >= today} or found
    return Asked(tuple(sorted(found)), None, about_now)


def _ahead(text: str) -> set[int]:
    found = set()
    for pattern, ahead in _AHEAD:
        if pattern.search(text):
            found.add(ahead)
            text = pattern.sub(" ", text)
    return found


def _weekdays(text: str, today: date) -> list[date]:
    found, monday = [], today - timedelta(days=today.weekday())
    if _WEEKEND.search(text):
        found += [monday + timedelta(days=number) for number in (5, 6)]
    for match in _WEEKDAY.finditer(text):
        number = min("一二三四五六日天".index(match["day"]), 6)
        found.append(_coming(monday + timedelta(days=number), today, is_next=bool(match["next"])))
    for match in _ENGLISH_WEEKDAY.finditer(text):
        number = _ENGLISH_DAYS.index(match["day"][:3])
        found.append(_coming(monday + timedelta(days=number), today, is_next=bool(match["next"])))
    return [day if day >= today else day + timedelta(days=7) for day in found]


def _coming(day: date, today: date, *, is_next: bool) -> date:
    return day + timedelta(days=7) if is_next or day < today else day


def _of_holiday(name: str, today: date) -> tuple[date, ...]:
    """The days of the next such holiday, today's too; none where its days are not announced yet."""
    found: list[date] = []
    for day in (today + timedelta(days=number) for number in range(_LOOK_DAYS)):
        if workdays.holiday(day) == name:
            found.append(day)
        elif found:
            break
    return tuple(found)


def _next_year(day: date, today: date) -> date:
    """A day of the year that was read as the last one, as the next one."""
    for year in (today.year, today.year + 1):
        try:
            ahead = day.replace(year=year)
        except ValueError:  # 29 February
            continue
        if ahead >= today:
            return ahead
    return day
