"""Tiers of customers, and who comes to them by spending."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from members import tiers

TierName = Annotated[kit.Name, Field(max_length=20)]
Days = Annotated[int, Field(ge=1, le=3660)]


class TierTerms(kit.Body):
    name_zh: Annotated[TierName, Field(examples=["金卡"])]
    name_en: Annotated[TierName, Field(examples=["Gold"])]
    rank: Annotated[int, Field(ge=0, le=1000, description="越大越高 · the higher, the better")]
    spend_fen: Annotated[
        kit.PositiveFen | None,
        Field(
            description="消费满此数自动升级，null 只由员工设定 · spent within the window to come to it; null: only operators give it",
            examples=[300000],
        ),
    ] = None
    window_days: Annotated[
        Days, Field(description="只算最近这些天的消费 · spending of so many days counts")
    ] = 365
    keep_days: Annotated[Days, Field(description="升级后至少保留的天数 · kept so many days at least")] = 365
    points_percent: Annotated[
        int, Field(ge=0, le=10_000, description="积分倍率，100 为一倍 · points, in percent of everybody's")
    ] = 100


class Tier(kit.Answer):
    code: str
    name_zh: str
    name_en: str
    rank: int
    spend_fen: int | None
    window_days: int
    keep_days: int
    points_percent: int


async def listing() -> kit.Page[Tier]:
    """All tiers, the lowest first."""
    return kit.Page[Tier](items=[_shown(one) for one in await tiers.listing()])


async def put(code: Annotated[kit.No, Field(max_length=20)], body: TierTerms) -> Tier:
    """Adds the tier or sets its names, rank and rules."""
    rule = tiers.Rule(body.spend_fen, body.window_days, body.keep_days, body.points_percent)
    made = await tiers.put(code, name_zh=body.name_zh, name_en=body.name_en, rank=body.rank, rule=rule)
    return _shown(made)


def _shown(tier: tiers.Tier) -> Tier:
    rule = tier.rule
    return Tier(
        code=tier.code, name_zh=tier.name_zh, name_en=tier.name_en, rank=tier.rank, spend_fen=rule.spend_fen,
        window_days=rule.window_days, keep_days=rule.keep_days, points_percent=rule.points_percent,
    )  # fmt: skip
