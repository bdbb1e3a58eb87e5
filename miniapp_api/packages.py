"""Recharge packages on offer."""

from typing import Annotated

from pydantic import Field

from billing import package_rules
from core import http as kit
from miniapp_api.services import Customer


class PackagesQuery(kit.Query):
    store: Annotated[
        Annotated[kit.No, Field(max_length=20)] | None,
        Field(description="在哪家门店购买 · the code of the store to buy at"),
    ] = None


class Refusal(kit.Answer):
    code: Annotated[str, Field(examples=["package_not_for_tier"])]
    message: Annotated[str, Field(examples=["该套餐仅限 金卡 会员购买"])]


class Package(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["充200送20"])]
    pay_fen: Annotated[int, Field(examples=[20000])]
    bonus_fen: Annotated[int, Field(examples=[2000])]
    bonus_days: Annotated[
        int | None,
        Field(
            description="赠送金有效天数，null 不过期 · days the bonus lives; null: for ever", examples=[365]
        ),
    ]
    first_time_only: bool
    per_customer: Annotated[int | None, Field(description="每人限购次数 · how often one may buy it")]
    until_at: Annotated[kit.Instant | None, Field(description="结束时间（不含）· sold before this instant")]
    refusal: Annotated[
        Refusal | None,
        Field(description="现在不能购买的原因，null 可以购买 · why it cannot be bought now; null: it can"),
    ]


async def offered(query: PackagesQuery, caller: Customer, locale: str) -> kit.Page[Package]:
    """All packages on offer, in the shop's order."""
    offers = await package_rules.offered(caller.id, store=query.store)
    return kit.Page[Package](items=[_package(offer, locale) for offer in offers])


def _package(offer: package_rules.Offer, locale: str) -> Package:
    package, no = offer.package, offer.refusal
    return Package(
        id=package.id,
        name=package.name,
        pay_fen=package.pay_fen,
        bonus_fen=package.bonus_fen,
        bonus_days=package.bonus_days,
        first_time_only=package.rules.first_time_only,
        per_customer=package.rules.per_customer,
        until_at=package.rules.until_at,
        refusal=None if no is None else Refusal(code=no.code, message=no.sentence(locale)),
    )
