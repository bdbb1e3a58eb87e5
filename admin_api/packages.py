"""Recharge packages: what is offered to whom."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from admin_api.services import Operator
from billing import packages
from core import http as kit

Moment = Annotated[
    kit.Instant, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2999, 12, 31, tzinfo=UTC))
]
Codes = Annotated[list[kit.No], Field(min_length=1, max_length=50)]
HowOften = Annotated[int, Field(ge=1, le=1_000_000)]


class Rules(kit.Body):
    tiers: Annotated[
        Codes | None, Field(description="可购买的会员等级，null 不限 · tiers that may buy it; null: all")
    ] = None
    stores: Annotated[
        Codes | None, Field(description="出售的门店，null 不限 · stores that sell it; null: everywhere")
    ] = None
    from_at: Annotated[Moment | None, Field(description="开售时间 · sold from this instant on")] = None
    until_at: Annotated[Moment | None, Field(description="结束时间（不含）· and before this one")] = None
    first_time_only: Annotated[bool, Field(description="仅限首次充值 · for a first top-up only")] = False
    per_customer: Annotated[
        HowOften | None, Field(description="每人限购次数 · how often a customer may buy it")
    ] = None
    stock: Annotated[HowOften | None, Field(description="总份数 · how many there are in all")] = None
    sort_order: Annotated[
        int, Field(ge=-10_000, le=10_000, description="排序，小的在前 · the smallest first")
    ] = 0


class NewPackage(Rules):
    name: Annotated[kit.Name, Field(max_length=60, examples=["充200送20"])]
    pay_fen: Annotated[kit.PositiveFen, Field(examples=[20000])]
    bonus_fen: Annotated[kit.Fen, Field(examples=[2000])] = 0
    bonus_days: Annotated[
        int | None,
        Field(
            ge=1,
            le=36_500,
            description="赠送金有效天数，null 不过期 · days the bonus lives; null: for ever",
        ),
    ] = None


class PackageChange(Rules):
    name: Annotated[kit.Name, Field(max_length=60)]
    active: Annotated[bool, Field(description="false：下架 · false: withdrawn")]


class PackageRules(kit.Answer):
    tiers: list[str] | None
    stores: list[str] | None
    from_at: kit.Instant | None
    until_at: kit.Instant | None
    first_time_only: bool
    per_customer: int | None
    stock: int | None
    sort_order: int


class Package(kit.Answer):
    id: int
    name: str
    pay_fen: int
    bonus_fen: int
    bonus_days: int | None
    active: bool
    rules: PackageRules


def _rules(body: Rules) -> packages.Rules:
    return packages.Rules(**{name: getattr(body, name) for name in Rules.model_fields})


async def listing(query: kit.PageQuery) -> object:
    """All packages, withdrawn ones too, newest first."""
    rows = await packages.page(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def add(body: NewPackage, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Puts a package on offer."""
    return await packages.add_once(
        caller.id,
        name=body.name,
        pay_fen=body.pay_fen,
        bonus_fen=body.bonus_fen,
        bonus_days=body.bonus_days,
        rules=_rules(body),
        key=key,
    )


async def change(package_id: int, body: PackageChange) -> object:
    """Sets name, rules and whether it is on offer."""
    return await packages.change(package_id, name=body.name, active=body.active, rules=_rules(body))
