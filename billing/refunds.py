"""Refunds 退款: the desk. Who may have money back, who decides, and how it goes on when a channel is stuck.

A refund is decided and written down in one transaction; what goes back through a channel is taken there afterwards
(``billing.channel_refunds``). An operator's refund above the shop's limit waits for a second person (``billing.approvals``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing import (
    approvals,
    bill_refunds,
    bills,
    channel_refunds,
    refund_alerts,
    refund_records,
    refund_retries,
    refund_steps,
    settled,
    top_up_refunds,
)
from billing.channels import Channels
from core import errors
from ledger import accounts, credit_line, idempotency, origins
from members import limits

Refund = refund_records.Refund
Part = refund_records.Part
Offer = top_up_refunds.Offer
Moved = origins.Moved
NoSuchRefund = refund_records.NoSuchRefund
RefundStateForbids = refund_records.RefundStateForbids
NothingToRefund = bill_refunds.NothingToRefund
RefundTooLarge = bill_refunds.RefundTooLarge
NotRefundable = top_up_refunds.NotRefundable
NoSuchTopUp = top_up_refunds.NoSuchTopUp
InsufficientBalance = top_up_refunds.InsufficientBalance
NoSuchBill = bills.NoSuchBill
BillPaymentPending = bills.BillPaymentPending
BillUnderReview = bills.BillUnderReview
NoSuchAccount = accounts.NoSuchAccount
AboveYourLimit = limits.AboveYourLimit
SecondPersonNeeded = refund_retries.SecondPersonNeeded
KeyReused = idempotency.KeyReused

in_full = bill_refunds.in_full
left = bill_refunds.left
get = refund_records.get
page = refund_records.page
preview = top_up_refunds.preview
offers = top_up_refunds.offers
settle = channel_refunds.settle
retry = refund_retries.retry
poll = channel_refunds.poll


class CreditOwed(errors.Conflict):
    """Since they asked for the money the customer has used credit, which is paid back first."""

    code = "credit_owed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operator's wish came to: a refund, or an approval that waits for a second person."""

    refund: Refund | None
    approval_no: str | None


async def of_bill(
    channels: Channels, operator_id: int, bill_no: str, *, amount_fen: int, reason: str, key: str
) -> Outcome:
    """An operator gives back part of what a bill was paid with, to the tenders it was paid by, the newest first.

    Raises:
        NoSuchBill, BillPaymentPending, BillUnderReview, NothingToRefund, RefundTooLarge, KeyReused.
    """
    wish = {"bill_no": bill_no, "amount_fen": amount_fen, "reason": reason}

    async def act() -> str:
        bill = await bills.find(bill_no)
        owner_id = bill.customer_id
        await approvals.one_by_one(operator_id, owner_id)
        allowance = await limits.of(operator_id, "refunds", "money.move")
        if not await approvals.alone(allowance, amount_fen, customer_id=owner_id):
            await bill_refunds.refuse_more(bill, amount_fen)
            return await _ask_second_person("bill_refund", wish, amount_fen, operator_id, owner_id)
        return await _of_bill(wish, operator=f"operator:{operator_id}", decided_by=f"operator:{operator_id}")

    made = await refund_steps.once(operator_id, "refunds.of_bill", wish, act, key)
    return await _outcome(channels, made)


async def _of_bill(wish: Mapping[str, Any], *, operator: str, decided_by: str) -> str:
    await settled.lock_issuer((await bills.find(wish["bill_no"])).source)
    bill = await bills.lock(wish["bill_no"])
    bills.refuse_pending(bill)
    refund = await bill_refunds.decide(
        bill, wish["amount_fen"], operator=operator, reason=wish["reason"],
        ask_at=channel_refunds.clocks_turn(), decided_by=decided_by,
    )  # fmt: skip
    await settled.tell_issuer_of_refund(bill, refund.refund_no, wish["amount_fen"], by=operator)
    return refund.refund_no


