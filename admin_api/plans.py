"""Customers' plans: starting one with proof of consent, pausing, skipping, ending, prices, what was used, what became of periods."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from admin_api.plan_offers import NewPrice, Terms
from admin_api.services import Operator
from billing import plan_actors, plan_events, plan_pages, plan_pauses, plan_prices, plan_usage, plans
from core import http as kit

ConsentDoor = Literal["counter", "phone", "paper"]
Proof = Annotated[
    kit.Text,
    Field(min_length=1, description="凭据：纸质编号、通话时间等 · what shows it", examples=["纸质协议 0231"]),
]


class NewPlan(kit.Body):
    offer_id: kit.Id
    consent_version: Annotated[
        str,
        StringConstraints(min_length=1, max_length=20, pattern=r"^[\x21-\x7e]+$"),
        Field(examples=["2026-11"]),
    ]
    consent_door: Annotated[ConsentDoor, Field(description="顾客在哪里同意 · how the customer agreed")]
    consent_proof: Proof
    starts_on: Annotated[kit.Day | None, Field(description="不填为今天 · left out: today")] = None
    ends_on: Annotated[kit.Day | None, Field(description="最后一天 · its last day")] = None
    periods: Annotated[int | None, Field(ge=1, le=10_000, description="共几期 · so many periods")] = None


class Nothing(kit.Body):
    """An empty object: the address says everything."""


class Pause(kit.Body):
    until: Annotated[kit.Day | None, Field(description="到哪天自动恢复 · runs again from that day on")] = None


class Skipping(kit.Body):
    period_no: Annotated[int, Field(ge=0, le=1_000_000, description="各期从 0 起编号 · periods count from 0")]


class Cancelling(kit.Body):
    when: Annotated[plans.When, Field(description="立即，或本期结束时 · now, or when the period ends")] = (
        "now"
    )
    reason: Annotated[kit.Text, Field(min_length=1)]


class AgreedPrice(kit.Body):
    amount_fen: kit.PositiveFen
    consent_door: ConsentDoor
    consent_proof: Proof


class NewUsage(kit.Body):
    units: Annotated[int, Field(ge=1, le=plan_usage.MOST_UNITS)]
    used_on: kit.Day
    reference: Annotated[
        kit.No,
        Field(
            description="您系统里的编号，同一编号只记一次 · your own number; counted once",
            examples=["L-1024"],
        ),
    ]
    memo: Annotated[kit.Text | None, Field(max_length=100)] = None


class PlansQuery(kit.PageQuery):
    customer_id: kit.Id | None = None
    offer_id: kit.Id | None = None
    state: plan_pages.State | None = None


class Plan(kit.Answer):
    id: int
    customer_id: int
    offer_id: int
    name: str
    cycle: str
    state: plan_pages.State
    started_on: date
    ends_on: date | None
    periods: int | None
    next_due_on: date | None
    paused_on: date | None
    resume_on: date | None
    amount_fen: int
    new_amount_fen: int | None
    new_amount_from: date | None
    consented_fen: int
    consent_version: str
    consent_door: str
    consented_at: kit.Instant
    created_at: kit.Instant
    terms: Terms


class Event(kit.Answer):
    kind: str
    detail: dict[str, Any]
    by: str
    at: kit.Instant


class PlanRecord(Plan):
    events: Annotated[list[Event], Field(description="做过什么、谁做的 · what was done, by whom")]


class Period(kit.Answer):
    period_no: int
    covers_from: date
    covers_to: date
    due_on: date
    amount_fen: int
    units: int | None
    state: plan_pages.PeriodState
    reason: str | None
    bill_no: str | None
    paid_fen: int
    ended_at: kit.Instant | None


class Usage(kit.Answer):
    period_no: int
    reference: str
    units: int
    used_on: date
    memo: str | None
    by: str
    created_at: kit.Instant


async def start(customer_id: int, body: NewPlan, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Starts a plan for a customer who agreed to it."""
    consent = plans.Consent(body.consent_version, body.consent_door, caller.label, body.consent_proof)
    wish = plans.Wish(body.offer_id, consent, body.starts_on, body.ends_on, body.periods)
    plan_id = await plans.start(plan_actors.by_operator(caller.id), customer_id, wish, key=key)
    return await _record(plan_id)


async def listing(query: PlansQuery) -> object:
    """The newest first."""
    rows = await plan_pages.page(
        customer_id=query.customer_id, offer_id=query.offer_id, state=query.state, before=query.after(int),
        limit=query.limit + 1,
    )  # fmt: skip
    return kit.cut(rows, query, lambda row: row.id)


async def one(plan_id: int) -> object:
    """One plan and what was done to it."""
    return await _record(plan_id)


async def periods(plan_id: int, query: kit.PageQuery) -> object:
    """Its periods, the latest first."""
    await plans.one(plan_id)
    rows = await plan_pages.periods(plan_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.period_no)


async def pause(plan_id: int, body: Pause, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Takes nothing for a while."""
    await plan_pauses.pause(plan_actors.by_operator(caller.id), plan_id, until=body.until, key=key)
    return await _record(plan_id)


async def resume(plan_id: int, body: Nothing, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Lets a plan go on."""
    await plan_pauses.resume(plan_actors.by_operator(caller.id), plan_id, key=key)
    return await _record(plan_id)


async def skip(plan_id: int, body: Skipping, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Leaves one period out."""
    await plan_pauses.skip(plan_actors.by_operator(caller.id), plan_id, body.period_no, key=key)
    return await _record(plan_id)


async def cancel(plan_id: int, body: Cancelling, caller: Operator) -> object:
    """Ends a plan."""
    await plans.stop(plan_actors.by_operator(caller.id), plan_id, when=body.when, reason=body.reason)
    return await _record(plan_id)


async def new_price(plan_id: int, body: NewPrice, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Announces a price."""
    await plan_prices.announce(caller.id, plan_id, amount_fen=body.amount_fen, from_on=body.from_on, key=key)
    return await _record(plan_id)


async def withdraw_price(plan_id: int, body: Nothing, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The announced price is off."""
    await plan_prices.withdraw(caller.id, plan_id, key=key)
    return await _record(plan_id)


async def agreed_price(plan_id: int, body: AgreedPrice, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The customer has agreed to the price that was asked for."""
    await plan_prices.agree(
        plan_actors.by_operator(caller.id), plan_id, amount_fen=body.amount_fen, door=body.consent_door,
        proof=body.consent_proof, key=key,
    )  # fmt: skip
    return await _record(plan_id)


async def use(plan_id: int, body: NewUsage, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Counts what was used."""
    return await plan_usage.record(
        caller.id,
        plan_id,
        units=body.units,
        used_on=body.used_on,
        reference=body.reference,
        memo=body.memo,
        key=key,
    )


async def usage(plan_id: int, query: kit.PageQuery) -> object:
    """What was counted, the newest first."""
    await plans.one(plan_id)
    rows = await plan_usage.page(plan_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def _record(plan_id: int) -> PlanRecord:
    plan = Plan.model_validate(await plans.one(plan_id))
    events = [Event.model_validate(event) for event in await plan_events.of(plan_id)]
    return PlanRecord(**{name: getattr(plan, name) for name in Plan.model_fields}, events=events)
