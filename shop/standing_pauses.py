"""Pausing, resuming and ending a standing order, skipping one of its deliveries, and agreeing to one that costs more.

What is ordered already stays an order, which its customer may cancel as any.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import date, datetime, timedelta

from billing import plan_actors, plan_pauses, plans
from core import clock, db, errors
from ledger import idempotency
from shop import standing_orders, standing_rows

log = logging.getLogger(__name__)

Actor = plan_actors.Actor
NoSuchStandingOrder = standing_rows.NoSuchStandingOrder
StandingOrderOver = standing_orders.StandingOrderOver
NotByCustomers = plan_actors.NotByCustomers
PauseOutOfRange = plan_pauses.PauseOutOfRange
KeyReused = idempotency.KeyReused


class StandingOrderNotRunning(errors.Conflict):
    """The standing order is paused, or has ended."""

    code = "standing_order_not_running"


class StandingOrderNotPaused(errors.Conflict):
    """The standing order is not paused."""

    code = "standing_order_not_paused"


class NoSuchDelivery(errors.NotFound):
    """The standing order has no delivery on that day."""

    code = "no_such_delivery"


class DeliveryNotAhead(errors.Conflict):
    """The delivery is ordered already, left out, or over."""

    code = "delivery_not_ahead"


SKIPPING = (StandingOrderOver, NoSuchDelivery, DeliveryNotAhead)
"""What leaving one delivery out may answer."""

_LAPSE = """
UPDATE standing_delivery SET try_at = NULL, ended_at = $3, state = CASE WHEN deliver_on < $2 THEN 'missed' ELSE 'waived' END,
    reason = CASE WHEN deliver_on < $2 THEN coalesce(reason, 'late') ELSE $4 END
WHERE standing_order_id = $1 AND state IN ('upcoming', 'waiting') RETURNING id
"""
_PAUSE = "UPDATE standing_order SET state = 'paused', paused_on = $2, resume_on = $3 WHERE id = $1"


async def pause(actor: Actor, standing_id: int, *, until: date | None = None, key: str) -> None:
    """Nothing is ordered any more until it is resumed, or for deliveries from that day on.

    Raises:
        NoSuchStandingOrder, NotByCustomers, StandingOrderNotRunning, PauseOutOfRange, KeyReused.
    """
    plan_actors.refuse_customers(actor)

    async def act() -> int:
        today = clock.today()
        if until is not None and not today < until <= today + plan_pauses.LONGEST:
            raise PauseOutOfRange
        standing = await standing_rows.locked(standing_id, actor.customer_id)
        if standing.state != "active":
            raise StandingOrderNotRunning(standing_id=standing_id)
        await pass_over(standing, before=today, state="missed", reason="late")
        await _lapse(standing_id, "paused")
        await db.execute(_PAUSE, standing_id, today, until)
        await standing_rows.note(standing_id, "paused", actor.label, {"until": until})
        await standing_rows.tell_change(actor, standing)
        return standing_id

    content = {"standing_id": standing_id, "until": until}
    await idempotency.alone(caller=actor.label, operation="standing.pause", key=key, content=content, act=act)


async def _lapse(standing_id: int, reason: str) -> None:
    """What a locked one was still to have ordered is left out, or missed where its day is over."""
    over = await db.fetch(_LAPSE, standing_id, clock.today(), clock.now(), reason)
    await standing_rows.unstick([row["id"] for row in over])


_GO_ON = "UPDATE standing_order SET state = 'active', paused_on = NULL, resume_on = NULL WHERE id = $1"
_COMES_AFTER_ALL = """
UPDATE standing_delivery SET state = 'upcoming', reason = NULL, try_at = $3, ended_at = NULL
WHERE standing_order_id = $1 AND deliver_on >= $2 AND state = 'waived' AND reason = 'paused'
"""
"""What the pause left out as it began, though it ends before."""


async def resume(actor: Actor, standing_id: int, *, key: str) -> None:
    """It is delivered again, from the first day that can still be ordered for.

    Raises:
        NoSuchStandingOrder, NotByCustomers, StandingOrderNotPaused, KeyReused.
    """
    plan_actors.refuse_customers(actor)

    async def act() -> int:
        standing = await standing_rows.locked(standing_id, actor.customer_id)
        if standing.state != "paused":
            raise StandingOrderNotPaused(standing_id=standing_id)
        await _go_on(standing, standing_orders.earliest_on(standing.hours_ahead), actor)
        return standing_id

    content = {"standing_id": standing_id}
    await idempotency.alone(
        caller=actor.label, operation="standing.resume", key=key, content=content, act=act
    )


async def _go_on(standing: standing_rows.Row, on: date, actor: Actor) -> None:
    """A locked, paused one delivers from the day ``on``; the days before lapse."""
    await pass_over(standing, before=on, state="waived", reason="paused")
    await db.execute(_GO_ON, standing.id)
    await db.execute(_COMES_AFTER_ALL, standing.id, on, clock.now())
    await standing_rows.note(standing.id, "resumed", actor.label, {"from": on})
    await standing_rows.tell_change(actor, standing)


_OVER = """
SELECT id FROM standing_order WHERE state = 'paused' AND resume_on <= $1::date
    AND resume_on <= ($2::timestamp + hours_ahead * interval '1 hour')::date
