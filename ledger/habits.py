"""Habits: what customers' accounts were used for lately. Bounded: only so many of the latest lines of an account are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import db

LATEST = 500
"""So many lines of an account are looked at, the latest, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A change of an account: its kind, its reference, the signed amount."""

    kind: str
    reference: str
    amount_fen: int
    at: datetime


_LATEST = """
SELECT a.code, m.kind, m.reference, m.amount_fen, m.created_at
FROM account a CROSS JOIN LATERAL (
    SELECT e.entry_no, t.kind, t.reference, e.principal_fen + e.bonus_fen AS amount_fen, e.created_at
    FROM (SELECT * FROM entry WHERE account_id = a.id ORDER BY entry_no DESC LIMIT $2) e
    JOIN transfer t ON t.id = e.transfer_id
    WHERE e.created_at >= $3 AND t.kind = ANY ($4::text[]) AND t.reverses_id IS NULL
) m
WHERE a.code = ANY ($1::text[]) ORDER BY a.id, m.entry_no DESC
"""


async def latest(
    customers: Sequence[str], *, kinds: Sequence[str], since: datetime, lines: int = LATEST
) -> dict[str, list[Movement]]:
    """The changes of these kinds on these accounts since an instant, latest first, by account code. What undid another act is
    nobody's habit and left out."""
    found: dict[str, list[Movement]] = {code: [] for code in customers}
    for code, *movement in await db.fetch(_LATEST, list(customers), lines, since, list(kinds)):
        found[code].append(Movement(*movement))
    return found
