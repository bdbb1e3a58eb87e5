"""Parked periods 搁置的期: what the due run could not work on, kept apart until an operator has looked. They retry it, or waive it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from billing import due_runs, halving, plan_events, plan_pauses, plan_rows, staff_alerts
from core import clock, db, errors
from ledger import accounts, idempotency
from members import limits


class PeriodNotParked(errors.Conflict):
    """The period is not parked: it was retried or waived already."""

    code = "period_not_parked"


class PlanOver(errors.Conflict):
    """The plan was cancelled before this period was due: it can only be waived."""

    code = "plan_over"


NoSuchPeriod = plan_pauses.NoSuchPeriod
AboveYourLimit = limits.AboveYourLimit
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Parked:
    """A period that waits for an operator, and why."""

    id: int
    plan_id: int
    customer_id: int
    name: str
    period_no: int
    due_on: date
    amount_fen: int | None
    reason: str | None


_PARK = """
WITH failing AS (
    SELECT o.id, o.plan_id, o.period_no, p.customer_id FROM plan_period o JOIN plan p ON p.id = o.plan_id
    WHERE o.id = $1 AND o.state = 'upcoming' FOR NO KEY UPDATE OF p, o
)
UPDATE plan_period SET state = 'parked', reason = $2 FROM failing WHERE plan_period.id = failing.id
RETURNING failing.plan_id, failing.period_no, failing.customer_id
"""


async def park(run_id: int, period_id: int, error: BaseException) -> due_runs.Outcomes:
    """Sets a period aside that fails alone, and tells the shop's people."""
    reason = halving.reason(error)
    async with db.transaction():
        row = await db.fetchrow(_PARK, period_id, reason)
        if row is None:
            return due_runs.Outcomes()
        params = {"period_id": period_id, **dict(row), "reason": reason}
        await staff_alerts.raise_once("period_parked", str(period_id), params)
        done = due_runs.Outcomes(parked=1)
        await due_runs.add(run_id, done)
    return done


_PAGE = """
SELECT o.id, o.plan_id, p.customer_id, p.name, o.period_no, o.due_on, o.amount_fen, o.reason
FROM plan_period o JOIN plan p ON p.id = o.plan_id WHERE o.state = 'parked' AND o.id < $1 ORDER BY o.id DESC LIMIT $2
"""


async def page(*, before: int | None = None, limit: int = 20) -> list[Parked]:
    """Parked periods, the newest first."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, limit)
    return [Parked(*row) for row in rows]


_AGAIN = """
WITH going_on AS (UPDATE plan SET state = 'active' WHERE id = $2 AND state = 'ended')
UPDATE plan_period SET state = 'upcoming', reason = NULL WHERE id = $1
"""
_WAIVE = "UPDATE plan_period SET state = 'waived', reason = 'operator', ended_at = $2 WHERE id = $1"


async def retry(by: str, period_id: int, *, key: str) -> int:
    """The next due run takes the period like any other. Returns its id.

    Raises:
        NoSuchPeriod, PeriodNotParked, PlanOver, KeyReused.
    """

    async def act(plan_id: int, is_over: bool) -> None:
        if is_over:
            raise PlanOver(plan_id=plan_id)
        await db.execute(_AGAIN, period_id, plan_id)
        await plan_events.note(plan_id, "period_retried", by, {"period_id": period_id})

    return await _once("parked_periods.retry", by, period_id, "", key, act)


async def waive(by: str, period_id: int, *, reason: str, key: str) -> int:
    """Nothing is taken for the period. Returns its id.

    Raises:
        NoSuchPeriod, PeriodNotParked, AboveYourLimit, KeyReused.
    """

    async def act(plan_id: int, is_over: bool) -> None:
        await db.execute(_WAIVE, period_id, clock.now())
        await plan_events.note(plan_id, "period_waived", by, {"period_id": period_id, "reason": reason})

    return await _once("parked_periods.waive", by, period_id, reason, key, act, gives_up=True)


_LOCK = f"""
SELECT o.plan_id, o.state, p.state = 'cancelled' AND o.due_on >= p.cancelled_on AS is_over, p.customer_id,
    coalesce(o.amount_fen, {plan_rows.BY_USE}, p.amount_fen) AS costs_fen
FROM plan_period o JOIN plan p ON p.id = o.plan_id WHERE o.id = $1 FOR NO KEY UPDATE OF p, o
"""


async def _once(
    operation: str,
    by: str,
    period_id: int,
    reason: str,
    key: str,
    act: Callable[[int, bool], Awaitable[None]],
    *,
    gives_up: bool = False,
) -> int:
    async def acted() -> int:
        allowance = await _allowance(by) if gives_up else None
        row = await db.fetchrow(_LOCK, period_id)
        if row is None:
            raise NoSuchPeriod(period_id=period_id)
        if row["state"] != "parked":
            raise PeriodNotParked(period_id=period_id, state=row["state"])
        if allowance is not None:
            await allowance.take(row["costs_fen"], accounts.of_customer(row["customer_id"]))
        await act(row["plan_id"], row["is_over"])
        await staff_alerts.resolve("period_parked", [str(period_id)])
        return period_id

    content = {"period_id": period_id, "reason": reason}
    return int(await idempotency.alone(caller=by, operation=operation, key=key, content=content, act=acted))


async def _allowance(by: str) -> limits.Allowance | None:
    """What who waives may give up; None: it is nobody with roles."""
    who, _, number = by.partition(":")
    return await limits.of(int(number), "write_offs", "plans.run") if who == "operator" else None
