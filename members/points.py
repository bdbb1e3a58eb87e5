"""Points 积分: earned by paying, spent on orders or changed into bonus.

What is here joins the caller's transaction; a reference stands for one movement, so that the same again changes nothing. A customer's
points are locked after orders, bills and accounts. Who left has none: what comes late goes on to who they were merged into, or lapses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import clock, db, errors
from members import points_books, points_debts, points_ends, points_rules
from members.points_rules import NoPoints

MOST = 1_000_000_000
"""The most points that are moved at once."""


class PointsShort(errors.Conflict):
    """The customer has fewer points than that."""

    code = "points_short"


class TooManyPoints(errors.Conflict):
    """More points than the order takes: only a share of it is paid with points."""

    code = "too_many_points"


@dataclass(frozen=True, slots=True)
class Off:
    """Points on an order: how many the customer has, the most the order takes, and what those asked for (``points``) take off."""

    have: int
    most_points: int
    points: int
    off_fen: int


@dataclass(frozen=True, slots=True)
class Earned:
    """An amount a customer paid, and when, under the reference of what moved it."""

    customer_id: int
    amount_fen: int
    reference: str
    at: datetime


LIVE = "l.customer_id = $1 AND l.remaining > 0 AND (l.expires_at IS NULL OR l.expires_at > $2)"
_REDEEMABLE = f"""
SELECT r.*, (SELECT coalesce(sum(l.remaining), 0)::bigint FROM points_lot l WHERE {LIVE}) AS have FROM ({points_rules.LAST}) r
"""


async def redeemable(customer_id: int, amount_fen: int, points: int | None = None) -> Off:
    """What points can do for an order of so much: those asked for, or with None the most the customer has for it. Only reads.

    Raises:
        NoPoints, PointsShort, TooManyPoints: of those asked for.
    """
    row = await db.fetchrow(_REDEEMABLE, customer_id, clock.now())
    rule = None if row is None else points_rules.of_row(row)
    if row is None or rule is None or not rule.off_points:
        if points:
            raise NoPoints
        return Off(0, 0, 0, 0)
    have, most = row["have"], rule.most_points(amount_fen)
    wanted = min(have, most) if points is None else points
    if wanted > have:
        raise PointsShort(points=wanted, have=have)
    if wanted > most:
        raise TooManyPoints(points=wanted, most=most)
    return Off(have, most, wanted, rule.off_fen(wanted))


_OF_REFERENCE = "SELECT id, customer_id, points FROM points_movement WHERE reference = $1"


async def spend(
    customer_id: int, points: int, reference: str, *, worth_fen: int, operator: str | None = None
) -> None:
    """Takes points for something worth so much; what ends first goes first. Part of the caller's transaction.

    Raises:
        PointsShort: there are not so many.
    """
    assert 0 < points <= MOST
    locked = await points_books.lock([customer_id])
    if await db.fetchrow(_OF_REFERENCE, reference) is not None:
        return
    parts = await points_books.choose(customer_id, points)
    found = -sum(taken for _, taken in parts)
    if found < points:
        raise PointsShort(points=points, have=found)
    move = points_books.Move(
        customer_id,
        "spent",
        reference,
        operator or f"customer:{customer_id}",
        worth_fen=worth_fen,
        parts=parts,
    )
    await points_books.write(locked, [move])


_PARTS = "SELECT lot_id, -points FROM points_part WHERE movement_id = $1 ORDER BY id"


async def give_back(reference: str, *, operator: str = "clock") -> int:
    """What was spent under a reference returns to the lots it came from, once; what is over by now ends with the clock's next
    look. Part of the caller's transaction. Returns how many; 0: nothing was spent, or it is back."""
    spent = await db.fetchrow(_OF_REFERENCE, reference)
    if spent is None:
        return 0
    owner = spent["customer_id"]
    locked = await points_books.lock([owner])
    back = f"back:{reference}"
    if await db.fetchrow(_OF_REFERENCE, back) is not None:
        return 0
    parts = [(row[0], row[1]) for row in await db.fetch(_PARTS, spent["id"])]
    move = points_books.Move(owner, "given_back", back, operator, undoes=reference, parts=parts)
    await points_books.write(locked, [move])
    await points_ends.follow_owners([owner])
    return move.points


