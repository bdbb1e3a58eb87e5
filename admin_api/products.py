"""Products and SKUs: what the shop sells, its price and what is left."""

from typing import Annotated, Literal

from pydantic import Field

from core import http as kit
from shop import products

Stock = Annotated[int, Field(ge=0, le=1_000_000, examples=[100])]


class NewSku(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60, examples=["大杯"])]
    price_fen: Annotated[kit.PositiveFen, Field(examples=[2800])]
    stock: Stock


class NewProduct(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60, examples=["茉莉奶绿"])]
    description: Annotated[kit.Paragraphs, Field(max_length=500)] = ""
    skus: Annotated[list[NewSku], Field(min_length=1, max_length=50)]


class ProductChange(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60)] | None = None
    description: Annotated[kit.Paragraphs, Field(max_length=500)] | None = None
    state: Literal["on_shelf", "off_shelf"] | None = None


class SkuChange(kit.Body):
    price_fen: kit.PositiveFen | None = None
    stock: Stock | None = None


class Sku(kit.Answer):
    id: int
    name: str
    price_fen: int
    stock: int


class Product(kit.Answer):
    id: int
    name: str
    description: str
    state: Annotated[str, Field(examples=["on_shelf", "off_shelf"])]
    skus: list[Sku]


async def listing(query: kit.PageQuery) -> object:
    """All products, oldest first."""
    rows = await products.page(after=query.after(int) or 0, limit=query.limit + 1, off_shelf_too=True)
    return kit.cut(rows, query, lambda row: row.id)


async def add(body: NewProduct) -> object:
    """Adds a product and puts it on the shelf."""
    skus = [products.NewSku(sku.name, sku.price_fen, sku.stock) for sku in body.skus]
    return await products.add(name=body.name, description=body.description, skus=skus)


async def change(product_id: int, body: ProductChange) -> object:
    """Changes what is given and leaves the rest."""
    return await products.change(product_id, name=body.name, description=body.description, state=body.state)


async def change_sku(sku_id: int, body: SkuChange) -> object:
    """Sets the price or what is left."""
    return await products.change_sku(sku_id, price_fen=body.price_fen, stock=body.stock)
