"""A plan's periods ahead: what they cover, when they are due and what they cost. Pure; the horizon writes them down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from billing import schedule

FirstPeriod = Literal["whole", "by_day", "full"]
CatchUp = Literal["all", "latest"]
OnPause = Literal["waive", "shift"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed on with a plan; amounts in fen."""

    rule: schedule.Schedule
    amount_fen: int
    """A period's amount; of a plan by use the price of a unit."""
    unit: str | None = None
    """What is counted of a plan by use (节, 度 …). Such a period is due when it is over, for what was used by then."""
    most_fen: int | None = None
    """No period takes more."""
    trial_periods: int = 0
    trial_fen: int = 0
    """The first periods cost so much instead; 0: nothing."""
    first_period: FirstPeriod = "whole"
    """A plan that starts between two days of its rule begins with the next one, or at once with a part of a period that costs its
    share by days, or all of it."""
    catch_up: CatchUp = "all"
    """After a downtime all periods missed are taken, or only the latest."""
    on_pause: OnPause = "waive"
    """What becomes of periods that fall into a pause: they lapse, or the whole plan goes on where it stopped."""
    notice_days: int = 0
    """The customer is told so many days before each deduction; 0: only afterwards."""

    def notice_on(self, period: Period) -> date | None:
        """When the customer is told of a period ahead; None: they are not."""
        if not self.notice_days or period.amount_fen == 0:
            return None
        return period.due_on - timedelta(days=self.notice_days)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plan stands: the number of the first period that has no row yet, the day it begins (None: there is none), and when
    the one before it is due."""

    period_no: int
    on: date | None
    last_due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """How long a plan runs: from its first day, to its last day or for so many periods where those are agreed on."""

    started_on: date
    ends_on: date | None = None
    periods: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a period costs; from ``new_from`` on (by its due day) the new amount. Trials and a first part keep what was agreed."""

    amount_fen: int
    new_fen: int | None = None
    new_from: date | None = None

    def on(self, day: date) -> int:
        """The amount of a period that is due on ``day``."""
        if self.new_fen is not None and self.new_from is not None and day >= self.new_from:
            return self.new_fen
        return self.amount_fen


@dataclass(frozen=True, slots=True)
class Period:
    """One period ahead. ``amount_fen`` is None where use decides, 0 where nothing is to be taken."""

    period_no: int
    covers_from: date
    covers_to: date
    due_on: date
    amount_fen: int | None

    @property
    def ahead_on(self) -> date:
        """The first day that has to do with it."""
        return min(self.covers_from, self.due_on)


def begin(terms: Terms, span: Span) -> Place:
    """Where a plan stands that begins now."""
    first = schedule.first(terms.rule, span.started_on)
    partial = first is not None and first > span.started_on and terms.first_period != "whole"
    return Place(0, span.started_on if partial else first)


def following(terms: Terms, span: Span, price: Price, place: Place) -> tuple[Period, Place] | None:
    """The plan's next period and where it stands after it; None: there is none any more."""
    on = place.on
    if on is None or (span.ends_on is not None and on > span.ends_on):
        return None
    if span.periods is not None and place.period_no >= span.periods:
        return None
    is_partial, then = _then(terms, place)
    covers_to = _covers_to(on, then, span)
    due_on = schedule.due_on(terms.rule, covers_to + _DAY if terms.unit and covers_to < date.max else on)
    due_on = max(due_on, place.last_due_on or span.started_on)
    amount_fen = None if terms.unit else _amount(terms, price, place.period_no, due_on, is_partial=is_partial)
    if is_partial and amount_fen is not None and terms.first_period == "by_day":
        amount_fen = _share(terms, amount_fen, on, then)
    period = Period(place.period_no, on, covers_to, due_on, amount_fen)
    return period, Place(place.period_no + 1, then, due_on)


def until(
    terms: Terms, span: Span, price: Price, place: Place, day: date, *, most: int = 1_000_000
) -> tuple[list[Period], Place, Period | None]:
    """The plan's next periods that begin or are due by ``day``, ``most`` of them, where it stands after them, and the one after
    those."""
    found: list[Period] = []
    while (step := following(terms, span, price, place)) is not None:
        if step[0].ahead_on > day or len(found) == most:
            return found, place, step[0]
        found.append(step[0])
        place = step[1]
    return found, replace(place, on=None), None


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────


def _then(terms: Terms, place: Place) -> tuple[bool, date | None]:
    """Whether the period that begins at the place is the part before the rule's first day, and when the next one begins."""
    assert place.on is not None
    if place.period_no == 0 and terms.first_period != "whole":
        first = schedule.first(terms.rule, place.on)
        if first != place.on:
            return True, first
    return False, schedule.after(terms.rule, place.on)


def _covers_to(on: date, then: date | None, span: Span) -> date:
    last = on if then is None else then - _DAY
    if then is None and span.ends_on is not None:
        last = span.ends_on
    return last if span.ends_on is None else max(on, min(last, span.ends_on))


def _amount(terms: Terms, price: Price, period_no: int, due_on: date, *, is_partial: bool) -> int:
    if period_no < terms.trial_periods:
        return terms.trial_fen
    fen = price.amount_fen if is_partial else price.on(due_on)
    return fen if terms.most_fen is None else min(fen, terms.most_fen)


def _share(terms: Terms, amount_fen: int, on: date, then: date | None) -> int:
    """The part of a period's amount that the days until the first whole period are of a whole one, rounded down to the fen."""
    begun = None if then is None else schedule.before(terms.rule, then)
    if then is None or begun is None or begun >= on:
        return amount_fen
    return amount_fen * (then - on).days // (then - begun).days
