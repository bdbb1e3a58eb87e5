"""By what an order can be paid: the balance, credit, a channel with or without a share of the balance, instalments, or the counter.

Each way is one the bills of orders have anyway; here a client finds which of them are open to an order now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from billing import bills, collecting, instalments_of_orders, payment_methods
from billing.channels import Channels
from core import errors
from ledger import accounts, credit_line
from shop import order_states, orders_shown

NoSuchOrder = orders_shown.NoSuchOrder
OrderStateForbids = order_states.OrderStateForbids
BillPaymentPending = bills.BillPaymentPending
BillUnderReview = bills.BillUnderReview


@dataclass(frozen=True, slots=True)
class Way:
    """A way of paying an order. ``balance_fen`` of it comes from the balance, ``credit_fen`` is drawn on credit; of a way through a
    channel ``balance_fen`` is the most that the balance can give, the rest goes through it; of instalments it is the first part.
    ``refusal``: why it cannot be taken now."""

    kind: Literal["balance", "credit", "channel", "instalments", "counter"]
    balance_fen: int = 0
    credit_fen: int = 0
    channel: str | None = None
    method: str | None = None
    refusal: errors.DomainError | None = None
    offer: instalments_of_orders.Offer | None = None


async def ways(
    channels: Channels, customer_id: int, order_no: str, client: payment_methods.Client
) -> list[Way]:
    """The ways of paying one of the customer's orders where the client is.

    Raises:
        NoSuchOrder, BillPaymentPending, BillUnderReview, OrderStateForbids: it waits for no payment.
    """
    order = await orders_shown.get(customer_id, order_no)
    order_states.refuse("pay", order.state, order_no)
    bills.refuse_pending(await bills.get(customer_id, order.bill_no))
    balance = await accounts.balance(customer_id)
    found = [_balance(order.total_fen, balance)]
    line = await credit_line.of(customer_id)
    is_short = order.total_fen > balance.available_fen
    if (
        is_short
        and not line.automatic_only
        and order.total_fen <= balance.available_fen + balance.credit_left_fen
    ):
        own_fen = max(0, balance.available_fen)
        found.append(Way("credit", own_fen, order.total_fen - own_fen))
    share_fen = max(0, min(balance.available_fen, order.total_fen - 1))
    for offer in await payment_methods.offered(channels, customer_id, client):
        found.append(
            Way(
                "channel",
                share_fen,
                channel=offer.way.channel,
                method=offer.way.method,
                refusal=offer.refusal,
            )
        )
    most_fen = balance.available_fen + (0 if line.automatic_only else balance.credit_left_fen)
    found.extend(_in_parts(offer, most_fen) for offer in instalments_of_orders.offers(order.total_fen))
    return [*found, Way("counter")]


def _in_parts(offer: instalments_of_orders.Offer, most_fen: int) -> Way:
    is_short = offer.first_fen > most_fen
    return Way(
        "instalments",
        offer.first_fen,
        refusal=_short(most_fen, offer.first_fen) if is_short else None,
        offer=offer,
    )


def _balance(total_fen: int, balance: accounts.Balance) -> Way:
    if balance.available_fen >= total_fen:
        return Way("balance", total_fen)
    return Way("balance", max(0, balance.available_fen), refusal=_short(balance.available_fen, total_fen))


def _short(available_fen: int, amount_fen: int) -> errors.DomainError:
    return collecting.InsufficientBalance(available_fen=available_fen, amount_fen=amount_fen)
