"""Standing orders: goods again and again by a calendar, paid from the balance; what comes, pausing, skipping, changing, ending."""

from datetime import date
from typing import Annotated

from pydantic import Field

from billing import plan_actors, schedule
from core import http as kit
from miniapp_api.orders import AddressId, Lines, StoreField, Wanted
from miniapp_api.plans import ConsentVersion, Nothing, Pause, Schedule
from miniapp_api.services import Customer
from shop import standing_orders, standing_pauses, standing_shown

MostField = Annotated[
    kit.PositiveFen,
    Field(description="每次最多付多少 · no delivery takes more", examples=[5000]),
]
WordToShop = Annotated[
    Annotated[kit.Text, Field(max_length=160)],
    Field(description="给店家的话 · a word to the shop", examples=["放门口"]),
]
Weekday = Annotated[int, Field(ge=1, le=7)]


class Days(kit.Body):
    every: Annotated[
        schedule.Every, Field(description="每天、每周、每月、每年，或指定日期 · the turn, or the very dates")
    ]
    interval: Annotated[
        int, Field(ge=1, le=schedule.MOST_INTERVAL, description="每几个周期一次 · every so many turns")
    ] = 1
    weekdays: Annotated[
        list[Weekday],
        Field(
            max_length=7,
            default_factory=list,
            description="每周哪几天，1 为周一；不填为首日那天 · 1 is Monday; left out: the first day's",
            examples=[[2, 5]],
        ),
    ]
    day: Annotated[
        int | None,
        Field(
            ge=1, le=31, description="几号；不填为首日的 · the day of the month; left out: the first day's"
        ),
    ] = None
    dates: Annotated[list[kit.Day], Field(max_length=schedule.MOST_DATES, default_factory=list)]
    closed_days: Annotated[
        schedule.ClosedDays,
        Field(description="遇周末或法定节假日时 · on weekends and public holidays"),
    ] = "as_is"

    def rule(self) -> schedule.Schedule:
        """As the desk takes it."""
        return schedule.Schedule(
            self.every, self.interval, tuple(sorted(set(self.weekdays))), self.day, dates=tuple(sorted(set(self.dates))),
            closed_days=self.closed_days,
        )  # fmt: skip


class NewStandingOrder(kit.Body):
    lines: Lines
    schedule: Days
    most_fen: MostField
    consent_version: ConsentVersion
    store: StoreField = None
    address_id: AddressId = None
    remark: WordToShop = ""
    starts_on: Annotated[
        kit.Day | None,
        Field(description="哪天开始，不填为最早的一天 · left out: the first day that can be delivered"),
    ] = None
    ends_on: Annotated[kit.Day | None, Field(description="最后一天，不填为一直 · left out: until ended")] = (
        None
    )


class StandingChange(kit.Body):
    lines: Annotated[
        Lines | None, Field(description="全部商品；不填则不变 · all lines; left out: the same")
    ] = None
    most_fen: Annotated[MostField | None, Field(description="不填则不变 · left out: the same")] = None
    address_id: Annotated[kit.Id | None, Field(description="不填则不变 · left out: the same")] = None
    fetched: Annotated[bool, Field(description="改为到店自取 · from now on it is fetched")] = False
    remark: Annotated[WordToShop | None, Field(description="不填则不变 · left out: the same")] = None


class OfDay(kit.Body):
    day: Annotated[kit.Day, Field(description="日程里的那一天 · the schedule's day")]


class Accepting(OfDay):
    most_fen: Annotated[kit.PositiveFen, Field(description="这一次最多付多少 · what this one may take")]


class StandingTerms(kit.Answer):
    version: str
    text: str
    hours_ahead: Annotated[
        int, Field(description="提前几小时下单 · an order is placed so many hours before its day")
    ]
    earliest_on: Annotated[date, Field(description="最早哪天开始 · the first day that can be delivered")]


class StandingLine(kit.Answer):
    sku_id: int
    product_name: str
    sku_name: str
    quantity: int


class DeliveredTo(kit.Answer):
    recipient: str
    phone: str
    province: str
    city: str
    district: str
    detail: str