async def of_top_up(
    channels: Channels,
    operator_id: int,
    top_up_no: str,
    *,
    amount_fen: int | None,
    at_counter: bool,
    reason: str,
    key: str,
) -> Outcome:
    """An operator gives back what may go back of a top-up, or part of it; by its channel, or ``at_counter``.

    Raises:
        NoSuchTopUp, NotRefundable, InsufficientBalance, KeyReused.
    """
    wish = {"top_up_no": top_up_no, "amount_fen": amount_fen, "at_counter": at_counter, "reason": reason}

    async def act() -> str:
        owner_id = (await top_up_refunds.get(top_up_no)).customer_id
        await approvals.one_by_one(operator_id, owner_id)
        allowance = await limits.of(operator_id, "refunds", "money.move")
        top_up = await top_up_refunds.lock(top_up_no)
        offered = await top_up_refunds.offer(top_up, amount_fen, lock=True)
        fen = offered.amount_fen
        if not await approvals.alone(allowance, fen, customer_id=owner_id):
            named = {**wish, "amount_fen": offered.amount_fen}
            return await _ask_second_person(
                "top_up_refund", named, offered.amount_fen, operator_id, top_up.customer_id
            )
        operator = f"operator:{operator_id}"
        return await _of_top_up(wish, operator=operator, decided_by=operator)

    made = await refund_steps.once(operator_id, "refunds.of_top_up", wish, act, key)
    return await _outcome(channels, made)


async def _of_top_up(wish: Mapping[str, Any], *, operator: str, decided_by: str) -> str:
    refund = await top_up_refunds.hold(
        await top_up_refunds.lock(wish["top_up_no"]), wish["amount_fen"], operator=operator, reason=wish["reason"],
        tender="counter" if wish["at_counter"] else None, decided_by=decided_by, ask_at=channel_refunds.clocks_turn(),
    )  # fmt: skip
    return refund.refund_no


async def _ask_second_person(
    kind: str, wish: Mapping[str, Any], amount_fen: int, operator_id: int, customer_id: int
) -> str:
    return await approvals.request(
        kind,
        wish,
        amount_fen=amount_fen,
        reason=wish["reason"],
        operator_id=operator_id,
        customer_id=customer_id,
    )


async def _approved_bill(approval: approvals.Approval) -> str:
    return await _of_bill(
        approval.params,
        operator=f"operator:{approval.requested_by}",
        decided_by=f"operator:{approval.decided_by}",
    )


async def _approved_top_up(approval: approvals.Approval) -> str:
    return await _of_top_up(
        approval.params,
        operator=f"operator:{approval.requested_by}",
        decided_by=f"operator:{approval.decided_by}",
    )


approvals.register("bill_refund", _approved_bill, "refunds")
approvals.register("top_up_refund", _approved_top_up, "refunds")


async def _outcome(channels: Channels, made: str) -> Outcome:
    if made.startswith(approvals.PREFIX):
        return Outcome(None, made)
    return Outcome(await refund_steps.sent(channels, made), None)


async def ask_for(
    channels: Channels, customer_id: int, top_up_no: str, *, amount_fen: int | None, reason: str, key: str
) -> Refund:
    """A customer wants a top-up back, or part of it. Within their right it goes at once; else an operator decides, and until
    then the money is out of the balance.

    Raises:
        NoSuchTopUp, NotRefundable, InsufficientBalance, KeyReused.
    """
    caller = accounts.of_customer(customer_id)

    async def act() -> str:
        await top_up_refunds.get(top_up_no, customer_id=customer_id)
        refund = await top_up_refunds.hold(
            await top_up_refunds.lock(top_up_no), amount_fen, operator=caller, reason=reason, tender=None,
            decided_by=None, ask_at=channel_refunds.clocks_turn(),
        )  # fmt: skip
        return refund.refund_no

    content = {"top_up_no": top_up_no, "amount_fen": amount_fen, "reason": reason}
    made = await idempotency.alone(
        caller=caller, operation="refunds.ask_for", key=key, content=content, act=act
    )
    return await refund_steps.sent(channels, made)


