"""Orders by instalments 订单分期: the customer agrees, pays the first part from the balance, and the shop delivers."""

from __future__ import annotations

from billing import awaited, bills, collecting, instalments, instalments_of_orders
from ledger import accounts, idempotency
from shop import order_steps, orders, orders_shown

NoSuchOrder = orders_shown.NoSuchOrder
OrderStateForbids = order_steps.OrderStateForbids
InstalmentsNotOffered = instalments_of_orders.InstalmentsNotOffered
FirstPartNeedsReview = instalments_of_orders.FirstPartNeedsReview
ConsentOutdated = instalments.ConsentOutdated
InsufficientBalance = collecting.InsufficientBalance
BillPaymentPending = bills.BillPaymentPending
BillUnderReview = bills.BillUnderReview
BillPaymentAwaited = awaited.BillPaymentAwaited
KeyReused = idempotency.KeyReused


async def agree(
    customer_id: int, order_no: str, *, count: int, consent_version: str, locale: str, key: str
) -> orders_shown.Order:
    """The customer agrees to pay an order in ``count`` parts, to the text of ``consent_version`` (``order_payments.ways`` shows both). The
    first is taken from the balance, and the order counts as paid; of the others each is taken when it is due.

    Raises:
        NoSuchOrder, OrderStateForbids: it waits for no payment; InstalmentsNotOffered, ConsentOutdated, InsufficientBalance: for the first
        part; FirstPartNeedsReview, BillPaymentPending, BillUnderReview, BillPaymentAwaited, KeyReused.
    """
    caller = accounts.of_customer(customer_id)

    async def act() -> None:
        order = await orders.lock_to_pay(customer_id, order_no)
        bill = await bills.lock(order.bill_no)
        bills.refuse_pending(bill)
        await awaited.refuse(bill)
        offer = instalments_of_orders.offered(bill.owed_fen, count)
        if offer.consent_version != consent_version:
            raise ConsentOutdated(consent_version=offer.consent_version)
        await instalments_of_orders.begin(bill, offer, text=offer.consent_text(locale), by=caller)
        note = f"{count} 期 · {count} parts: {offer.first_fen / 100:.2f} / {order.total_fen / 100:.2f}"
        await order_steps.go(order, "pay_in_parts", "paid", by=caller, note=note)

    await idempotency.alone(
        caller=caller, operation="orders.pay_in_parts", key=key,
        content={"order_no": order_no, "count": count, "consent_version": consent_version}, act=act, answer=order_no,
    )  # fmt: skip
    return await orders_shown.get(customer_id, order_no)