class StandingOrder(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["鲜牛奶"])]
    store: str | None
    lines: list[StandingLine]
    address: Annotated[DeliveredTo | None, Field(description="null 到店自取 · null: it is fetched")]
    remark: str
    cycle: str
    rule: Schedule
    most_fen: int
    expected_fen: Annotated[int, Field(description="最近一次计价 · what one came to when it was last priced")]
    hours_ahead: int
    state: standing_shown.State
    started_on: date
    ends_on: date | None
    paused_on: date | None
    resume_on: date | None
    consent_version: str
    created_at: kit.Instant


class Coming(kit.Answer):
    day: date
    deliver_on: date
    place_at: Annotated[kit.Instant, Field(description="何时下单 · when its order is placed")]
    state: standing_shown.DeliveryState
    reason: Annotated[str | None, Field(examples=["insufficient_balance", "above_most", "out_of_stock"])]
    amount_fen: Annotated[int, Field(description="按今天的价格 · at today's prices")]
    covered: Annotated[
        bool,
        Field(description="余额够到这一次 · whether the balance covers it, after those before it"),
    ]


class Delivery(kit.Answer):
    day: date
    deliver_on: date
    state: standing_shown.DeliveryState
    reason: Annotated[str | None, Field(examples=["skipped", "paused", "late"])]
    order_no: str | None
    order_state: str | None
    amount_fen: int | None


class AheadQuery(kit.Query):
    most: Annotated[int, Field(ge=1, le=standing_shown.MOST_AHEAD)] = 14


async def agreement() -> object:
    """What starting one agrees to."""
    return standing_orders.agreement()


async def start(body: NewStandingOrder, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Starts one."""
    wish = standing_orders.Wish(
        wanted(body.lines), body.schedule.rule(), body.most_fen, standing_orders.Consent(body.consent_version), body.store,
        body.address_id, body.remark, body.starts_on, body.ends_on,
    )  # fmt: skip
    made = await standing_orders.start(plan_actors.by_customer(caller.id), caller.id, wish, key=key)
    return await _one(made, caller)


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await standing_shown.page(customer_id=caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(standing_id: int, caller: Customer) -> object:
    """One."""
    return await _one(standing_id, caller)


async def ahead(standing_id: int, query: AheadQuery, caller: Customer) -> kit.Page[Coming]:
    """What is delivered next, the nearest first."""
    found = await standing_shown.ahead(standing_id, customer_id=caller.id, most=query.most)
    return kit.Page[Coming](items=[Coming.model_validate(one) for one in found])


async def deliveries(standing_id: int, query: kit.PageQuery, caller: Customer) -> object:
    """What became of deliveries, the latest first."""
    await _one(standing_id, caller)
    rows = await standing_shown.deliveries(standing_id, before=query.after(date), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.day)


async def change(standing_id: int, body: StandingChange, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Changes what is delivered."""
    lines = None if body.lines is None else wanted(body.lines)
    asked = standing_orders.Change(lines, body.most_fen, body.address_id, body.fetched, body.remark)
    await standing_orders.change(plan_actors.by_customer(caller.id), standing_id, asked, key=key)
    return await _one(standing_id, caller)


async def pause(standing_id: int, body: Pause, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Orders nothing for a while."""
    await standing_pauses.pause(plan_actors.by_customer(caller.id), standing_id, until=body.until, key=key)
    return await _one(standing_id, caller)


async def resume(standing_id: int, body: Nothing, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Lets it go on."""
    await standing_pauses.resume(plan_actors.by_customer(caller.id), standing_id, key=key)
    return await _one(standing_id, caller)


async def skip(standing_id: int, body: OfDay, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Leaves one delivery out."""
    await standing_pauses.skip(plan_actors.by_customer(caller.id), standing_id, body.day, key=key)
    return await _one(standing_id, caller)


async def accept(standing_id: int, body: Accepting, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Agrees to one delivery that costs more."""
    await standing_pauses.accept(
        plan_actors.by_customer(caller.id), standing_id, body.day, most_fen=body.most_fen, key=key
    )
    return await _one(standing_id, caller)


async def end(standing_id: int, caller: Customer) -> object:
    """Ends it."""
    await standing_pauses.end(plan_actors.by_customer(caller.id), standing_id)
    return await _one(standing_id, caller)


def wanted(lines: list[Wanted]) -> list[standing_orders.Wanted]:
    """As the desk takes them."""
    return [standing_orders.Wanted(line.sku_id, line.quantity) for line in lines]


async def _one(standing_id: int, caller: Customer) -> standing_shown.StandingOrder:
    return await standing_shown.get(standing_id, customer_id=caller.id)
