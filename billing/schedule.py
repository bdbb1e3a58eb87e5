"""When the periods of a plan are due. Pure calendar; total for every start, cycle and period."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

CYCLES = ("daily", "weekly", "monthly", "yearly")


def due_on(started_on: date, cycle: str, period_no: int) -> date:
    """The day period ``period_no`` (from 0) is due: that many cycles after the start.

    Months and years are counted from the start, not from the last due day, so the 31st becomes the 28th in February and the
    31st again in March; the 29th of February becomes the 28th in other years.
    """
    if cycle == "daily":
        return started_on + timedelta(days=period_no)
    if cycle == "weekly":
        return started_on + timedelta(weeks=period_no)
    months = period_no * (12 if cycle == "yearly" else 1)
    year, month = divmod(started_on.year * 12 + started_on.month - 1 + months, 12)
    return date(year, month + 1, min(started_on.day, calendar.monthrange(year, month + 1)[1]))
