"""Plans: what can be subscribed to, subscribing with consent, pausing, skipping, ending, what comes and what was."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from billing import plan_actors, plan_pages, plan_pauses, plan_prices, plans, schedule
from core import http as kit
from miniapp_api.services import Customer

Cycle = Literal["daily", "weekly", "monthly", "yearly", "custom"]
ConsentVersion = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20, pattern=r"^[\x21-\x7e]+$"),
    Field(description="顾客看到的条款版本 · the version the customer read", examples=["2026-11"]),
]


class Schedule(kit.Answer):
    every: Annotated[schedule.Every, Field(description="周期 · the turn")]
    interval: Annotated[int, Field(description="每几个周期一次 · every so many turns")]
    weekdays: list[int]
    day: int | None
    month: int | None
    nth: int | None
    weekday: int | None
    dates: list[date]
    short_months: schedule.ShortMonths
    closed_days: schedule.ClosedDays


class Terms(kit.Answer):
    rule: Schedule
    unit: Annotated[str | None, Field(description="按用量扣款的单位 · what is counted of a plan by use")]
    most_fen: Annotated[int | None, Field(description="每期最多扣多少 · no period takes more")]
    trial_periods: Annotated[int, Field(description="前几期为试用 · so many first periods are a trial")]
    trial_fen: Annotated[
        int, Field(description="试用每期金额，0 免费 · what a trial period costs; 0: nothing")
    ]
    first_period: Literal["whole", "by_day", "full"]
    on_pause: Literal["waive", "shift"]
    notice_days: Annotated[
        int, Field(description="扣款前几天预告，0 不预告 · told so many days before; 0: not")
    ]


class PlanOffer(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["每月会员"])]
    amount_fen: Annotated[int, Field(examples=[3000])]
    cycle: Cycle
    periods: Annotated[
        int | None, Field(description="共几期，null 不限 · for so many periods; null: until ended")
    ]
    terms: Terms
    consent_text: Annotated[str, Field(description="订阅即同意的条款 · what subscribing agrees to")]
    consent_version: Annotated[str, Field(examples=["2026-11"])]


class NewPlan(kit.Body):
    offer_id: Annotated[kit.Id, Field(examples=[1])]
    consent_version: ConsentVersion
    starts_on: Annotated[
        kit.Day | None, Field(description="哪天开始，不填为今天 · the first day; left out: today")
    ] = None


class Nothing(kit.Body):
    """An empty object: the address says everything."""


class Pause(kit.Body):
    until: Annotated[
        kit.Day | None,
        Field(
            description="到哪天自动恢复，不填则等您恢复 · runs again from that day on; left out: until it is resumed"
        ),
    ] = None


class Skipping(kit.Body):
    period_no: Annotated[int, Field(ge=0, le=1_000_000, description="各期从 0 起编号 · periods count from 0")]


class Cancelling(kit.Body):
    when: Annotated[
        plans.When,
        Field(description="立即，或本期结束时 · now, or at the end of the period under way"),
    ] = "now"


class AgreedPrice(kit.Body):
    amount_fen: Annotated[
        kit.PositiveFen, Field(description="顾客看到的新价格 · the price the customer read")
    ]


class Plan(kit.Answer):
    plan_id: Annotated[int, Field(validation_alias="id")]
    name: str
    amount_fen: int
    cycle: Cycle
    state: Annotated[str, Field(examples=["active", "paused", "cancelled", "ended"])]
    next_due_on: Annotated[
        date | None,
        Field(description="下次扣款日，null 不再扣款 · when the next period is deducted; null: none will be"),
    ]
    started_on: date
    ends_on: Annotated[date | None, Field(description="最后一天 · its last day")]
    periods: Annotated[
        int | None, Field(description="共几期，null 不限 · for so many periods; null: until ended")
    ]
    paused_on: date | None
    resume_on: date | None
    new_amount_fen: Annotated[
        int | None,
        Field(
            description="已告知的新价格；高于 consented_fen 时须顾客同意 · the price announced; above consented_fen it needs consent"
        ),
    ]
    new_amount_from: date | None
    consented_fen: Annotated[
        int, Field(description="顾客同意的每期上限 · no period takes more without consent")
    ]
    warn_periods: Annotated[
        int | None,
        Field(
            description="余额不够几期时提醒，null 不提醒 · warn when the balance does not cover so many periods; null: never"
        ),
    ]
    terms: Terms


class Period(kit.Answer):
    period_no: int
    covers_from: date
    covers_to: date
    due_on: date
    amount_fen: int
    units: Annotated[int | None, Field(description="目前用量 · used so far")]
    state: plan_pages.PeriodState
    reason: Annotated[str | None, Field(examples=["skipped", "paused", "free"])]
    bill_no: str | None
    paid_fen: int


class Warning(kit.Body):
    periods: Annotated[int | None, Field(ge=1, le=plans.MOST_WARN_PERIODS, examples=[2])]


async def offers() -> kit.Page[PlanOffer]:
    """All plans on offer."""
    return kit.Page[PlanOffer](items=[PlanOffer.model_validate(one) for one in await plans.offers()])


async def subscribe(body: NewPlan, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Starts a plan."""
    return await plans.subscribe(
        caller.id,
        offer_id=body.offer_id,
        consent_version=body.consent_version,
        starts_on=body.starts_on,
        key=key,
    )


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await plans.page(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(plan_id: int, caller: Customer) -> object:
    """One plan."""
    return await plans.get(caller.id, plan_id)


async def ahead(plan_id: int, query: kit.PageQuery, caller: Customer) -> object:
    """What will be taken next, the nearest first."""
    await plans.get(caller.id, plan_id)
    rows = await plan_pages.ahead(plan_id, after=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.period_no)


async def history(plan_id: int, query: kit.PageQuery, caller: Customer) -> object:
    """What became of earlier periods, the latest first."""
    await plans.get(caller.id, plan_id)
    rows = await plan_pages.history(plan_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.period_no)


async def pause(plan_id: int, body: Pause, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Takes nothing for a while."""
    await plan_pauses.pause(plan_actors.by_customer(caller.id), plan_id, until=body.until, key=key)
    return await plans.get(caller.id, plan_id)


async def resume(plan_id: int, body: Nothing, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Lets a plan go on."""
    await plan_pauses.resume(plan_actors.by_customer(caller.id), plan_id, key=key)
    return await plans.get(caller.id, plan_id)


async def skip(plan_id: int, body: Skipping, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Leaves one period out."""
    await plan_pauses.skip(plan_actors.by_customer(caller.id), plan_id, body.period_no, key=key)
    return await plans.get(caller.id, plan_id)


async def agree_to_price(
    plan_id: int, body: AgreedPrice, caller: Customer, key: kit.IdempotencyKey
) -> object:
    """Agrees to the price that is asked for."""
    await plan_prices.agree(
        plan_actors.by_customer(caller.id), plan_id, amount_fen=body.amount_fen, door="mini_program", key=key
    )
    return await plans.get(caller.id, plan_id)


async def cancel(plan_id: int, body: Cancelling, caller: Customer) -> object:
    """Ends a plan."""
    await plans.stop(plan_actors.by_customer(caller.id), plan_id, when=body.when)
    return await plans.get(caller.id, plan_id)


async def set_warning(plan_id: int, body: Warning, caller: Customer) -> object:
    """From now on the customer is warned when so many periods are not covered, or never."""
    return await plans.set_warning(caller.id, plan_id, body.periods)