ORDER BY resume_on, id LIMIT $3
"""


async def resume_due(*, limit: int = 500) -> int:
    """Lets those go on whose pause ends, as many hours before it as their orders are placed ahead. Returns how many."""
    now, done = clock.now(), 0
    latest = clock.day_of(now + timedelta(hours=720))
    for row in await db.fetch(_OVER, latest, now.astimezone(clock.zone()).replace(tzinfo=None), limit):
        try:
            done += await _resume_over(row["id"], now)
        except Exception as error:  # one that cannot go on keeps no others waiting
            if not db.is_of_the_rows(error):
                raise
            log.exception("standing order %s cannot go on after its pause", row["id"])
    return done


@db.retried
async def _resume_over(standing_id: int, now: datetime) -> int:
    async with db.transaction():
        standing = await standing_rows.locked(standing_id)
        if standing.state != "paused" or standing.resume_on is None:
            return 0
        if clock.start_of(standing.resume_on) - timedelta(hours=standing.hours_ahead) > now:
            return 0
        await _go_on(standing, standing.resume_on, plan_actors.CLOCK)
        return 1


async def pass_over(standing: standing_rows.Row, *, before: date, state: str, reason: str) -> None:
    """Days of a locked one that are delivered before a day are left out, and it goes on behind them."""
    assert state in ("waived", "missed")
    day, left_out = standing.next_day, []
    while day is not None and standing.deliver_on(day) < before:
        left_out.append(standing_rows.Day(day, "waived" if state == "waived" else "missed", reason))
        day = standing.after(day)
    if left_out:
        await standing_rows.put_days(standing, left_out)
        await standing_rows.stand(standing, day)


_OPEN = "SELECT id, state, deliver_on FROM standing_delivery WHERE standing_order_id = $1 AND day = $2"
_SKIP = "UPDATE standing_delivery SET state = 'waived', reason = 'skipped', try_at = NULL, ended_at = $2 WHERE id = $1"
_FURTHEST = timedelta(days=366)


async def skip(actor: Actor, standing_id: int, day: date, *, key: str) -> None:
    """The delivery of one day of the schedule is left out.

    Raises:
        NoSuchStandingOrder, NotByCustomers, StandingOrderOver, NoSuchDelivery, DeliveryNotAhead, KeyReused.
    """
    plan_actors.refuse_customers(actor)

    async def act() -> int:
        standing = await standing_rows.locked(standing_id, actor.customer_id)
        if standing.state not in ("active", "paused"):
            raise StandingOrderOver(standing_id=standing_id)
        made = await db.fetchrow(_OPEN, standing_id, day)
        if made is not None:
            if made["state"] not in ("upcoming", "waiting") or made["deliver_on"] < clock.today():
                raise DeliveryNotAhead(standing_id=standing_id, day=day.isoformat())
            await db.execute(_SKIP, made["id"], clock.now())
            await standing_rows.unstick([made["id"]])
        elif is_ahead(standing, day):
            await standing_rows.put_days(standing, [standing_rows.Day(day, "waived", "skipped")])
        else:
            raise NoSuchDelivery(standing_id=standing_id, day=day.isoformat())
        await standing_rows.note(standing_id, "skipped", actor.label, {"day": day})
        await standing_rows.tell_change(actor, standing)
        return standing_id

    content = {"standing_id": standing_id, "day": day}
    await idempotency.alone(caller=actor.label, operation="standing.skip", key=key, content=content, act=act)


def is_ahead(standing: standing_rows.Row, day: date) -> bool:
    """Whether a day is one of the schedule's that has no delivery yet, within a year."""
    one, last = standing.next_day, clock.today() + _FURTHEST
    while one is not None and one < day and one <= last:
        one = standing.after(one)
    return one == day and day <= last and standing.deliver_on(day) >= clock.today()


