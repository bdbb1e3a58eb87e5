"""Business days in China: Monday to Friday without the State Council's holidays, and the weekend days worked instead (调休)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import chinese_calendar

_KNOWN: tuple[int, int] = (min(chinese_calendar.holidays).year, max(chinese_calendar.holidays).year)


def known_through() -> int:
    """The last year whose holidays are known. They are announced each November for the next year, and come with a new version
    of the library; of later years only the weekends are known."""
    return _KNOWN[1]


def is_known(day: date) -> bool:
    """Whether the holidays of that day's year are known."""
    return _KNOWN[0] <= day.year <= _KNOWN[1]


def holiday(day: date) -> str | None:
    """The Chinese name of the holiday a day is part of; None: it is none, a weekend day worked instead, or of a year not known."""
    if not is_known(day):
        return None
    is_off, name = chinese_calendar.get_holiday_detail(day)
    return str(chinese_calendar.Holiday(name).chinese) if is_off and name is not None else None


@lru_cache(maxsize=4096)
def is_workday(day: date) -> bool:
    """Whether shops' banks and offices work on that day; of a year whose holidays are not known: whether it is no weekend."""
    if is_known(day):
        return bool(chinese_calendar.is_workday(day))
    return day.isoweekday() <= 5
