"""The shelf: products as customers see them, each SKU with what it costs them where they are, and what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core import clock, db
from shop import prices, products, specs, stock

NoSuchProduct = products.NoSuchProduct


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks, and at which store (its id; None: at none)."""

    customer_id: int | None = None
    store_id: int | None = None


@dataclass(frozen=True, slots=True)
class Sku:
    """A SKU on the shelf. ``price_reason`` is one of ``prices.Price``."""

    id: int
    name: str
    specs: Sequence[str]
    price_fen: int
    list_fen: int
    price_reason: str
    stock: int


@dataclass(slots=True)
class Product:
    """A product on the shelf with its SKUs."""

    id: int
    name: str
    description: str
    axes: Sequence[specs.Axis]
    sold: int
    skus: list[Sku] = field(default_factory=list)


_PAGE = "SELECT id FROM product WHERE id > $1 AND state = 'on_shelf' ORDER BY id LIMIT $2"


async def page(looking: Looking, *, after: int = 0, limit: int = 20) -> list[Product]:
    """Products on the shelf, oldest first; ``after`` is the id the last page ended at."""
    return await shown([row["id"] for row in await db.fetch(_PAGE, after, limit)], looking)


async def one(product_id: int, looking: Looking) -> Product:
    """One product on the shelf.

    Raises:
        NoSuchProduct: there is none, or it is off the shelf.
    """
    found = await shown([product_id], looking)
    if not found:
        raise NoSuchProduct(product_id=product_id)
    return found[0]


_SHOWN = f"""
SELECT p.id, p.name, p.description, p.axes::text, p.sold,
       s.id, s.name, s.specs, {prices.fen("s")}, s.price_fen, {prices.REASON}, {stock.left("s", "coalesce($3::bigint, 0)")}
FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, n)
JOIN product p ON p.id = wanted.id AND p.state = 'on_shelf'
LEFT JOIN sku s ON s.product_id = p.id AND s.state = 'on_sale'
{prices.joined(sku="s", customer="$2::bigint", store="$3::bigint", now="$4::timestamptz")}
ORDER BY wanted.n, s.id
"""


async def shown(product_ids: Sequence[int], looking: Looking) -> list[Product]:
    """Those of these products that are on the shelf, in the same order."""
    found: list[Product] = []
    last = None
    rows = await db.fetch(_SHOWN, product_ids, looking.customer_id, looking.store_id, clock.now())
    for product_id, name, description, axes, sold, *sku in rows:
        if product_id != last:
            last = product_id
            found.append(Product(product_id, name, description, specs.read(axes), sold))
        if sku[0] is not None:
            found[-1].skus.append(Sku(*sku))
    return found
