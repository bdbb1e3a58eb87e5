"""Refunds of bills: money returns to the payments it came from, the newest first, and of the balance into the very lots.

All of it in the caller's transaction, which has locked the bill. What came through a channel is only reserved here: the channel
is asked outside (``billing.refunds``), and its answer ends the part.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billing import bills, credits, refund_alerts, refund_records
from core import clock, db, errors
from ledger import accounts, origins, posting
from notifications import outbox


class RefundTooLarge(errors.Conflict):
    """More than is left to go back of what the bill was paid with."""

    code = "refund_too_large"


class NothingToRefund(errors.Conflict):
    """Everything the bill was paid with is back or on its way."""

    code = "nothing_to_refund"


_PAYMENTS = """
SELECT b.id, b.tender, b.payment_no, b.transfer_reference, b.amount_fen - b.refunded_fen - b.refunding_fen AS left_fen, p.paid_at
FROM bill_payment b LEFT JOIN payment p ON p.payment_no = b.payment_no
WHERE b.bill_id = $1 AND b.amount_fen > b.refunded_fen + b.refunding_fen ORDER BY b.id DESC
"""
_RESERVE = "UPDATE bill_payment SET refunding_fen = refunding_fen + $2 WHERE id = $1"


async def left(bill: bills.Bill) -> int:
    """How much of what a bill was paid with is neither back nor on its way."""
    return sum(int(row["left_fen"]) for row in await db.fetch(_PAYMENTS, bill.id))


async def refuse_more(bill: bills.Bill, amount_fen: int) -> None:
    """Refuses what is not there to be given back, for who only asks for it: whoever decides on it looks again.

    Raises:
        NothingToRefund, RefundTooLarge.
    """
    _refuse_more(bill, await left(bill), amount_fen)


def _refuse_more(bill: bills.Bill, left_fen: int, amount_fen: int) -> None:
    if not left_fen:
        raise NothingToRefund(bill_no=bill.bill_no)
    if amount_fen > left_fen:
        raise RefundTooLarge(left_fen=left_fen, amount_fen=amount_fen)


def none_left(bill_no: str) -> str:
    """The condition of a statement that nothing is ``left`` of a bill; ``bill_no``: what names it there."""
    return f"""
NOT EXISTS (
    SELECT FROM bill b JOIN bill_payment p ON p.bill_id = b.id
    WHERE b.bill_no = {bill_no} AND p.amount_fen > p.refunded_fen + p.refunding_fen)
