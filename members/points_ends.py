"""Where points go when their time is over, or their owner has left."""

from __future__ import annotations

from collections.abc import Sequence

from core import clock, db
from members import points_books, points_debts

_OWNER = "SELECT id, state, merged_into_id FROM customer WHERE id = ANY ($1::bigint[])"


async def owner(customer_id: int) -> int:
    """Whose points they are that a customer had: who was merged has an heir."""
    row = await db.fetchrow(_OWNER, [customer_id])
    return customer_id if row is None or row["merged_into_id"] is None else int(row["merged_into_id"])


async def follow_owners(customer_ids: Sequence[int]) -> None:
    """Points that came just now to somebody who has left do not stay there. A merge and a closing take the points' lock before they end:
    so either they find these points, or this finds that they were."""
    for row in await db.fetch(_OWNER, list(set(customer_ids))):
        if row["state"] == "merged":
            await hand_over(row["id"], row["merged_into_id"])
        elif row["state"] in ("closing", "closed"):
            await lapse(row["id"])


_ALL_LOTS = (
    "SELECT id, remaining, expires_at FROM points_lot WHERE customer_id = $1 AND remaining > 0 ORDER BY id"
)


async def hand_over(gone_id: int, kept_id: int, *, operator: str = "clock") -> int:
    """All points of one customer become another's, with their ends, and what is owed too. Part of the caller's transaction. Returns how
    many came."""
    locked = await points_books.lock([gone_id, kept_id])
    owes = await points_debts.hand_over(gone_id, kept_id)
    lots = await db.fetch(_ALL_LOTS, gone_id)
    if not lots:
        if owes:
            await points_books.pay_debts(locked, [kept_id])
            await follow_owners([kept_id])
        return 0
    name = f"{gone_id}:{locked[gone_id].movement_no + 1}"
    out = points_books.Move(
        gone_id,
        "merged_out",
        f"merged_out:{name}",
        operator,
        parts=[(row["id"], -row["remaining"]) for row in lots],
    )
    into = points_books.Move(
        kept_id,
        "merged_in",
        f"merged_in:{name}",
        operator,
        lots=[(row["remaining"], row["expires_at"]) for row in lots],
    )
    await points_books.write(locked, [out, into])
    await follow_owners([kept_id])
    return into.points


async def lapse(customer_id: int, *, operator: str = "clock") -> int:
    """All points of a customer who gives the account up are gone, and nothing is owed. Part of the caller's transaction. Returns how
    many went."""
    locked = await points_books.lock([customer_id])
    await points_debts.forget(customer_id)
    parts = [(row["id"], -row["remaining"]) for row in await db.fetch(_ALL_LOTS, customer_id)]
    if not parts:
        return 0
    reference = f"lapsed:{customer_id}:{locked[customer_id].movement_no + 1}"
    move = points_books.Move(customer_id, "lapsed", reference, operator, parts=parts)
    await points_books.write(locked, [move])
    return -move.points


_OVER = """
SELECT a.customer_id, a.points, a.movement_no FROM points_account a
WHERE a.customer_id IN (
    SELECT customer_id FROM points_lot WHERE remaining > 0 AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2)
ORDER BY a.customer_id FOR NO KEY UPDATE SKIP LOCKED
"""
_OVER_LOTS = """
SELECT id, customer_id, remaining FROM points_lot
WHERE customer_id = ANY ($1::bigint[]) AND remaining > 0 AND expires_at <= $2 ORDER BY customer_id, id
"""


_ANY_OVER = "SELECT EXISTS (SELECT FROM points_lot WHERE remaining > 0 AND expires_at <= $1)"


async def expire(*, limit: int = 500, turns: int = 200) -> int:
    """Takes points whose time is over: one movement for each customer. Run by the clock. Returns how many movements it made."""
    made = 0
    if not await db.fetchval(_ANY_OVER, clock.now()):
        return made
    for _ in range(turns):
        done = await _expire(limit)
        made += done
        if not done:
            break
    return made


@db.retried
async def _expire(limit: int) -> int:
    async with db.transaction():
        now = clock.now()
        locked = {row["customer_id"]: points_books.Account(*row) for row in await db.fetch(_OVER, now, limit)}
        over: dict[int, list[tuple[int, int]]] = {}
        for row in await db.fetch(_OVER_LOTS, list(locked), now):
            over.setdefault(row["customer_id"], []).append((row["id"], -row["remaining"]))
        moves = [
            points_books.Move(
                owner, "expired", f"expired:{owner}:{locked[owner].movement_no + 1}", "clock", parts=parts
            )
            for owner, parts in over.items()
        ]
        await points_books.write(locked, moves)
    return len(moves)
