"""The shop day by day: takings, sales, deductions, what is owed to customers, customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core import clock, db, errors, money
from reports import takings

MOST_DAYS = 400


class TooManyDays(errors.Invalid):
    """The days asked for are too many at once, or end before they begin."""

    code = "trend_days"


@dataclass(frozen=True, slots=True)
class Day:
    """One business day, amounts in fen. ``liability_fen`` at its end, or now."""

    day: date
    taken: takings.Takings
    orders: int
    sales_fen: int
    topped_up_fen: int
    deducted_fen: int
    liability_fen: int
    new_customers: int
    active_customers: int


_SALES = """
SELECT (placed_at AT TIME ZONE $3)::date AS day, count(*) AS orders, sum(total_fen)::bigint AS fen FROM shop_order
WHERE placed_at >= $1 AND placed_at < $2 AND paid_at IS NOT NULL AND state <> 'cancelled' GROUP BY 1
"""
_BALANCES = """
SELECT NULL::date AS day, sum(principal_fen + bonus_fen)::bigint AS moved_fen, 0::bigint AS topped_up_fen, 0::bigint AS deducted_fen,
       0::bigint AS active FROM account WHERE kind = 'customer' AND currency = $3
UNION ALL
SELECT (e.created_at AT TIME ZONE $2)::date AS day, sum(e.principal_fen + e.bonus_fen)::bigint AS moved_fen,
       coalesce(sum(e.principal_fen + e.bonus_fen) FILTER (WHERE t.kind = 'top_up'), 0)::bigint AS topped_up_fen,
       coalesce(-sum(e.principal_fen + e.bonus_fen) FILTER (WHERE t.kind = 'bill_payment'), 0)::bigint AS deducted_fen,
       count(DISTINCT e.account_id) AS active
FROM entry e JOIN account a ON a.id = e.account_id JOIN transfer t ON t.id = e.transfer_id
WHERE e.created_at >= $1 AND a.kind = 'customer' AND a.currency = $3 GROUP BY 1
"""  # the first row is what is owed now: of the same moment as the changes, or what is counted back from it would not fit
_NEW = """
SELECT (created_at AT TIME ZONE $3)::date AS day, count(*) AS customers FROM customer WHERE created_at >= $1 AND created_at < $2 GROUP BY 1
"""


async def by_day(from_on: date, to_on: date) -> list[Day]:
    """Every business day from one to another, both included, in order; days to come are left out.

    Raises:
        TooManyDays.
    """
    to_on = min(to_on, clock.today())
    if not 0 <= (to_on - from_on).days < MOST_DAYS:
        raise TooManyDays(most=MOST_DAYS)
    begins_at, ends_at = clock.start_of(from_on), clock.start_of(to_on + timedelta(days=1))
    zone = clock.zone().key
    took = await takings.by_day(begins_at, ends_at)
    sales = _by_day(await db.fetch(_SALES, begins_at, ends_at, zone))
    moved = _by_day(await db.fetch(_BALANCES, begins_at, zone, money.CURRENCY))
    new = _by_day(await db.fetch(_NEW, begins_at, ends_at, zone))
    closing = _closings(from_on, to_on, moved.pop(None)["moved_fen"] or 0, moved)
    return [_day(day, took, sales, moved, new, closing) for day in _days(from_on, to_on)]


def _days(from_on: date, to_on: date) -> list[date]:
    return [from_on + timedelta(days=number) for number in range((to_on - from_on).days + 1)]


def _by_day(rows: Any) -> dict[Any, Any]:
    return {row["day"]: row for row in rows}


def _closings(from_on: date, to_on: date, held_fen: int, moved: dict[date, Any]) -> dict[date, int]:
    """What was owed at the end of each day, counted back from what is owed now."""
    closing: dict[date, int] = {}
    last = max([to_on, *moved])
    for day in reversed(_days(from_on, last)):
        closing[day] = held_fen
        held_fen -= moved[day]["moved_fen"] if day in moved else 0
    return closing


def _day(
    day: date,
    took: dict[date, takings.Takings],
    sales: dict[date, Any],
    moved: dict[date, Any],
    new: dict[date, Any],
    closing: dict[date, int],
) -> Day:
    sold, balances, came = sales.get(day), moved.get(day), new.get(day)
    return Day(
        day=day,
        taken=took.get(day, takings.Takings()),
        orders=sold["orders"] if sold else 0,
        sales_fen=sold["fen"] if sold else 0,
        topped_up_fen=balances["topped_up_fen"] if balances else 0,
        deducted_fen=balances["deducted_fen"] if balances else 0,
        liability_fen=closing[day],
        new_customers=came["customers"] if came else 0,
        active_customers=balances["active"] if balances else 0,
    )


def begin_of(days: int) -> tuple[date, date]:
    """The last ``days`` business days, today included."""
    today = clock.today()
    return today - timedelta(days=days - 1), today
