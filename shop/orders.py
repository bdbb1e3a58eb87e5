"""Orders 订单: placed → paid → completed, or cancelled.

Stock is taken when an order is placed and given back when it is cancelled. What is owed for an order is its bill; paying the
order takes the bill from the balance and changes both in one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from billing import abnormal, bills, collecting, matching, refunds, settled
from core import clock, db, errors, ids, money
from ledger import accounts, idempotency
from members import sign_in
from shop import orders_shown, paying, prices

log = logging.getLogger(__name__)

UNPAID_LIFETIME = timedelta(minutes=30)
MAX_LINES = 50
MAX_QUANTITY = 999


class SkuNotForSale(errors.Conflict):
    """A SKU of the order does not exist or its product is off the shelf."""

    code = "sku_not_for_sale"


class OutOfStock(errors.Conflict):
    """There is less left of a SKU than was ordered."""

    code = "out_of_stock"


class OrderStateForbids(errors.Conflict):
    """The order's state does not allow this step."""

    code = "order_state_forbids"


class OrderTooLarge(errors.Invalid):
    """The order comes to more than a single amount may be."""

    code = "order_too_large"


InsufficientBalance = collecting.InsufficientBalance
BillPaymentPending = bills.BillPaymentPending
BillUnderReview = bills.BillUnderReview
KeyReused = idempotency.KeyReused
NoSuchOrder = orders_shown.NoSuchOrder
Line = orders_shown.Line
Order = orders_shown.Order
get = orders_shown.get
page = orders_shown.page


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many of one SKU."""

    sku_id: int
    quantity: int


_TAKE_STOCK = f"""
WITH wanted AS (SELECT * FROM unnest($1::bigint[], $2::int[]) AS w (sku_id, quantity)),
locked AS (
    SELECT s.id, s.name, {prices.fen("s")} AS price_fen, s.stock, p.name AS product_name
    FROM sku s JOIN product p ON p.id = s.product_id
    {prices.joined(sku="s", customer="$3::bigint", store="NULL::bigint", now="$4::timestamptz")}
    WHERE s.id = ANY ($1::bigint[]) AND s.state = 'on_sale' AND p.state = 'on_shelf' ORDER BY s.id FOR NO KEY UPDATE OF s
)
SELECT w.sku_id, w.quantity, l.product_name, l.name AS sku_name, l.price_fen, l.stock
FROM wanted w LEFT JOIN locked l ON l.id = w.sku_id
"""
_CHANGE_STOCK = """
UPDATE sku SET stock = stock + c.quantity FROM unnest($1::bigint[], $2::int[]) AS c (sku_id, quantity) WHERE sku.id = c.sku_id
"""
_PLACE = """
INSERT INTO shop_order (order_no, customer_id, state, total_fen, bill_no, placed_at, expires_at)
VALUES ($1, $2, 'placed', $3, $4, $5, $6) RETURNING id
"""
_ADD_LINES = """
INSERT INTO order_line (order_id, sku_id, product_name, sku_name, price_fen, quantity, amount_fen)
SELECT $1, l.* FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::int[], $7::bigint[]) AS l
"""


@db.retried
async def place(customer_id: int, wanted: Sequence[Wanted], *, key: str) -> Order:
    """Places an order: takes the stock, fixes the prices, issues the bill. The same key gives the same order.

    Raises:
        SkuNotForSale, OutOfStock, OrderTooLarge, KeyReused.
    """
    quantities: dict[int, int] = {}
    for line in wanted:
        quantities[line.sku_id] = quantities.get(line.sku_id, 0) + line.quantity
    caller = accounts.of_customer(customer_id)

    async def act() -> str:
        return await _place(customer_id, quantities)

    async with db.transaction():
        order_no = await idempotency.once(
            caller=caller,
            operation="orders.place",
            key=key,
            content={"lines": sorted(quantities.items())},
            act=act,
        )
    return await get(customer_id, order_no)


async def _place(customer_id: int, quantities: dict[int, int]) -> str:
    lines = await _take_stock(customer_id, quantities)
    order_no, now = ids.new_no("S"), clock.now()
    total_fen = sum(line.amount_fen for line in lines)
    title = lines[0].product_name if len(lines) == 1 else f"{lines[0].product_name} 等{len(lines)}种"
    new = bills.NewBill(customer_id, title, f"order:{order_no}", total_fen, now + UNPAID_LIFETIME)
    (bill,) = await bills.issue([new])
    order_id = await db.fetchval(
        _PLACE, order_no, customer_id, total_fen, bill.bill_no, now, now + UNPAID_LIFETIME
    )
    await db.execute(
        _ADD_LINES,
        order_id,
        [line.sku_id for line in lines],
        [line.product_name for line in lines],
        [line.sku_name for line in lines],
        [line.price_fen for line in lines],
        [line.quantity for line in lines],
        [line.amount_fen for line in lines],
    )
    return order_no


async def _take_stock(customer_id: int, quantities: dict[int, int]) -> list[Line]:
    rows = await db.fetch(_TAKE_STOCK, list(quantities), list(quantities.values()), customer_id, clock.now())
    for row in rows:
        if row["price_fen"] is None:
            raise SkuNotForSale(sku_id=row["sku_id"])
        if row["stock"] < row["quantity"]:
            raise OutOfStock(sku_id=row["sku_id"], stock=row["stock"], quantity=row["quantity"])
    if sum(row["price_fen"] * row["quantity"] for row in rows) > money.MAX_FEN:
        raise OrderTooLarge(limit_fen=money.MAX_FEN)
    await db.execute(_CHANGE_STOCK, list(quantities), [-quantity for quantity in quantities.values()])
    return [
        Line(
            row["sku_id"], row["product_name"], row["sku_name"], row["price_fen"], row["quantity"],
            row["price_fen"] * row["quantity"],
        )
        for row in rows
    ]  # fmt: skip


_LOCK = f"SELECT {orders_shown.COLUMNS} FROM shop_order WHERE order_no = $1 AND customer_id = $2 FOR NO KEY UPDATE"
_PAID = "UPDATE shop_order SET state = 'paid', paid_at = $2 WHERE id = $1"


async def pay(customer_id: int, order_no: str, *, key: str) -> Order:
    """Pays an order from the balance; repeating it, with the same key or another, never charges twice. An order whose payment
    the shop checks first comes back ``under_review``, still to be paid.

    Raises:
        NoSuchOrder, OrderStateForbids, BillPaymentPending, BillUnderReview, InsufficientBalance, KeyReused.
    """
    paid = None if await abnormal.active() else await paying.at_once(customer_id, order_no, key=key)
    return orders_shown.with_its_lines(paid) if paid else await _pay_alone(customer_id, order_no, key=key)


async def admit_and_pay(customer_id: int, order_no: str, *, key: str) -> Order:
    """``pay`` for somebody of whom only the token is known: the statement that pays also asks whether they may come in.

    Raises:
        CustomerGone, CustomerBlocked, AccountClosed, and what ``pay`` raises.
    """
    paid = None if await abnormal.active() else await paying.at_once(customer_id, order_no, key=key)
    if paid:
        return orders_shown.with_its_lines(paid)
    await sign_in.admitted(customer_id)
    return await _pay_alone(customer_id, order_no, key=key)


@db.retried
async def _pay_alone(customer_id: int, order_no: str, *, key: str) -> Order:
    caller = accounts.of_customer(customer_id)

    async def act() -> None:
        order = await lock_to_pay(customer_id, order_no)
        bill = await collecting.take_in_full(await bills.lock(order.bill_no), operator=caller)
        if not bill.under_review:
            await db.execute(_PAID, order.id, clock.now())

    async with db.transaction():
        await idempotency.once(
            caller=caller,
            operation="orders.pay",
            key=key,
            content={"order_no": order_no},
            act=act,
            answer=order_no,
        )
    return await get(customer_id, order_no)


async def lock_to_pay(customer_id: int, order_no: str) -> Order:
    """Locks an order of the customer that waits for its payment.

    Raises:
        NoSuchOrder, OrderStateForbids.
    """
    order = await _locked(customer_id, order_no)
    if order.state != "placed":
        raise OrderStateForbids(order_no=order_no, state=order.state)
    return order


_LOCK_BY_NO = "SELECT FROM shop_order WHERE order_no = $1 FOR NO KEY UPDATE"
_PAID_BY_NO = "UPDATE shop_order SET state = 'paid', paid_at = $2 WHERE order_no = $1 AND state = 'placed'"


async def _follow_lock(order_no: str) -> None:
    await db.fetchrow(_LOCK_BY_NO, order_no)


async def _follow_paid(order_no: str) -> None:
    changed = await db.execute(_PAID_BY_NO, order_no, clock.now())
    assert changed, f"the bill of order {order_no} was paid, but the order did not wait for it"


settled.follow("order", settled.Follower(lock=_follow_lock, paid=_follow_paid))


_CANCELLED = "UPDATE shop_order SET state = 'cancelled', cancelled_at = $2 WHERE id = $1"


@db.retried
async def cancel(customer_id: int, order_no: str) -> Order:
    """Cancels an order: its stock is given back, and what was paid returns to the lots it came from. Again is harmless.

    Raises:
        NoSuchOrder, BillPaymentPending, OrderStateForbids: it is completed.
    """
    async with db.transaction():
        order = await _locked(customer_id, order_no)
        if order.state in ("placed", "paid"):
            await _cancel(order, operator=accounts.of_customer(customer_id))
        elif order.state != "cancelled":
            raise OrderStateForbids(order_no=order_no, state=order.state)
    return await get(customer_id, order_no)


async def _cancel(order: Order, *, operator: str) -> None:
    bill = await bills.lock(order.bill_no)
    if order.state == "paid":
        await refunds.in_full(bill, operator=operator)
    else:
        await matching.voiding(bill)
    lines = await orders_shown.lines_of([order.id])
    given_back = sorted((line.sku_id, line.quantity) for line in lines[order.id])
    await db.execute(_CHANGE_STOCK, [sku for sku, _ in given_back], [quantity for _, quantity in given_back])
    await db.execute(_CANCELLED, order.id, clock.now())


_COMPLETED = (
    "UPDATE shop_order SET state = 'completed', completed_at = $2 WHERE order_no = $1 AND state = 'paid'"
)


async def complete(order_no: str) -> None:
    """The customer has what was ordered. Only a paid order changes.

    Raises:
        OrderStateForbids: it is not paid.
    """
    if not await db.execute(_COMPLETED, order_no, clock.now()):
        raise OrderStateForbids(order_no=order_no, state="")


_EXPIRED = """
SELECT o.order_no, o.customer_id FROM shop_order o
WHERE o.state = 'placed' AND o.expires_at <= $1
  AND NOT EXISTS (SELECT FROM bill b WHERE b.bill_no = o.bill_no AND b.pending_no IS NOT NULL)
ORDER BY o.expires_at LIMIT $2
"""


async def expire_unpaid(*, limit: int = 200) -> int:
    """Cancels orders that were not paid in time. Returns how many. One being paid through a channel, or whose
    payment is being checked, waits for that to end."""
    expired = 0
    for row in await db.fetch(_EXPIRED, clock.now(), limit):
        try:
            expired += await _expire(row["customer_id"], row["order_no"])
        except (BillPaymentPending, BillUnderReview):  # began while we looked
            continue
        except Exception:  # one that cannot be cancelled must not keep the others waiting
            log.exception("order %s could not be cancelled", row["order_no"])
    return expired


@db.retried
async def _expire(customer_id: int, order_no: str) -> bool:
    async with db.transaction():
        order = await _locked(customer_id, order_no)
        if order.state != "placed":
            return False
        bills.refuse_pending(await bills.lock(order.bill_no))
        await _cancel(order, operator="clock")
        return True


async def _locked(customer_id: int, order_no: str) -> Order:
    row = await db.fetchrow(_LOCK, order_no, customer_id)
    if row is None:
        raise NoSuchOrder(order_no=order_no)
    return Order(*row)
