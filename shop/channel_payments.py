"""Paying an order through a channel, with or without a share of the balance (``billing.combined``)."""

from __future__ import annotations

from billing import bills, combined
from billing.channels import Channels
from core import db
from ledger import accounts, idempotency
from shop import orders


async def start(
    channels: Channels, customer_id: int, order_no: str, wanted: combined.Wanted, *, key: str
) -> combined.Combined:
    """Starts paying an order and prepares the channel's share. The same key gives the same payment.

    While it is open the order is neither paid otherwise nor cancelled, not even when its time is over.

    Raises:
        NoSuchOrder, OrderStateForbids, BillPaymentPending, NothingForChannel, InsufficientBalance, ShareNeedsReview,
        PayerUnknown, NoSuchChannel, MethodNotHere, ReturnAddressNotOurs, KeyReused, ChannelUnavailable, ChannelDeclined: as ``billing.combined.start``.
    """
    combined_no = await _make(channels, customer_id, order_no, wanted, key=key)
    return await combined.prepared(channels, customer_id, combined_no)


@db.retried
async def _make(
    channels: Channels, customer_id: int, order_no: str, wanted: combined.Wanted, *, key: str
) -> str:
    chosen = await combined.way(channels, customer_id, wanted)

    async def act() -> str:
        order = await orders.lock_to_pay(customer_id, order_no)
        return await combined.begin(chosen, await bills.lock(order.bill_no), wanted)

    async with db.transaction():
        return await idempotency.once(
            caller=accounts.of_customer(customer_id),
            operation="orders.pay_combined",
            key=key,
            content={"order_no": order_no, **wanted.content},
            act=act,
        )
