"""Changing an order that waits for its payment: its lines, its remark, what reduces it. It is priced anew, and its bill with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from billing import awaited, bills, stores
from core import db
from ledger import accounts, idempotency
from members import addresses
from shop import order_discounts, order_states, order_steps, orders_shown, placing, quotes, stock

Order = orders_shown.Order
NoSuchOrder = order_steps.NoSuchOrder
OrderStateForbids = order_steps.OrderStateForbids
REFUSALS = placing.REFUSALS
BillPaymentPending = bills.BillPaymentPending
BillUnderReview = bills.BillUnderReview
BillPaymentAwaited = awaited.BillPaymentAwaited
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Change:
    """What shall be otherwise about an order; None: the same as before. ``quantities`` are all its lines, ``coupon_nos`` all its coupons."""

    quantities: Mapping[int, int] | None = None
    address_id: int | None = None
    coupon_nos: tuple[str, ...] | None = None
    points: int | None = None
    remark: str | None = None
    total_fen: int | None = None
    """What the customer was shown that it comes to."""

    @property
    def content(self) -> dict[str, Any]:
        """What a repeat of the request must have in common with it."""
        lines = None if self.quantities is None else sorted(self.quantities.items())
        coupon_nos = None if self.coupon_nos is None else sorted(self.coupon_nos)
        said = {**asdict(self), "quantities": lines, "coupon_nos": coupon_nos}
        return {name: value for name, value in said.items() if value is not None}


async def edit(customer_id: int, order_no: str, change: Change, *, key: str) -> Order:
    """Its customer changes an order. Prices are those of now; the coupons and points of before are free again, and taken anew where they
    stay.

    Raises:
        NoSuchOrder, OrderStateForbids, BillPaymentPending, BillUnderReview, BillPaymentAwaited, KeyReused, and what placing an order may answer
        (``placing.REFUSALS``).
    """
    caller = accounts.of_customer(customer_id)

    async def act() -> None:
        order, bill, had = await _locked(customer_id, order_no)
        priced = await _priced(order, had, change, by=caller)
        placing.refuse_another_total(priced.total_fen, change.total_fen)
        times = await db.fetchval(_TIMES, order.id)
        taken = await order_discounts.take(customer_id, priced, order_no, again=times)
        await bills.reprice(bill, amount_fen=priced.total_fen, title=priced.title)
        note = None if order.total_fen == priced.total_fen else f"{order.total_fen} → {priced.total_fen}"
        await order_steps.noted(order, "edit", by=caller, note=note)
        await _change(order, had, priced, taken, order.remark if change.remark is None else change.remark)

    await idempotency.alone(
        caller=caller, operation="orders.edit", key=key, content={"order_no": order_no, **change.content}, act=act, answer=order_no
    )  # fmt: skip
    return await orders_shown.get(customer_id, order_no)


class _Undone(Exception):
    """Rolls a tried change back."""


@db.retried
async def preview(customer_id: int, order_no: str, change: Change) -> quotes.Quote:
    """What ``edit`` would make of the order now, by doing it as far as its price and undoing it. Of what the order keeps already a line says
    that it can be had, too.

    Raises:
        NoSuchOrder, OrderStateForbids, BillPaymentPending, BillUnderReview, BillPaymentAwaited, and of pricing: ``quotes.REFUSALS``.
    """
    try:
        async with db.transaction():
            order, _, had = await _locked(customer_id, order_no)
            priced = await _priced(order, had, change, by=accounts.of_customer(customer_id))
            raise _Undone
    except _Undone:
        own = [replace(line, available=line.available + had.get(line.sku_id, 0)) for line in priced.lines]
        return replace(priced, lines=tuple(own))


async def _locked(customer_id: int, order_no: str) -> tuple[Order, bills.Bill, dict[int, int]]:
    """The order and its bill, which may be changed, and how many it has of each SKU."""
    order = await order_steps.lock(order_no, customer_id=customer_id)
    order_states.refuse("edit", order.state, order_no)
    bill = await bills.lock(order.bill_no)
    bills.refuse_pending(bill)
    await awaited.refuse(bill)
    lines = (await orders_shown.lines_of([order.id]))[order.id]
    return order, bill, {line.sku_id: line.quantity for line in lines}


async def _priced(order: Order, had: Mapping[int, int], change: Change, *, by: str) -> quotes.Quote:
    """The changed order as it is priced now, after it gave back what it took."""
    await order_discounts.give_back(order, by=by)
    had_coupons = tuple(one.coupon_no for one in order.discounts if one.coupon_no)
    had_points = sum(one.points for one in order.discounts)
    wish = quotes.Wish(
        store=await stores.code_of(order.store_id),
        address_id=change.address_id,
        coupon_nos=had_coupons if change.coupon_nos is None else change.coupon_nos,
        points=had_points if change.points is None else change.points,
    )
    kept = addresses.Where(**order.address) if order.address else None
    wanted = had if change.quantities is None else change.quantities
    return await quotes.quote(order.customer_id, wanted, wish, kept=kept)


_TIMES = "SELECT 1 + count(*) FROM order_event WHERE order_id = $1 AND step = 'edit'"
_CHANGE = """
WITH gone AS (DELETE FROM order_line WHERE order_id = $1)
UPDATE shop_order SET goods_fen = $2, discount_fen = $3, freight_fen = $4, total_fen = $5, tax_fen = $6, discounts = $7::jsonb, remark = $8,
    address = $9::jsonb
WHERE id = $1
"""
_LINES = """
INSERT INTO order_line (order_id, sku_id, product_name, sku_name, list_fen, price_fen, quantity, amount_fen, discount_fen, tax_percent, tax_fen,
                        reserved, shipped)
SELECT $1, l.sku_id, l.product_name, l.sku_name, l.list_fen, l.price_fen, l.quantity, l.amount_fen, l.discount_fen, l.tax_percent,
       l.tax_fen, l.quantity, 0
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::int[], $8::bigint[], $9::bigint[],
            $10::int[], $11::bigint[]) WITH ORDINALITY
     AS l (sku_id, product_name, sku_name, list_fen, price_fen, quantity, amount_fen, discount_fen, tax_percent, tax_fen, n) ORDER BY l.n
"""


async def _change(
    order: Order, had: Mapping[int, int], priced: quotes.Quote, discounts: str | None, remark: str
) -> None:
    has = {line.sku_id: line.quantity for line in priced.lines}
    more = {sku_id: has.get(sku_id, 0) - had.get(sku_id, 0) for sku_id in sorted({*has, *had})}
    await db.execute(
        _CHANGE, order.id, priced.goods_fen, priced.discount_fen, priced.freight_fen, priced.total_fen, priced.tax_fen, discounts, remark,
        placing.written(priced.address),
    )  # fmt: skip
    await db.execute(_LINES, order.id, *priced.columns())
    await stock.change_reserved({sku_id: n for sku_id, n in more.items() if n}, store_id=order.store_id)
