"""New prices of plans: announced ahead, told to the customer, who may end the plan before.

A higher price is taken ``terms.plan_price_notice_days`` after it was announced at the earliest, a lower one from the next day on.
Periods ahead that are due from then on show the new amount; trials and a first part keep theirs. What is more than the customer has
agreed to (``plan.consented_fen``) is only asked for: the old price stays until they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from billing import plan_actors, plan_events, plan_pauses, plans, terms
from core import clock, db, errors
from ledger import idempotency
from notifications import outbox


class PriceTooSoon(errors.Invalid):
    """A new price is announced longer ahead."""

    code = "price_too_soon"


class SamePrice(errors.Conflict):
    """The plan costs that already."""

    code = "same_price"


class NoPriceAnnounced(errors.Conflict):
    """There is no announced price of that amount, or the customer has agreed to it already."""

    code = "no_price_announced"


NoSuchPlan = plans.NoSuchPlan
PlanNotRunning = plan_pauses.PlanNotRunning
KeyReused = idempotency.KeyReused

_DAY = timedelta(days=1)


async def announce(operator_id: int, plan_id: int, *, amount_fen: int, from_on: date, key: str) -> None:
    """Periods due from ``from_on`` on are to cost so much (of a plan by use: a unit). Replaces what was announced before.

    Raises:
        NoSuchPlan, PlanNotRunning, SamePrice, PriceTooSoon, KeyReused.
    """
    actor = plan_actors.by_operator(operator_id)

    async def act() -> int:
        plan = await plans.locked(plan_id)
        if plan.state not in ("active", "paused"):
            raise PlanNotRunning(plan_id=plan_id)
        if plan.terms.amount_fen == amount_fen:
            raise SamePrice(plan_id=plan_id)
        _refuse_too_soon(plan.terms.amount_fen, amount_fen, from_on)
        await _announce([plan_id], amount_fen, from_on, actor)
        return plan_id

    await idempotency.alone(
        caller=actor.label, operation="plans.price", key=key,
        content={"plan_id": plan_id, "amount_fen": amount_fen, "from_on": from_on}, act=act,
    )  # fmt: skip


_OF_OFFER = """
SELECT id, amount_fen FROM plan WHERE offer_id = $1 AND state IN ('active', 'paused') AND amount_fen <> $2
ORDER BY id FOR NO KEY UPDATE
"""


async def announce_for_all(
    operator_id: int, offer_id: int, *, amount_fen: int, from_on: date, key: str
) -> int:
    """The same for all plans of an offer that run. Returns for how many.

    Raises:
        PriceTooSoon, KeyReused.
    """
    actor = plan_actors.by_operator(operator_id)

    async def act() -> int:
        rows = await db.fetch(_OF_OFFER, offer_id, amount_fen)
        _refuse_too_soon(min((row["amount_fen"] for row in rows), default=amount_fen), amount_fen, from_on)
        await _announce([row["id"] for row in rows], amount_fen, from_on, actor)
        return len(rows)

    return int(
        await idempotency.alone(
            caller=actor.label, operation="plans.price_of_offer", key=key,
            content={"offer_id": offer_id, "amount_fen": amount_fen, "from_on": from_on}, act=act,
        )
    )  # fmt: skip


def _refuse_too_soon(present_fen: int, amount_fen: int, from_on: date) -> None:
    notice = terms.current().plan_price_notice_days if amount_fen > present_fen else 1
    earliest_on = clock.today() + max(notice, 1) * _DAY
    if from_on < earliest_on:
        raise PriceTooSoon(earliest_on=earliest_on)


async def withdraw(operator_id: int, plan_id: int, *, key: str) -> None:
    """What was announced, or asked for, is off; the price stays.

    Raises:
        NoSuchPlan, NoPriceAnnounced, KeyReused.
    """
    actor = plan_actors.by_operator(operator_id)

    async def act() -> int:
        await plans.locked(plan_id)
        if not await db.execute(_WITHDRAW, plan_id):
            raise NoPriceAnnounced(plan_id=plan_id)
        await _reprice([plan_id])
        await plan_events.note(plan_id, "price_withdrawn", actor.label)
        return plan_id

    await idempotency.alone(
        caller=actor.label, operation="plans.price_off", key=key, content={"plan_id": plan_id}, act=act
    )


_WITHDRAW = """
UPDATE plan SET new_amount_fen = NULL, new_amount_from = NULL WHERE id = $1 AND new_amount_fen IS NOT NULL
"""
_AGREE = """
UPDATE plan SET consented_fen = $2, most_fen = CASE WHEN most_fen IS NOT NULL THEN greatest(most_fen, $2) END,
    new_amount_from = greatest(new_amount_from, $3)
