"""Expiry 到期: bonus whose time is over goes back to the house, and its customer is told."""

from __future__ import annotations

from billing import low_balance
from core import clock, db
from ledger import expiry
from notifications import outbox

BATCH = 200


@db.retried
async def expire_bonus(*, limit: int = BATCH) -> int:
    """Expires up to ``limit`` lots that are due, in one transaction with their messages. Returns how many."""
    async with db.transaction():
        expired = await expiry.post_due(limit=limit)
        now = clock.now()
        await low_balance.tell(
            [
                outbox.Message(
                    customer_id,
                    "bonus_expired",
                    posted.reference,
                    {"amount_fen": posted.moved_fen, "available_fen": posted.available_after_fen, "at": now},
                )
                for customer_id, posted in expired
            ],
            [
                outbox.Movement(
                    customer_id,
                    posted.reference,
                    posted.available_before_fen or 0,
                    posted.available_after_fen or 0,
                )
                for customer_id, posted in expired
            ],
        )
    return len(expired)
