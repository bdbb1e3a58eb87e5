"""Refunds that are tried again, at the channel or at the counter."""

from __future__ import annotations

from billing import (
    approvals,
    bill_refunds,
    bills,
    channel_refunds,
    refund_alerts,
    refund_records,
    refund_steps,
    settled,
    top_up_refunds,
)
from billing.channels import Channels
from core import errors
from ledger import accounts
from members import limits


class SecondPersonNeeded(errors.Conflict):
    """With what this operator has given the customer alone it is above what one person gives back; somebody else has to try it again."""

    code = "second_person_needed"


async def retry(
    channels: Channels, operator_id: int, refund_no: str, *, at_counter: bool = False, key: str
) -> refund_records.Refund:
    """Tries again: what is stuck is asked about under its old number, what failed becomes a new refund, once; with ``at_counter``
    one that is paid out there. Who decided on it has decided on the new one: what an operator gave back alone is tried again by them
    alone as far as it adds up, by others in any case.

    Raises:
        NoSuchRefund, RefundStateForbids, NothingToRefund, RefundTooLarge, NotRefundable, InsufficientBalance, AboveYourLimit,
        SecondPersonNeeded, KeyReused.
        BillPaymentPending, BillUnderReview: the bill is being paid; let that end first.
    """

    async def act() -> str:
        owner_id = (await refund_records.get(refund_no)).customer_id
        await approvals.one_by_one(operator_id, owner_id)
        allowance = await limits.of(operator_id, "refunds", "money.move")
        refund, bill = await refund_steps.locked(refund_no, "open", "failed")
        await refund_alerts.handled(refund)
        if refund.state == "open":
            if not await refund_records.start(refund, ask_at=channel_refunds.clocks_turn()):
                raise refund_records.RefundStateForbids(refund_no=refund_no, state=refund.state)
            return refund_no
        if await refund_records.retried_as(refund_no):
            raise refund_records.RefundStateForbids(refund_no=refund_no, state="retried")
        amount_fen = sum(part.amount_fen for part in refund.parts if part.state == "failed")
        is_alone = refund.operator == refund.decided_by == f"operator:{operator_id}"
        if is_alone and await approvals.adds_up(amount_fen, operator_id=operator_id, customer_id=owner_id):
            raise SecondPersonNeeded(refund_no=refund_no, amount_fen=amount_fen)
        await allowance.take(amount_fen, accounts.of_customer(owner_id))
        return await _again(
            refund, bill, amount_fen, operator=f"operator:{operator_id}", at_counter=at_counter
        )

    content = {"refund_no": refund_no} | ({"at_counter": True} if at_counter else {})
    made = await refund_steps.once(operator_id, "refunds.retry", content, act, key)
    return await refund_steps.sent(channels, made)


async def _again(
    refund: refund_records.Refund,
    bill: bills.Bill | None,
    amount_fen: int,
    *,
    operator: str,
    at_counter: bool,
) -> str:
    if bill is not None:
        bills.refuse_pending(bill)
        again = await bill_refunds.decide(
            bill,
            amount_fen,
            operator=operator,
            reason=refund.reason,
            ask_at=channel_refunds.clocks_turn(),
            retry_of=refund.refund_no,
            at_counter=at_counter,
            decided_by=refund.decided_by,
        )
        await settled.tell_issuer_of_refund(bill, again.refund_no, amount_fen, by=operator)
    else:
        again = await top_up_refunds.hold(
            await top_up_refunds.get(refund.subject_no), amount_fen, operator=operator, reason=refund.reason,
            tender="counter" if at_counter else None, decided_by=refund.decided_by or operator, ask_at=channel_refunds.clocks_turn(), retry_of=refund.refund_no,
        )  # fmt: skip
    return again.refund_no
