"""Pausing and resuming a plan, and skipping one of its periods.

While a plan is paused nothing of it is taken but what was due before. When it goes on, the periods that fell due meanwhile have
lapsed (``on_pause`` waive), or the plan goes on with them where it stopped, so that the customer gets as many periods as agreed
(``shift``); the period that was under way when the pause began is not made longer. Of a plan by use, what was used stays due.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from billing import horizon, plan_actors, plan_events, plan_rows, plans, plans_ahead, schedule
from core import clock, db, errors
from ledger import idempotency

log = logging.getLogger(__name__)

LONGEST = timedelta(days=366)
"""A pause that ends by itself ends within this time."""


class PlanNotRunning(errors.Conflict):
    """The plan is paused, or has ended."""

    code = "plan_not_running"


class PlanNotPaused(errors.Conflict):
    """The plan is not paused."""

    code = "plan_not_paused"


class PlanSuspended(errors.Conflict):
    """A period of the plan was not paid, and its grace is over: it goes on when that is paid."""

    code = "plan_suspended"


class PauseOutOfRange(errors.Invalid):
    """A pause ends after today, within a year."""

    code = "pause_out_of_range"


class NoSuchPeriod(errors.NotFound):
    """The plan has no such period, or it is not made yet."""

    code = "no_such_period"


class PeriodNotAhead(errors.Conflict):
    """The period has been taken or used, was due before today, or has ended."""

    code = "period_not_ahead"


NoSuchPlan = plans.NoSuchPlan
NotByCustomers = plan_actors.NotByCustomers
KeyReused = idempotency.KeyReused


async def pause(actor: plan_actors.Actor, plan_id: int, *, until: date | None = None, key: str) -> None:
    """Nothing that is due from today on is taken until the plan is resumed, or until that day, from which on it runs again.

    Raises:
        NoSuchPlan, NotByCustomers, PlanNotRunning, PauseOutOfRange, KeyReused.
    """
    plan_actors.refuse_customers(actor)

    async def act() -> int:
        today = clock.today()
        if until is not None and not today < until <= today + LONGEST:
            raise PauseOutOfRange
        plan = await plans.locked(plan_id, actor.customer_id)
        if plan.state != "active":
            raise PlanNotRunning(plan_id=plan_id)
        await _stand_still(plan_id, until)
        await plan_events.note(plan_id, "paused", actor.label, {"until": until})
        await plan_actors.tell_change(actor, plan_id, "plan_paused")
        return plan_id

    await idempotency.alone(
        caller=actor.label,
        operation="plans.pause",
        key=key,
        content={"plan_id": plan_id, "until": until},
        act=act,
    )


_HOLDS_BACK = """
d.plan_id = $1 AND d.state = 'open' AND (d.suspended_at IS NOT NULL OR d.suspends AND d.grace_over_at IS NOT NULL)
    AND b.id = d.bill_id AND b.state IN ('open', 'partly_paid')
"""
"""Whether a dunning case ``d`` with its bill ``b`` keeps its plan from going on: it has suspended it, or would have, had its customer not
paused it themselves. Asked of the bills themselves: the clock closes their cases a moment later."""
_IS_SUSPENDED = f"SELECT EXISTS (SELECT FROM dunning_case d, bill b WHERE {_HOLDS_BACK})"
_NO_MORE_SUSPENDED = """
UPDATE dunning_case SET suspended_at = NULL, suspends = suspends AND grace_over_at IS NULL WHERE plan_id = $1 AND state = 'open'
"""
"""Who lets a plan go on with a bill beyond its grace has decided so for good."""
_SUSPEND_NOW = (
    f"UPDATE dunning_case d SET suspended_at = coalesce(d.suspended_at, $2) FROM bill b WHERE {_HOLDS_BACK}"
)
_STAYS = "UPDATE plan SET resume_on = NULL WHERE id = $1"


async def resume(actor: plan_actors.Actor, plan_id: int, *, key: str) -> None:
    """The plan runs again from today on.

    Raises:
        NoSuchPlan, NotByCustomers, PlanNotPaused, KeyReused.
        PlanSuspended: its customer asks, and owes a bill of it for longer than the grace that suspends it.
    """
    plan_actors.refuse_customers(actor)

    async def act() -> int:
        plan = await plans.locked(plan_id, actor.customer_id)
        if plan.state != "paused":
            raise PlanNotPaused(plan_id=plan_id)
        if actor.customer_id is not None and await db.fetchval(_IS_SUSPENDED, plan_id):
            raise PlanSuspended(plan_id=plan_id)
        await db.execute(_NO_MORE_SUSPENDED, plan_id)
        await _go_on(plan, clock.today())
        await plan_events.note(plan_id, "resumed", actor.label)
        await plan_actors.tell_change(actor, plan_id, "plan_resumed")
        return plan_id

    await idempotency.alone(
        caller=actor.label, operation="plans.resume", key=key, content={"plan_id": plan_id}, act=act
    )


async def suspend(plan_id: int) -> None:
    """The clock pauses a plan because a period was not paid (``billing.dunning``). Part of the caller's transaction, which has locked the
    plan and found it running."""
    await _stand_still(plan_id, None)
    await plan_events.note(plan_id, "suspended", plan_actors.CLOCK.label)
    await plan_actors.tell_change(plan_actors.CLOCK, plan_id, "plan_suspended")


async def end_suspension(plan_id: int) -> None:
    """It was paid: the plan runs again from today on, if it has not ended. Part of the caller's transaction."""
    plan = await plans.locked(plan_id)
    if plan.state == "paused":
        await _go_on(plan, clock.today())
        await plan_events.note(plan_id, "resumed", plan_actors.CLOCK.label)
        await plan_actors.tell_change(plan_actors.CLOCK, plan_id, "plan_resumed")