_PERCENT = """
SELECT c.id, coalesce(t.points_percent, 100) AS percent FROM customer c LEFT JOIN tier t ON t.code = c.tier
WHERE c.id = ANY ($1::bigint[])
"""
_KNOWN = "SELECT reference FROM points_movement WHERE reference = ANY ($1::text[])"


async def earn(paid: Sequence[Earned], *, operator: str = "clock") -> list[int]:
    """Points for amounts that were paid, each once for its reference: by the rule in force at the payment and the tier the customer has
    now. Returns how many each brought just now."""
    rules = await points_rules.in_force([one.at for one in paid])
    if not any(rule is not None and rule.per_100_yuan for rule in rules):
        return [0] * len(paid)
    owners = [one.customer_id for one in paid]
    percent = {row["id"]: row["percent"] for row in await db.fetch(_PERCENT, owners)}
    locked = await points_books.lock(owners)
    references = [earned_by(one.reference) for one in paid]
    known = {row[0] for row in await db.fetch(_KNOWN, references)}
    moves, brought = [], []
    for one, rule, reference in zip(paid, rules, references, strict=True):
        points = 0
        if rule is not None and reference not in known:
            points = min(MOST, rule.earned(one.amount_fen, percent[one.customer_id]))
        brought.append(points)
        if rule is not None and points:
            lot = (points, rule.ends_at())
            moves.append(points_books.Move(one.customer_id, "earned", reference, operator, lots=[lot]))
    await points_books.write(locked, moves)
    await points_ends.follow_owners([move.customer_id for move in moves])
    return brought


def earned_by(reference: str) -> str:
    """The reference of the movement that a payment's points came by."""
    return f"earned:{reference}"


_EARNED = """
SELECT m.id, m.customer_id, m.points, coalesce((
    SELECT -sum(b.points) FROM points_movement b WHERE b.undoes = m.reference AND b.kind = 'taken_back'), 0)::bigint AS taken,
    coalesce((SELECT d.points - d.paid FROM points_debt d WHERE d.reference = m.reference), 0) AS owed
FROM points_movement m WHERE m.reference = $1
"""
_EXPIRED = """
SELECT coalesce(-sum(p.points), 0)::bigint FROM points_part p JOIN points_movement e ON e.id = p.movement_id AND e.kind = 'expired'
WHERE p.lot_id = ANY ($1::bigint[])
"""


async def take_back(reference: str, back_fen: int, paid_fen: int, *, because: str) -> int:
    """Of a payment of ``paid_fen`` so much is given back by now in all: the points it brought are taken back in the same proportion,
    and as far as the customer has no points any more, they are owed. ``because`` names what gave it back last. Returns how many went."""
    earned = await db.fetchrow(_EARNED, earned_by(reference))
    if earned is None:
        return 0
    owner = await points_ends.owner(earned["customer_id"])
    locked = await points_books.lock([owner])
    earned = await db.fetchrow(_EARNED, earned_by(reference))
    assert earned is not None, "movements are never deleted"
    expired = await db.fetchval(_EXPIRED, await points_books.brought_by(earned["id"]))
    gone = earned["taken"] + earned["owed"] + int(expired)
    missing = earned["points"] * min(back_fen, paid_fen) // paid_fen - gone
    taken = f"taken_back:{because}"
    if missing <= 0 or await db.fetchrow(_OF_REFERENCE, taken) is not None:
        return 0
    parts = await points_books.choose(owner, missing, first_of=earned["id"])
    if parts:
        move = points_books.Move(
            owner, "taken_back", taken, "clock", undoes=earned_by(reference), parts=parts
        )
        await points_books.write(locked, [move])
    found = -sum(points for _, points in parts)
    if found < missing:
        await points_debts.owe(owner, earned_by(reference), missing - found)
    return found
