"""The customer's points, and the tier they follow."""

from datetime import date
from typing import Annotated

from pydantic import Field

from billing import points_bonus
from core import http as kit
from members import points_desk, points_rules, standings, tiers
from miniapp_api.services import Customer


class Rule(kit.Answer):
    per_100_yuan: Annotated[int, Field(description="每消费 100 元得到的积分 · points for 100 yuan paid")]
    off_points: Annotated[
        int,
        Field(description="抵 1 元所需积分，0 不可抵扣 · points for a yuan off an order; 0: none are taken"),
    ]
    off_share_percent: Annotated[int, Field(description="订单最多可抵的比例 · at most so much of an order")]
    bonus_points: Annotated[
        int, Field(description="兑换 1 元赠送金所需积分，0 不可兑换 · points for a yuan of bonus; 0: none")
    ]
    life_days: int | None


class Points(kit.Answer):
    points: Annotated[int, Field(description="可用积分 · what can be used now", examples=[1280])]
    ending: Annotated[int, Field(description="最先到期的积分 · what is over first", examples=[80])]
    ends_at: kit.Instant | None
    owed: Annotated[
        int,
        Field(
            description="退款后欠下的积分，之后所得先抵扣 · owed since a payment was given back; what comes next pays it first"
        ),
    ]
    rule: Annotated[Rule | None, Field(description="null：门店没有积分 · null: the shop has no points")]


class Movement(kit.Answer):
    id: int
    kind: Annotated[str, Field(examples=["earned", "spent", "expired"])]
    points: Annotated[int, Field(description="带符号 · signed", examples=[120])]
    points_after: int
    worth_fen: int | None
    memo: str
    at: kit.Instant


class ToBonus(kit.Body):
    points: Annotated[int, Field(ge=1, le=1_000_000_000, examples=[500])]


class Bonus(kit.Answer):
    number: str
    points: int
    bonus_fen: int
    at: kit.Instant


class Tier(kit.Answer):
    code: str
    name: str
    rank: int
    points_percent: int


class Standing(kit.Answer):
    tier: Tier | None
    keeps_until: Annotated[
        date | None, Field(description="等级保留至这一天 · the tier is kept until this day")
    ]
    next_tier: Tier | None
    next_fen: Annotated[
        int | None, Field(description="升到下一级所需消费 · spending that the next tier asks for")
    ]
    spent_fen: Annotated[int, Field(description="其中已消费 · what of it is spent")]


async def read(caller: Customer) -> Points:
    """What there is, and what it is worth."""
    held, rule = await points_desk.balance(caller.id), await points_rules.current()
    return Points(
        points=held.points,
        ending=held.ending,
        ends_at=held.ends_at,
        owed=held.owed,
        rule=None if rule is None else Rule.model_validate(rule),
    )


async def movements(query: kit.PageQuery, caller: Customer) -> object:
    """The latest first."""
    rows = await points_desk.page(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def to_bonus(body: ToBonus, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Changes points into bonus."""
    return await points_bonus.change(caller.id, body.points, key=key)


async def standing(caller: Customer, locale: str) -> Standing:
    """The tier, until when, and how far the next one is."""
    found = await standings.of(caller.id)
    following = found.next_tier
    return Standing(
        tier=_tier(found.tier, locale),
        keeps_until=found.keeps_until,
        next_tier=_tier(following, locale),
        next_fen=following and following.rule.spend_fen,
        spent_fen=found.spent_fen,
    )


def _tier(tier: tiers.Tier | None, locale: str) -> Tier | None:
    if tier is None:
        return None
    return Tier(
        code=tier.code, name=tier.name(locale), rank=tier.rank, points_percent=tier.rule.points_percent
    )
