"""The books of points: accounts, lots and movements, written by one statement under the accounts' locks.

Lots say when points are over; each movement says which lots it added to or took from. Nothing else writes these tables. Whoever owes points
has none to spend: what comes pays for what is owed first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core import clock, db
from members import points_debts

Kind = Literal[
    "earned", "taken_back", "spent", "given_back", "expired", "adjusted", "merged_out", "merged_in", "lapsed"
]


@dataclass(slots=True)
class Account:
    """A customer's points while they are locked; moves with what is written."""

    customer_id: int
    points: int
    movement_no: int


@dataclass(frozen=True, slots=True)
class Move:
    """A movement to be written: what it takes from or gives back to lots, and the new lots it makes (points, end)."""

    customer_id: int
    kind: Kind
    reference: str
    operator: str
    memo: str = ""
    undoes: str | None = None
    worth_fen: int | None = None
    parts: Sequence[tuple[int, int]] = ()
    lots: Sequence[tuple[int, datetime | None]] = field(default=())

    @property
    def points(self) -> int:
        """Signed."""
        return sum(points for _, points in self.parts) + sum(points for points, _ in self.lots)


_LOCK = """
SELECT customer_id, points, movement_no FROM points_account WHERE customer_id = ANY ($1::bigint[])
ORDER BY customer_id FOR NO KEY UPDATE
"""
_OPEN = """
INSERT INTO points_account (customer_id, points, movement_no) SELECT c, 0, 0 FROM unnest($1::bigint[]) c ORDER BY c
ON CONFLICT (customer_id) DO NOTHING
"""


async def lock(customer_ids: Collection[int]) -> dict[int, Account]:
    """Locks the points of customers until the transaction ends, in the order of their ids."""
    wanted = sorted(set(customer_ids))
    rows = await db.fetch(_LOCK, wanted)
    if len(rows) < len(wanted):
        await db.execute(_OPEN, wanted)
        rows = await db.fetch(_LOCK, wanted)
    return {row["customer_id"]: Account(*row) for row in rows}


_WRITE = """
WITH moved AS (
    INSERT INTO points_movement (customer_id, movement_no, kind, points, points_after, reference, undoes, worth_fen, operator, memo, at)
    SELECT m.*, $11 FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                                $8::bigint[], $9::text[], $10::text[]) m
    RETURNING id, customer_id, reference
), made AS (
    INSERT INTO points_lot (customer_id, movement_id, points, remaining, expires_at)
    SELECT m.customer_id, m.id, n.points, n.points, n.expires_at
    FROM unnest($12::text[], $13::bigint[], $14::timestamptz[]) n (reference, points, expires_at) JOIN moved m USING (reference)
    RETURNING id, movement_id, points
), part AS (
    SELECT p.* FROM unnest($15::text[], $16::bigint[], $17::bigint[]) p (reference, lot_id, points)
), parts AS (
    INSERT INTO points_part (movement_id, lot_id, points)
    SELECT movement_id, id, points FROM made
    UNION ALL SELECT m.id, p.lot_id, p.points FROM part p JOIN moved m USING (reference)
), lots AS (
    UPDATE points_lot SET remaining = remaining + p.points
    FROM (SELECT lot_id, sum(points) AS points FROM part GROUP BY lot_id) p WHERE points_lot.id = p.lot_id
)
UPDATE points_account SET points = a.points, movement_no = a.movement_no
FROM unnest($18::bigint[], $19::bigint[], $20::bigint[]) a (customer_id, points, movement_no)
WHERE points_account.customer_id = a.customer_id
"""


async def write(accounts: dict[int, Account], moves: Sequence[Move]) -> None:
    """Writes movements of locked accounts, one after the other in the given order. References are new, and lots have what is taken.
    Who got points pays what they owe with them."""
    if not moves:
        return
    await _put(accounts, moves)
    if got := {move.customer_id for move in moves if move.points > 0}:
        await pay_debts(accounts, got)