_OVER = "SELECT id FROM plan WHERE state = 'paused' AND resume_on <= $1 ORDER BY resume_on, id"
_LOCK_OVER = (
    "SELECT id FROM plan WHERE id = $1 AND state = 'paused' AND resume_on <= $2 FOR NO KEY UPDATE SKIP LOCKED"
)


async def resume_due() -> int:
    """Lets plans go on whose pause was to end by now, from the day it was to end. Returns how many. A plan whose bill is owed beyond its
    grace is suspended from now on instead (``billing.dunning``). One that cannot go on keeps no others waiting: it is logged, and named by
    the proof (I16) until it is mended."""
    done = 0
    for row in await db.fetch(_OVER, clock.today()):
        try:
            done += await _resume_over(row["id"])
        except Exception as error:
            if not db.is_of_the_rows(error):
                raise
            log.exception("plan %s cannot go on after its pause", row["id"])
    return done


@db.retried
async def _resume_over(plan_id: int) -> int:
    async with db.transaction():
        if await db.fetchval(_LOCK_OVER, plan_id, clock.today()) is None:
            return 0
        plan = await plans.locked(plan_id)
        assert plan.resume_on is not None
        if await db.execute(_SUSPEND_NOW, plan_id, clock.now()):
            await db.execute(_STAYS, plan_id)
            await plan_events.note(plan_id, "suspended", plan_actors.CLOCK.label)
            await plan_actors.tell_change(plan_actors.CLOCK, plan_id, "plan_suspended")
            return 0
        await _go_on(plan, plan.resume_on)
        await plan_events.note(plan_id, "resumed", plan_actors.CLOCK.label)
        await plan_actors.tell_change(plan_actors.CLOCK, plan_id, "plan_resumed")
        return 1


_SKIP = """
UPDATE plan_period SET state = 'waived', reason = 'skipped', ended_at = $3 WHERE plan_id = $1 AND period_no = $2
"""
_PERIOD = "SELECT state, due_on, amount_fen, units FROM plan_period WHERE plan_id = $1 AND period_no = $2"


async def skip(actor: plan_actors.Actor, plan_id: int, period_no: int, *, key: str) -> None:
    """One period ahead is left out: nothing is taken for it. The plan goes on with the next.

    Raises:
        NoSuchPlan, NotByCustomers, NoSuchPeriod, PeriodNotAhead, KeyReused.
    """
    plan_actors.refuse_customers(actor)

    async def act() -> int:
        await plans.locked(plan_id, actor.customer_id)
        period = await db.fetchrow(_PERIOD, plan_id, period_no)
        if period is None:
            raise NoSuchPeriod(plan_id=plan_id, period_no=period_no)
        if period["state"] != "upcoming" or period["due_on"] < clock.today() or period["units"]:
            raise PeriodNotAhead(plan_id=plan_id, period_no=period_no)
        await db.execute(_SKIP, plan_id, period_no, clock.now())
        await plan_events.note(
            plan_id, "skipped", actor.label, {"period_no": period_no, "due_on": period["due_on"]}
        )
        await plan_actors.tell_change(
            actor, plan_id, "plan_skipped", on=period["due_on"], amount_fen=period["amount_fen"]
        )
        return plan_id

    await idempotency.alone(
        caller=actor.label, operation="plans.skip", key=key, content={"plan_id": plan_id, "period_no": period_no}, act=act
    )  # fmt: skip


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────

_PAUSE = "UPDATE plan SET state = 'paused', paused_on = $2, resume_on = $3 WHERE id = $1"


async def _stand_still(plan_id: int, until: date | None) -> None:
    """A locked, active plan is paused from today on. What fell due before is made first, should the clock have been down: it is not the
    pause's."""
    await horizon.extend_by(plan_id, clock.today())
    await db.execute(_PAUSE, plan_id, clock.today(), until)


_ACTIVE = "UPDATE plan SET state = 'active', paused_on = NULL, resume_on = NULL WHERE id = $1"


