"""Spending, points and tiers follow payments: the clock reads what the books say of bills since it last looked.

Nobody who pays waits for it. How far it has looked is a mark that moves in the transaction of what it wrote, and rows and points stand
under the references of the transfers, so that nothing counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core import db
from ledger import bill_moves
from ledger import settled as books_settled
from members import points, points_books, spending, standings

BATCH = 500

_MARK = "SELECT transfer_id FROM spending_mark WHERE id = 1 FOR NO KEY UPDATE SKIP LOCKED"
_BEGIN = "INSERT INTO spending_mark (id, transfer_id) VALUES (1, 0) ON CONFLICT DO NOTHING"
_MOVE_ON = "UPDATE spending_mark SET transfer_id = $1 WHERE id = 1"
_HEIR = "coalesce(c.merged_into_id, c.id)"
_PAID = f"""
SELECT p.transfer_reference AS reference, {_HEIR} AS customer_id, p.amount_fen FROM bill_payment p
JOIN bill b ON b.id = p.bill_id JOIN customer c ON c.id = b.customer_id WHERE p.transfer_reference = ANY ($1::text[])
ORDER BY c.id, p.id FOR SHARE OF c
"""
_REFUNDED = f"""
SELECT 'refund:' || r.part_no AS reference, {_HEIR} AS customer_id, r.amount_fen, p.transfer_reference AS payment, p.refunded_fen AS back_fen,
       p.amount_fen AS paid_fen
FROM refund_part r JOIN bill_payment p ON p.id = r.bill_payment_id JOIN bill b ON b.id = p.bill_id JOIN customer c ON c.id = b.customer_id
WHERE r.part_no = ANY ($1::text[]) ORDER BY c.id, r.id FOR SHARE OF c
"""
_UNDONE = f"""
SELECT 'counter_undo:' || u.counter_no AS reference, {_HEIR} AS customer_id, s.amount_fen, s.reference AS payment,
       s.amount_fen AS back_fen, s.amount_fen AS paid_fen
FROM counter_payment u JOIN spending s ON s.reference = 'counter:' || u.counter_no JOIN customer c ON c.id = s.customer_id
WHERE u.counter_no = ANY ($1::text[]) ORDER BY c.id, u.id FOR SHARE OF c
"""


async def follow(*, limit: int = BATCH, patience_s: float = 2.0) -> int:
    """Counts what was paid and given back of bills since the last time: as spending, with its points, and for tiers. Returns how many
    transfers were counted; 0 also while another worker does it."""
    return (await _follow(limit, patience_s))[0]


async def follow_and_judge(*, limit: int = BATCH, patience_s: float = 2.0) -> int:
    """Follows payments, then judges the tiers by what they were. Run by the clock. While another worker still counts, or a transfer
    is not settled yet, nobody is judged: a tier would be over for want of what was paid long ago. Returns how many transfers were
    counted and customers judged."""
    counted, is_whole = await _follow(limit, patience_s)
    return counted + (await standings.judge() if is_whole else 0)


async def _follow(limit: int, patience_s: float) -> tuple[int, bool]:
    """How many transfers were counted, and whether by now all are that had happened when it was called."""
    last = await books_settled.last_ids(("transfer",), patience_s=patience_s)
    if last is None:
        return 0, False
    counted = 0
    while (done := await _batch(last["transfer"], limit)) == limit:
        counted += done
    return counted + (done or 0), done is not None


@db.retried
async def _batch(last_id: int, limit: int) -> int | None:
    """How many transfers were counted; None: another worker is about it."""
    async with db.transaction():
        mark = await db.fetchval(_MARK)
        if mark is None:
            await db.execute(_BEGIN)
            mark = await db.fetchval(_MARK)
        if mark is None:
            return None
        if mark >= last_id:
            return 0
        moves = await bill_moves.after(mark, last_id, limit=limit)
        await _count(moves)
        await db.execute(_MOVE_ON, moves[-1].transfer_id if len(moves) == limit else last_id)
    return len(moves)


async def _count(moves: Sequence[bill_moves.BillMove]) -> None:
    """Payments first: what gives them back may stand in the same batch. Nobody they concern is merged meanwhile."""
    at = {move.reference: move.at for move in moves}
    paid = await db.fetch(
        _PAID, [move.reference for move in moves if move.kind in ("bill_payment", "counter_payment")]
    )
    await spending.note([_spent(row, 1, at) for row in paid])
    back = [*await db.fetch(_REFUNDED, _named(moves, "bill_refund")), *await db.fetch(_UNDONE, _named(moves, "counter_undo"))]  # fmt: skip
    await spending.note([_spent(row, -1, at) for row in back])
    if back:
        await points_books.lock([row["customer_id"] for row in (*paid, *back)])  # all in one order
    await points.earn(
        [
            points.Earned(row["customer_id"], row["amount_fen"], row["reference"], at[row["reference"]])
            for row in paid
        ]
    )
    for row in back:
        await points.take_back(row["payment"], row["back_fen"], row["paid_fen"], because=row["reference"])
    if touched := {row["customer_id"] for row in (*paid, *back)}:
        await standings.look_at(touched)


def _named(moves: Sequence[bill_moves.BillMove], kind: str) -> list[str]:
    return [move.reference.partition(":")[2] for move in moves if move.kind == kind]


def _spent(row: Mapping[str, Any], sign: int, at: Mapping[str, Any]) -> spending.Spent:
    return spending.Spent(
        row["customer_id"], row["reference"], sign * row["amount_fen"], at[row["reference"]]
    )
