"""Combined payments 组合支付: a bill paid with a share of the balance and the rest through a channel, or by the channel alone.

The balance's share is held and the bill kept for this payment from the moment it is started until the channel's word is
definite: then both are taken, or both let go (``billing.tenders``). One bill has one payment under way at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from billing import (
    abnormal,
    attempts,
    bills,
    collecting,
    credit_draws,
    payment_methods,
    payments,
    preparing,
    tenders,
    terms,
)
from billing.channels import Channels
from core import clock, db, errors, ids
from ledger import accounts, holds, idempotency


class NoSuchCombinedPayment(errors.NotFound):
    """The customer has no combined payment of this number."""

    code = "no_such_combined_payment"


class NothingForChannel(errors.Conflict):
    """The balance covers the bill: there is nothing left for the channel to pay. Pay from the balance."""

    code = "nothing_for_channel"


class ShareNeedsReview(errors.Conflict):
    """The shop checks a deduction like the balance's share before it is made; with a share that cannot be waited for here.
    Pay from the balance, which is checked then, or leave all of it to the channel."""

    code = "share_needs_review"


class PaymentUnderReview(errors.Conflict):
    """The channel's money does not match what was asked for; an operator has to look before this payment can end."""

    code = "payment_under_review"


class NotUnderReview(errors.Conflict):
    """Operators end only combined payments whose money was quarantined; the others end by the channel's word."""

    code = "not_under_review"


