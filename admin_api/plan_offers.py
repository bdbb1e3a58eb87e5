"""Plan offers: what customers can subscribe to, in versions."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.services import Operator
from billing import plan_offers, plan_prices, plans_ahead, schedule, workdays
from core import http as kit

Weekday = Annotated[int, Field(ge=1, le=7)]
HowMany = Annotated[int, Field(ge=1, le=10_000)]


class ScheduleRule(kit.Body):
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
        ),
    ]
    day: Annotated[
        int | None,
        Field(
            ge=1, le=31, description="几号；不填为首日的 · the day of the month; left out: the first day's"
        ),
    ] = None
    month: Annotated[
        int | None,
        Field(ge=1, le=12, description="每年几月；不填为首日的 · of years; left out: the first day's"),
    ] = None
    nth: Annotated[
        Literal[1, 2, 3, 4, -1] | None,
        Field(description="每月第几个 weekday，-1 最后一个 · the nth weekday of the month; -1: the last"),
    ] = None
    weekday: Weekday | None = None
    dates: Annotated[list[kit.Day], Field(max_length=schedule.MOST_DATES, default_factory=list)]
    short_months: Annotated[
        schedule.ShortMonths,
        Field(description="当月没有这一天时 · where the month does not have the day"),
    ] = "last_day"
    closed_days: Annotated[
        schedule.ClosedDays,
        Field(description="遇周末或法定节假日时 · on weekends and public holidays"),
    ] = "as_is"


class NewOffer(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60, examples=["茶艺月课"])]
    amount_fen: Annotated[
        kit.PositiveFen,
        Field(description="每期金额；按用量的为单价 · a period's amount; by use: a unit's", examples=[9800]),
    ]
    schedule: ScheduleRule
    unit: Annotated[
        kit.Name | None,
        Field(
            max_length=20,
            description="按用量扣款的单位，期满后扣 · counted; taken after the period",
            examples=["节"],
        ),
    ] = None
    most_fen: Annotated[
        kit.PositiveFen | None,
        Field(description="每期最多扣多少，按用量的必填 · no period takes more; needed by use"),
    ] = None
    trial_periods: Annotated[int, Field(ge=0, le=100)] = 0
    trial_fen: Annotated[kit.Fen, Field(description="试用每期金额，0 免费 · 0: nothing")] = 0
    first_period: Annotated[
        plans_ahead.FirstPeriod,
        Field(
            description="中途开始：whole 从下一个扣款日起，by_day 首期按天折算（舍去不足一分），full 首期全额 · starting between two days: with the "
            "next one, with a part by days (rounded down to the fen), or a part that costs all"
        ),
    ] = "whole"
    periods: Annotated[HowMany | None, Field(description="共几期，null 不限 · null: until ended")] = None
    catch_up: Annotated[
        plans_ahead.CatchUp,
        Field(
            description="停机后补扣全部，或只扣最近一期 · after a downtime: all missed, or only the latest"
        ),
    ] = "all"
    on_pause: Annotated[
        plans_ahead.OnPause,
        Field(description="暂停期间的各期作废或顺延 · periods in a pause lapse, or move behind it"),
    ] = "waive"
    notice_days: Annotated[
        int, Field(ge=0, le=30, description="扣款前几天预告，0 不预告 · told so many days before; 0: not")
    ] = 1
    consent_version: Annotated[
        str,
        StringConstraints(min_length=1, max_length=20, pattern=r"^[\x21-\x7e]+$"),
        Field(examples=["2026-11"]),
    ]
    consent_text: Annotated[
        kit.Paragraphs, Field(min_length=1, description="顾客同意的条款 · what the customer agrees to")
    ]


class Rule(kit.Answer):
    every: schedule.Every
    interval: int
    weekdays: list[int]
    day: int | None
    month: int | None
    nth: int | None
    weekday: int | None
    dates: list[date]
    short_months: schedule.ShortMonths
    closed_days: schedule.ClosedDays


class Terms(kit.Answer):
    rule: Rule
    amount_fen: int
    unit: str | None
    most_fen: int | None
    trial_periods: int
    trial_fen: int
    first_period: plans_ahead.FirstPeriod
    catch_up: plans_ahead.CatchUp
    on_pause: plans_ahead.OnPause
    notice_days: int


class Offer(kit.Answer):
    id: int
    name: str
    cycle: str
    terms: Terms
    periods: int | None
    consent_version: str
    consent_text: str
    active: bool
    first_id: Annotated[int | None, Field(description="第一版的 id · the first version's id")]
    version_no: int
    created_by: str | None
    created_at: kit.Instant
    retired_at: kit.Instant | None


class Calendar(kit.Answer):
    known_through: Annotated[
        int,
        Field(
            description="节假日已知到哪一年；之后只知道周末，升级软件可更新 · the last year whose holidays are known; of later ones only the "
            "weekends are, until the software is updated"
        ),
    ]


class NewPrice(kit.Body):
    amount_fen: kit.PositiveFen
    from_on: Annotated[kit.Day, Field(description="从哪天扣的各期起 · for periods due from this day on")]


class Announced(kit.Answer):
    plans: Annotated[int, Field(description="涉及多少个计划 · of how many plans")]


def rule_of(said: ScheduleRule) -> schedule.Schedule:
    """As the desk takes it."""
    return schedule.Schedule(
        said.every, said.interval, tuple(said.weekdays), said.day, said.month, said.nth, said.weekday, tuple(said.dates),
        said.short_months, said.closed_days,
    )  # fmt: skip


def _asked(body: NewOffer) -> plan_offers.Asked:
    terms = plans_ahead.Terms(
        rule_of(body.schedule), body.amount_fen, body.unit, body.most_fen, body.trial_periods, body.trial_fen, body.first_period,
        body.catch_up, body.on_pause, body.notice_days,
    )  # fmt: skip
    return plan_offers.Asked(body.name, terms, body.consent_version, body.consent_text, body.periods)


async def add(body: NewOffer, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Puts a plan on offer."""
    return await plan_offers.get(int(await plan_offers.create(caller.id, _asked(body), key=key)))


async def change(offer_id: int, body: NewOffer, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The next version."""
    return await plan_offers.get(int(await plan_offers.change(caller.id, offer_id, _asked(body), key=key)))


async def retire(offer_id: int) -> object:
    """Nobody subscribes any more."""
    return await plan_offers.retire(offer_id)


async def listing(query: kit.PageQuery) -> object:
    """All versions, the newest first."""
    rows = await plan_offers.page(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def new_price(offer_id: int, body: NewPrice, caller: Operator, key: kit.IdempotencyKey) -> Announced:
    """Announces a price for all plans of an offer."""
    told = await plan_prices.announce_for_all(
        caller.id, offer_id, amount_fen=body.amount_fen, from_on=body.from_on, key=key
    )
    return Announced(plans=told)


async def calendar() -> Calendar:
    """How far holidays are known."""
    return Calendar(known_through=workdays.known_through())