async def pay_debts(accounts: dict[int, Account], customer_ids: Collection[int]) -> None:
    """Takes what locked customers owe, as far as they have points: each debt by a movement that undoes what had earned them."""
    for debt in await points_debts.open_of(customer_ids):
        parts = await choose(debt.customer_id, debt.owed, first_of=debt.earned_id)
        if parts:
            reference = f"taken_back:debt:{debt.customer_id}:{accounts[debt.customer_id].movement_no + 1}"
            move = Move(
                debt.customer_id, "taken_back", reference, "clock", undoes=debt.reference, parts=parts
            )
            await _put(accounts, [move])
            await points_debts.paid(debt, -move.points)


async def _put(accounts: dict[int, Account], moves: Sequence[Move]) -> None:
    numbers, after = [], []
    for move in moves:
        account = accounts[move.customer_id]
        account.points += move.points
        account.movement_no += 1
        numbers.append(account.movement_no)
        after.append(account.points)
    lots = [(move.reference, points, ends) for move in moves for points, ends in move.lots]
    parts = [(move.reference, lot, points) for move in moves for lot, points in move.parts]
    touched = [accounts[number] for number in dict.fromkeys(move.customer_id for move in moves)]
    await db.execute(
        _WRITE,
        [move.customer_id for move in moves],
        numbers,
        [move.kind for move in moves],
        [move.points for move in moves],
        after,
        [move.reference for move in moves],
        [move.undoes for move in moves],
        [move.worth_fen for move in moves],
        [move.operator for move in moves],
        [move.memo[:200] for move in moves],
        clock.now(),
        *([row[place] for row in lots] for place in range(3)),
        *([row[place] for row in parts] for place in range(3)),
        [account.customer_id for account in touched],
        [account.points for account in touched],
        [account.movement_no for account in touched],
    )


_LOTS = """
SELECT id, least(remaining, $3 - before) AS points FROM (
    SELECT id, remaining, sum(remaining) OVER w - remaining AS before FROM points_lot
    WHERE customer_id = $1 AND remaining > 0 AND (expires_at IS NULL OR expires_at > $2 OR id = ANY ($4::bigint[]))
    WINDOW w AS (ORDER BY id = ANY ($4) DESC, expires_at NULLS LAST, id)
) l WHERE before < $3
"""


_BROUGHT = """
WITH RECURSIVE came (id, points, expires_at) AS (
    SELECT id, points, expires_at FROM points_lot WHERE movement_id = $1
    UNION ALL
    SELECT there.* FROM came c
    JOIN points_part p ON p.lot_id = c.id AND p.points < 0
    JOIN points_movement o ON o.id = p.movement_id AND o.kind = 'merged_out'
    JOIN points_movement i ON i.reference = 'merged_in:' || substr(o.reference, length('merged_out:') + 1)
    CROSS JOIN LATERAL (
        SELECT n.id, n.points, n.expires_at FROM points_lot n
        WHERE n.movement_id = i.id AND n.points = -p.points AND n.expires_at IS NOT DISTINCT FROM c.expires_at
        ORDER BY n.id LIMIT 1 OFFSET (
            SELECT count(*) FROM points_part q JOIN points_lot l ON l.id = q.lot_id
            WHERE q.movement_id = o.id AND q.points = p.points AND l.expires_at IS NOT DISTINCT FROM c.expires_at AND q.lot_id < c.id)
    ) there
)
SELECT id FROM came
"""


async def brought_by(movement_id: int) -> list[int]:
    """The lots a movement made, and those that their points went on in after merges: of lots that are alike each is one of the others'."""
    return [row[0] for row in await db.fetch(_BROUGHT, movement_id)]


async def choose(customer_id: int, points: int, *, first_of: int | None = None) -> list[tuple[int, int]]:
    """From which lots so many points are taken, as parts of a move: what ends first goes first, before it what the movement
    ``first_of`` brought, also when it is over and the clock has not looked yet. Less where there is less. The account must be
    locked."""
    first = [] if first_of is None else await brought_by(first_of)
    rows = await db.fetch(_LOTS, customer_id, clock.now(), points, first)
    return [(row["id"], -int(row["points"])) for row in rows]