PayerUnknown = attempts.PayerUnknown
MethodNotHere = payment_methods.MethodNotHere
ReturnAddressNotOurs = payment_methods.ReturnAddressNotOurs
BillNotOwed = bills.BillNotOwed
BillPaymentPending = bills.BillPaymentPending
InsufficientBalance = collecting.InsufficientBalance
AmountAboveOwed = collecting.AmountAboveOwed
PaidInFullOnly = collecting.PaidInFullOnly
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a customer wants to pay: so much from the balance (None: all that is available), the rest by this method. ``amount_fen``
    in all, where the bill may be paid in part (None: all that is owed).

    ``payer`` is the customer's openid, used where the method needs one and looked up when left out; ``place`` where they are.
    """

    balance_fen: int | None
    channel: str
    method: str
    payer: str | None = None
    place: payment_methods.Place = payment_methods.NOWHERE
    amount_fen: int | None = None

    @property
    def content(self) -> dict[str, object]:
        """What a repeat of the request must have in common with it."""
        content: dict[str, object] = {
            "balance_fen": self.balance_fen,
            "channel": self.channel,
            "method": self.method,
            "client": self.place.client,
        }
        return content if self.amount_fen is None else {**content, "amount_fen": self.amount_fen}


@dataclass(frozen=True, slots=True)
class Combined:
    """A combined payment with its attempt at the channel."""

    id: int
    combined_no: str
    customer_id: int
    bill_no: str
    title: str
    source: str
    balance_fen: int
    channel_fen: int
    state: str
    created_at: datetime
    payment: attempts.Payment

    @property
    def total_fen(self) -> int:
        return self.balance_fen + self.channel_fen

    @property
    def payment_no(self) -> str:
        return self.payment.payment_no

    @property
    def channel(self) -> str:
        return self.payment.channel

    @property
    def standing(self) -> str:
        """Its state as the customer sees it: ``quarantined`` while an operator has to look at its money."""
        is_stuck = self.state == "open" and self.payment.state == "quarantined"
        return "quarantined" if is_stuck else self.state


async def start(channels: Channels, customer_id: int, bill_no: str, wanted: Wanted, *, key: str) -> Combined:
    """Starts paying one of the customer's bills and prepares the channel's share. The same key gives the same payment.

    Bills of orders are paid with the order (``shop.channel_payments.start``), the later parts of one by instalments here.

    Raises:
        NoSuchBill, BillNotOwed, BillPaymentPending, NothingForChannel, InsufficientBalance, ShareNeedsReview, PayerUnknown,
        NoSuchChannel, MethodNotHere, ReturnAddressNotOurs, AmountAboveOwed, PaidInFullOnly, KeyReused,
        ChannelUnavailable: the channel gave no definite answer; asking again with the same key is safe,
        ChannelDeclined: the channel will not take it; the hold is released.
    """
    return await prepared(channels, customer_id, await _make(channels, customer_id, bill_no, wanted, key=key))


async def _make(channels: Channels, customer_id: int, bill_no: str, wanted: Wanted, *, key: str) -> str:
    chosen = await way(channels, customer_id, wanted)

    async def act() -> str:
        bill = await bills.lock(bill_no)
        if bill.customer_id != customer_id or bill.is_paid_with_its_order:
            raise bills.NoSuchBill(bill_no=bill_no)
        return await begin(chosen, bill, wanted)

    return await idempotency.alone(
        caller=accounts.of_customer(customer_id),
        operation="combined.start",
        key=key,
        content={"bill_no": bill_no, **wanted.content},
        act=act,
    )


async def way(channels: Channels, customer_id: int, wanted: Wanted) -> payment_methods.Chosen:
    """How the channel's share will be paid.

    Raises:
        NoSuchChannel, MethodNotHere, ReturnAddressNotOurs, PayerUnknown.
    """
    return await payment_methods.choose(
        channels,
        customer_id,
        channel=wanted.channel,
        method=wanted.method,
        place=wanted.place,
        payer=wanted.payer,
    )


_CREATE = """
WITH made AS (
    INSERT INTO combined_payment (combined_no, bill_id, customer_id, balance_fen, channel_fen, state, created_at)
    VALUES ($1, $2, $3, $4, $5, 'open', $6)
)
UPDATE bill SET pending_no = $1 WHERE id = $2
"""


async def begin(chosen: payment_methods.Chosen, bill: bills.Bill, wanted: Wanted) -> str:
    """Begins paying a locked bill, in the caller's transaction: keeps the bill, holds the balance's share, records the
    attempt. Returns the number; ``prepared`` then opens it at the channel, outside the transaction.

    Raises:
        BillNotOwed, BillPaymentPending, NothingForChannel, InsufficientBalance, ShareNeedsReview, AmountAboveOwed, PaidInFullOnly.
    """
    if bill.state not in bills.OWED:
        raise BillNotOwed(bill_no=bill.bill_no, state=bill.state)
    bills.refuse_pending(bill)
    total_fen = bill.owed_fen if wanted.amount_fen is None else wanted.amount_fen
    collecting.refuse_amount(bill, total_fen)
    balance_fen = await _share(bill, wanted.balance_fen, total_fen)
    combined_no, now = ids.new_no("C"), clock.now()
    channel_fen = total_fen - balance_fen
    await db.execute(_CREATE, combined_no, bill.id, bill.customer_id, balance_fen, channel_fen, now)
    await attempts.create(
        chosen.opened,
        customer_id=bill.customer_id,
        purpose="bill",
        purpose_no=combined_no,
        method=wanted.method,
        amount_fen=channel_fen,
        payer=chosen.payer,
        expires_at=now + timedelta(minutes=terms.current().channel_payment_minutes),
        app_id=chosen.app_id,
        client_ip=chosen.place.address,
        place=chosen.place.kept,
    )
    if balance_fen:
        await holds.place(
            accounts.of_customer(bill.customer_id), reference=tenders.reference(combined_no), amount_fen=balance_fen,
            title=bill.title, operator=accounts.of_customer(bill.customer_id),
        )  # fmt: skip
    return combined_no


async def _share(bill: bills.Bill, wanted_fen: int | None, total_fen: int) -> int:
    available_fen = max(0, (await accounts.balance(bill.customer_id)).available_fen)
    balance_fen = available_fen if wanted_fen is None else wanted_fen
    if balance_fen >= total_fen:
        raise NothingForChannel(owed_fen=total_fen)
    if balance_fen:
        share = credit_draws.Wanted(bill, balance_fen, False)
        if (await abnormal.judge([share], operator=accounts.of_customer(bill.customer_id))).held:
            raise ShareNeedsReview(bill_no=bill.bill_no)
    return balance_fen


async def prepared(channels: Channels, customer_id: int, combined_no: str) -> Combined:
    """Opens the channel's share at the channel, unless that was done.

    Raises:
        NoSuchCombinedPayment, ChannelUnavailable, ChannelDeclined.
    """
    made = await get(customer_id, combined_no)
    await preparing.prepare(channels, made.payment, description=made.title)
    return await get(customer_id, combined_no)


async def check(channels: Channels, customer_id: int, combined_no: str) -> Combined:
    """Asks the channel how the payment stands, if it is still open, and acts on the answer. What the customer was given to pay with
    and works no more is asked for anew.

    Raises:
        NoSuchCombinedPayment, ChannelUnavailable.
    """
    found = await get(customer_id, combined_no)
    if found.payment.is_open:
        await payments.ask(channels, found.payment.payment_no)
    found = await get(customer_id, combined_no)
    return await prepared(channels, customer_id, combined_no) if found.payment.is_stale else found


async def cancel(channels: Channels, customer_id: int, combined_no: str) -> Combined:
    """The customer does not want to pay this way: it is closed at the channel, then here. Again is harmless.

    If the channel says that it was paid meanwhile, it is: the answer tells how it stands.

    Raises:
        NoSuchCombinedPayment, ChannelUnavailable,
        PaymentUnderReview: its money came and does not match; an operator ends it.
    """
    found = await get(customer_id, combined_no)
    if found.standing == "quarantined":
        raise PaymentUnderReview(combined_no=combined_no)
    if found.payment.is_open:
        await payments.ask(channels, found.payment.payment_no, give_up=True)
    return await get(customer_id, combined_no)


_LOCK_PAYMENT = """
SELECT state, customer_id FROM payment WHERE purpose = 'bill' AND purpose_no = $1 FOR NO KEY UPDATE
"""


@db.retried
async def let_go(combined_no: str) -> Combined:
    """An operator has dealt with quarantined money: the hold is released and the bill may be paid otherwise. Again is harmless.

    Raises:
        NoSuchCombinedPayment,
        NotUnderReview: its payment is not quarantined.
    """
    async with db.transaction():
        attempt = await db.fetchrow(_LOCK_PAYMENT, combined_no)
        if attempt is None:
            raise NoSuchCombinedPayment(combined_no=combined_no)
        if attempt["state"] != "quarantined":
            raise NotUnderReview(combined_no=combined_no)
        await tenders.closed(combined_no)
    return await get(attempt["customer_id"], combined_no)


_COLUMNS = f"""
c.id, c.combined_no, c.customer_id, b.bill_no, b.title, b.source, c.balance_fen, c.channel_fen, c.state, c.created_at,
{attempts.columns("p")}
FROM combined_payment c JOIN bill b ON b.id = c.bill_id
JOIN payment p ON p.purpose = 'bill' AND p.purpose_no = c.combined_no
"""
_GET = f"SELECT {_COLUMNS} WHERE c.combined_no = $1 AND c.customer_id = $2"


async def get(customer_id: int, combined_no: str) -> Combined:
    """One combined payment of the customer.

    Raises:
        NoSuchCombinedPayment: it is not theirs or does not exist.
    """
    row = await db.fetchrow(_GET, combined_no, customer_id)
    if row is None:
        raise NoSuchCombinedPayment(combined_no=combined_no)
    return _combined(tuple(row))


_PAGE = f"SELECT {_COLUMNS} WHERE c.customer_id = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT $3"
_ALL = f"SELECT {_COLUMNS} WHERE c.id < $1 AND ($2::text IS NULL OR c.state = $2) ORDER BY c.id DESC LIMIT $3"


async def page(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Combined]:
    """The customer's combined payments, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, customer_id, before if before is not None else 2**62, limit)
    return [_combined(tuple(row)) for row in rows]


async def everybodys(
    state: str | None = None, *, before: int | None = None, limit: int = 20
) -> list[Combined]:
    """Everybody's combined payments, newest first, for operators."""
    rows = await db.fetch(_ALL, before if before is not None else 2**62, state, limit)
    return [_combined(tuple(row)) for row in rows]


_OWN = len(fields(Combined)) - 1


def _combined(row: tuple[Any, ...]) -> Combined:
    names = (field.name for field in fields(Combined))
    return Combined(**dict(zip(names, (*row[:_OWN], attempts.of_row(row[_OWN:])), strict=True)))
