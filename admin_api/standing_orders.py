"""Customers' standing orders: starting one with proof of consent, pausing, skipping, changing, ending; what is delivered on a day."""

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from admin_api.plan_offers import Rule, ScheduleRule, rule_of
from admin_api.plans import ConsentDoor, Nothing, Pause, Proof
from admin_api.services import Operator
from billing import plan_actors
from core import http as kit
from core import masks
from shop import standing_orders, standing_pauses, standing_shown


class Wanted(kit.Body):
    sku_id: Annotated[kit.Id, Field(examples=[1])]
    quantity: Annotated[int, Field(ge=1, le=999, examples=[2])]


Lines = Annotated[list[Wanted], Field(min_length=1, max_length=standing_orders.MAX_LINES)]
Remark = Annotated[kit.Text, Field(max_length=160)]
Store = Annotated[
    Annotated[kit.No, Field(max_length=20)] | None, Field(description="不填为总店 · the shop's own stock")
]


class NewStandingOrder(kit.Body):
    lines: Lines
    schedule: ScheduleRule
    most_fen: Annotated[kit.PositiveFen, Field(description="每次最多付多少 · no delivery takes more")]
    consent_version: Annotated[kit.No, Field(max_length=20, examples=["1"])]
    consent_door: Annotated[ConsentDoor, Field(description="顾客在哪里同意 · how the customer agreed")]
    consent_proof: Proof
    store: Store = None
    address_id: Annotated[
        kit.Id | None, Field(description="顾客的收货地址；不填为自取 · fetched where left out")
    ] = None
    remark: Remark = ""
    starts_on: kit.Day | None = None
    ends_on: kit.Day | None = None


class StandingChange(kit.Body):
    consent_proof: Proof
    lines: Annotated[Lines | None, Field(description="不填则不变 · left out: the same")] = None
    most_fen: kit.PositiveFen | None = None
    address_id: kit.Id | None = None
    fetched: Annotated[bool, Field(description="改为到店自取 · from now on it is fetched")] = False
    remark: Remark | None = None


class OfDay(kit.Body):
    day: Annotated[kit.Day, Field(description="日程里的那一天 · the schedule's day")]


class StandingEnding(kit.Body):
    reason: Annotated[kit.Text, Field(min_length=1)]


class StandingQuery(kit.PageQuery):
    customer_id: kit.Id | None = None
    state: standing_shown.State | None = None


class DayQuery(kit.PageQuery):
    on: Annotated[kit.Day, Field(description="配送日 · the day of delivery")]
    state: standing_shown.DeliveryState | None = None


class StandingLine(kit.Answer):
    sku_id: int
    product_name: str
    sku_name: str
    quantity: int


class StandingOrder(kit.Answer):
    id: int
    customer_id: int
    name: str
    store: str | None
    lines: list[StandingLine]
    address: Annotated[
        dict[str, Any] | None,
        BeforeValidator(masks.address),
        Field(description="电话部分隐藏 · the phone is masked"),
    ]
    remark: str
    cycle: str
    rule: Rule
    most_fen: int
    expected_fen: int
    hours_ahead: int
    state: standing_shown.State
    started_on: date
    ends_on: date | None
    next_day: date | None
    paused_on: date | None
    resume_on: date | None
    consent_version: str
    consent_door: str
    consent_by: str | None
    consent_proof: str | None
    consented_at: kit.Instant
    created_at: kit.Instant
    ended_at: kit.Instant | None


class StandingEvent(kit.Answer):
    kind: str
    detail: dict[str, Any]
    by: str
    at: kit.Instant


class StandingRecord(StandingOrder):
    events: Annotated[list[StandingEvent], Field(description="做过什么、谁做的 · what was done, by whom")]


class Delivery(kit.Answer):
    id: int
    standing_id: int
    customer_id: int
    name: str
    store: str | None
    day: date
    deliver_on: date
    state: standing_shown.DeliveryState
    reason: str | None
    order_no: str | None
    order_state: str | None
    amount_fen: int | None


async def start(
    customer_id: int, body: NewStandingOrder, caller: Operator, key: kit.IdempotencyKey
) -> object:
    """Starts one for a customer who agreed to it."""
    consent = standing_orders.Consent(
        body.consent_version, body.consent_door, caller.label, body.consent_proof
    )
    wish = standing_orders.Wish(
        _wanted(body.lines), rule_of(body.schedule), body.most_fen, consent, body.store, body.address_id, body.remark,
        body.starts_on, body.ends_on,
    )  # fmt: skip
    made = await standing_orders.start(plan_actors.by_operator(caller.id), customer_id, wish, key=key)
    return await _record(made)


async def listing(query: StandingQuery) -> object:
    """The newest first."""
    rows = await standing_shown.page(
        customer_id=query.customer_id, state=query.state, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(standing_id: int) -> object:
    """One and what was done to it."""
    return await _record(standing_id)


async def deliveries(standing_id: int, query: kit.PageQuery) -> object:
    """Its deliveries, the latest first."""
    await standing_shown.get(standing_id)
    rows = await standing_shown.deliveries(standing_id, before=query.after(date), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.day)


async def of_day(query: DayQuery, caller: Operator) -> object:
    """What is to be delivered on a day."""
    rows = await standing_shown.of_day(
        query.on, state=query.state, within=caller.stores("orders.see"), after=query.after(int), limit=query.limit + 1
    )  # fmt: skip
    return kit.cut(rows, query, lambda row: row.id)


async def change(standing_id: int, body: StandingChange, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Changes what is delivered, as the customer agreed."""
    lines = None if body.lines is None else _wanted(body.lines)
    asked = standing_orders.Change(
        lines, body.most_fen, body.address_id, body.fetched, body.remark, body.consent_proof
    )
    await standing_orders.change(plan_actors.by_operator(caller.id), standing_id, asked, key=key)
    return await _record(standing_id)


async def pause(standing_id: int, body: Pause, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Orders nothing for a while."""
    await standing_pauses.pause(plan_actors.by_operator(caller.id), standing_id, until=body.until, key=key)
    return await _record(standing_id)


async def resume(standing_id: int, body: Nothing, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Lets it go on."""
    await standing_pauses.resume(plan_actors.by_operator(caller.id), standing_id, key=key)
    return await _record(standing_id)


async def skip(standing_id: int, body: OfDay, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Leaves one delivery out."""
    await standing_pauses.skip(plan_actors.by_operator(caller.id), standing_id, body.day, key=key)
    return await _record(standing_id)


async def end(standing_id: int, body: StandingEnding, caller: Operator) -> object:
    """Ends it."""
    await standing_pauses.end(plan_actors.by_operator(caller.id), standing_id, reason=body.reason)
    return await _record(standing_id)


def _wanted(lines: list[Wanted]) -> list[standing_orders.Wanted]:
    return [standing_orders.Wanted(line.sku_id, line.quantity) for line in lines]


async def _record(standing_id: int) -> StandingRecord:
    found = StandingOrder.model_validate(await standing_shown.get(standing_id))
    events = [StandingEvent.model_validate(event) for event in await standing_shown.events(standing_id)]
    return StandingRecord(
        **{name: getattr(found, name) for name in StandingOrder.model_fields}, events=events
    )
