"""Money for a bill that was taken or shown at the counter and is not recorded yet: a second person is to agree, or a voucher to be confirmed.

Until that is decided, what the bill was issued for stays as it is: it is neither let go nor changed.
"""

from __future__ import annotations

from billing import bills
from core import clock, db, errors


class BillPaymentAwaited(errors.Conflict):
    """Money for the bill was taken at the counter, or transferred, and the shop is yet to record it."""

    code = "bill_payment_awaited"


AWAITED = """(
    EXISTS (SELECT FROM approval a WHERE a.kind = 'counter_bill' AND a.state = 'waiting' AND a.expires_at > {now}
            AND a.params ->> 'bill_no' = {bill}.bill_no)
    OR EXISTS (SELECT FROM voucher v WHERE v.state = 'submitted' AND v.bill_no = {bill}.bill_no)
)"""
"""Whether money for a bill is awaited, as SQL; ``now`` is an instant."""
_IS_AWAITED = f"SELECT {AWAITED.format(bill='b', now='$2::timestamptz')} FROM bill b WHERE b.id = $1"


async def refuse(bill: bills.Bill) -> None:
    """Refuses to let go or to change what a locked bill was issued for.

    Raises:
        BillPaymentAwaited.
    """
    if await db.fetchval(_IS_AWAITED, bill.id, clock.now()):
        raise BillPaymentAwaited(bill_no=bill.bill_no)
