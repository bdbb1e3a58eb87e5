"""What can be ordered."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from shop import products


class Sku(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["大杯"])]
    price_fen: Annotated[int, Field(examples=[2800])]
    stock: Annotated[int, Field(description="还可下单的数量 · what can still be ordered", examples=[36])]


class Product(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["茉莉奶绿"])]
    description: str
    skus: list[Sku]


async def listing(query: kit.PageQuery) -> object:
    """Products on the shelf, oldest first."""
    rows = await products.page(after=query.after(int) or 0, limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(product_id: int) -> object:
    """One product on the shelf."""
    return await products.get(product_id, on_shelf_only=True)
