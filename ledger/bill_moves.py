"""What the books say of bills: transfers that paid one, gave back of one, or took a payment back, in the order of their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core import db

KINDS = ("bill_payment", "counter_payment", "bill_refund", "counter_undo")


@dataclass(frozen=True, slots=True)
class BillMove:
    """One of them. Which bill, how much and whose stands with the desk, under the reference."""

    transfer_id: int
    kind: str
    reference: str
    at: datetime


_AFTER = """
SELECT id, kind, reference, created_at FROM transfer WHERE id > $1 AND id <= $2 AND kind = ANY ($3::text[]) ORDER BY id LIMIT $4
"""


async def after(transfer_id: int, last_id: int, *, limit: int) -> list[BillMove]:
    """Those with numbers above the first up to the last, which must be settled (``ledger.settled``)."""
    return [BillMove(*row) for row in await db.fetch(_AFTER, transfer_id, last_id, list(KINDS), limit)]
