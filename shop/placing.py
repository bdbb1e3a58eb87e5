"""Placing an order: priced by a quote, then written in one statement (``migrations/sql/orders_place.sql``) that reserves its stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from billing import terms
from core import clock, db, errors, ids
from ledger import accounts, idempotency
from members import addresses
from shop import order_discounts, orders_shown, quotes, stock

UNPAID_LIFETIME = timedelta(minutes=30)
MAX_LINES = 50
MAX_QUANTITY = quotes.MAX_QUANTITY
OPERATION = "orders.place"

Order = orders_shown.Order


class PriceChanged(errors.Conflict):
    """It comes to another amount than the customer was shown."""

    code = "price_changed"


class TooManyUnpaidOrders(errors.Conflict):
    """The customer has as many orders that wait for their payment as anybody may: each keeps goods from others."""

    code = "too_many_unpaid_orders"


REFUSALS = (*quotes.REFUSALS, stock.OutOfStock, PriceChanged, TooManyUnpaidOrders)
"""What pricing and placing may answer."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many of one SKU."""

    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class How(quotes.Wish):
    """What is said of an order besides its lines. ``total_fen``: what the customer was shown that it comes to; ``pay_from``: what pays
    it at once."""

    remark: str = ""
    total_fen: int | None = None
    pay_from: Literal["balance"] | None = None

    @property
    def content(self) -> dict[str, Any]:
        """What a repeat of the request must have in common with it."""
        said = {
            "remark": self.remark, "total_fen": self.total_fen, "store": self.store, "coupons": sorted(self.coupon_nos),
            "points": self.points, "address_id": self.address_id, "pay_from": self.pay_from,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value not in ("", None, 0, [])}

    @property
    def takes_more_than_stock(self) -> bool:
        """Whether coupons or points go with it."""
        return bool(self.coupon_nos or self.points)


PLAIN = How()


def merged(wanted: Sequence[Wanted]) -> dict[int, int]:
    """So many of each SKU."""
    return stock.merged((line.sku_id, line.quantity) for line in wanted)


def content_of(quantities: Mapping[int, int], how: How) -> dict[str, Any]:
    """What requests under one key must have in common to be the same."""
    return {"lines": sorted(quantities.items()), **how.content}


@db.retried
async def place(customer_id: int, wanted: Sequence[Wanted], how: How = PLAIN, *, key: str) -> Order:
    """Places an order: reserves the stock, fixes the prices, takes coupons and points, issues the bill. The same key gives the same
    order.

    Raises:
        KeyReused, ``REFUSALS``; of these PriceChanged: it comes to another amount than ``how`` says; TooManyUnpaidOrders.
    """
    quantities = merged(wanted)
    content = content_of(quantities, how)
    if how.takes_more_than_stock:
        return await _place_with_more(customer_id, quantities, how, key, content)
    try:
        priced = await price(customer_id, quantities, how)
        made = await _write(
            customer_id, priced, how, ids.new_no("S"), None, key, idempotency.fingerprint(content)
        )
    except errors.DomainError:  # what cannot be had any more may be what this key has got already
        old = await _answered(customer_id, key, content)
        if old is None:
            raise
        return await orders_shown.get(customer_id, old)
    if made is None:
        old = await _answered(customer_id, key, content)
        assert old is not None
        return await orders_shown.get(customer_id, old)
    return made


async def _place_with_more(
    customer_id: int, quantities: dict[int, int], how: How, key: str, content: dict[str, Any]
) -> Order:
    async def act() -> str:
        order_no = ids.new_no("S")
        priced = await price(customer_id, quantities, how)
        taken = await order_discounts.take(customer_id, priced, order_no)
        await _write(customer_id, priced, how, order_no, taken, None, b"")
        return order_no

    async with db.transaction():
        order_no = await idempotency.once(
            caller=accounts.of_customer(customer_id), operation=OPERATION, key=key, content=content, act=act
        )
    return await orders_shown.get(customer_id, order_no)