"""


async def in_full(bill: bills.Bill, *, operator: str, reason: str = "", decided_by: str | None = None) -> int:
    """Gives back everything a locked bill was paid with that is not back or on its way yet. Returns how much that is."""
    left_fen = await left(bill)
    if left_fen:
        await decide(
            bill, left_fen, operator=operator, reason=reason, ask_at=clock.now(), decided_by=decided_by
        )
    return left_fen


async def decide(
    bill: bills.Bill,
    amount_fen: int,
    *,
    operator: str,
    reason: str,
    ask_at: datetime,
    decided_by: str | None = None,
    retry_of: str | None = None,
    at_counter: bool = False,
) -> refund_records.Refund:
    """Gives back part of what a locked bill was paid with: from the newest payment on, each as far as it goes.

    The balance has its share at once; a bill of which something is still owed is not taken without asking any more. A channel's share
    is reserved, to be taken there from ``ask_at`` on; what was paid at the counter waits until somebody there has paid it out, and so
    does what is older than the channel's year or goes back ``at_counter``.

    Raises:
        NothingToRefund, RefundTooLarge.
    """
    rows = await db.fetch(_PAYMENTS, bill.id)
    _refuse_more(bill, sum(row["left_fen"] for row in rows), amount_fen)
    parts, sources = [], {}
    open_fen = amount_fen
    for row in rows:
        part_fen = min(open_fen, row["left_fen"])
        if part_fen:
            tender, payment_no = _way_back(row, at_counter=at_counter)
            parts.append(_part(tender, part_fen, row["id"], payment_no, ask_at))
            sources[row["id"]] = row["transfer_reference"]
            open_fen -= part_fen
    refund = await refund_records.create(
        customer_id=bill.customer_id, kind="bill", subject_no=bill.bill_no, reason=reason, operator=operator,
        state="open", parts=parts, decided_by=decided_by or operator, retry_of=retry_of,
    )  # fmt: skip
    if bill.state in bills.OWED:  # or what goes back to the balance would pay the same bill again at once
        await bills.no_more_unasked(bill.id, "refunded")
    for part in refund.parts:
        assert part.bill_payment_id is not None
        if part.tender == "balance":
            await _give_back(bill, refund, part, sources[part.bill_payment_id])
        else:
            await db.execute(_RESERVE, part.bill_payment_id, part.amount_fen)
        if part.state == "waiting":
            await refund_alerts.at_counter(refund, part)
    await refund_records.close(refund.id)
    await _tell_of_promise(bill, refund)
    return refund


def _way_back(row: Mapping[str, Any], *, at_counter: bool) -> tuple[str, str | None]:
    """The tender that money goes back to, and its payment there: the one it came by, but for what no channel pays back."""
    if row["payment_no"] is None:
        return row["tender"], None
    is_old = row["paid_at"] is not None and row["paid_at"] + refund_records.CHANNEL_YEAR <= clock.now()
    return ("counter", None) if at_counter or is_old else (row["tender"], row["payment_no"])


def _part(
    tender: str, amount_fen: int, bill_payment_id: int, payment_no: str | None, ask_at: datetime
) -> refund_records.NewPart:
    if tender == "balance":
        return refund_records.NewPart(tender, amount_fen, "paid", bill_payment_id=bill_payment_id)
    if payment_no is None:
        return refund_records.NewPart(tender, amount_fen, "waiting", bill_payment_id=bill_payment_id)
    return refund_records.NewPart(tender, amount_fen, "open", payment_no, bill_payment_id, ask_at)


_GIVEN_BACK = """
SELECT 'refund:' || part_no AS reference FROM refund_part WHERE bill_payment_id = $1 AND state = 'paid' AND id <> $2
"""
_REFUNDED = """
WITH tender AS (
    UPDATE bill_payment SET refunded_fen = refunded_fen + $2, refunding_fen = refunding_fen - $3 WHERE id = $1 RETURNING bill_id
)
UPDATE bill SET refunded_fen = refunded_fen + $2 FROM tender WHERE bill.id = tender.bill_id
"""


async def _give_back(
    bill: bills.Bill, refund: refund_records.Refund, part: refund_records.Part, source: str
) -> None:
    """Undoes so much of one payment from the balance: the lot burnt last is given back first, each no more than was burnt.

    Bonus that is over by now returns to its lot all the same and expires there by the next run, as it would have.
    """
    before = [row["reference"] for row in await db.fetch(_GIVEN_BACK, part.bill_payment_id, part.id)]
    transfer_id, pieces = await origins.still_out(source, given_back=before)
    customer = accounts.of_customer(bill.customer_id)
    legs, open_fen = [], part.amount_fen
    for piece in pieces:
        leg_fen = min(open_fen, piece.amount_fen)
        if leg_fen:
            legs.append(posting.give_back(accounts.REVENUE, customer, leg_fen, lot=piece.lot_id))
            open_fen -= leg_fen
    assert not open_fen, f"{source} burnt less than is to be refunded of it"
    transfer = posting.Transfer(
        reference(part), "bill_refund", legs, operator=refund.operator, memo=bill.title, reverses=transfer_id
    )

    def told(posted: posting.Posted) -> outbox.Message:
        params = {
            "title": bill.title,
            "bill_no": bill.bill_no,
            "amount_fen": part.amount_fen,
            "available_fen": posted.available_after_fen,
            "at": clock.now(),
        }
        return outbox.Message(bill.customer_id, "refunded", posted.reference, params)

    await credits.credit(bill.customer_id, transfer, told=told)
    await db.execute(_REFUNDED, part.bill_payment_id, part.amount_fen, 0)


def reference(part: refund_records.Part) -> str:
    """The reference of the transfer that moves a part."""
    return f"refund:{part.part_no}"


async def _tell_of_promise(bill: bills.Bill, refund: refund_records.Refund) -> None:
    on_its_way_fen = sum(part.amount_fen for part in refund.parts if part.tender != "balance")
    if on_its_way_fen:
        params = {
            "title": bill.title, "refund_no": refund.refund_no, "amount_fen": on_its_way_fen, "at": clock.now(),
        }  # fmt: skip
        await outbox.tell(
            [outbox.Message(bill.customer_id, "refund_started", f"refund_started:{refund.refund_no}", params)]
        )


_SOURCE = """
SELECT t.id FROM bill_payment bp JOIN transfer t ON t.reference = bp.transfer_reference WHERE bp.id = $1
"""


async def paid_back(
    bill: bills.Bill,
    refund: refund_records.Refund,
    part: refund_records.Part,
    *,
    operator: str,
    tender: str | None = None,
) -> None:
    """The channel, or somebody at the counter, has paid a reserved part back; by another ``tender`` than it was meant to, if
    one is named."""
    house = accounts.clearing(tender or part.tender)
    leg = posting.between_houses(accounts.REVENUE, house, part.amount_fen)
    transfer = posting.Transfer(
        reference(part), "bill_refund", [leg], operator=operator, memo=bill.title,
        reverses=await db.fetchval(_SOURCE, part.bill_payment_id),
    )  # fmt: skip
    await posting.post_one(transfer)
    await db.execute(_REFUNDED, part.bill_payment_id, part.amount_fen, part.amount_fen)
    await refund_records.end_part(part, "paid")
    params = {
        "title": bill.title,
        "refund_no": refund.refund_no,
        "amount_fen": part.amount_fen,
        "at": clock.now(),
    }
    await outbox.tell([outbox.Message(bill.customer_id, "refund_paid", transfer.reference, params)])


_RELEASE = "UPDATE bill_payment SET refunding_fen = refunding_fen - $2 WHERE id = $1"


async def refused(bill: bills.Bill, refund: refund_records.Refund, part: refund_records.Part) -> None:
    """The channel will certainly not pay a part back: what was reserved for it is free again."""
    await db.execute(_RELEASE, part.bill_payment_id, part.amount_fen)
    await refund_records.end_part(part, "failed")
    params = {
        "title": bill.title,
        "refund_no": refund.refund_no,
        "amount_fen": part.amount_fen,
        "at": clock.now(),
    }
    await outbox.tell(
        [outbox.Message(bill.customer_id, "refund_failed", f"refund_failed:{part.part_no}", params)]
    )


async def credit_instead(
    bill: bills.Bill, refund: refund_records.Refund, part: refund_records.Part, *, operator: str
) -> None:
    """What the channel cannot pay back goes to the customer's balance, as principal: it was money they paid in."""
    customer = accounts.of_customer(bill.customer_id)
    leg = posting.credit(accounts.REVENUE, customer, part.amount_fen, kind="principal")
    transfer = posting.Transfer(
        reference(part), "bill_refund", [leg], operator=operator, memo=bill.title,
        reverses=await db.fetchval(_SOURCE, part.bill_payment_id),
    )  # fmt: skip

    def told(posted: posting.Posted) -> outbox.Message:
        params = {
            "title": bill.title,
            "bill_no": bill.bill_no,
            "amount_fen": part.amount_fen,
            "available_fen": posted.available_after_fen,
            "at": clock.now(),
        }
        return outbox.Message(bill.customer_id, "refunded", posted.reference, params)

    await db.execute(_REFUNDED, part.bill_payment_id, part.amount_fen, part.amount_fen)
    await refund_records.end_part(part, "credited")
    await credits.credit(bill.customer_id, transfer, told=told)
