"""Plans and their periods, as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from billing import plan_rows, plans
from core import db

State = Literal["active", "paused", "cancelled", "ended"]
PeriodState = Literal["upcoming", "charged", "partly", "owed", "waived", "failed", "parked"]


@dataclass(frozen=True, slots=True)
class Period:
    """A period of a plan and what became of it. ``amount_fen`` of one ahead of a plan by use is what was used so far."""

    period_no: int
    covers_from: date
    covers_to: date
    due_on: date
    amount_fen: int
    units: int | None
    state: PeriodState
    reason: str | None
    bill_no: str | None
    paid_fen: int
    ended_at: datetime | None


_PERIODS = f"""
SELECT o.period_no, o.covers_from, o.covers_to, o.due_on, coalesce(o.amount_fen, {plan_rows.BY_USE}), o.units, o.state, o.reason,
       b.bill_no, coalesce(b.paid_fen, 0), o.ended_at
FROM plan_period o JOIN plan p ON p.id = o.plan_id LEFT JOIN bill b ON b.id = o.bill_id
WHERE o.plan_id = $1
"""
_AHEAD = f"{_PERIODS} AND o.state = 'upcoming' AND o.period_no > $2 ORDER BY o.period_no LIMIT $3"
_LATEST = f"{_PERIODS} AND o.period_no < $2 ORDER BY o.period_no DESC LIMIT $3"
_ENDED = f"{_PERIODS} AND o.state <> 'upcoming' AND o.period_no < $2 ORDER BY o.period_no DESC LIMIT $3"


async def ahead(plan_id: int, *, after: int | None = None, limit: int = 20) -> list[Period]:
    """What will be taken next, the nearest first."""
    return [Period(*row) for row in await db.fetch(_AHEAD, plan_id, -1 if after is None else after, limit)]


async def history(plan_id: int, *, before: int | None = None, limit: int = 20) -> list[Period]:
    """What became of the periods that are not ahead any more, the latest first."""
    return [Period(*row) for row in await db.fetch(_ENDED, plan_id, 2**31 - 1 if before is None else before, limit)]  # fmt: skip


async def periods(plan_id: int, *, before: int | None = None, limit: int = 20) -> list[Period]:
    """All periods, the latest first."""
    return [Period(*row) for row in await db.fetch(_LATEST, plan_id, 2**31 - 1 if before is None else before, limit)]  # fmt: skip


_PAGE = f"""
SELECT {plans.COLUMNS} FROM plan
WHERE ($1::bigint IS NULL OR customer_id = $1) AND ($2::bigint IS NULL OR offer_id = $2) AND ($3::text IS NULL OR state = $3)
  AND id < $4
ORDER BY id DESC LIMIT $5
"""


async def page(
    *, customer_id: int | None = None, offer_id: int | None = None, state: State | None = None, before: int | None = None,
    limit: int = 20,
) -> list[plans.Plan]:  # fmt: skip
    """Plans of the shop, the newest first; of one customer, offer or state only where asked."""
    last = 2**62 if before is None else before
    return [plans.of(row) for row in await db.fetch(_PAGE, customer_id, offer_id, state, last, limit)]
