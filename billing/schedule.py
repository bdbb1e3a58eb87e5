"""When the periods of a plan begin and are due. Pure calendar in whole days of the shop; total for every rule and day.

A **rule** says on which days periods begin: ``first`` gives the first such day from a start on, ``after`` the next one after
another; both give None where there is none any more. The first day settles the phase of "every second week". What business days
do to that is the rule's ``closed_days``: ``due_on`` moves a day, ``skip`` leaves it out. Moving never changes the order; periods
that are moved onto one day stay periods of their own, due that day one after the other.
"""

from __future__ import annotations

import calendar
import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal

from billing import workdays

Every = Literal["day", "week", "month", "year", "dates"]
ClosedDays = Literal["as_is", "before", "after", "skip"]
ShortMonths = Literal["last_day", "next_day", "skip"]

CYCLES = ("daily", "weekly", "monthly", "yearly", "custom")
_EVERY: dict[str, Every] = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}
_CYCLE: dict[str, str] = {**{every: cycle for cycle, every in _EVERY.items()}, "dates": "custom"}
MOST_INTERVAL, MOST_DATES = 99, 120
_MOST_STEPS = 1_000
"""A rule that has no day in so many turns (a weekly one on Sundays that leaves out closed days) has none any more."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule. What is left open (which day of the month, which weekday) is taken from the plan's first day by ``anchored``."""

    every: Every
    interval: int = 1
    """Every so many days, weeks, months or years."""
    weekdays: tuple[int, ...] = ()
    """Of weeks: 1 is Monday, 7 Sunday."""
    day: int | None = None
    """Of months and years: the day of the month."""
    month: int | None = None
    """Of years."""
    nth: int | None = None
    """Of months: the first to fourth ``weekday`` of the month, or its last (-1), instead of a ``day``."""
    weekday: int | None = None
    dates: tuple[date, ...] = ()
    """The very days, in their order."""
    short_months: ShortMonths = "last_day"
    """Where the month does not have the day (the 31st, the 29th of February): its last day, the first of the next, or not at all."""
    closed_days: ClosedDays = "as_is"
    """A day that is no business day: due all the same, on the business day before or after, or no period at all."""

    def fault(self) -> str | None:
        """What is wrong with the rule, in a word; None: nothing."""
        for name, is_wrong in (
            ("interval", not 1 <= self.interval <= MOST_INTERVAL),
            ("weekdays", bool(self.weekdays) and not _are_weekdays(self.weekdays, self.every)),
            ("day", self.day is not None and not 1 <= self.day <= _most_day(self.month)),
            ("month", self.month is not None and (self.every != "year" or not 1 <= self.month <= 12)),
            ("nth", (self.nth is None) != (self.weekday is None)),
            ("nth", self.nth is not None and (self.every != "month" or self.day is not None or self.nth not in (1, 2, 3, 4, -1))),
            ("weekday", self.weekday is not None and not 1 <= self.weekday <= 7),
            ("dates", (self.every == "dates") != bool(self.dates) or len(self.dates) > MOST_DATES),
            ("dates", list(self.dates) != sorted(set(self.dates))),
            ("day", self.day is not None and self.every not in ("month", "year")),
            ("day", self.every == "year" and (self.day is None) != (self.month is None)),
            ("closed_days", self.closed_days == "skip" and self._is_never_worked()),
        ):  # fmt: skip
            if is_wrong:
                return name
        return None

    def _is_never_worked(self) -> bool:
        return (bool(self.weekdays) and min(self.weekdays) > 5) or (self.weekday or 0) > 5

    @property
    def cycle(self) -> str:
        """In a word: one of ``CYCLES``."""
        return _CYCLE[self.every]


def _are_weekdays(days: tuple[int, ...], every: Every) -> bool:
    return every == "week" and list(days) == sorted(set(days)) and days[0] >= 1 and days[-1] <= 7


def _most_day(month: int | None) -> int:
    return 31 if month is None or not 1 <= month <= 12 else calendar.monthrange(2000, month)[1]


def of_cycle(cycle: str) -> Schedule:
    """The plain rule of a word: every day, week, month or year, counted from the first day."""
    return Schedule(_EVERY[cycle])


def anchored(rule: Schedule, start: date) -> Schedule:
    """The rule with what it leaves open taken from the first day; a weekly one that leaves out closed days begins on no weekend."""
    if rule.every == "week" and not rule.weekdays:
        weekday = start.isoweekday()
        return replace(rule, weekdays=(1 if weekday > 5 and rule.closed_days == "skip" else weekday,))
    if rule.every == "month" and rule.day is None and rule.nth is None:
        return replace(rule, day=start.day)
    if rule.every == "year" and rule.day is None:
        return replace(rule, day=start.day, month=start.month)
    return rule


def first(rule: Schedule, start: date) -> date | None:
    """The first day from ``start`` on when a period begins."""
    return _worked(rule, _first(rule, start))


def after(rule: Schedule, day: date) -> date | None:
    """The next day after ``day``, itself one of the rule's, when a period begins."""
    return _worked(rule, _after(rule, day))


def due_on(rule: Schedule, day: date) -> date:
    """The day on which what falls on ``day`` is due: moved where the rule says so. Later days are never due earlier."""
    if rule.closed_days not in ("before", "after"):
        return day
    step = timedelta(days=1 if rule.closed_days == "after" else -1)
    while not workdays.is_workday(day) and date.min < day < date.max:
        day += step
    return day


