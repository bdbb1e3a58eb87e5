"""Expiry of bonus lots: a transfer like any other (docs/decisions/0003)."""

from __future__ import annotations

from core import clock, db
from ledger import accounts, posting

_EXPIRED = """
SELECT l.id, a.code, a.entry_no, least(l.remaining_fen, a.principal_fen + a.bonus_fen - a.held_fen) AS amount_fen
FROM lot l JOIN account a ON a.id = l.account_id
WHERE l.remaining_fen > 0 AND l.expires_at <= $1 AND a.principal_fen + a.bonus_fen > a.held_fen
ORDER BY l.expires_at, l.id LIMIT $2
"""


async def post_due(*, limit: int) -> list[tuple[int, posting.Posted]]:
    """Takes what is left of lots whose time is over back to the house. Returns (customer id, what was posted) of each.

    Money that is held stays until the hold ends. A lot that changed while this looked at it is left for the next run; the
    account's entry number in the reference keeps a lot that money came back to from being mistaken for one done before.
    """
    due = await db.fetch(_EXPIRED, clock.now(), limit)
    posted = await posting.post(
        [
            posting.Transfer(
                f"expiry:{row['id']}:{row['entry_no']}",
                "bonus_expiry",
                [posting.debit(row["code"], accounts.BONUS_COST, row["amount_fen"], lot=row["id"])],
                operator="clock",
            )
            for row in due
        ]
    )
    return [
        (accounts.customer_of(row["code"]), one) for row, one in zip(due, posted, strict=True) if one.is_new
    ]
