"""Refunds of bills that were paid from the balance: money returns to the lots it came from."""

from __future__ import annotations

from billing import bills, credits
from core import clock, db
from ledger import accounts, posting
from notifications import outbox

_PAYMENTS = """
SELECT transfer_reference, amount_fen FROM bill_payment
WHERE bill_id = $1 AND tender = 'balance' AND refunded_fen = 0 ORDER BY id DESC
"""
_BURNT = """
SELECT p.source_lot_id, p.amount_fen, t.id AS transfer_id
FROM transfer t JOIN posting p ON p.transfer_id = t.id
WHERE t.reference = $1 AND p.source_lot_id IS NOT NULL ORDER BY p.id DESC
"""
_REFUNDED = """
WITH tender AS (UPDATE bill_payment SET refunded_fen = amount_fen WHERE transfer_reference = $2)
UPDATE bill SET refunded_fen = refunded_fen + $3 WHERE id = $1
"""


async def refund_in_full(bill: bills.Bill, *, operator: str) -> int:
    """Gives back everything a locked bill was paid with from the balance, in the caller's transaction. Returns the amount.

    Each payment is undone by one transfer that names it, in the reverse order, into the very lots it burnt.
    """
    refunded_fen = 0
    for payment in await db.fetch(_PAYMENTS, bill.id):
        refunded_fen += await _undo(bill, payment["transfer_reference"], payment["amount_fen"], operator)
    return refunded_fen


async def _undo(bill: bills.Bill, reference: str, amount_fen: int, operator: str) -> int:
    customer = accounts.of_customer(bill.customer_id)
    burnt = await db.fetch(_BURNT, reference)
    legs = [
        posting.give_back(accounts.REVENUE, customer, row["amount_fen"], lot=row["source_lot_id"])
        for row in burnt
    ]
    transfer = posting.Transfer(
        f"refund:{reference}",
        "bill_refund",
        legs,
        operator=operator,
        memo=bill.title,
        reverses=burnt[0]["transfer_id"],
    )

    def told(posted: posting.Posted) -> outbox.Message:
        params = {
            "title": bill.title,
            "bill_no": bill.bill_no,
            "amount_fen": amount_fen,
            "available_fen": posted.available_after_fen,
            "at": clock.now(),
        }
        return outbox.Message(bill.customer_id, "refunded", posted.reference, params)

    await credits.credit(bill.customer_id, transfer, told=told)
    await db.execute(_REFUNDED, bill.id, reference, amount_fen)
    return amount_fen
