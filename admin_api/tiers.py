"""Tiers of customers."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from members import tiers

TierName = Annotated[kit.Name, Field(max_length=20)]


class TierTerms(kit.Body):
    name_zh: Annotated[TierName, Field(examples=["金卡"])]
    name_en: Annotated[TierName, Field(examples=["Gold"])]
    rank: Annotated[int, Field(ge=0, le=1000, description="越大越高 · the higher, the better")]


class Tier(kit.Answer):
    code: str
    name_zh: str
    name_en: str
    rank: int


async def listing() -> kit.Page[Tier]:
    """All tiers, the lowest first."""
    return kit.Page[Tier](items=[Tier.model_validate(one) for one in await tiers.listing()])


async def put(code: Annotated[kit.No, Field(max_length=20)], body: TierTerms) -> object:
    """Adds the tier or sets its names and rank."""
    return await tiers.put(code, name_zh=body.name_zh, name_en=body.name_en, rank=body.rank)