async def place_priced(customer_id: int, priced: quotes.Quote, how: How) -> Order:
    """Places what was priced a moment ago, for a caller who guards it against twins and pays it in the same transaction: it will not
    wait for its payment, so how many do is not asked. The account is locked here, because it comes before coupons, points and stock.

    Raises:
        OutOfStock, CouponNotUsable, PointsShort.
    """
    order_no = ids.new_no("S")
    await accounts.locked_balance(customer_id)
    taken = await order_discounts.take(customer_id, priced, order_no)
    made = await _write(customer_id, priced, how, order_no, taken, None, b"", waits=False)
    assert made is not None, "without a key nothing has a twin"
    return made


async def price(customer_id: int, quantities: dict[int, int], how: How) -> quotes.Quote:
    """What an order comes to now.

    Raises:
        PriceChanged, ``quotes.REFUSALS``.
    """
    priced = await quotes.quote(customer_id, quantities, how)
    refuse_another_total(priced.total_fen, how.total_fen)
    return priced


def refuse_another_total(total_fen: int, shown_fen: int | None) -> None:
    """Refuses what comes to another amount than was shown.

    Raises:
        PriceChanged: the refusal names the amount.
    """
    if shown_fen is not None and total_fen != shown_fen:
        raise PriceChanged(total_fen=total_fen, shown_fen=shown_fen)


def written(address: addresses.Where | None) -> str | None:
    """An address as it is kept with an order.

    Raises:
        SealBroken: its phone could not be opened when it was read.
    """
    return addresses.written(address, orders_shown.ADDRESS)


async def _answered(customer_id: int, key: str, content: dict[str, Any]) -> str | None:
    return await idempotency.answered(
        caller=accounts.of_customer(customer_id), operation=OPERATION, key=key, content=content
    )


_PLACE = f"SELECT outcome, id, available FROM orders_place({', '.join(f'${n}' for n in range(1, 29))})"


async def _write(
    customer_id: int,
    priced: quotes.Quote,
    how: How,
    order_no: str,
    discounts: str | None,
    key: str | None,
    fingerprint: bytes,
    *,
    waits: bool = True,
) -> Order | None:
    """Writes a priced order, and claims its key; without one the caller has. None: the key was used before. ``waits``: for its payment,
    which so many may."""
    now, bill_no = clock.now(), ids.new_no("B")
    most = terms.current().unpaid_orders_most if waits else None
    rows = await db.fetch(
        _PLACE, now, customer_id, key, fingerprint, order_no, bill_no, priced.title, now + UNPAID_LIFETIME,
        priced.store_id, priced.goods_fen, priced.discount_fen, priced.freight_fen, priced.total_fen, priced.tax_fen, discounts,
        written(priced.address), how.remark, *priced.columns(), most,
    )  # fmt: skip
    if rows[0]["outcome"] == "twin":
        return None
    if rows[0]["outcome"] == "many":
        raise TooManyUnpaidOrders(limit=most)
    if rows[0]["outcome"] == "short":
        wanted = {line.sku_id: line.quantity for line in priced.lines}
        sku_id, left = rows[0]["id"], rows[0]["available"]
        raise stock.OutOfStock(sku_id=sku_id, stock=left, quantity=wanted[sku_id])
    return as_placed(customer_id, priced, how, rows[0]["id"], order_no, bill_no, now)


def as_placed(
    customer_id: int,
    priced: quotes.Quote,
    how: How,
    order_id: int,
    order_no: str,
    bill_no: str,
    now: datetime,
    *,
    state: str = "placed",
) -> Order:
    """The order as it was written a moment ago."""
    return Order(
        order_id, order_no, customer_id, state, priced.store_id, priced.goods_fen, priced.discount_fen, priced.freight_fen,
        priced.total_fen, priced.tax_fen, priced.discounts, asdict(priced.address) if priced.address else None, how.remark, bill_no, now, now + UNPAID_LIFETIME,
        lines=tuple(
            orders_shown.Line(
                line.sku_id, line.product_name, line.sku_name, line.price_fen, line.quantity, line.amount_fen, line.list_fen,
                line.discount_fen, tax_percent=line.tax_percent, tax_fen=line.tax_fen,
            )
            for line in priced.lines
        ),
    )  # fmt: skip
