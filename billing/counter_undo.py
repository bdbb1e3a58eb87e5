"""Undoing a counter payment that was recorded wrongly: the same business day, while its money is where it put it.

A top-up goes back whole, as a refund that the counter has paid out. A bill owes again what was recorded as paid. Later, or once
money of it was spent or refunded, there are refunds.
"""

from __future__ import annotations

from typing import Any

from billing import (
    approvals,
    arrangements,
    bills,
    channel_refunds,
    counter,
    dunning,
    refund_alerts,
    reversals,
    settled,
    top_up_refunds,
)
from billing.counter import CounterPayment, Outcome
from core import clock, db, errors
from ledger import accounts, idempotency, posting
from members import customers, limits
from notifications import outbox


class AlreadyUndone(errors.Conflict):
    """It was undone before, or that waits for a second person."""

    code = "counter_already_undone"


class TooLateToUndo(errors.Conflict):
    """Only what was recorded today can be undone; refund it instead."""

    code = "counter_too_late_to_undo"


class NotTheLastPayment(errors.Conflict):
    """The bill was paid, or refunded, by something else since; refund it instead."""

    code = "counter_not_the_last_payment"


class ArrangedSince(errors.Conflict):
    """What was left of the bill is paid in parts since; what is owed again would be in none of them."""

    code = "counter_arranged_since"


NoSuchCounterPayment = counter.NoSuchCounterPayment
MoneySpent = reversals.MoneySpent
BillOfAnOrder = bills.BillOfAnOrder
BillPaymentPending = bills.BillPaymentPending
BillUnderReview = bills.BillUnderReview
InsufficientBalance = posting.InsufficientBalance
CustomerHasLeft = customers.CustomerHasLeft
KeyReused = idempotency.KeyReused


async def undo(operator_id: int, counter_no: str, *, reason: str, key: str) -> Outcome:
    """Undoes what was recorded wrongly; above the shop's limit a second person agrees first.

    Raises:
        NoSuchCounterPayment, AlreadyUndone, TooLateToUndo, MoneySpent, NotTheLastPayment, ArrangedSince, BillOfAnOrder, BillPaymentPending,
        BillUnderReview, InsufficientBalance, KeyReused.
        CustomerHasLeft: whose bill it is has no account any more that could owe it.
    """
    wish = {"counter_no": counter_no, "reason": reason}

    async def act() -> str:
        await approvals.one_request("counter_undo", counter_no)
        store = await _store_of(await counter.get(counter_no))
        allowance = await limits.of(operator_id, "counter", "money.take", store=store)
        found = await counter.get(counter_no)
        _refuse(found)
        alone = not counter.needs_second_person(found.amount_fen)
        if alone and await allowance.takes(found.amount_fen, accounts.of_customer(found.customer_id)):
            return await _undo(wish, f"operator:{operator_id}")
        if await approvals.is_waiting(
            "counter_undo", {"counter_no": counter_no}, customer_id=found.customer_id
        ):
            raise AlreadyUndone(counter_no=counter_no)
        return await approvals.request(
            "counter_undo", wish, amount_fen=found.amount_fen, reason=reason, operator_id=operator_id,
            customer_id=found.customer_id,
        )  # fmt: skip

    made = await idempotency.alone(
        caller=f"operator:{operator_id}", operation="counter.undo", key=key, content=wish, act=act
    )
    if made.startswith(approvals.PREFIX):
        return Outcome(None, made)
    return Outcome(await counter.get(counter_no), None)


_STORE = "SELECT store FROM top_up WHERE top_up_no = $1"


async def _store_of(found: CounterPayment) -> str | None:
    """At whose counter a top-up was taken; bills are no store's."""
    store: str | None = await db.fetchval(_STORE, found.purpose_no) if found.purpose == "top_up" else None
    return store


async def _approved(approval: approvals.Approval) -> str:
    return await _undo(approval.params, f"operator:{approval.requested_by}")


