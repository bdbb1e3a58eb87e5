"""Products 商品 and their SKUs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core import clock, db, errors


class NoSuchProduct(errors.NotFound):
    """There is no such product, or it is off the shelf."""

    code = "no_such_product"


class NoSuchSku(errors.NotFound):
    """There is no such SKU."""

    code = "no_such_sku"


@dataclass(frozen=True, slots=True)
class Sku:
    """A product in one specification; ``stock`` is what can still be ordered."""

    id: int
    name: str
    price_fen: int
    stock: int


@dataclass(frozen=True, slots=True)
class Product:
    """Something the shop sells."""

    id: int
    name: str
    description: str
    state: str
    skus: tuple[Sku, ...] = ()


@dataclass(frozen=True, slots=True)
class NewSku:
    """A SKU to be added."""

    name: str
    price_fen: int
    stock: int


_COLUMNS = "id, name, description, state"
_ADD = f"""
INSERT INTO product (name, description, state, created_at) VALUES ($1, $2, 'on_shelf', $3) RETURNING {_COLUMNS}
"""
_ADD_SKUS = """
INSERT INTO sku (product_id, name, price_fen, stock, created_at)
SELECT $1, s.name, s.price_fen, s.stock, $5
FROM unnest($2::text[], $3::bigint[], $4::int[]) WITH ORDINALITY AS s (name, price_fen, stock, n) ORDER BY s.n
"""


async def add(*, name: str, description: str, skus: Sequence[NewSku]) -> Product:
    """Adds a product with its SKUs and puts it on the shelf."""
    async with db.transaction():
        row = await db.fetchrow(_ADD, name, description, clock.now())
        assert row is not None
        await db.execute(
            _ADD_SKUS,
            row["id"],
            [sku.name for sku in skus],
            [sku.price_fen for sku in skus],
            [sku.stock for sku in skus],
            clock.now(),
        )
    return await get(row["id"])


_PAGE = f"""
SELECT {_COLUMNS} FROM product WHERE id > $1 AND (state = 'on_shelf' OR $2) ORDER BY id LIMIT $3
"""
_SKUS = (
    "SELECT product_id, id, name, price_fen, stock FROM sku WHERE product_id = ANY ($1::bigint[]) ORDER BY id"
)


async def page(*, after: int = 0, limit: int = 20, off_shelf_too: bool = False) -> list[Product]:
    """Products with their SKUs, oldest first; ``after`` is the id the last page ended at."""
    return await _with_skus([Product(*row) for row in await db.fetch(_PAGE, after, off_shelf_too, limit)])


_GET = f"SELECT {_COLUMNS} FROM product WHERE id = $1"


async def get(product_id: int, *, on_shelf_only: bool = False) -> Product:
    """One product with its SKUs.

    Raises:
        NoSuchProduct: there is none, or it is off the shelf and only shelved ones were asked for.
    """
    row = await db.fetchrow(_GET, product_id)
    if row is None or (on_shelf_only and row["state"] != "on_shelf"):
        raise NoSuchProduct(product_id=product_id)
    (product,) = await _with_skus([Product(*row)])
    return product


async def _with_skus(products: Sequence[Product]) -> list[Product]:
    skus: dict[int, list[Sku]] = {product.id: [] for product in products}
    for row in await db.fetch(_SKUS, list(skus)):
        skus[row["product_id"]].append(Sku(row["id"], row["name"], row["price_fen"], row["stock"]))
    return [replace(product, skus=tuple(skus[product.id])) for product in products]


_CHANGE = """
UPDATE product SET name = coalesce($2, name), description = coalesce($3, description), state = coalesce($4, state)
WHERE id = $1
"""


async def change(
    product_id: int, *, name: str | None = None, description: str | None = None, state: str | None = None
) -> Product:
    """Changes what is given and leaves the rest. ``state`` is ``on_shelf`` or ``off_shelf``.

    Raises:
        NoSuchProduct: there is none of this id.
    """
    await db.execute(_CHANGE, product_id, name, description, state)
    return await get(product_id)


_CHANGE_SKU = """
UPDATE sku SET price_fen = coalesce($2, price_fen), stock = coalesce($3, stock) WHERE id = $1
RETURNING id, name, price_fen, stock
"""


async def change_sku(sku_id: int, *, price_fen: int | None = None, stock: int | None = None) -> Sku:
    """Sets a SKU's price or what is left of it. Orders already placed keep their price.

    Raises:
        NoSuchSku: there is none of this id.
    """
    row = await db.fetchrow(_CHANGE_SKU, sku_id, price_fen, stock)
    if row is None:
        raise NoSuchSku(sku_id=sku_id)
    return Sku(*row)
