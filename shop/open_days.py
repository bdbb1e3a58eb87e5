"""When a store is open, as plain values: weekdays, holidays, single days; and what follows from them for a moment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from billing import workdays
from core import clock, errors

SPANS_MOST, DAYS_MOST = 4, 200
_A_DAY = 24 * 60

Spans = tuple[tuple[int, int], ...]
"""From one minute after midnight to another; one past 1440 is of the day after. None at all: closed."""


class HoursWrong(errors.Invalid):
    """A day has at most four spans, in order, none over another, none longer than a day, over midnight only the last and
    not into the first of the day after."""

    code = "opening_hours_wrong"


@dataclass(frozen=True, slots=True)
class Day:
    """One day by itself: its spans, and why, in both languages."""

    spans: Spans
    note_zh: str = ""
    note_en: str = ""


@dataclass(frozen=True, slots=True)
class Hours:
    """``weekly``: from Monday. ``holidays``: on the State Council's holidays; None: as on any such weekday."""

    weekly: tuple[Spans, ...]
    holidays: Spans | None = None
    days: Mapping[date, Day] = field(default_factory=dict)

    def on(self, day: date) -> tuple[Spans, Day | None, bool]:
        """The spans of a day, the exception they come from, and whether they are those of a holiday."""
        if (single := self.days.get(day)) is not None:
            return single.spans, single, False
        if self.holidays is not None and workdays.holiday(day) is not None:
            return self.holidays, None, True
        return self.weekly[day.weekday()], None, False

    def open_until(self, moment: datetime) -> datetime | None:
        """When it closes, if it is open at that moment; spans that meet are one."""
        found = None
        for begins, ends in self._spans(clock.day_of(moment) - timedelta(days=1), 3):
            if begins <= (found or moment) < ends:
                found = ends
        return found

    def opens_next(self, moment: datetime) -> datetime | None:
        """When it opens after that moment; None: not within two weeks."""
        return next((begins for begins, _ in self._spans(clock.day_of(moment), 15) if begins > moment), None)

    def _spans(self, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
        for day in (first + timedelta(days=number) for number in range(days)):
            midnight = clock.start_of(day)
            for begins, ends in self.on(day)[0]:
                yield midnight + timedelta(minutes=begins), midnight + timedelta(minutes=ends)


def clockface(minute: int) -> str:
    """What the clock shows at a minute of a span: 09:00; 24:00 at midnight, 00:30 after it."""
    hour, rest = divmod(minute if minute <= _A_DAY else minute - _A_DAY, 60)
    return f"{hour:02d}:{rest:02d}"


def check(hours: Hours) -> None:
    """Refuses what cannot be.

    Raises:
        HoursWrong.
    """
    if len(hours.weekly) != 7 or len(hours.days) > DAYS_MOST:
        raise HoursWrong(most=SPANS_MOST, days=DAYS_MOST)
    every = [*hours.weekly, *(day.spans for day in hours.days.values()), hours.holidays or ()]
    if not all(_is_in_order(spans) for spans in every):
        raise HoursWrong(most=SPANS_MOST, days=DAYS_MOST)
    for number, spans in enumerate(hours.weekly):
        after = hours.weekly[(number + 1) % 7]
        if spans and after and spans[-1][1] - _A_DAY > after[0][0]:
            raise HoursWrong(most=SPANS_MOST, days=DAYS_MOST)


def _is_in_order(spans: Spans) -> bool:
    if len(spans) > SPANS_MOST:
        return False
    before = 0
    for number, (begins, ends) in enumerate(spans):
        is_last = number == len(spans) - 1
        if not before <= begins < _A_DAY or not begins < ends <= (begins + _A_DAY if is_last else _A_DAY):
            return False
        before = ends
    return True


def to_json(hours: Hours) -> str:
    """As it is kept."""
    days = {day.isoformat(): [one.spans, one.note_zh, one.note_en] for day, one in hours.days.items()}
    return json.dumps({"weekly": hours.weekly, "holidays": hours.holidays, "days": days}, ensure_ascii=False)


def of_json(kept: Mapping[str, Any]) -> Hours:
    """What was kept."""
    return Hours(
        tuple(_spans(spans) for spans in kept["weekly"]),
        None if kept["holidays"] is None else _spans(kept["holidays"]),
        {
            date.fromisoformat(day): Day(_spans(spans), zh, en)
            for day, (spans, zh, en) in kept["days"].items()
        },
    )


def _spans(kept: Sequence[Sequence[int]]) -> Spans:
    return tuple((begins, ends) for begins, ends in kept)