WHERE id = $1 AND new_amount_fen = $2 AND unit IS NULL AND new_amount_fen > consented_fen
"""


async def agree(
    actor: plan_actors.Actor,
    plan_id: int,
    *,
    amount_fen: int,
    door: plans.Door,
    proof: str | None = None,
    key: str,
) -> None:
    """The customer agrees to the price that is asked for; it is taken from its day on, tomorrow at the earliest.

    Raises:
        NoSuchPlan, NoPriceAnnounced, KeyReused.
    """

    async def act() -> int:
        await plans.locked(plan_id, actor.customer_id)
        if not await db.execute(_AGREE, plan_id, amount_fen, clock.today() + _DAY):
            raise NoPriceAnnounced(plan_id=plan_id)
        await _reprice([plan_id])
        detail = {"amount_fen": amount_fen, "door": door, "proof": proof}
        await plan_events.note(plan_id, "consented", actor.label, detail)
        return plan_id

    await idempotency.alone(
        caller=actor.label, operation="plans.price_agree", key=key,
        content={"plan_id": plan_id, "amount_fen": amount_fen}, act=act,
    )  # fmt: skip


_TAKE_EFFECT = """
WITH over AS (
    SELECT id FROM plan p
    WHERE new_amount_from <= $1 AND (unit IS NOT NULL OR new_amount_fen <= consented_fen)
      AND (next_due_on IS NULL OR next_due_on >= new_amount_from)
      AND NOT EXISTS (SELECT FROM plan_period o WHERE o.plan_id = p.id AND o.state IN ('upcoming', 'parked') AND o.due_on < p.new_amount_from)
    ORDER BY id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE plan SET amount_fen = new_amount_fen, new_amount_fen = NULL, new_amount_from = NULL FROM over WHERE plan.id = over.id
"""


async def take_effect() -> int:
    """New prices whose day has come, and no period before it waits any more, are the plans' prices. Returns of how many."""
    done = 0
    while changed := await db.execute(_TAKE_EFFECT, clock.today()):
        done += changed
    return done


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────

_SET = """
UPDATE plan SET new_amount_fen = $2, new_amount_from = $3 WHERE id = ANY ($1::bigint[])
RETURNING id, customer_id, name, unit IS NULL AND $2 > consented_fen AS asks
"""
_NOTE = """
INSERT INTO plan_event (plan_id, kind, detail, by, created_at)
SELECT id, 'price_announced', jsonb_build_object('amount_fen', $2::bigint, 'from_on', $3::date), $4, $5
FROM unnest($1::bigint[]) AS id
"""


async def _announce(
    plan_ids: Sequence[int], amount_fen: int, from_on: date, actor: plan_actors.Actor
) -> None:
    """Of locked plans."""
    now = clock.now()
    rows = await db.fetch(_SET, list(plan_ids), amount_fen, from_on)
    await db.execute(_NOTE, list(plan_ids), amount_fen, from_on, actor.label, now)
    await _reprice(plan_ids)
    await outbox.tell(
        [
            outbox.Message(
                row["customer_id"],
                "plan_price_asked" if row["asks"] else "plan_price",
                f"plan_price:{row['id']}:{now.timestamp():.6f}",
                {"title": row["name"], "amount_fen": amount_fen, "at": clock.start_of(from_on)},
            )
            for row in rows
        ]
    )


_REPRICE = """
UPDATE plan_period o SET amount_fen = least(p.most_fen, CASE
    WHEN o.due_on >= p.new_amount_from AND p.new_amount_fen <= p.consented_fen THEN p.new_amount_fen ELSE p.amount_fen END)
FROM plan p
WHERE p.id = o.plan_id AND p.id = ANY ($1::bigint[]) AND o.state = 'upcoming' AND o.amount_fen IS NOT NULL
  AND o.period_no >= p.trial_periods AND NOT (o.period_no = 0 AND p.first_period <> 'whole')
"""


async def _reprice(plan_ids: Sequence[int]) -> None:
    """The periods ahead of locked plans cost what holds on their days."""
    await db.execute(_REPRICE, list(plan_ids))
