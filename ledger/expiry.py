"""Expiry of bonus lots: a transfer like any other (docs/decisions/0003)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, db
from ledger import accounts, posting

_EXPIRED = """
SELECT l.id, a.code, a.entry_no, least(l.remaining_fen, a.principal_fen + a.bonus_fen - a.held_fen) AS amount_fen
FROM lot l JOIN account a ON a.id = l.account_id
WHERE l.is_open AND l.expires_at <= $1 AND a.principal_fen + a.bonus_fen > a.held_fen
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


@dataclass(frozen=True, slots=True)
class Expiring:
    """A bonus lot with something left of it, and when that is over."""

    lot_id: int
    customer_id: int
    amount_fen: int
    expires_at: datetime


_EXPIRING = """
SELECT l.id, a.code, l.remaining_fen, l.expires_at FROM lot l JOIN account a ON a.id = l.account_id
WHERE l.is_open AND l.expires_at > $1 AND l.expires_at <= $2 AND (l.expires_at, l.id) > ($3, $4)
ORDER BY l.expires_at, l.id LIMIT $5
"""


async def soon(until: datetime, *, after: Expiring | None = None, limit: int) -> list[Expiring]:
    """Lots that expire by ``until``, what expires first at the head; ``after``: where the last page ended."""
    now = clock.now()
    place = (now, 0) if after is None else (after.expires_at, after.lot_id)
    return [_expiring(row) for row in await db.fetch(_EXPIRING, now, until, *place, limit)]


_LOTS = """
SELECT l.id, a.code, l.remaining_fen, l.expires_at FROM lot l JOIN account a ON a.id = l.account_id
WHERE l.id = ANY ($1::bigint[]) AND l.expires_at IS NOT NULL
"""


async def of_lots(lot_ids: Sequence[int]) -> dict[int, Expiring]:
    """What these lots have left, by their ids."""
    return {row["id"]: _expiring(row) for row in await db.fetch(_LOTS, list(lot_ids))}


def _expiring(row: Mapping[str, Any]) -> Expiring:
    return Expiring(row["id"], accounts.customer_of(row["code"]), row["remaining_fen"], row["expires_at"])