approvals.register("counter_undo", _approved, "counter")


def _refuse(found: CounterPayment) -> None:
    if found.state == "undone":
        raise AlreadyUndone(counter_no=found.counter_no)
    if clock.day_of(found.created_at) != clock.today():
        raise TooLateToUndo(counter_no=found.counter_no)


_UNDONE = """
UPDATE counter_payment SET state = 'undone', undone_by = $2, undo_reason = $3, undone_at = $4 WHERE counter_no = $1
"""


async def _undo(wish: Any, operator: str) -> str:
    found = await counter.get(wish["counter_no"])
    if found.purpose == "top_up":
        await top_up_refunds.lock(found.purpose_no)
    else:
        customers.refuse_left(await customers.staying(found.customer_id))
        await bills.lock(found.purpose_no)
    found = await counter.get(found.counter_no, lock=True)
    _refuse(found)
    if found.purpose == "top_up":
        await _take_back(found, operator, wish["reason"])
    else:
        await _owe_again(found, operator, wish["reason"])
    await db.execute(_UNDONE, found.counter_no, operator, wish["reason"], clock.now())
    return found.counter_no


async def _take_back(found: CounterPayment, operator: str, reason: str) -> None:
    top_up = await top_up_refunds.get(found.purpose_no)
    offered = await top_up_refunds.offer(top_up, lock=True)
    untouched = offered.principal_left_fen == top_up.pay_fen and offered.bonus_left_fen == top_up.bonus_fen
    if not untouched or offered.refundable_fen != top_up.pay_fen:
        raise MoneySpent(number=found.counter_no)
    refund = await top_up_refunds.hold(
        top_up, None, operator=operator, reason=reason, tender="counter", decided_by=operator,
        ask_at=channel_refunds.clocks_turn(),
    )  # fmt: skip
    (part,) = refund.parts
    await top_up_refunds.paid_back(refund, part, operator=operator)
    await refund_alerts.decided(refund)


_PAYMENTS = """
SELECT p.id, p.transfer_reference, p.refunded_fen + p.refunding_fen AS back_fen,
       EXISTS (SELECT FROM refund_part r WHERE r.bill_payment_id = p.id) AS was_refunded,
       (SELECT t.id FROM transfer t WHERE t.reference = p.transfer_reference) AS transfer_id
FROM bill_payment p WHERE p.bill_id = $1 ORDER BY p.id DESC LIMIT 1
"""
_DROP = "DELETE FROM bill_payment WHERE id = $1"


async def _owe_again(found: CounterPayment, operator: str, reason: str) -> None:
    bill = await bills.lock(found.purpose_no)
    bills.refuse_of_an_order(bill)
    if bill.state in bills.OWED:
        bills.refuse_pending(bill)
    newest = await db.fetchrow(_PAYMENTS, bill.id)
    if newest is None or newest["transfer_reference"] != found.transfer_reference or newest["was_refunded"]:
        raise NotTheLastPayment(counter_no=found.counter_no)
    if await arrangements.counts_on_more(bill.id, bill.paid_fen - found.amount_fen):
        raise ArrangedSince(counter_no=found.counter_no, bill_no=bill.bill_no)
    reference = f"counter_undo:{found.counter_no}"
    leg = posting.between_houses(accounts.REVENUE, accounts.COUNTER, found.amount_fen)
    await posting.post_one(
        posting.Transfer(
            reference,
            "counter_undo",
            [leg],
            operator=operator,
            memo=reason[:200],
            reverses=newest["transfer_id"],
        )
    )
    await db.execute(_DROP, newest["id"])
    await settled.give_up_part(bill, found.amount_fen)
    await dunning.reopen(bill.id)
    told = {
        "title": bill.title, "bill_no": bill.bill_no, "amount_fen": found.amount_fen, "reason": reason, "at": clock.now(),
    }  # fmt: skip
    await outbox.tell([outbox.Message(bill.customer_id, "counter_undone", reference, told)])
