"""After-sales 售后: a customer wants goods of an order refunded, returned or exchanged; the shop decides, and takes the goods back.

Several of an order may run beside each other, each for some of its goods; a piece is in one of them at most. ``after_sale_states`` has every
step. Money is in ``after_sale_refunds``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from billing import staff_alerts, terms
from core import clock, db, errors, ids
from ledger import accounts, idempotency
from members import customers
from shop import (
    after_sale_parcels,
    after_sale_photos,
    after_sale_refunds,
    after_sale_states,
    after_sale_steps,
    after_sales_shown,
    order_review,
    order_steps,
    orders_history,
    stock,
    tracking,
)
from shop.after_sales_shown import AfterSale

MOST_OPEN = 10
"""So many of an order may be under way at once."""

NoSuchAfterSale = after_sales_shown.NoSuchAfterSale
AfterSaleStateForbids = after_sale_states.AfterSaleStateForbids
NoSuchOrder = order_steps.NoSuchOrder
OutOfStock = stock.OutOfStock
ParcelOfAnother = after_sale_parcels.ParcelOfAnother
TooManyParcels = after_sale_parcels.TooManyParcels
CustomerHasLeft = customers.CustomerHasLeft
KeyReused = idempotency.KeyReused
By = order_review.By
get = after_sales_shown.get
page = after_sales_shown.page
events = after_sales_shown.events
trails = after_sales_shown.trails
refund = after_sale_refunds.refund
send_back = after_sale_parcels.send_back
add_photo = after_sale_photos.add
photo = after_sale_photos.get


class NotToBeReturned(errors.Conflict):
    """More of a SKU than the customer has got and is in no other after-sale."""

    code = "not_to_be_returned"


class AfterSaleTooLate(errors.Conflict):
    """The time for after-sales of the order is over."""

    code = "after_sale_too_late"


class TooManyAfterSales(errors.Conflict):
    """As many of the order are under way as may be."""

    code = "too_many_after_sales"


class NotReceived(errors.Invalid):
    """More of a SKU than came back, or one that is not part of it."""

    code = "not_received"


# of an exchange that was sent anew the customer has the goods, and may want something done about them again
_LIVE = "a.state NOT IN ('rejected', 'withdrawn') AND NOT (a.kind = 'exchange' AND a.state = 'done' AND a.refund_fen IS NULL)"
_LINES = f"""
SELECT o.sku_id, o.id, o.quantity, o.shipped, o.amount_fen - o.discount_fen AS net_fen,
       coalesce(sum(l.quantity) FILTER (WHERE {_LIVE}), 0)::int AS claimed,
       coalesce(sum(l.most_fen) FILTER (WHERE {_LIVE}), 0)::bigint AS claimed_fen
