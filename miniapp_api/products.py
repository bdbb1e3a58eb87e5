"""What can be ordered."""

from typing import Annotated

from pydantic import Field

from billing import stores
from core import http as kit
from miniapp_api.services import Customer
from shop import categories, shelf

StoreCode = Annotated[
    Annotated[kit.No, Field(max_length=20)] | None,
    Field(description="在哪家门店看：按该店的价格 · the store whose prices are wanted"),
]


class StoreQuery(kit.Query):
    store: StoreCode = None


class ProductsQuery(kit.PageQuery):
    store: StoreCode = None


class Axis(kit.Answer):
    name: Annotated[str, Field(examples=["颜色"])]
    values: Annotated[list[str], Field(examples=[["红", "蓝"]])]


class Sku(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["大杯"])]
    specs: Annotated[
        list[str],
        Field(
            description="每个规格项的值，与 axes 同序 · a value of each axis, in their order",
            examples=[["红"]],
        ),
    ]
    price_fen: Annotated[int, Field(description="现在对您的价格 · what it costs you now", examples=[2800])]
    list_fen: Annotated[int, Field(description="标价 · the list price", examples=[3000])]
    price_reason: Annotated[
        str,
        Field(
            description="为什么是这个价格：标价、限时、会员、门店 · why it costs that",
            examples=["list", "period", "tier", "store"],
        ),
    ]
    stock: Annotated[int, Field(description="还可下单的数量 · what can still be ordered", examples=[36])]


class Product(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["茉莉奶绿"])]
    description: str
    axes: Annotated[list[Axis], Field(description="规格项；空则规格只有名称 · what its SKUs differ in")]
    sold: Annotated[int, Field(description="近 30 天售出件数 · pieces sold in 30 days")]
    skus: list[Sku]


class Category(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["绿茶"])]
    parent_id: int | None
    depth: Annotated[int, Field(description="1 为顶层 · 1 at the top")]


async def _looking(caller: Customer, store: str | None) -> shelf.Looking:
    return shelf.Looking(caller.id, None if store is None else await stores.id_of(store))


async def listing(query: ProductsQuery, caller: Customer) -> object:
    """Products on the shelf, oldest first."""
    looking = await _looking(caller, query.store)
    rows = await shelf.page(looking, after=query.after(int) or 0, limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(product_id: int, query: StoreQuery, caller: Customer) -> object:
    """One product on the shelf."""
    return await shelf.one(product_id, await _looking(caller, query.store))


async def tree() -> kit.Page[Category]:
    """The categories, each before what is within it."""
    return kit.Page[Category](items=[Category.model_validate(one) for one in await categories.listing()])
