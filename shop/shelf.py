"""The shelf: products as customers see them, each SKU with what it costs them where they are, and what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core import clock, db
from shop import images, prices, products, specs, stock

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
    """A product on the shelf with its SKUs. ``lowest_fen``: its lowest list price."""

    id: int
    name: str
    description: str
    axes: Sequence[specs.Axis]
    sold: int
    lowest_fen: int | None
    images: Sequence[images.Image]
    skus: list[Sku] = field(default_factory=list)


async def one(product_id: int, looking: Looking) -> Product:
    """One product on the shelf.

    Raises:
        NoSuchProduct: there is none, or it is off the shelf.
    """
    found = await shown([product_id], looking)
    if not found:
        raise NoSuchProduct(product_id=product_id)
    return found[0]


def shown_of(ids: str, *, customer: str, store: str, now: str) -> str:
    """SQL that shows those of these products that are on the shelf, in the same order, for ``read``. ``ids`` is SQL of a set of
    numbers; the others are parameters with their types, as of ``prices.joined``."""
    return f"""
SELECT p.id, p.name, p.description, p.axes::text, p.sold, p.lowest_fen,
       ARRAY(SELECT (i.id, i.key, i.width, i.height, i.alt) FROM product_image i WHERE i.product_id = p.id ORDER BY i.position) AS images,
       s.id, s.name, s.specs, {prices.fen("s")}, s.price_fen, {prices.REASON}, {stock.left("s", f"coalesce({store}, {stock.SHOP})")}
FROM {ids} WITH ORDINALITY AS wanted (id, n)
JOIN product p ON p.id = wanted.id AND p.state = 'on_shelf'
LEFT JOIN sku s ON s.product_id = p.id AND s.state = 'on_sale'
{prices.joined(sku="s", customer=customer, store=store, now=now)}
ORDER BY wanted.n, s.id
"""


_SHOWN = shown_of("unnest($1::bigint[])", customer="$2::bigint", store="$3::bigint", now="$4::timestamptz")


async def shown(product_ids: Sequence[int], looking: Looking) -> list[Product]:
    """Those of these products that are on the shelf, in the same order."""
    return await read(_SHOWN, product_ids, looking.customer_id, looking.store_id, clock.now())


async def read(statement: str, *args: object) -> list[Product]:
    """The products of a statement of ``shown_of``."""
    found: list[Product] = []
    last = None
    for product_id, name, description, axes, sold, lowest_fen, pictures, *sku in await db.fetch(
        statement, *args
    ):
        if product_id != last:
            last = product_id
            shown = [images.Image(*one) for one in pictures]
            found.append(Product(product_id, name, description, specs.read(axes), sold, lowest_fen, shown))
        if sku[0] is not None:
            found[-1].skus.append(Sku(*sku))
    return found
