"""Points that are owed 积分欠账: a payment was given back when the points it brought were gone already.

One row for each movement that earned them. Written under the lock of the owner's points only; ``points_books`` pays.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core import clock, db


@dataclass(frozen=True, slots=True)
class Debt:
    """Points that a customer still owes of what the movement ``reference`` (its id ``earned_id``) had brought."""

    id: int
    customer_id: int
    reference: str
    earned_id: int
    owed: int


_OPEN = """
SELECT d.id, d.customer_id, d.reference, m.id, d.points - d.paid FROM points_debt d JOIN points_movement m ON m.reference = d.reference
WHERE d.customer_id = ANY ($1::bigint[]) AND d.paid < d.points ORDER BY d.customer_id, d.id
"""


async def open_of(customer_ids: Collection[int]) -> list[Debt]:
    """What these customers owe, the oldest first."""
    return [Debt(*row) for row in await db.fetch(_OPEN, list(customer_ids))]


_OWE = """
INSERT INTO points_debt (customer_id, reference, points, paid, changed_at)
SELECT id, $2, $3, 0, $4 FROM customer WHERE id = $1 AND state NOT IN ('closing', 'closed')
ON CONFLICT (reference) DO UPDATE SET points = points_debt.points + $3, changed_at = $4
"""


async def owe(customer_id: int, reference: str, points: int) -> None:
    """So many points more are owed of what the movement brought. Who has given the account up owes none."""
    await db.execute(_OWE, customer_id, reference, points, clock.now())


_PAID = "UPDATE points_debt SET paid = paid + $2, changed_at = $3 WHERE id = $1"


async def paid(debt: Debt, points: int) -> None:
    """So many of them were taken just now."""
    await db.execute(_PAID, debt.id, points, clock.now())


_HAND_OVER = (
    "UPDATE points_debt SET customer_id = $2, changed_at = $3 WHERE customer_id = $1 RETURNING paid < points"
)


async def hand_over(gone_id: int, kept_id: int) -> bool:
    """What one customer owes becomes another's, and what they have paid too: more of the same may be owed later. Returns whether anything
    is owed."""
    return any(row[0] for row in await db.fetch(_HAND_OVER, gone_id, kept_id, clock.now()))


_FORGET = "UPDATE points_debt SET points = paid, changed_at = $2 WHERE customer_id = $1 AND paid < points"


async def forget(customer_id: int) -> None:
    """Nothing is owed any more by who gives the account up."""
    await db.execute(_FORGET, customer_id, clock.now())
