"""Provenance: where a lot's money once came in, followed from customer to customer through ``house:transit``.

The lot a transfer or merge made names that act as its source; its first posting there is as many places down as the piece of the
giver's lot it was (``ledger.moves``). So the chain goes from lot to lot until one that came in from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import db
from ledger import accounts

DEEPEST = 32
"""So many steps back are followed."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A lot on the way: whose it was, by which transfer it came to them, and when."""

    customer_id: int
    source: str
    came_at: datetime


_CHAIN = """
WITH RECURSIVE chain AS (
    SELECT l.id AS asked, 0 AS depth, l.id AS lot_id, l.account_id, l.source, l.created_at
    FROM lot l WHERE l.id = ANY ($1::bigint[])
    UNION ALL
    SELECT c.asked, c.depth + 1, f.id, f.account_id, f.source, f.created_at
    FROM chain c
    CROSS JOIN LATERAL (
        SELECT taken.lot_id FROM (
            SELECT p.target_lot_id AS lot_id, row_number() OVER (ORDER BY p.id) AS nth
            FROM transfer t JOIN posting p ON p.transfer_id = t.id WHERE t.reference = c.source
        ) given JOIN (
            SELECT p.source_lot_id AS lot_id, row_number() OVER (ORDER BY p.id) AS nth
            FROM transfer t JOIN posting p ON p.transfer_id = t.id WHERE t.reference = replace(c.source, '_in:', '_out:')
        ) taken ON taken.nth = given.nth
        WHERE given.lot_id = c.lot_id
    ) came
    JOIN lot f ON f.id = came.lot_id
    WHERE (c.source LIKE 'transfer\\_in:%' OR c.source LIKE 'merge\\_in:%') AND c.depth < $2
)
SELECT c.asked, a.code, c.source, c.created_at FROM chain c JOIN account a ON a.id = c.account_id ORDER BY c.asked, c.depth
"""


async def of_lots(lot_ids: Sequence[int]) -> dict[int, tuple[Origin, ...]]:
    """For each lot the way its money came: itself first, the lot that came in from outside last."""
    ways: dict[int, list[Origin]] = {lot_id: [] for lot_id in lot_ids}
    for row in await db.fetch(_CHAIN, list(ways), DEEPEST):
        origin = Origin(accounts.customer_of(row["code"]), row["source"], row["created_at"])
        ways[row["asked"]].append(origin)
    return {lot_id: tuple(way) for lot_id, way in ways.items()}
