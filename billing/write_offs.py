"""Write-offs 核销: the shop gives up what is still owed on a bill. No money moves; two people agree, whatever the amount."""

from __future__ import annotations

from billing import approvals, arrangements, bills
from core import clock, db, errors
from ledger import idempotency


class WriteOffOutgrown(errors.Conflict):
    """More is owed by now than the second person was asked about."""

    code = "write_off_outgrown"


NoSuchBill = bills.NoSuchBill
KeyReused = idempotency.KeyReused


async def request(operator_id: int, bill_no: str, *, reason: str, key: str) -> str:
    """Asks a second person to agree that what is owed on a bill is given up. Returns the approval's number.

    Then nothing is owed any more and nobody comes for it; a plan period it stands for has failed for good. A plan that was suspended for
    it stays so until an operator or its customer goes on with it.

    Raises:
        NoSuchBill, BillOfAnOrder, BillNotOwed, BillPaymentPending, BillUnderReview, KeyReused.
    """
    wish = {"bill_no": bill_no, "reason": reason}

    async def act() -> str:
        bill = await _owed(bill_no)
        return await approvals.request(
            "write_off", wish, amount_fen=bill.owed_fen, reason=reason, operator_id=operator_id, customer_id=bill.customer_id
        )  # fmt: skip

    return await idempotency.alone(
        caller=f"operator:{operator_id}", operation="write_offs.request", key=key, content=wish, act=act
    )


async def _owed(bill_no: str) -> bills.Bill:
    bill = await bills.lock(bill_no)
    bills.refuse_with_its_order(bill)
    if bill.state not in bills.OWED:
        raise bills.BillNotOwed(bill_no=bill_no, state=bill.state)
    bills.refuse_pending(bill)
    return bill


_WRITE_OFF = """
WITH period AS (
    UPDATE plan_period SET state = 'failed', reason = 'written_off', ended_at = $2 WHERE bill_id = $1 AND state <> 'charged'
)
UPDATE bill SET state = 'written_off', written_off_at = $2, collect_at = NULL WHERE id = $1
"""


async def _approved(approval: approvals.Approval) -> str:
    bill = await _owed(approval.params["bill_no"])
    if bill.owed_fen > approval.amount_fen:
        raise WriteOffOutgrown(bill_no=bill.bill_no, owed_fen=bill.owed_fen, amount_fen=approval.amount_fen)
    by, reason = f"operator:{approval.requested_by}", approval.reason
    await arrangements.end(bill.id, "proposed", "withdrawn", by=by, reason=reason)
    await arrangements.end(bill.id, "running", "cancelled", by=by, reason=reason)
    await db.execute(_WRITE_OFF, bill.id, clock.now())
    return bill.bill_no


approvals.register("write_off", _approved, "write_offs")
