"""Explain: which lots a balance is made of, and which lots one change moved, and why those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import db, errors
from ledger import accounts, history


class NoSuchChange(errors.NotFound):
    """The account has no change of this number."""

    code = "no_such_change"


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of money that came in by one transfer. ``source`` is that transfer's reference."""

    id: int
    kind: str
    source: str
    original_fen: int
    remaining_fen: int
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """What a change took from (negative) or gave to one lot, which came in by ``source`` at ``came_at``."""

    lot_id: int
    kind: str
    source: str
    amount_fen: int
    expires_at: datetime | None
    came_at: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """One change with the lots it moved, in the order they were taken. ``burn_policy`` is the rule a deduction chose them by;
    ``reverses`` names the transfer a refund undid."""

    change: history.Change
    burn_policy: str | None
    reverses: str | None
    pieces: tuple[Piece, ...]


_LOTS = """
SELECT l.id, l.kind, l.source, l.original_fen, l.remaining_fen, l.expires_at, l.created_at
FROM account a JOIN lot l ON l.account_id = a.id
WHERE a.code = $1 AND l.is_open
ORDER BY l.kind, l.expires_at NULLS LAST, l.id
"""


async def lots(customer_id: int) -> list[Lot]:
    """The open lots of a customer: bonus first, what expires first at the head."""
    return [Lot(*row) for row in await db.fetch(_LOTS, accounts.of_customer(customer_id))]


@dataclass(frozen=True, slots=True)
class Ending:
    """The bonus that ends next: at that instant, so much of it."""

    at: datetime
    amount_fen: int


def ending_sql(customer_id: str) -> str:
    """What ends next of the money of the customer whose id stands in the column ``customer_id``, as a sub-select for a statement of
    another room; ``ending_in`` reads what it gives."""
    return f"""(
    SELECT l.expires_at, sum(l.remaining_fen)::int8 FROM account la JOIN lot l ON l.account_id = la.id
    WHERE la.code = 'customer:' || {customer_id} AND l.is_open AND l.expires_at IS NOT NULL
    GROUP BY l.expires_at ORDER BY l.expires_at LIMIT 1
)"""


def ending_in(columns: Sequence[Any]) -> Ending | None:
    """What ends next from the columns of ``ending_sql``; None when nothing does."""
    return Ending(*columns) if columns[0] is not None else None


_CHANGE = """
SELECT t.id, t.burn_policy, r.reference AS reverses FROM account a
JOIN entry e ON e.account_id = a.id AND e.entry_no = $2
JOIN transfer t ON t.id = e.transfer_id LEFT JOIN transfer r ON r.id = t.reverses_id
WHERE a.code = $1
"""
_PIECES = """
SELECT l.id, l.kind, l.source, CASE WHEN p.source_lot_id = l.id THEN -p.amount_fen ELSE p.amount_fen END, l.expires_at,
       l.created_at
FROM posting p JOIN lot l ON l.id IN (p.source_lot_id, p.target_lot_id)
JOIN account a ON a.id = l.account_id
WHERE p.transfer_id = $1 AND a.code = $2 ORDER BY p.id
"""


async def change(customer_id: int, entry_no: int) -> Explanation:
    """Why a change is what it is.

    Raises:
        NoSuchChange: the account has no change of this number.
    """
    code = accounts.of_customer(customer_id)
    row = await db.fetchrow(_CHANGE, code, entry_no)
    if row is None:
        raise NoSuchChange(entry_no=entry_no)
    (line,) = await history.page(customer_id, before=entry_no + 1, limit=1)
    pieces = tuple(Piece(*piece) for piece in await db.fetch(_PIECES, row["id"], code))
    return Explanation(line, row["burn_policy"], row["reverses"], pieces)
