"""Spending 消费: what customers paid of bills, less what they have back, row by row under the reference of what moved it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db


@dataclass(frozen=True, slots=True)
class Spent:
    """An amount under the reference of its transfer; what came back is negative."""

    customer_id: int
    reference: str
    amount_fen: int
    at: datetime


_NOTE = """
INSERT INTO spending (customer_id, reference, amount_fen, at)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::timestamptz[]) ON CONFLICT (reference) DO NOTHING
"""


async def note(spent: Sequence[Spent]) -> None:
    """Writes down what was spent; what stands there already is left. Part of the caller's transaction."""
    await db.execute(
        _NOTE, [one.customer_id for one in spent], [one.reference for one in spent], [one.amount_fen for one in spent],
        [one.at for one in spent],
    )  # fmt: skip


_WITHIN = "SELECT coalesce(sum(amount_fen), 0)::bigint FROM spending WHERE customer_id = $1 AND at > $2"


async def within(customer_id: int, days: int) -> int:
    """What a customer has spent in the last so many days, in fen; not below zero."""
    found = await db.fetchval(_WITHIN, customer_id, clock.now() - timedelta(days=days))
    return max(0, int(found))


_HAND_OVER = "UPDATE spending SET customer_id = $2 WHERE customer_id = $1"


async def hand_over(gone_id: int, kept_id: int) -> None:
    """What one customer spent counts for another. Part of the caller's transaction."""
    await db.execute(_HAND_OVER, gone_id, kept_id)
