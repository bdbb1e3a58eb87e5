"""Cart 购物车: what a customer has put aside to order. Nothing is reserved by that, and prices are those of now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from billing import stores
from core import clock, db, errors
from shop import placing, quotes

MOST_LINES = 100
"""So many different SKUs a cart holds."""


class CartFull(errors.Conflict):
    """The cart holds as many different SKUs as it can."""

    code = "cart_full"


class NotInCart(errors.NotFound):
    """The SKU is not in the cart."""

    code = "not_in_cart"


SkuNotForSale = quotes.SkuNotForSale
NoSuchStore = stores.NoSuchStore


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the cart as it would be ordered now. ``for_sale``: whether it can be had at all; ``available`` how many of it."""

    sku_id: int
    product_id: int
    product_name: str
    sku_name: str
    list_fen: int
    price_fen: int
    quantity: int
    chosen: bool
    available: int
    for_sale: bool

    @property
    def in_stock(self) -> bool:
        """Whether there are as many as wanted."""
        return self.for_sale and self.available >= self.quantity


@dataclass(frozen=True, slots=True)
class Cart:
    """What a customer has put aside, the newest last. ``chosen_fen``: what the ticked lines that can be had come to."""

    lines: tuple[Line, ...]

    @property
    def chosen_fen(self) -> int:
        return sum(line.price_fen * line.quantity for line in self.lines if line.chosen and line.in_stock)


_LINES = "SELECT sku_id, quantity, chosen FROM cart_line WHERE customer_id = $1 ORDER BY id"


async def read(customer_id: int, *, store: str | None = None) -> Cart:
    """The customer's cart, priced as of now, as it would be ordered from a store (its code) or from the shop.

    Raises:
        NoSuchStore.
    """
    return await _read(customer_id, await stores.id_of(store))


async def _read(customer_id: int, store_id: int) -> Cart:
    rows = await db.fetch(_LINES, customer_id)
    seen = await quotes.seen(customer_id, {row["sku_id"]: row["quantity"] for row in rows}, store_id=store_id)
    lines = []
    for row in rows:
        one, for_sale = seen[row["sku_id"]]
        lines.append(
            Line(
                one.sku_id, one.product_id, one.product_name, one.sku_name, one.list_fen, one.price_fen, one.quantity,
                row["chosen"], one.available, for_sale,
            )
        )  # fmt: skip
    return Cart(tuple(lines))


_LOCK = "SELECT FROM customer WHERE id = $1 FOR NO KEY UPDATE"
_COUNT = "SELECT count(*) FROM cart_line WHERE customer_id = $1 AND sku_id <> $2"
_FOR_SALE = f"""
SELECT EXISTS (SELECT FROM sku s JOIN product p ON p.id = s.product_id WHERE s.id = $1 AND {quotes.FOR_SALE})
"""
_ADD = f"""
INSERT INTO cart_line (customer_id, sku_id, quantity, chosen, added_at) VALUES ($1, $2, $3, true, $4)
ON CONFLICT (customer_id, sku_id) DO UPDATE SET quantity = least(cart_line.quantity + $3, {placing.MAX_QUANTITY}), chosen = true
"""
_PUT = """
INSERT INTO cart_line (customer_id, sku_id, quantity, chosen, added_at) VALUES ($1, $2, $3, $5, $4)
ON CONFLICT (customer_id, sku_id) DO UPDATE SET quantity = $3, chosen = $5
"""


async def add(customer_id: int, sku_id: int, quantity: int, *, store: str | None = None) -> Cart:
    """Puts so many more of a SKU into the cart, up to the most of a line. Returns the cart, as ``read`` does.

    Raises:
        SkuNotForSale, CartFull, NoSuchStore.
    """
    store_id = await stores.id_of(store)
    async with db.transaction():
        await _room_for(customer_id, sku_id)
        await db.execute(_ADD, customer_id, sku_id, quantity, clock.now())
    return await _read(customer_id, store_id)


async def put(
    customer_id: int, sku_id: int, quantity: int, *, chosen: bool = True, store: str | None = None
) -> Cart:
    """So many of a SKU are in the cart from now on, ticked or not. Returns the cart, as ``read`` does.

    Raises:
        SkuNotForSale, CartFull, NoSuchStore.
    """
    store_id = await stores.id_of(store)
    async with db.transaction():
        await _room_for(customer_id, sku_id)
        await db.execute(_PUT, customer_id, sku_id, quantity, clock.now(), chosen)
    return await _read(customer_id, store_id)


async def _room_for(customer_id: int, sku_id: int) -> None:
    await db.fetchrow(_LOCK, customer_id)
    if not await db.fetchval(_FOR_SALE, sku_id):
        raise SkuNotForSale(sku_id=sku_id)
    if await db.fetchval(_COUNT, customer_id, sku_id) >= MOST_LINES:
        raise CartFull(limit=MOST_LINES)


_TAKE_OUT = "DELETE FROM cart_line WHERE customer_id = $1 AND sku_id = $2 RETURNING quantity"


async def exchange(customer_id: int, sku_id: int, other_id: int, *, store: str | None = None) -> Cart:
    """Another specification instead: the line's quantity goes to the other SKU, on top of what is in the cart of it already. Returns the
    cart, as ``read`` does.

    Raises:
        NotInCart, SkuNotForSale, NoSuchStore.
    """
    store_id = await stores.id_of(store)
    if sku_id != other_id:
        await _exchange(customer_id, sku_id, other_id)
    return await _read(customer_id, store_id)


async def _exchange(customer_id: int, sku_id: int, other_id: int) -> None:
    async with db.transaction():
        await db.fetchrow(_LOCK, customer_id)
        had = await db.fetchval(_TAKE_OUT, customer_id, sku_id)
        if had is None:
            raise NotInCart(sku_id=sku_id)
        await _room_for(customer_id, other_id)
        await db.execute(_ADD, customer_id, other_id, had, clock.now())


_REMOVE = "DELETE FROM cart_line WHERE customer_id = $1 AND sku_id = ANY ($2::bigint[])"


async def remove(customer_id: int, sku_ids: Collection[int], *, store: str | None = None) -> Cart:
    """Takes SKUs out of the cart; what is not in it is no matter. Returns the cart, as ``read`` does.

    Raises:
        NoSuchStore.
    """
    store_id = await stores.id_of(store)
    await db.execute(_REMOVE, customer_id, list(sku_ids))
    return await _read(customer_id, store_id)
