"""Orders 订单: paying them, and how they end. ``shop.order_states`` says what can happen to one, ``shop.placing`` places it.

Stock is reserved when an order is placed and freed when it is cancelled. What is owed for an order is its bill; paying the
order takes the bill from the balance and changes both in one transaction.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import replace

from billing import abnormal, awaited, bills, collecting, confirmed, settled, shipping
from core import clock, db
from ledger import accounts, idempotency
from members import sign_in
from shop import (
    buying,
    deliveries,
    order_states,
    order_steps,
    orders_history,
    orders_shown,
    paying,
    placing,
    quotes,
    stock,
)

log = logging.getLogger(__name__)

UNPAID_LIFETIME = placing.UNPAID_LIFETIME
MAX_LINES = placing.MAX_LINES
MAX_QUANTITY = placing.MAX_QUANTITY
SkuNotForSale = quotes.SkuNotForSale
OrderTooLarge = quotes.OrderTooLarge
PriceChanged = placing.PriceChanged
TooManyUnpaidOrders = placing.TooManyUnpaidOrders
OutOfStock = stock.OutOfStock
OrderStateForbids = order_states.OrderStateForbids
InsufficientBalance = collecting.InsufficientBalance
BillPaymentPending = bills.BillPaymentPending
BillUnderReview = bills.BillUnderReview
BillPaymentAwaited = awaited.BillPaymentAwaited
KeyReused = idempotency.KeyReused
NotAsShown = confirmed.NotAsShown
NoSuchOrder = orders_shown.NoSuchOrder
Line = orders_shown.Line
Order = orders_shown.Order
Wanted = placing.Wanted
How = placing.How
REFUSALS = placing.REFUSALS
place = placing.place
get = orders_shown.get
page = orders_shown.page


async def place_and_pay(customer_id: int, wanted: Sequence[Wanted], how: How, *, key: str) -> Order:
    """``place``, and then ``pay`` with the same key; what the balance does not cover is placed only.

    Raises:
        BillPaymentPending, BillUnderReview, KeyReused, and what ``place`` raises.
    """
    how = replace(how, pay_from="balance")
    bought = None if await abnormal.active() else await buying.at_once(customer_id, wanted, how, key=key)
    return bought or await _place_and_pay_alone(customer_id, wanted, how, key=key)


async def admit_and_place(customer_id: int, wanted: Sequence[Wanted], how: How, *, key: str) -> Order:
    """``place``, or ``place_and_pay`` where ``how`` says so, for somebody of whom only the token is known: the statement that does both
    at once also asks whether they may come in.

    Raises:
        CustomerGone, CustomerBlocked, AccountClosed, and what ``place_and_pay`` raises.
    """
    if how.pay_from is None:
        await sign_in.admitted(customer_id)
        return await place(customer_id, wanted, how, key=key)
    bought = None if await abnormal.active() else await buying.at_once(customer_id, wanted, how, key=key)
    if bought is not None:
        return bought
    await sign_in.admitted(customer_id)
    return await _place_and_pay_alone(customer_id, wanted, how, key=key)


async def _place_and_pay_alone(customer_id: int, wanted: Sequence[Wanted], how: How, *, key: str) -> Order:
    try:
        order = await place(customer_id, wanted, how, key=key)
    except TooManyUnpaidOrders:
        with contextlib.suppress(InsufficientBalance):  # then it would wait
            return await _place_paid(customer_id, wanted, how, key=key)
        raise
    if order.state != "placed" or order.under_review:
        return order
    if how.total_fen not in (None, order.total_fen):  # changed since, to what was not shown with this
        return order
    try:
        return await pay(customer_id, order.order_no, key=key)
    except InsufficientBalance:
        return order


@db.retried
async def _place_paid(customer_id: int, wanted: Sequence[Wanted], how: How, *, key: str) -> Order:
    """Places and pays in one transaction, or does neither: it waits for nothing but the shop, where that checks the payment and its money is
    held. The stock is locked while it is paid, so this is for who may have no more orders that wait.

    Raises:
        InsufficientBalance, and what ``place`` raises but for TooManyUnpaidOrders.
    """
    caller, quantities = accounts.of_customer(customer_id), placing.merged(wanted)

    async def act() -> str:
        priced = await placing.price(customer_id, quantities, how)
        order = await placing.place_priced(customer_id, priced, how)
        await order_steps.pay(order, by=caller)
        return order.order_no

    order_no = await idempotency.alone(
        caller=caller, operation=placing.OPERATION, key=key, content=placing.content_of(quantities, how), act=act
    )  # fmt: skip
    return await get(customer_id, order_no)


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


async def pay_as_shown(customer_id: int, order_no: str, total_fen: int, *, key: str) -> Order:
    """``pay`` by who was shown what it costs and said yes to that.

    Raises:
        NotAsShown: it is paid or cancelled, or costs something else since.
        NoSuchOrder, BillPaymentPending, BillUnderReview, InsufficientBalance, KeyReused.
    """

    async def act() -> None:
        order = await _lock_as_shown(customer_id, order_no, total_fen)
        await order_steps.pay(order, by=accounts.of_customer(customer_id))

    content = {"order_no": order_no, "total_fen": total_fen}
    await confirmed.once(customer_id, what="order", key=key, content=content, act=act)
    return await get(customer_id, order_no)


async def cancel_as_shown(customer_id: int, order_no: str, total_fen: int, *, key: str) -> Order:
    """``cancel`` of an order that nothing was paid of, by who was shown what it costs and said yes to that.

    Raises:
        NotAsShown: it is paid or cancelled, or costs something else since.
        NoSuchOrder, BillPaymentPending, BillPaymentAwaited, KeyReused.
    """

    async def act() -> None:
        await _lock_as_shown(customer_id, order_no, total_fen)
        await cancel(customer_id, order_no)

    content = {"order_no": order_no, "total_fen": total_fen}
    await confirmed.once(customer_id, what="order_cancel", key=key, content=content, act=act)
    return await get(customer_id, order_no)


async def _lock_as_shown(customer_id: int, order_no: str, total_fen: int) -> Order:
    order = await order_steps.lock(order_no, customer_id=customer_id)
    if (order.state, order.total_fen) != ("placed", total_fen):
        raise NotAsShown
    return order


@db.retried
async def _pay_alone(customer_id: int, order_no: str, *, key: str) -> Order:
    caller = accounts.of_customer(customer_id)

    async def act() -> None:
        await order_steps.pay(await lock_to_pay(customer_id, order_no), by=caller)

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
    order = await order_steps.lock(order_no, customer_id=customer_id)
    order_states.refuse("pay", order.state, order_no)
    return order


async def _follow_lock(order_no: str) -> None:
    await order_steps.lock(order_no)


async def _follow_paid(order_no: str) -> None:
    order = await order_steps.lock(order_no)
    if order.state in order_states.DELIVERED_OR_TO_BE:  # the last part of one by instalments
        return
    await order_steps.go(order, "pay", "paid", by="payment")


async def _follow_refunded(order_no: str, refund_no: str, amount_fen: int, by: str) -> None:
    await orders_history.note(order_no, "refund", by=by, text=f"{refund_no} {amount_fen}")


shipping.follow(deliveries.of)
settled.follow("order", settled.Follower(lock=_follow_lock, paid=_follow_paid, refunded=_follow_refunded))


@db.retried
async def cancel(customer_id: int, order_no: str) -> Order:
    """Its customer cancels an order: its stock is freed, and what was paid returns to where it came from. Again is harmless.

    Raises:
        NoSuchOrder, BillPaymentPending, BillPaymentAwaited, OrderStateForbids: the shop is at it already, or it is completed.
    """
    async with db.transaction():
        order = await order_steps.lock(order_no, customer_id=customer_id)
        if order.state != "cancelled":
            bill = await bills.lock(order.bill_no)
            if bill.state in bills.OWED:
                await awaited.refuse(bill)
            await order_steps.cancel(order, "cancel", by=accounts.of_customer(customer_id))
    return await get(customer_id, order_no)


_EXPIRED = f"""
SELECT o.order_no, o.customer_id FROM order_deadline d JOIN shop_order o ON o.id = d.order_id
WHERE d.expires_at <= $1 AND o.state = 'placed'
  AND NOT EXISTS (SELECT FROM bill b WHERE b.bill_no = o.bill_no
                  AND (b.pending_no IS NOT NULL OR {awaited.AWAITED.format(bill="b", now="$1")}))
