"""Plans and their periods, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from billing import plan_rows, plans_ahead
from core import clock, db, errors

State = Literal["active", "paused", "cancelled", "ended"]
PeriodState = Literal["upcoming", "charged", "partly", "owed", "waived", "failed", "parked"]


class NoSuchPlan(errors.NotFound):
    """The customer has no such plan."""

    code = "no_such_plan"


@dataclass(frozen=True, slots=True)
class Plan:
    """A customer's plan. ``next_due_on`` is when the next period is deducted; None: none will be."""

    id: int
    customer_id: int
    offer_id: int
    name: str
    cycle: str
    state: str
    started_on: date
    ends_on: date | None
    periods: int | None
    next_due_on: date | None
    paused_on: date | None
    resume_on: date | None
    new_amount_fen: int | None
    new_amount_from: date | None
    created_at: datetime
    warn_periods: int | None
    """The customer is alerted when their balance does not cover so many periods any more."""
    consent_version: str
    consented_at: datetime
    consented_fen: int
    """No period takes more without another consent."""
    consent_door: str
    terms: plans_ahead.Terms

    @property
    def amount_fen(self) -> int:
        return self.terms.amount_fen


COLUMNS = f"""
id, customer_id, offer_id, name, cycle, state, started_on, ends_on, periods,
coalesce((SELECT min(o.due_on) FROM plan_period o WHERE o.plan_id = plan.id AND o.state = 'upcoming'), next_due_on),
paused_on, resume_on, new_amount_fen, new_amount_from, created_at, warn_periods, consent_version, consented_at, consented_fen,
consent_door, {plan_rows.TERMS}
"""
_OWN = 20


def of(row: Sequence[Any]) -> Plan:
    """A plan from the columns of ``COLUMNS``."""
    return Plan(*(*row[:_OWN], plan_rows.terms(row[_OWN:])))


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


_GET = f"SELECT {COLUMNS} FROM plan WHERE id = $1 AND customer_id = $2"


async def get(customer_id: int, plan_id: int) -> Plan:
    """One plan of the customer.

    Raises:
        NoSuchPlan: it is not theirs or does not exist.
    """
    row = await db.fetchrow(_GET, plan_id, customer_id)
    if row is None:
        raise NoSuchPlan(plan_id=plan_id)
    return of(row)


_ONE = f"SELECT {COLUMNS} FROM plan WHERE id = $1"


async def one(plan_id: int) -> Plan:
    """One plan of whomever.

    Raises:
        NoSuchPlan: there is none of this number.
    """
    row = await db.fetchrow(_ONE, plan_id)
    if row is None:
        raise NoSuchPlan(plan_id=plan_id)
    return of(row)


_PAGE_OF_CUSTOMER = f"SELECT {COLUMNS} FROM plan WHERE customer_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"


async def of_customer(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Plan]:
    """The customer's plans, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE_OF_CUSTOMER, customer_id, before if before is not None else 2**62, limit)
    return [of(row) for row in rows]


_PAGE = f"""
SELECT {COLUMNS} FROM plan
WHERE ($1::bigint IS NULL OR customer_id = $1) AND ($2::bigint IS NULL OR offer_id = $2) AND ($3::text IS NULL OR state = $3)
  AND id < $4
ORDER BY id DESC LIMIT $5
"""


async def page(
    *, customer_id: int | None = None, offer_id: int | None = None, state: State | None = None, before: int | None = None,
    limit: int = 20,
) -> list[Plan]:  # fmt: skip
    """Plans of the shop, the newest first; of one customer, offer or state only where asked."""
    last = 2**62 if before is None else before
    return [of(row) for row in await db.fetch(_PAGE, customer_id, offer_id, state, last, limit)]


_PERIODS = f"""
SELECT o.period_no, o.covers_from, o.covers_to, o.due_on, coalesce(o.amount_fen, {plan_rows.BY_USE}), o.units, o.state, o.reason,
       b.bill_no, coalesce(b.paid_fen, 0), o.ended_at
FROM plan_period o JOIN plan p ON p.id = o.plan_id LEFT JOIN bill b ON b.id = o.bill_id
WHERE o.plan_id = $1
"""
_AHEAD = f"{_PERIODS} AND o.state = 'upcoming' AND o.period_no > $2 ORDER BY o.period_no LIMIT $3"
_TO_SKIP = f"{_PERIODS} AND o.state = 'upcoming' AND o.due_on >= $2 AND coalesce(o.units, 0) = 0 ORDER BY o.period_no LIMIT 1"
_LATEST = f"{_PERIODS} AND o.period_no < $2 ORDER BY o.period_no DESC LIMIT $3"
_ENDED = f"{_PERIODS} AND o.state <> 'upcoming' AND o.period_no < $2 ORDER BY o.period_no DESC LIMIT $3"


async def ahead(plan_id: int, *, after: int | None = None, limit: int = 20) -> list[Period]:
    """What will be taken next, the nearest first."""
    return [Period(*row) for row in await db.fetch(_AHEAD, plan_id, -1 if after is None else after, limit)]


async def next_to_skip(plan_id: int) -> Period | None:
    """The nearest period that can be left out; None: none is ahead."""
    row = await db.fetchrow(_TO_SKIP, plan_id, clock.today())
    return None if row is None else Period(*row)


_TAKEN_BY = """
SELECT p.id, p.name, o.period_no, o.covers_from, o.covers_to
FROM bill_payment y JOIN plan_period o ON o.bill_id = y.bill_id JOIN plan p ON p.id = o.plan_id WHERE y.transfer_reference = $1
"""


@dataclass(frozen=True, slots=True)
class TakenFor:
    """The plan and the period of it that a deduction paid."""

    plan_id: int
    name: str
    period_no: int
    covers_from: date
    covers_to: date


async def taken_for(reference: str) -> TakenFor | None:
    """What a deduction was taken for, by the reference of its transfer; None: for no plan."""
    row = await db.fetchrow(_TAKEN_BY, reference)
    return None if row is None else TakenFor(*row)


async def history(plan_id: int, *, before: int | None = None, limit: int = 20) -> list[Period]:
    """What became of the periods that are not ahead any more, the latest first, for their customer: what broke a parked one is the
    shop's to know."""
    found = [Period(*row) for row in await db.fetch(_ENDED, plan_id, 2**31 - 1 if before is None else before, limit)]  # fmt: skip
    return [replace(one, reason=None) if one.state == "parked" else one for one in found]


async def periods(plan_id: int, *, before: int | None = None, limit: int = 20) -> list[Period]:
    """All periods, the latest first."""
    return [Period(*row) for row in await db.fetch(_LATEST, plan_id, 2**31 - 1 if before is None else before, limit)]  # fmt: skip