async def _go_on(plan: plan_rows.Row, on: date) -> None:
    """A locked, paused plan runs again from the day ``on``."""
    assert plan.paused_on is not None
    await db.execute(_ACTIVE, plan.id)
    if plan.terms.unit is None and plan.terms.on_pause == "shift":
        await _shift(plan, on)
    elif plan.terms.unit is None:
        await _waive(plan, on)
    await horizon.extend_to_horizon(plan.id)


_WAIVE = """
UPDATE plan_period SET state = 'waived', reason = 'paused', ended_at = $4
WHERE plan_id = $1 AND state = 'upcoming' AND due_on >= $2 AND due_on < $3
"""


async def _waive(plan: plan_rows.Row, on: date) -> None:
    await horizon.extend_by(plan.id, on - timedelta(days=1))
    await db.execute(_WAIVE, plan.id, plan.paused_on, on, clock.now())


_STOPPED_AT = """
SELECT min(period_no) FILTER (WHERE state = 'upcoming' AND due_on >= $2 OR reason = 'free' AND covers_from >= $2),
       max(period_no) FILTER (WHERE reason IS DISTINCT FROM 'cancelled')
FROM plan_period WHERE plan_id = $1
"""
"""The first period that was not taken, or is free and had not begun, and the last there is; where the plan is ended for the end of a
period, that one."""
_BEFORE = "SELECT covers_to, due_on FROM plan_period WHERE plan_id = $1 AND period_no = $2"


async def _shift(plan: plan_rows.Row, on: date) -> None:
    """The periods from the first one that was not taken on are moved behind the pause, with those that are skipped or free; the
    plan's last day moves with them."""
    found = await db.fetchrow(_STOPPED_AT, plan.id, plan.paused_on)
    assert found is not None, "a SELECT of aggregates has one row"
    first_no, last_no = found
    first_no = plan.place.period_no if first_no is None else first_no
    before = await db.fetchrow(_BEFORE, plan.id, first_no - 1)
    earliest_on = plan.span.started_on if before is None else before["covers_to"] + timedelta(days=1)
    last_due_on = None if before is None else before["due_on"]
    place = plans_ahead.Place(first_no, schedule.first(plan.terms.rule, max(on, earliest_on)), last_due_on)
    moved: list[plans_ahead.Period] = []
    while place.period_no < plan.place.period_no:
        period, place = _endless(plan, place)
        moved.append(period)
    await _redate(plan, moved)
    last = next((one for one in reversed(moved) if one.period_no == last_no), None)
    span = await _end_later(plan, on, last, place)
    if plan.place.on is None:  # all its periods are made: none comes after them now either
        place = replace(place, on=None)
    await horizon.stand(replace(plan, span=span), place)


def _endless(plan: plan_rows.Row, place: plans_ahead.Place) -> tuple[plans_ahead.Period, plans_ahead.Place]:
    """The plan's next period wherever the plan ends, and where it stands after it."""
    endless = replace(plan.span, ends_on=None, periods=None)
    step = plans_ahead.following(plan.terms, endless, plan.price, place)
    assert step is not None, "a rule without dates of its own goes on"
    return step


_REDATE = """
UPDATE plan_period SET covers_from = n.covers_from, covers_to = n.covers_to, due_on = n.due_on, notice_on = n.notice_on,
    amount_fen = CASE plan_period.state WHEN 'upcoming' THEN n.amount_fen ELSE plan_period.amount_fen END
FROM unnest($2::int[], $3::date[], $4::date[], $5::date[], $6::bigint[], $7::date[])
     AS n (period_no, covers_from, covers_to, due_on, amount_fen, notice_on)
WHERE plan_period.plan_id = $1 AND plan_period.period_no = n.period_no
"""


async def _redate(plan: plan_rows.Row, moved: Sequence[plans_ahead.Period]) -> None:
    await db.execute(
        _REDATE, plan.id, [one.period_no for one in moved], [one.covers_from for one in moved],
        [one.covers_to for one in moved], [one.due_on for one in moved], [one.amount_fen for one in moved],
        [plan.terms.notice_on(one) for one in moved],
    )  # fmt: skip


_ENDS_ON = "UPDATE plan SET ends_on = $2 WHERE id = $1"


async def _end_later(
    plan: plan_rows.Row, on: date, last: plans_ahead.Period | None, place: plans_ahead.Place
) -> plans_ahead.Span:
    """Of a plan with a last day: it is later by the length of the pause, or as it takes for as many periods as were to come, and no
    more. ``last`` is its last period, where that was moved; from ``place`` on those follow that are not made yet."""
    assert plan.paused_on is not None
    ended_on, was_at = plan.span.ends_on, plan.place
    if ended_on is None:
        return plan.span
    ends_on = ended_on if last is None else last.covers_to
    while (step := plans_ahead.following(plan.terms, plan.span, plan.price, was_at)) is not None:
        was_at = step[1]
        last, place = _endless(plan, place)
        ends_on = min(max(ended_on + (on - plan.paused_on), last.covers_from), last.covers_to)
    await db.execute(_ENDS_ON, plan.id, ends_on)
    return replace(plan.span, ends_on=ends_on)
