"""Changing an order that waits for its payment: its lines, its remark, what reduces it. It is priced anew, and its bill with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

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


async def edit(
    customer_id: int, order_no: str, wanted: Sequence[placing.Wanted] | None, how: placing.How, *, key: str
) -> Order:
    """Its customer wants other quantities (None: the same), another address (None: the same), another remark, other coupons or points. Prices are those of now; the
    coupons and points of before are free again.

    Raises:
        NoSuchOrder, OrderStateForbids, BillPaymentPending, BillUnderReview, BillPaymentAwaited, KeyReused, and what placing an order may answer
        (``placing.REFUSALS``).
    """
    caller = accounts.of_customer(customer_id)
    quantities = None if wanted is None else placing.merged(wanted)

    async def act() -> None:
        order = await order_steps.lock(order_no, customer_id=customer_id)
        order_states.refuse("edit", order.state, order_no)
        bill = await bills.lock(order.bill_no)
        bills.refuse_pending(bill)
        await awaited.refuse(bill)
        await order_discounts.give_back(order, by=caller)
        lines = (await orders_shown.lines_of([order.id]))[order.id]
        had = {line.sku_id: line.quantity for line in lines}
        kept = addresses.Where(**order.address) if order.address else None
        wish = replace(how, store=await stores.code_of(order.store_id))
        priced = await quotes.quote(customer_id, quantities or had, wish, kept=kept)
        placing.refuse_another_total(priced, how.total_fen)
        times = await db.fetchval(_TIMES, order.id)
        taken = await order_discounts.take(customer_id, priced, order_no, again=times)
        await bills.reprice(bill, amount_fen=priced.total_fen, title=priced.title)
        note = None if order.total_fen == priced.total_fen else f"{order.total_fen} → {priced.total_fen}"
        await order_steps.noted(order, "edit", by=caller, note=note)
        await _change(order, had, priced, taken, how.remark)

    content = {
        "order_no": order_no,
        "lines": sorted(quantities.items()) if quantities else None,
        **how.content,
    }
    await idempotency.alone(
        caller=caller, operation="orders.edit", key=key, content=content, act=act, answer=order_no
    )
    return await orders_shown.get(customer_id, order_no)


_TIMES = "SELECT 1 + count(*) FROM order_event WHERE order_id = $1 AND step = 'edit'"
_CHANGE = """
WITH gone AS (DELETE FROM order_line WHERE order_id = $1)
UPDATE shop_order SET goods_fen = $2, discount_fen = $3, freight_fen = $4, total_fen = $5, tax_fen = $6, discounts = $7::jsonb, remark = $8,
    address = $9::jsonb
WHERE id = $1
"""
_LINES = """
INSERT INTO order_line (order_id, sku_id, product_name, sku_name, list_fen, price_fen, quantity, amount_fen, discount_fen, reserved, shipped)
SELECT $1, l.sku_id, l.product_name, l.sku_name, l.list_fen, l.price_fen, l.quantity, l.amount_fen, l.discount_fen, l.quantity, 0
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::int[], $8::bigint[], $9::bigint[]) WITH ORDINALITY
     AS l (sku_id, product_name, sku_name, list_fen, price_fen, quantity, amount_fen, discount_fen, n) ORDER BY l.n
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