ORDER BY d.expires_at, d.id LIMIT $2
"""


_MET = """
DELETE FROM order_deadline WHERE id IN (
    SELECT d.id FROM order_deadline d JOIN shop_order o ON o.id = d.order_id
    WHERE d.expires_at <= $1 AND o.state <> 'placed' ORDER BY d.expires_at, d.id LIMIT $2 FOR UPDATE OF d SKIP LOCKED)
"""
_AT_ONCE = 5_000
"""So many deadlines are taken away by one statement."""


async def _forget_met() -> None:
    """Takes away the deadlines that have passed of orders that are paid or over; paying leaves them."""
    while await db.execute(_MET, clock.now(), _AT_ONCE) == _AT_ONCE:
        pass


async def expire_unpaid(*, limit: int = 200) -> int:
    """Cancels orders that were not paid in time. Returns how many. One being paid through a channel, or whose
    payment is being checked or awaited, waits for that to end."""
    expired = 0
    for row in await db.fetch(_EXPIRED, clock.now(), limit):
        try:
            expired += await _expire(row["customer_id"], row["order_no"])
        except (BillPaymentPending, BillUnderReview, BillPaymentAwaited):  # began while we looked
            continue
        except Exception:  # one that cannot be cancelled must not keep the others waiting
            log.exception("order %s could not be cancelled", row["order_no"])
    await _forget_met()
    return expired


@db.retried
async def _expire(customer_id: int, order_no: str) -> bool:
    async with db.transaction():
        order = await order_steps.lock(order_no, customer_id=customer_id)
        if not order_states.allows("expire", order.state):
            return False
        bill = await bills.lock(order.bill_no)
        bills.refuse_pending(bill)
        await awaited.refuse(bill)
        await order_steps.cancel(order, "expire", by="clock")
        return True


@db.retried
async def receive(customer_id: int, order_no: str) -> Order:
    """Its customer has a shipped order. Again is harmless.

    Raises:
        NoSuchOrder, OrderStateForbids: not all of it is on its way.
    """
    async with db.transaction():
        order = await order_steps.lock(order_no, customer_id=customer_id)
        if order.state != "completed":
            await order_steps.go(order, "receive", "completed", by=accounts.of_customer(customer_id))
    return await get(customer_id, order_no)


_TO_COMPLETE = """
SELECT order_no FROM shop_order WHERE stage = 'shipped' AND completes_at <= $1 ORDER BY completes_at LIMIT $2
"""


async def complete_due(*, limit: int = 200) -> int:
    """Completes shipped orders that nobody confirmed for long enough. Returns how many."""
    done = 0
    for row in await db.fetch(_TO_COMPLETE, clock.now(), limit):
        try:
            done += await _complete(row["order_no"])
        except Exception:  # one that cannot be completed must not keep the others waiting
            log.exception("order %s could not be completed", row["order_no"])
    return done


@db.retried
async def _complete(order_no: str) -> bool:
    async with db.transaction():
        order = await order_steps.lock(order_no)
        if not order_states.allows("complete", order.state):
            return False
        await order_steps.go(order, "complete", "completed", by="clock")
        await order_steps.tell(order, "order_completed")
        return True


_HIDE = "UPDATE shop_order SET hidden_at = $2 WHERE id = $1 AND hidden_at IS NULL"


@db.retried
async def hide(customer_id: int, order_no: str) -> None:
    """Its customer takes an ended order off their list. The order stays. Again is harmless.

    Raises:
        NoSuchOrder, OrderStateForbids: it has not ended.
    """
    async with db.transaction():
        order = await order_steps.lock(order_no, customer_id=customer_id)
        order_states.refuse("hide", order.state, order_no)
        if await db.execute(_HIDE, order.id, clock.now()):
            await order_steps.noted(order, "hide", by=accounts.of_customer(customer_id))
