"""Plans 计划: a customer consents to a recurring deduction, and ends it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from billing import (
    horizon,
    plan_actors,
    plan_events,
    plan_offers,
    plan_pages,
    plan_rows,
    plans_ahead,
    schedule,
    staff_alerts,
)
from core import clock, db, errors
from ledger import idempotency
from members import customers

NoSuchOffer = plan_offers.NoSuchOffer
WrongTerms = plan_offers.WrongTerms
Actor = plan_actors.Actor
NoSuchCustomer = customers.NoSuchCustomer
CustomerBlocked = customers.CustomerBlocked
AccountClosed = customers.AccountClosed
KeyReused = idempotency.KeyReused
Offer = plan_offers.Offer
offers = plan_offers.on_offer
NoSuchPlan = plan_pages.NoSuchPlan
Plan = plan_pages.Plan
get = plan_pages.get
one = plan_pages.one
page = plan_pages.of_customer


class ConsentOutdated(errors.Conflict):
    """The consent text has changed since the customer read it; show the present one and ask again."""

    code = "consent_outdated"


class StartOutOfRange(errors.Invalid):
    """A plan begins today or later, within a year."""

    code = "plan_start_out_of_range"


async def add_offer(
    *, name: str, amount_fen: int, cycle: str, consent_version: str, consent_text: str
) -> plan_offers.Offer:
    """Puts a plan on offer that runs every day, week, month or year from the day it is subscribed to."""
    agreed = plans_ahead.Terms(schedule.of_cycle(cycle), amount_fen)
    return await plan_offers.add(plan_offers.Asked(name, agreed, consent_version, consent_text))


When = Literal["now", "period_end"]
Door = Literal["mini_program", "chat", "counter", "phone", "paper"]


MOST_WARN_PERIODS = 12
LONGEST_WAIT = timedelta(days=366)
"""A plan begins within this time."""


@dataclass(frozen=True, slots=True)
class Consent:
    """To which text the customer agreed where; ``by`` and ``proof`` say who says so and what shows it, where they did not do it
    themselves."""

    version: str
    door: Door = "mini_program"
    by: str | None = None
    proof: str | None = None


_SUBSCRIBE = """
INSERT INTO plan (customer_id, offer_id, name, amount_fen, cycle, schedule, unit, most_fen, trial_periods, trial_fen, first_period,
                  catch_up, on_pause, notice_days, state, started_on, ends_on, periods, next_period_no, next_on, next_due_on, ahead_on,
                  consent_version, consent_text, consented_at, consented_fen, consent_door, consent_by, consent_proof, created_at)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12, $13, $14, 'active', $15, $16, $17, 0, $18, $19,
        least($18::date, $19::date), $20, $21, $22, $23, $24, $25, $26, $22) RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which offer, and from when until when where that is not from today on until it is ended (or as the offer says)."""

    offer_id: int
    consent: Consent
    starts_on: date | None = None
    ends_on: date | None = None
    periods: int | None = None


async def subscribe(
    customer_id: int, *, offer_id: int, consent_version: str, starts_on: date | None = None, key: str
) -> Plan:
    """Starts a plan with the customer's consent to the text of ``consent_version``, today or on a later day. Its first period is
    due when it begins, if the rule has that day or the offer begins with a part of a period.

    Raises:
        NoSuchOffer: nothing of that id is on offer.
        ConsentOutdated: the text is not the present one.
        StartOutOfRange: it is to begin before today, or later than in a year.
        WrongTerms: the offer's days are all over.
        CustomerBlocked, AccountClosed: they were let in a moment ago, but are not any more.
        KeyReused: the key was used for another subscription.
    """
    wish = Wish(offer_id, Consent(consent_version), starts_on)
    return await get(
        customer_id, await start(plan_actors.by_customer(customer_id), customer_id, wish, key=key)
    )


@db.retried
async def start(actor: Actor, customer_id: int, wish: Wish, *, key: str) -> int:
    """``subscribe``, or by an operator for a customer who agreed at the counter, by phone or on paper. Returns the plan's id.

    Raises:
        NoSuchCustomer, NoSuchOffer, ConsentOutdated, StartOutOfRange, CustomerBlocked, AccountClosed, KeyReused.
        WrongTerms: it would end before it begins.
    """

    async def act() -> str:
        offer = await plan_offers.get(wish.offer_id, active_only=True)
        if offer.consent_version != wish.consent.version:
            raise ConsentOutdated(consent_version=offer.consent_version)
        today = clock.today()
        starts_on = wish.starts_on or today
        if not today <= starts_on <= today + LONGEST_WAIT:
            raise StartOutOfRange
        customers.admit(await customers.staying(customer_id))
        span = plans_ahead.Span(starts_on, wish.ends_on, wish.periods or offer.periods)
        return str(await _begin(customer_id, offer, span, wish.consent, by=actor.label))

    asked = {"customer_id": customer_id, "offer_id": wish.offer_id, "consent": wish.consent.version}
    more = {"starts_on": wish.starts_on, "ends_on": wish.ends_on, "periods": wish.periods}
    proof = {"door": wish.consent.door, "proof": wish.consent.proof}
    async with db.transaction():
        plan_id = await idempotency.once(
            caller=actor.label,
            operation="plans.subscribe",
            key=key,
            content={**asked, **more, **proof},
            act=act,
        )
    return int(plan_id)


async def _begin(
    customer_id: int, offer: plan_offers.Offer, span: plans_ahead.Span, consent: Consent, *, by: str
) -> int:
    """Writes a plan down, with its first periods."""
    agreed = replace(offer.terms, rule=schedule.anchored(offer.terms.rule, span.started_on))
    place, price = plans_ahead.begin(agreed, span), plans_ahead.Price(agreed.amount_fen)
    ahead = plans_ahead.following(agreed, span, price, place)
    if ahead is None:
        raise plan_offers.WrongTerms(field="ends_on")
    consented_fen = agreed.most_fen or agreed.amount_fen
    plan_id: int = await db.fetchval(
        _SUBSCRIBE, customer_id, offer.id, offer.name, agreed.amount_fen, agreed.rule.cycle, schedule.written(agreed.rule),
        agreed.unit, agreed.most_fen, agreed.trial_periods, agreed.trial_fen, agreed.first_period, agreed.catch_up,
        agreed.on_pause, agreed.notice_days, span.started_on, span.ends_on, span.periods, place.on, ahead[0].due_on,
        consent.version, offer.consent_text, clock.now(), consented_fen, consent.door, consent.by, consent.proof,
    )  # fmt: skip
    await horizon.extend_to_horizon(plan_id)
    await plan_events.note(plan_id, "subscribed", by, {"offer_id": offer.id, "consent": consent.version})
    return plan_id


async def locked(plan_id: int, customer_id: int | None = None) -> plan_rows.Row:
    """The plan, locked before its periods are touched; of that customer, where one is named.

    Raises:
        NoSuchPlan: it is not theirs or does not exist.
    """
    row = await db.fetchrow(plan_rows.LOCK, plan_id)
    plan = None if row is None else plan_rows.of(row)
    if plan is None or customer_id not in (None, plan.customer_id):
        raise NoSuchPlan(plan_id=plan_id)
    return plan


async def cancel(customer_id: int, plan_id: int) -> Plan:
    """``stop`` now, by the customer."""
    await stop(plan_actors.by_customer(customer_id), plan_id)
    return await get(customer_id, plan_id)


_UNDER_WAY = """
SELECT covers_to FROM plan_period WHERE plan_id = $1 AND covers_from <= $2 AND covers_to >= $2 ORDER BY period_no DESC LIMIT 1
"""


@db.retried
async def stop(actor: Actor, plan_id: int, *, when: When = "now", reason: str | None = None) -> None:
    """Ends a plan. Now: what is due today or later, or fell due in a pause, and was not taken lapses. At the end of the period under
    way: that one is still taken, those after it lapse. What fell due before today, or is owed, stays, however long the clock was down.
    Ending it again changes nothing.

    Raises:
        NoSuchPlan: the customer has no such plan.
    """
    async with db.transaction():
        plan = await locked(plan_id, actor.customer_id)
        if plan.state not in ("active", "paused"):
            return
        await horizon.extend_by(plan_id, clock.today())
        last = await db.fetchval(_UNDER_WAY, plan_id, clock.today()) if when == "period_end" else None
        if last is None or plan.state == "paused":
            await end([plan_id], reason="cancelled", by=actor.label, why=reason)
            await plan_actors.tell_change(actor, plan_id, "plan_cancelled")
        elif plan.span.ends_on is None or plan.span.ends_on > last:
            await _end_after(plan, last, actor, reason)


_LAPSE_AFTER = """
UPDATE plan_period SET state = 'waived', reason = 'cancelled', ended_at = $3
WHERE plan_id = $1 AND state = 'upcoming' AND covers_from > $2
"""
_END_AFTER = """
UPDATE plan SET ends_on = $2, next_on = NULL, next_due_on = NULL, ahead_on = NULL, new_amount_fen = NULL, new_amount_from = NULL
WHERE id = $1
"""


async def _end_after(plan: plan_rows.Row, last: date, actor: Actor, reason: str | None) -> None:
    await db.execute(_LAPSE_AFTER, plan.id, last, clock.now())
    await db.execute(_END_AFTER, plan.id, last)
    await plan_events.note(plan.id, "cancelled", actor.label, {"ends_on": last, "reason": reason})
    await plan_actors.tell_change(actor, plan.id, "plan_cancelled", on=last + timedelta(days=1))


_COMPLETE = """
WITH done AS (
    SELECT id FROM plan p WHERE state = 'active' AND ahead_on IS NULL AND NOT EXISTS (
        SELECT FROM plan_period o WHERE o.plan_id = p.id AND (o.state = 'upcoming' OR o.covers_to >= $1 AND o.reason IS DISTINCT FROM 'cancelled'))
    ORDER BY id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
), noted AS (
    INSERT INTO plan_event (plan_id, kind, detail, by, created_at) SELECT id, 'ended', '{}', 'clock', $2 FROM done
)
UPDATE plan SET state = 'ended' FROM done WHERE plan.id = done.id
"""


async def complete() -> int:
    """Plans whose last period is over have ended. Returns how many."""
    done = 0
    while ended := await db.execute(_COMPLETE, clock.today(), clock.now()):
        done += ended
    return done


_END = """
WITH gone AS (
    UPDATE plan_period o SET state = 'waived', reason = $4, ended_at = $3 FROM plan p
    WHERE p.id = o.plan_id AND p.id = ANY ($1::bigint[]) AND o.state = 'upcoming' AND ($7 OR coalesce(o.units, 0) = 0 AND (
        o.due_on >= $2 OR o.due_on >= p.paused_on AND (p.resume_on IS NULL OR o.due_on < p.resume_on)))
), noted AS (
    INSERT INTO plan_event (plan_id, kind, detail, by, created_at)
    SELECT id, 'cancelled', jsonb_build_object('cause', $4::text, 'reason', $6::text), $5, $3 FROM unnest($1::bigint[]) AS id
)
UPDATE plan SET state = 'cancelled', cancelled_at = $3, cancelled_on = $2, next_on = NULL, next_due_on = NULL, ahead_on = NULL, paused_on = NULL,
    resume_on = NULL, new_amount_fen = NULL, new_amount_from = NULL