FROM order_line o LEFT JOIN after_sale_line l ON l.line_id = o.id LEFT JOIN after_sale a ON a.id = l.after_sale_id
WHERE o.order_id = $1 GROUP BY o.id ORDER BY o.id
"""
_OPEN = "SELECT count(*) FROM after_sale WHERE order_id = $1 AND ended_at IS NULL"
_COMPLETED = "SELECT completed_at, after_sales_days FROM shop_order WHERE id = $1"
_ASK = """
WITH asked AS (
    INSERT INTO after_sale (return_no, order_id, customer_id, kind, state, reason, created_at)
    VALUES ($1, $2, $3, $4, 'asked', $5, $6) RETURNING id
), noted AS (
    INSERT INTO after_sale_event (after_sale_id, step, was, became, by, note, at)
    SELECT id, 'apply', NULL, 'asked', $7, NULL, $6 FROM asked
)
INSERT INTO after_sale_line (after_sale_id, line_id, quantity, most_fen, restocked, written_off)
SELECT asked.id, l.line_id, l.quantity, l.most_fen, 0, 0
FROM asked, unnest($8::bigint[], $9::int[], $10::bigint[]) AS l (line_id, quantity, most_fen)
"""


async def apply(
    customer_id: int,
    order_no: str,
    kind: after_sale_states.Kind,
    quantities: Mapping[int, int],
    *,
    reason: str,
    key: str,
) -> AfterSale:
    """A customer wants something done about so many of these SKUs of an order, which they have got.

    Raises:
        NoSuchOrder, NotToBeReturned, AfterSaleTooLate, TooManyAfterSales, CustomerHasLeft, KeyReused.
    """
    by = accounts.of_customer(customer_id)

    async def act() -> str:
        order = await order_steps.lock(order_no, customer_id=customer_id)
        await _refuse_late(order)
        await accounts.locked_balance(customer_id)  # under it a merge looks for what is under way
        customers.refuse_left(await customers.get(customer_id))
        if await db.fetchval(_OPEN, order.id) >= MOST_OPEN:
            raise TooManyAfterSales(most=MOST_OPEN)
        there = {row["sku_id"]: row for row in await db.fetch(_LINES, order.id)}
        lines = []
        for sku_id, quantity in quantities.items():
            row = there.get(sku_id)
            left = 0 if row is None else row["shipped"] - row["claimed"]
            if row is None or quantity > left:
                raise NotToBeReturned(sku_id=sku_id, left=max(0, left), quantity=quantity)
            most_fen = after_sale_refunds.most(
                row["net_fen"], row["quantity"], row["claimed"], row["claimed_fen"], quantity
            )
            lines.append((row["id"], quantity, most_fen))
        number = ids.new_no("G")
        await db.execute(
            _ASK, number, order.id, customer_id, kind, reason, clock.now(), by, [line for line, _, _ in lines],
            [quantity for _, quantity, _ in lines], [most_fen for _, _, most_fen in lines],
        )  # fmt: skip
        await orders_history.note(order_no, after_sale_steps.NOTE, by=by, text=f"{number} apply: {reason}")
        told = {"return_no": number, "order_no": order_no, "customer_id": customer_id, "reason": reason}
        await staff_alerts.raise_once("after_sale_asked", number, told)
        return number

    content = {"order_no": order_no, "kind": kind, "lines": sorted(quantities.items()), "reason": reason}
    made = await idempotency.alone(
        caller=by, operation="after_sales.apply", key=key, content=content, act=act
    )
    return await get(made)


async def _refuse_late(order: order_steps.Order) -> None:
    """A shop that allows more by now allows it for older orders, too; one that allows less takes nothing from them."""
    row = await db.fetchrow(_COMPLETED, order.id)
    assert row is not None, "the order is locked"
    allowed = [terms.current().after_sales_days]
    if row["after_sales_days"] is not None:
        allowed.append(row["after_sales_days"])
    if row["completed_at"] is None or 0 in allowed:
        return
    if clock.now() > row["completed_at"] + timedelta(days=max(allowed)):
        raise AfterSaleTooLate(order_no=order.order_no, days=max(allowed))


async def withdraw(customer_id: int, return_no: str, *, key: str) -> AfterSale:
    """The customer does not want it any more.

    Raises:
        NoSuchAfterSale, AfterSaleStateForbids, KeyReused.
    """
    by = accounts.of_customer(customer_id)

    async def act() -> None:
        found = await after_sale_steps.locked(return_no, "withdraw", customer_id=customer_id)
        await after_sale_steps.refuse_waiting(found, "withdraw")
        await after_sale_steps.go(found, "withdraw", by=by)
        await staff_alerts.resolve("after_sale_asked", [return_no])

    await idempotency.alone(
        caller=by, operation="after_sales.withdraw", key=key, content={"return_no": return_no}, act=act,
        answer=return_no,
    )  # fmt: skip
    return await get(return_no)


async def approve(by: By, return_no: str, *, note: str = "", key: str) -> AfterSale:
    """An operator agrees that the goods come back; the customer is told where to, by ``note``.

    Raises:
        NoSuchAfterSale, AfterSaleStateForbids, KeyReused.
    """

    async def act() -> None:
        found = await after_sale_steps.locked(return_no, "approve", within=by.stores)
        await after_sale_steps.go(found, "approve", by=by.label, note=note or None)
        await after_sale_steps.tell(found, "after_sale_approved", note=note)
        await staff_alerts.resolve("after_sale_asked", [return_no])

    return await _by_operator(by, "approve", return_no, {"note": note}, act, key)


async def reject(by: By, return_no: str, *, reason: str, key: str) -> AfterSale:
    """An operator turns it down; the customer is told why. Of goods that came back the reason says where they went: the stock stays as
    ``receive`` left it.

    Raises:
        NoSuchAfterSale, AfterSaleStateForbids, KeyReused.
    """

    async def act() -> None:
        found = await after_sale_steps.locked(return_no, "reject", within=by.stores)
        await after_sale_steps.refuse_waiting(found, "reject")
        await after_sale_steps.go(found, "reject", by=by.label, note=reason)
        await after_sale_steps.tell(found, "after_sale_rejected", reason=reason)
        await staff_alerts.resolve("after_sale_asked", [return_no])

    return await _by_operator(by, "reject", return_no, {"reason": reason}, act, key)


_RECEIVED = """
UPDATE after_sale_line l SET restocked = l.quantity - coalesce(s.off, 0), written_off = coalesce(s.off, 0)
FROM order_line o LEFT JOIN unnest($2::bigint[], $3::int[]) AS s (sku_id, off) ON s.sku_id = o.sku_id
WHERE l.after_sale_id = $1 AND o.id = l.line_id
"""


async def receive(
    by: By,
    return_no: str,
    *,
    written_off: Mapping[int, int] | None = None,
    note: str = "",
    key: str,
) -> AfterSale:
    """The goods are back. They can be sold again, but for so many of each SKU that are ``written_off``.

    Raises:
        NoSuchAfterSale, AfterSaleStateForbids, NotReceived, KeyReused.
    """
    spoilt = dict(written_off or {})

    async def act() -> None:
        found = await after_sale_steps.locked(return_no, "receive", within=by.stores)
        good = {line.sku_id: line.quantity - spoilt.get(line.sku_id, 0) for line in found.lines}
        for sku_id, quantity in spoilt.items():
            if good.get(sku_id, -1) < 0:
                raise NotReceived(sku_id=sku_id, quantity=quantity)
        await db.execute(_RECEIVED, found.id, list(spoilt), list(spoilt.values()))
        await after_sale_steps.go(found, "receive", by=by.label, note=note or None)
        sellable = {sku_id: quantity for sku_id, quantity in good.items() if quantity}
        if sellable:
            await stock.put_back(
                sellable, store_id=found.store_id, by=by.label, reason=found.reason[:200], reference=return_no
            )

    content = {"written_off": sorted(spoilt.items()), "note": note}
    return await _by_operator(by, "receive", return_no, content, act, key)


async def send_anew(by: By, return_no: str, carrier: str, tracking_no: str, *, key: str) -> AfterSale:
    """The same goods go out again, for those that came back; the customer is told.

    Raises:
        NoSuchAfterSale, AfterSaleStateForbids, OutOfStock, KeyReused.
    """

    async def act() -> None:
        found = await after_sale_steps.locked(return_no, "send_anew", within=by.stores)
        await after_sale_steps.refuse_waiting(found, "send_anew")
        parcel = (carrier, tracking_no)
        await after_sale_steps.go(found, "send_anew", by=by.label, note=" ".join(parcel), new_parcel=parcel)
        order = await order_steps.lock(found.order_no)
        await tracking.watch(carrier, tracking_no, phone=(order.address or {}).get("phone"))
        await after_sale_steps.tell(found, "after_sale_sent", carrier=carrier, tracking_no=tracking_no)
        goods = {line.sku_id: line.quantity for line in found.lines}
        await stock.change_reserved(goods, store_id=found.store_id)
        await stock.take_reserved(
            goods, store_id=found.store_id, kind="shipped", by=by.label, order_no=return_no
        )

    content = {"carrier": carrier, "tracking_no": tracking_no}
    return await _by_operator(by, "send_anew", return_no, content, act, key)


async def _by_operator(
    by: By,
    step: after_sale_states.Step,
    return_no: str,
    content: Mapping[str, object],
    act: Callable[[], Awaitable[None]],
    key: str,
) -> AfterSale:
    await idempotency.alone(
        caller=by.label, operation=f"after_sales.{step}", key=key,
        content={"return_no": return_no, **content}, act=act, answer=return_no,
    )  # fmt: skip
    return await get(return_no)
