"""A customer's points as they see them, and what operators do to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core import clock, db, errors
from members import customers, points_books, points_rules
from members.points import LIVE, MOST, PointsShort

NoSuchCustomer = customers.NoSuchCustomer
CustomerHasLeft = customers.CustomerHasLeft


class PointsOutOfRange(errors.Invalid):
    """An adjustment moves at least one point, and a billion at most."""

    code = "points_out_of_range"


@dataclass(frozen=True, slots=True)
class Movement:
    """Points that came or went."""

    id: int
    kind: str
    points: int
    points_after: int
    reference: str
    worth_fen: int | None
    operator: str
    memo: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """What a customer has and can spend; ``ending`` of it is over at ``ends_at``, first of all. ``owed``: of payments that were given
    back; what comes next pays it first."""

    points: int
    ending: int
    ends_at: datetime | None
    owed: int = 0


_BALANCE = f"""
SELECT coalesce(sum(l.remaining), 0)::bigint AS points,
       coalesce(sum(l.remaining) FILTER (WHERE l.expires_at = f.ends_at), 0)::bigint AS ending, f.ends_at,
       (SELECT coalesce(sum(d.points - d.paid), 0)::bigint FROM points_debt d WHERE d.customer_id = $1 AND d.paid < d.points) AS owed
FROM (SELECT min(l.expires_at) AS ends_at FROM points_lot l WHERE {LIVE}) f LEFT JOIN points_lot l ON {LIVE} GROUP BY f.ends_at
"""


async def balance(customer_id: int) -> Balance:
    """What a customer has now; what is over does not count, also before the clock has taken it."""
    row = await db.fetchrow(_BALANCE, customer_id, clock.now())
    assert row is not None, "an aggregate has one row"
    return Balance(*row)


def refuse_out_of_range(points: int) -> None:
    """Of an adjustment.

    Raises:
        PointsOutOfRange.
    """
    if not 0 < abs(points) <= MOST:
        raise PointsOutOfRange


async def put(
    customer_id: int,
    points: int,
    *,
    rule: points_rules.Rule,
    worth_fen: int,
    reason: str,
    operator: str,
    approval_no: str | None = None,
) -> str:
    """Gives points, or takes them where negative, as ``billing.points_adjustments`` says. Part of the caller's transaction. Returns
    the movement's reference, which names the approval if there is one.

    Raises:
        PointsShort: there are not so many to take.
    """
    locked = await points_books.lock([customer_id])
    reference = f"adjusted:{approval_no or f'{customer_id}:{locked[customer_id].movement_no + 1}'}"
    parts = [] if points > 0 else await points_books.choose(customer_id, -points)
    if points < 0 and sum(taken for _, taken in parts) != points:
        raise PointsShort(points=-points, have=-sum(taken for _, taken in parts))
    lots = [(points, rule.ends_at())] if points > 0 else []
    move = points_books.Move(
        customer_id, "adjusted", reference, operator, memo=reason, worth_fen=worth_fen, parts=parts, lots=lots
    )
    await points_books.write(locked, [move])
    return reference


_PAGE = """
SELECT id, kind, points, points_after, reference, worth_fen, operator, memo, at FROM points_movement
WHERE customer_id = $1 AND movement_no < $2 ORDER BY movement_no DESC LIMIT $3
"""
_PLACE = "SELECT movement_no FROM points_movement WHERE id = $1"


async def page(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Movement]:
    """A customer's movements, the last first; ``before`` is the id the last page ended at."""
    place = 2**62 if before is None else await db.fetchval(_PLACE, before) or 0
    return [Movement(*row) for row in await db.fetch(_PAGE, customer_id, place, limit)]
