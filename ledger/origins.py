"""Origins: what is left of money that came in by one transfer, and what one transfer took that has not come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core import db
from ledger import accounts
from ledger.posting import LotKind


@dataclass(frozen=True, slots=True)
class Piece:
    """So much of one lot."""

    lot_id: int
    kind: LotKind
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of one transfer's lots, what of their bonus has expired, and what credit the account still owes."""

    pieces: tuple[Piece, ...]
    expired_fen: int
    credit_used_fen: int

    def of(self, kind: LotKind) -> int:
        """How much of a kind is left."""
        return sum(piece.amount_fen for piece in self.pieces if piece.kind == kind)

    def take(self, kind: LotKind, amount_fen: int) -> list[Piece]:
        """Pieces of a kind that make up an amount, oldest lot first."""
        taken = []
        for piece in self.pieces:
            part_fen = min(amount_fen, piece.amount_fen) if piece.kind == kind else 0
            if part_fen:
                taken.append(Piece(piece.lot_id, kind, part_fen))
                amount_fen -= part_fen
        assert not amount_fen, "more than is left"
        return taken


_LOCK = "SELECT 1 FROM account WHERE code = $1 FOR NO KEY UPDATE"
_LEFT = """
SELECT l.id, l.kind, l.remaining_fen, a.credit_used_fen
FROM account a LEFT JOIN lot l ON l.account_id = a.id AND l.is_open AND l.source = $2
WHERE a.code = $1 ORDER BY l.id
"""
_EXPIRED = """
SELECT coalesce(sum(p.amount_fen), 0)::bigint FROM account a
JOIN entry e ON e.account_id = a.id JOIN transfer t ON t.id = e.transfer_id AND t.kind = 'bonus_expiry'
JOIN posting p ON p.transfer_id = t.id JOIN lot l ON l.id = p.source_lot_id
WHERE a.code = $1 AND l.source = $2
"""


async def left_of(customer_id: int, reference: str, *, lock: bool = False) -> Left:
    """What is left of the lots a transfer brought the customer. With ``lock`` it stays so until the transaction ends.

    Looking for expired bonus reads the account's whole history: for the rare act, not for a page of many.
    """
    code = accounts.of_customer(customer_id)
    if lock:
        await db.execute(_LOCK, code)
    rows = await db.fetch(_LEFT, code, reference)
    if not rows:
        raise accounts.NoSuchAccount
    pieces = tuple(
        Piece(row["id"], row["kind"], row["remaining_fen"]) for row in rows if row["id"] is not None
    )
    expired_fen = int(await db.fetchval(_EXPIRED, code, reference))
    return Left(pieces, expired_fen, rows[0]["credit_used_fen"])


_STILL_OUT = """
SELECT t.id AS transfer_id, p.source_lot_id AS lot_id, l.kind, p.amount_fen - coalesce(back.amount_fen, 0) AS amount_fen
FROM transfer t JOIN posting p ON p.transfer_id = t.id JOIN lot l ON l.id = p.source_lot_id
LEFT JOIN LATERAL (
    SELECT sum(b.amount_fen)::bigint AS amount_fen FROM transfer r JOIN posting b ON b.transfer_id = r.id
    WHERE r.reference = ANY ($2::text[]) AND b.target_lot_id = p.source_lot_id
) back ON true
WHERE t.reference = $1 ORDER BY p.id DESC
"""


async def still_out(reference: str, *, given_back: Sequence[str]) -> tuple[int, list[Piece]]:
    """What a transfer took from which lots, the last one first, less what the transfers ``given_back`` have returned to them;
    and the number of the transfer, for its reversals to name."""
    rows = await db.fetch(_STILL_OUT, reference, list(given_back))
    pieces = [Piece(row["lot_id"], row["kind"], row["amount_fen"]) for row in rows if row["amount_fen"]]
    return rows[0]["transfer_id"], pieces


@dataclass(frozen=True, slots=True)
class Moved:
    """What a transfer took from (negative) or gave to one lot; ``source`` is the transfer that brought that money."""

    kind: LotKind
    amount_fen: int
    source: str


_MOVED = """
SELECT l.kind, CASE WHEN p.source_lot_id = l.id THEN -p.amount_fen ELSE p.amount_fen END AS amount_fen, l.source
FROM transfer t JOIN posting p ON p.transfer_id = t.id JOIN lot l ON l.id IN (p.source_lot_id, p.target_lot_id)
WHERE t.reference = $1 ORDER BY p.id
"""


async def moved(reference: str) -> list[Moved]:
    """Which lots a transfer moved; nothing where there is no such transfer, or it touched no customer."""
    return [Moved(*row) for row in await db.fetch(_MOVED, reference)]