def before(rule: Schedule, day: date) -> date | None:
    """The day of the rule before ``day``, itself one of them, as if it had always run; what closed days do is left out.
    None: the rule knows none."""
    if rule.every == "dates":
        return max((one for one in rule.dates if one < day), default=None)
    if rule.every == "day":
        return _moved(day, -rule.interval)
    if rule.every == "week":
        return _week_day(rule, day, -1)
    return _month_day(rule, _turn_of(rule, day), -1)


def counted(start: date, cycle: str, number: int) -> date:
    """The day so many whole cycles after a start: 0 is the start itself; where the month is short, its last day.

    Raises:
        ValueError, OverflowError: it is beyond the calendar.
    """
    if cycle == "daily":
        return start + timedelta(days=number)
    if cycle == "weekly":
        return start + timedelta(weeks=number)
    year, month = divmod(start.year * 12 + start.month - 1 + number * (12 if cycle == "yearly" else 1), 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────


def _worked(rule: Schedule, day: date | None) -> date | None:
    if rule.closed_days != "skip":
        return day
    for _ in range(_MOST_STEPS):
        if day is None or workdays.is_workday(day):
            return day
        day = _after(rule, day)
    return None


def _first(rule: Schedule, start: date) -> date | None:
    if rule.every == "dates":
        return next((day for day in rule.dates if day >= start), None)
    if rule.every == "day":
        return start
    rule = anchored(rule, start)
    if rule.every == "week":
        return min(
            (day for one in rule.weekdays if (day := _moved(start, (one - start.isoweekday()) % 7))),
            default=None,
        )
    every = replace(rule, interval=1)  # the first may be in any month
    month = start.month if rule.month is None else rule.month
    turn = start.year * 12 + month - 1 - (24 if rule.every == "year" else 2)
    day = _month_day(every, turn)
    while day is not None and day < start:
        day = _month_day(every, _turn_of(every, day))
    return day


def _after(rule: Schedule, day: date) -> date | None:
    if rule.every == "dates":
        return next((one for one in rule.dates if one > day), None)
    if rule.every == "day":
        return _moved(day, rule.interval)
    if rule.every == "week":
        return _week_day(rule, day, 1)
    return _month_day(rule, _turn_of(rule, day))


def _week_day(rule: Schedule, day: date, way: int) -> date | None:
    """The chosen weekday after (``way`` 1) or before (-1) one of them; weeks begin on Monday."""
    today = day.isoweekday()
    same_week = [one - today for one in rule.weekdays if (one - today) * way > 0]
    if same_week:
        return _moved(day, min(same_week, key=abs))
    edge = rule.weekdays[0] if way > 0 else rule.weekdays[-1]
    return _moved(day, edge - today + way * 7 * rule.interval)


def _turn_of(rule: Schedule, day: date) -> int:
    """The month, counted from year 0, whose day of the rule this is: the first of a month may stand for the month before."""
    turn = day.year * 12 + day.month - 1
    if rule.short_months == "next_day" and rule.day is not None and rule.day > 28 and day.day == 1:
        return turn - 1
    return turn


def _month_day(rule: Schedule, turn: int, way: int = 1) -> date | None:
    """The rule's day in the next month after ``turn`` (before, where ``way`` is -1) that it counts and that has one."""
    step = rule.interval * (12 if rule.every == "year" else 1) * way
    for _ in range(_MOST_STEPS):
        turn += step
        year, month = divmod(turn, 12)
        if not date.min.year <= year <= date.max.year:
            return None
        found = _in_month(rule, year, month + 1)
        if found is not None:
            return found
    return None


def _in_month(rule: Schedule, year: int, month: int) -> date | None:
    length = calendar.monthrange(year, month)[1]
    if rule.nth is not None:
        assert rule.weekday is not None
        if rule.nth < 0:
            return date(year, month, length - (date(year, month, length).isoweekday() - rule.weekday) % 7)
        return date(
            year, month, 1 + (rule.weekday - date(year, month, 1).isoweekday()) % 7 + 7 * (rule.nth - 1)
        )
    assert rule.day is not None
    if rule.day <= length:
        return date(year, month, rule.day)
    if rule.short_months == "last_day":
        return date(year, month, length)
    return _moved(date(year, month, length), 1) if rule.short_months == "next_day" else None


def _moved(day: date, by: int) -> date | None:
    ordinal = day.toordinal() + by
    return date.fromordinal(ordinal) if 1 <= ordinal <= date.max.toordinal() else None


# ── as it is kept ───────────────────────────────────────────────────────────────────────────────────


def plain(rule: Schedule) -> dict[str, Any]:
    """As it is kept in a table: what is not usual of it."""
    kept: dict[str, Any] = {"every": rule.every}
    usual = Schedule(rule.every)
    for name in ("interval", "weekdays", "day", "month", "nth", "weekday", "dates", "short_months", "closed_days"):  # fmt: skip
        value = getattr(rule, name)
        if value != getattr(usual, name):
            kept[name] = [str(one) if isinstance(one, date) else one for one in value] if isinstance(value, tuple) else value  # fmt: skip
    return kept


def written(rule: Schedule) -> str:
    """``plain`` as JSON text."""
    return json.dumps(plain(rule))


@lru_cache(maxsize=4096)
def read(text: str) -> Schedule:
    """The rule of a JSON text."""
    kept = json.loads(text)
    if "dates" in kept:
        kept["dates"] = tuple(date.fromisoformat(one) for one in kept["dates"])
    if "weekdays" in kept:
        kept["weekdays"] = tuple(kept["weekdays"])
    return Schedule(**kept)
