"""What is used of plans by use: lessons, kilowatt-hours. It is counted into the period of its day; when that is due, the units times
their price are taken, at most what the customer agreed to, and nothing where nothing was used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing import plan_pauses, plans
from core import clock, db, errors
from ledger import idempotency


class NotByUse(errors.Conflict):
    """The plan has a fixed amount."""

    code = "plan_not_by_use"


class UsageReused(errors.Conflict):
    """Something else was recorded under that reference."""

    code = "usage_reference_reused"


NoSuchPlan = plans.NoSuchPlan
NoSuchPeriod = plan_pauses.NoSuchPeriod
PeriodNotAhead = plan_pauses.PeriodNotAhead
KeyReused = idempotency.KeyReused

MOST_UNITS = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Units used on a day, under the caller's own reference."""

    id: int
    plan_id: int
    period_no: int
    reference: str
    units: int
    used_on: date
    memo: str | None
    by: str
    created_at: datetime


_COLUMNS = "id, plan_id, period_no, reference, units, used_on, memo, by, created_at"
_FIND = f"SELECT {_COLUMNS} FROM plan_usage WHERE plan_id = $1 AND reference = $2"
_PERIOD = """
SELECT o.period_no, o.state FROM plan_period o JOIN plan p ON p.id = o.plan_id
WHERE o.plan_id = $1 AND o.covers_from <= $2 AND o.covers_to >= $2 AND (p.cancelled_on IS NULL OR p.cancelled_on >= $2)
ORDER BY o.period_no LIMIT 1
"""
_RECORD = """
INSERT INTO plan_usage (plan_id, period_no, reference, units, used_on, memo, by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_COUNT = "UPDATE plan_period SET units = units + $3 WHERE plan_id = $1 AND period_no = $2"


async def record(
    operator_id: int,
    plan_id: int,
    *,
    units: int,
    used_on: date,
    reference: str,
    memo: str | None = None,
    key: str,
) -> Usage:
    """Counts units into the period that covers the day. The same reference again is counted once and answered the same.

    Raises:
        NoSuchPlan, NotByUse, UsageReused, KeyReused.
        NoSuchPeriod: the plan does not cover that day, or was ended before it.
        PeriodNotAhead: the period has been taken already.
    """
    assert 1 <= units <= MOST_UNITS
    by = f"operator:{operator_id}"

    async def act() -> str:
        plan = await plans.locked(plan_id)
        if plan.terms.unit is None:
            raise NotByUse(plan_id=plan_id)
        known = await db.fetchrow(_FIND, plan_id, reference)
        if known is None:
            period_no = await _count(plan_id, used_on, units)
            await db.execute(_RECORD, plan_id, period_no, reference, units, used_on, memo, by, clock.now())
        elif (known["units"], known["used_on"]) != (units, used_on):
            raise UsageReused(reference=reference)
        return reference

    content = {"plan_id": plan_id, "units": units, "used_on": used_on, "reference": reference, "memo": memo}
    await idempotency.alone(caller=by, operation="plan_usage.record", key=key, content=content, act=act)
    row = await db.fetchrow(_FIND, plan_id, reference)
    assert row is not None
    return Usage(*row)


async def use_one(plan_id: int, *, used_on: date, reference: str, memo: str, by: str) -> bool:
    """Counts one unit into the period of a day; whether the plan has one that is still to be taken. Part of the caller's transaction.

    Raises:
        NoSuchPlan.
    """
    await plans.locked(plan_id)
    try:
        period_no = await _count(plan_id, used_on, 1)
    except (NoSuchPeriod, PeriodNotAhead):
        return False
    await db.execute(_RECORD, plan_id, period_no, reference, 1, used_on, memo, by, clock.now())
    return True


_TAKE_BACK = "DELETE FROM plan_usage WHERE plan_id = $1 AND reference = $2 RETURNING period_no, units"
_UNCOUNT = """
UPDATE plan_period SET units = units - $3 WHERE plan_id = $1 AND period_no = $2 AND state = 'upcoming' RETURNING 1
"""


async def take_back(plan_id: int, *, reference: str) -> None:
    """What was counted under that reference was not used after all. Part of the caller's transaction.

    Raises:
        NoSuchPlan.
        PeriodNotAhead: the period it was counted into has been taken.
    """
    await plans.locked(plan_id)
    counted = await db.fetchrow(_TAKE_BACK, plan_id, reference)
    if counted is None:
        return
    period_no, units = counted
    if await db.fetchval(_UNCOUNT, plan_id, period_no, units) is None:
        raise PeriodNotAhead(plan_id=plan_id, period_no=period_no)


async def _count(plan_id: int, used_on: date, units: int) -> int:
    """Into the period of the day, whose number is returned."""
    period = await db.fetchrow(_PERIOD, plan_id, used_on)
    if period is None:
        raise NoSuchPeriod(plan_id=plan_id)
    number: int = period["period_no"]
    if period["state"] != "upcoming":
        raise PeriodNotAhead(plan_id=plan_id, period_no=number)
    await db.execute(_COUNT, plan_id, number, units)
    return number


_PAGE = f"SELECT {_COLUMNS} FROM plan_usage WHERE plan_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"


async def page(plan_id: int, *, before: int | None = None, limit: int = 20) -> Sequence[Usage]:
    """What was recorded of a plan, newest first."""
    rows = await db.fetch(_PAGE, plan_id, before if before is not None else 2**62, limit)
    return [Usage(*row) for row in rows]
