"""How an amount is split into parts, and when each is due. Pure; total for every amount, number of parts and start."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from billing import schedule
from core import errors

MOST_PARTS = 60
LONGEST = timedelta(days=3660)

Every = Literal["week", "month", "days"]
_CYCLES = {"week": "weekly", "month": "monthly"}


class InstalmentsDiffer(errors.Invalid):
    """The parts do not come to what is owed."""

    code = "instalments_differ"


class TooManyInstalments(errors.Invalid):
    """More parts than the amount has fen, or than an arrangement may have."""

    code = "too_many_instalments"


class DownPaymentTooLarge(errors.Invalid):
    """The down payment leaves nothing to be paid in parts."""

    code = "down_payment_too_large"


class InstalmentDatesWrong(errors.Invalid):
    """The dates do not follow each other, begin in the past, or go on for more than ten years."""

    code = "instalment_dates_wrong"


@dataclass(frozen=True, slots=True)
class Planned:
    """So much by that day."""

    amount_fen: int
    due_on: date


@dataclass(frozen=True, slots=True)
class EqualParts:
    """``count`` parts, the first due on ``first_due_on``, then one every week, every month (counted from the first, so the 31st
    stays the 31st where a month has one) or every ``days``. A down payment comes first, due at once."""

    count: int
    first_due_on: date
    every: Every = "month"
    days: int = 1
    down_payment_fen: int = 0


@dataclass(frozen=True, slots=True)
class CustomParts:
    """Parts of any amounts and days."""

    parts: tuple[Planned, ...]


Schedule = EqualParts | CustomParts


def split(total_fen: int, asked: Schedule, *, today: date) -> list[Planned]:
    """The parts: they come to ``total_fen`` exactly, each is at least one fen, and each is due later than the one before.

    Equal parts differ by one fen at most: what does not divide is given, a fen each, to the first parts.

    Raises:
        InstalmentsDiffer, TooManyInstalments, DownPaymentTooLarge, InstalmentDatesWrong.
    """
    parts = _equal(total_fen, asked, today) if isinstance(asked, EqualParts) else list(asked.parts)
    if len(parts) > MOST_PARTS:
        raise TooManyInstalments(most=MOST_PARTS)
    sum_fen = sum(part.amount_fen for part in parts)
    if sum_fen != total_fen or any(part.amount_fen < 1 for part in parts):
        raise InstalmentsDiffer(owed_fen=total_fen, sum_fen=sum_fen)
    _refuse_dates([part.due_on for part in parts], today)
    return parts


def _equal(total_fen: int, asked: EqualParts, today: date) -> list[Planned]:
    rest_fen = total_fen - asked.down_payment_fen
    if rest_fen < 1:
        raise DownPaymentTooLarge(owed_fen=total_fen)
    if not 1 <= asked.count <= min(rest_fen, MOST_PARTS):
        raise TooManyInstalments(most=min(rest_fen, MOST_PARTS))
    each_fen, extra_fen = divmod(rest_fen, asked.count)
    parts = [
        Planned(each_fen + (number < extra_fen), _due_on(asked, number)) for number in range(asked.count)
    ]
    return [Planned(asked.down_payment_fen, today), *parts] if asked.down_payment_fen else parts


def _due_on(asked: EqualParts, number: int) -> date:
    try:
        if asked.every == "days":
            return asked.first_due_on + timedelta(days=number * asked.days)
        return schedule.counted(asked.first_due_on, _CYCLES[asked.every], number)
    except (OverflowError, ValueError):
        raise InstalmentDatesWrong from None  # beyond the calendar


def _refuse_dates(days: Sequence[date], today: date) -> None:
    in_order = all(before < after for before, after in itertools.pairwise(days))
    if not in_order or days[0] < today or days[-1] - today > LONGEST:
        raise InstalmentDatesWrong