_ACCEPT = "UPDATE standing_delivery SET agreed_fen = $2, try_at = $3 WHERE id = $1"


async def accept(actor: Actor, standing_id: int, day: date, *, most_fen: int, key: str) -> None:
    """The customer agrees that the delivery of one day, which waits, may take so much; the others keep their most.

    Raises:
        NoSuchStandingOrder, NoSuchDelivery, DeliveryNotAhead, KeyReused.
    """

    async def act() -> int:
        await standing_rows.locked(standing_id, actor.customer_id)
        made = await db.fetchrow(_OPEN, standing_id, day)
        if made is None:
            raise NoSuchDelivery(standing_id=standing_id, day=day.isoformat())
        if made["state"] not in ("upcoming", "waiting"):
            raise DeliveryNotAhead(standing_id=standing_id, day=day.isoformat())
        await db.execute(_ACCEPT, made["id"], most_fen, clock.now())
        await standing_rows.note(standing_id, "accepted", actor.label, {"day": day, "most_fen": most_fen})
        return standing_id

    content = {"standing_id": standing_id, "day": day, "most_fen": most_fen}
    await idempotency.alone(
        caller=actor.label, operation="standing.accept", key=key, content=content, act=act
    )


_CANCEL = """
UPDATE standing_order SET state = 'cancelled', ended_at = $2, next_day = NULL, place_at = NULL, paused_on = NULL, resume_on = NULL
WHERE id = $1
"""


@db.retried
async def end(actor: Actor, standing_id: int, *, reason: str | None = None) -> None:
    """Ends it: nothing is ordered any more. Always the customer's to do; again changes nothing.

    Raises:
        NoSuchStandingOrder.
    """
    async with db.transaction():
        standing = await standing_rows.locked(standing_id, actor.customer_id)
        if standing.state in ("active", "paused"):
            await _end(standing, "cancelled", by=actor.label, why=reason)
            await standing_rows.tell_change(actor, standing)


async def _end(standing: standing_rows.Row, reason: str, *, by: str, why: str | None = None) -> None:
    today = clock.today()
    if standing.state == "active":
        await pass_over(standing, before=today, state="missed", reason="late")
    await _lapse(standing.id, reason)
    await db.execute(_CANCEL, standing.id, clock.now())
    await standing_rows.note(standing.id, "cancelled", by, {"cause": reason, "reason": why})


_RUNNING = (
    "SELECT id FROM standing_order WHERE customer_id = $1 AND state IN ('active', 'paused') ORDER BY id"
)


async def end_all(customer_id: int, by: str) -> None:
    """Ends all of a customer who leaves. Part of the caller's transaction."""
    found: Collection[int] = [row["id"] for row in await db.fetch(_RUNNING, customer_id)]
    for standing_id in found:
        standing = await standing_rows.locked(standing_id)
        if standing.state in ("active", "paused"):
            await _end(standing, "account_closed", by=by)


plans.also_end(end_all)
