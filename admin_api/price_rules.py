"""Price rules: lower prices for a tier, at a store, for a time."""

from typing import Annotated

from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from shop import price_rules

Code = Annotated[kit.No, Field(max_length=20)]


class NewPriceRule(kit.Body):
    price_fen: Annotated[kit.PositiveFen, Field(examples=[2500])]
    tier: Annotated[
        Code | None, Field(description="该等级及以上，null 不限 · this tier and those above; null: everybody")
    ] = None
    store: Annotated[Code | None, Field(description="哪家门店，null 不限 · null: everywhere")] = None
    from_at: Annotated[kit.Moment | None, Field(description="开始时间 · from this instant on")] = None
    until_at: Annotated[kit.Moment | None, Field(description="结束时间（不含）· and before this one")] = None


class PriceRule(kit.Answer):
    id: int
    sku_id: int
    price_fen: int
    tier: str | None
    store: str | None
    from_at: kit.Instant | None
    until_at: kit.Instant | None
    created_by: str
    created_at: kit.Instant
    ended_by: str | None
    ended_at: kit.Instant | None


async def listing(sku_id: int, query: kit.PageQuery) -> object:
    """The newest first."""
    rows = await price_rules.page(sku_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def of_product(product_id: int) -> kit.Page[PriceRule]:
    """Those that hold now or will, SKU by SKU."""
    rows = await price_rules.of_product(product_id)
    return kit.Page[PriceRule](items=[PriceRule.model_validate(row) for row in rows])


async def add(sku_id: int, body: NewPriceRule, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Adds a rule."""
    new = price_rules.NewRule(body.price_fen, body.tier, body.store, body.from_at, body.until_at)
    return await price_rules.add(caller.id, sku_id, new, key=key)


async def end(rule_id: int, caller: Operator) -> object:
    """Ends a rule now."""
    return await price_rules.end(caller.id, rule_id)
