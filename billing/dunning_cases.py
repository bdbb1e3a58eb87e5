"""Dunning cases as people look at them: which plan bills are overdue, since when, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core import clock, db


@dataclass(frozen=True, slots=True)
class Case:
    """An open case with its bill."""

    id: int
    bill_no: str
    customer_id: int
    plan_id: int
    title: str
    amount_fen: int
    owed_fen: int
    due_at: datetime
    opened_on: date
    grace_days: int
    tries: int
    next_at: datetime | None
    suspended_at: datetime | None
    fee_bill_no: str | None
    policy_id: int | None

    @property
    def grace_ends_on(self) -> date:
        return self.opened_on + timedelta(days=self.grace_days)

    @property
    def overdue_days(self) -> int:
        return max(0, (clock.today() - clock.day_of(self.due_at)).days)


_PAGE = """
SELECT d.id, b.bill_no, b.customer_id, d.plan_id, b.title, b.amount_fen, b.amount_fen - b.paid_fen, b.due_at, d.opened_on, d.grace_days,
       d.tries, d.next_at, d.suspended_at, d.fee_bill_no, d.policy_id
FROM dunning_case d JOIN bill b ON b.id = d.bill_id
WHERE d.state = 'open' AND b.state IN ('open', 'partly_paid') AND d.id < $1 AND ($2::bigint IS NULL OR b.customer_id = $2)
    AND ($3::boolean IS NULL OR (d.suspended_at IS NOT NULL) = $3)
ORDER BY d.id DESC LIMIT $4
"""


async def page(
    *,
    customer_id: int | None = None,
    suspended: bool | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[Case]:
    """Open cases whose bill is still owed, the newest first."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, customer_id, suspended, limit)
    return [Case(*row) for row in rows]