WHERE id = ANY ($1::bigint[])
"""


async def end(
    plan_ids: Sequence[int],
    *,
    reason: str,
    by: str,
    why: str | None = None,
    everything: bool = False,
) -> None:
    """Ends locked plans that run; what is due from today on, or fell due in a pause, lapses for the ``reason``, a word. What was due
    before, and what was used of a plan by use, is still taken, unless ``everything`` lapses. ``why`` is what somebody said. Part of the caller's
    transaction."""
    await db.execute(_END, list(plan_ids), clock.today(), clock.now(), reason, by, why, everything)


RUNS = """
(state IN ('active', 'paused') OR EXISTS (SELECT FROM plan_period o WHERE o.plan_id = plan.id AND o.state IN ('upcoming', 'parked')))
"""
"""A plan that still has something to take, or may have."""
_LOCK_ALL = f"SELECT id FROM plan WHERE customer_id = $1 AND {RUNS} ORDER BY id FOR NO KEY UPDATE"


_ALSO_END: list[Callable[[int, str], Awaitable[object]]] = []


def also_end(end: Callable[[int, str], Awaitable[object]]) -> None:
    """What else a customer has agreed to for good, which desks above keep, ends with their plans: ``end`` is given the customer and by
    whom."""
    _ALSO_END.append(end)


_LAPSE_PARKED = """
UPDATE plan_period SET state = 'waived', reason = 'account_closed', ended_at = $2
WHERE plan_id = ANY ($1::bigint[]) AND state = 'parked' RETURNING id
"""


async def end_all(customer_id: int, *, by: str) -> None:
    """Ends all plans of a customer who leaves; nothing of them is taken any more. Part of the caller's transaction."""
    if plan_ids := [row["id"] for row in await db.fetch(_LOCK_ALL, customer_id)]:
        await end(plan_ids, reason="account_closed", by=by, everything=True)
        parked = await db.fetch(_LAPSE_PARKED, plan_ids, clock.now())
        await staff_alerts.resolve("period_parked", [str(row["id"]) for row in parked])
    for also in _ALSO_END:
        await also(customer_id, by)


_WARN = f"UPDATE plan SET warn_periods = $3 WHERE id = $1 AND customer_id = $2 RETURNING {plan_pages.COLUMNS}"


async def set_warning(customer_id: int, plan_id: int, periods: int | None) -> Plan:
    """From now on the customer is alerted when their balance falls below what so many periods take; None: not for this plan.

    Raises:
        NoSuchPlan: the customer has no such plan.
    """
    assert periods is None or 1 <= periods <= MOST_WARN_PERIODS
    row = await db.fetchrow(_WARN, plan_id, customer_id, periods)
    if row is None:
        raise NoSuchPlan(plan_id=plan_id)
    return plan_pages.of(row)