async def approve(channels: Channels, operator_id: int, refund_no: str, *, key: str) -> Refund:
    """An operator lets a customer's request go ahead. What the counter has to pay waits for ``paid_out``.

    Raises:
        NoSuchRefund, RefundStateForbids, CreditOwed, AboveYourLimit, KeyReused.
    """

    async def act() -> str:
        allowance = await limits.of(operator_id, "refunds", "money.approve")
        refund, _ = await refund_steps.locked(refund_no, "requested")
        await _refuse_credit_owed(refund)
        await allowance.take(refund.amount_fen, accounts.of_customer(refund.customer_id))
        await refund_records.approve(
            refund, decided_by=f"operator:{operator_id}", ask_at=channel_refunds.clocks_turn()
        )
        await refund_alerts.decided(refund)
        if refund.parts[0].payment_no is None:
            await refund_alerts.at_counter(refund, refund.parts[0])
        return refund_no

    await refund_steps.once(operator_id, "refunds.approve", {"refund_no": refund_no}, act, key)
    return await refund_steps.sent(channels, refund_no)


async def _refuse_credit_owed(refund: Refund) -> None:
    """Nothing of a top-up leaves the shop while its customer owes credit: turned down, it pays that back."""
    line = await credit_line.of(refund.customer_id, lock=True)
    if line.used_fen:
        raise CreditOwed(refund_no=refund.refund_no, used_fen=line.used_fen)


async def reject(operator_id: int, refund_no: str, *, key: str) -> Refund:
    """An operator turns a customer's request down: the money returns to the lots it was taken from.

    Raises:
        NoSuchRefund, RefundStateForbids, KeyReused.
    """

    async def act() -> str:
        refund, _ = await refund_steps.locked(refund_no, "requested")
        await refund_records.reject(refund, decided_by=f"operator:{operator_id}")
        await top_up_refunds.give_back(refund, refund.parts[0], operator=f"operator:{operator_id}")
        await refund_alerts.decided(refund)
        return refund_no

    await refund_steps.once(operator_id, "refunds.reject", {"refund_no": refund_no}, act, key)
    return await get(refund_no)


async def paid_out(operator_id: int, refund_no: str, *, key: str) -> Refund:
    """Somebody at the counter has paid out what a refund gives back there.

    Raises:
        NoSuchRefund, RefundStateForbids, KeyReused.
    """

    async def act() -> str:
        refund, bill = await refund_steps.locked(refund_no, "open", part_state="waiting")
        for part in refund.parts:
            if part.state == "waiting":
                await channel_refunds.pay_back(refund, part, bill, operator=f"operator:{operator_id}")
        await refund_alerts.decided(refund)
        return refund_no

    await refund_steps.once(operator_id, "refunds.paid_out", {"refund_no": refund_no}, act, key)
    return await get(refund_no)


async def to_balance(operator_id: int, refund_no: str, *, key: str) -> Refund:
    """What a channel is stuck with goes to the customer's balance instead: a top-up's money into its lots, a bill's as principal.

    Raises:
        NoSuchRefund, RefundStateForbids, KeyReused.
    """
    operator = f"operator:{operator_id}"

    async def act() -> str:
        refund, bill = await refund_steps.locked(refund_no, "open", part_state="abnormal")
        for part in refund.parts:
            if part.state == "abnormal" and bill is not None:
                await bill_refunds.credit_instead(bill, refund, part, operator=operator)
            elif part.state == "abnormal":
                await top_up_refunds.give_back(refund, part, operator=operator)
        await refund_alerts.handled(refund)
        return refund_no

    await refund_steps.once(operator_id, "refunds.to_balance", {"refund_no": refund_no}, act, key)
    return await get(refund_no)


async def to_counter(operator_id: int, refund_no: str, *, key: str) -> Refund:
    """What a channel is stuck with is paid out at the counter instead; it waits there for ``paid_out``.

    Raises:
        NoSuchRefund, RefundStateForbids, KeyReused.
    """

    async def act() -> str:
        refund, _ = await refund_steps.locked(refund_no, "open", part_state="abnormal")
        await refund_records.to_counter(refund)
        await refund_alerts.handled(refund)
        for part in refund.parts:
            if part.state == "abnormal":
                await refund_alerts.at_counter(refund, part)
        return refund_no

    await refund_steps.once(operator_id, "refunds.to_counter", {"refund_no": refund_no}, act, key)
    return await get(refund_no)


async def lots_of(refund: Refund) -> dict[str, list[Moved]]:
    """By part: which lots its money came from and returned to; nothing of what went through a channel only."""
    moved = {}
    for part in refund.parts:
        taken = top_up_refunds.reference(refund) if refund.kind == "top_up" else bill_refunds.reference(part)
        moved[part.part_no] = await origins.moved(taken)
    return moved
