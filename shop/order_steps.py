"""What the steps of orders have in common: the lock, the change of state with its row of history, stock given free, cancelling."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Literal

from billing import arrangements, bills, collecting, matching, refunds, shipping, stores, terms
from core import clock, db
from notifications import outbox
from shop import order_discounts, order_states, orders_history, orders_shown, stock

NoSuchOrder = orders_shown.NoSuchOrder
OrderStateForbids = order_states.OrderStateForbids
Order = orders_shown.Order

_LOCK = f"""
SELECT {orders_shown.COLUMNS} FROM shop_order WHERE order_no = $1 AND ($2::bigint IS NULL OR customer_id = $2) FOR NO KEY UPDATE
"""


async def lock(
    order_no: str, *, customer_id: int | None = None, within: Collection[str] | None = None
) -> Order:
    """Locks an order, of the customer where one is named, at one of the stores ``within``, without its lines.

    Raises:
        NoSuchOrder: there is none of this number, or it is not theirs, or not there.
    """
    row = await db.fetchrow(_LOCK, order_no, customer_id)
    if row is None or not await stores.is_within(row["store_id"], within):
        raise NoSuchOrder(order_no=order_no)
    return orders_shown.of_row(row)


_GO = """
WITH moved AS (
    UPDATE shop_order SET state = $3::text,
        paid_at = CASE WHEN $3::text = 'paid' THEN $6 ELSE paid_at END,
        shipped_at = CASE WHEN $3::text = 'shipped' THEN $6 ELSE shipped_at END,
        completes_at = CASE WHEN $3::text = 'shipped' THEN $7 ELSE completes_at END,
        completed_at = CASE WHEN $3::text = 'completed' THEN $6 ELSE completed_at END,
        after_sales_days = CASE WHEN $3::text = 'completed' THEN $9 ELSE after_sales_days END,
        cancelled_at = CASE WHEN $3::text = 'cancelled' THEN $6 ELSE cancelled_at END
    WHERE id = $1 RETURNING id
)
INSERT INTO order_event (order_id, step, was, became, by, note, at) SELECT id, $8, $2, $3::text, $4, $5, $6 FROM moved
"""


async def go(
    order: Order, step: order_states.Step, becomes: order_states.State, *, by: str, note: str | None = None
) -> None:
    """A locked order takes a step: its state changes, and its history has a row more.

    Raises:
        OrderStateForbids.
    """
    order_states.refuse(step, order.state, order.order_no)
    now, chosen = clock.now(), terms.current()
    completes_at = now + timedelta(days=chosen.complete_after_days)
    await db.execute(
        _GO, order.id, order.state, becomes, by, note, now, completes_at, step, chosen.after_sales_days
    )


async def pay(order: Order, *, by: str) -> None:
    """A locked order, or one placed in this transaction, is paid from the balance; it stays as it is where the shop checks that first.

    Raises:
        OrderStateForbids, BillPaymentPending, BillUnderReview, InsufficientBalance.
    """
    bill = await collecting.take_in_full(await bills.lock(order.bill_no), operator=by)
    if not bill.under_review:
        await go(order, "pay", "paid", by=by)


async def noted(order: Order, step: order_states.Step, *, by: str, note: str | None = None) -> None:
    """Writes down a step that leaves a locked order in its state."""
    await orders_history.write(order.id, step, order.state, order.state, by=by, note=note)


_TITLE = "SELECT title FROM bill WHERE bill_no = $1"


async def tell(
    order: Order, kind: Literal["order_shipped", "order_completed", "order_cancelled"], **more: Any
) -> None:
    """Tells its customer what became of a locked order."""
    title = await db.fetchval(_TITLE, order.bill_no)
    params = {
        "title": title,
        "order_no": order.order_no,
        "amount_fen": order.total_fen,
        "at": clock.now(),
        **more,
    }
    key = f"{kind}:{more.get('shipment_no', order.order_no)}"
    await outbox.tell([outbox.Message(order.customer_id, kind, key, params)])


_RESERVED = "SELECT sku_id, reserved FROM order_line WHERE order_id = $1 AND reserved > 0"
_FREED = "UPDATE order_line SET reserved = 0 WHERE order_id = $1 AND reserved > 0"
_HANDED_OVER = (
    "UPDATE order_line SET shipped = shipped + reserved, reserved = 0 WHERE order_id = $1 AND reserved > 0"
)


async def _reserved(order: Order) -> dict[int, int]:
    return {row["sku_id"]: row["reserved"] for row in await db.fetch(_RESERVED, order.id)}


async def free_stock(order: Order) -> None:
    """What is still kept for a locked order can be ordered again."""
    kept = await _reserved(order)
    await db.execute(_FREED, order.id)
    await stock.change_reserved({sku_id: -n for sku_id, n in kept.items()}, store_id=order.store_id)


async def hand_over_stock(order: Order, *, by: str) -> None:
    """What is still kept for a locked order leaves the stock."""
    kept = await _reserved(order)
    await db.execute(_HANDED_OVER, order.id)
    await stock.take_reserved(
        kept, store_id=order.store_id, kind="handed_over", by=by, order_no=order.order_no
    )


async def cancel(
    order: Order, step: order_states.Step, *, by: str, note: str | None = None, decided_by: str | None = None
) -> None:
    """A locked order ends: what was paid returns to where it came from, what is owed is void, its coupons, points and stock are free.
    ``decided_by``: who agreed that the money goes back, where that is another.

    Raises:
        OrderStateForbids, BillPaymentPending.
    """
    order_states.refuse(step, order.state, order.order_no)
    bill = await bills.lock(order.bill_no)
    if bill.state in bills.OWED:
        await arrangements.end(bill.id, "proposed", "withdrawn", by=by, reason=note or step)
        await arrangements.end(bill.id, "running", "cancelled", by=by, reason=note or step)
        await matching.voiding(bill)
        bill = await bills.lock(order.bill_no)
    if order.state != "placed":
        await refunds.in_full(bill, operator=by, reason=note or "", decided_by=decided_by)
        await shipping.look_again(order.bill_no)
    await go(order, step, "cancelled", by=by, note=note)
    await order_discounts.give_back(order, by=by)
    await free_stock(order)
