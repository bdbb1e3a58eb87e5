"""Parts of bills in instalments, as they stand: what is due of a bill now, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from core import clock, db

State = Literal["paid", "overdue", "partly", "open"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an arrangement, and how much of it is paid. That follows from what the bill has been paid: the parts are
    filled one after the other. ``cumulative_fen`` is what the bill has been paid in all once this part is paid."""

    part_no: int
    amount_fen: int
    cumulative_fen: int
    due_on: date
    due_at: datetime
    bill_paid_fen: int

    @property
    def paid_fen(self) -> int:
        return min(max(0, self.bill_paid_fen - self.cumulative_fen + self.amount_fen), self.amount_fen)

    @property
    def owed_fen(self) -> int:
        return self.amount_fen - self.paid_fen

    @property
    def state(self) -> State:
        """A part due today is not overdue before tomorrow."""
        if not self.owed_fen:
            return "paid"
        if self.due_on < clock.today():
            return "overdue"
        return "partly" if self.paid_fen else "open"


_RUNNING = """
SELECT b.id AS bill_id, i.part_no, i.amount_fen, i.cumulative_fen, i.due_on, i.due_at, b.paid_fen
FROM bill b JOIN arrangement a ON a.bill_id = b.id AND a.state = 'running'
JOIN instalment i ON i.arrangement_id = a.id
WHERE b.id = ANY ($1::bigint[]) ORDER BY b.id, i.part_no
"""


NOT_YET_DUE_FEN = """CASE WHEN b.collect_mode = 'instalments' THEN coalesce((
    SELECT sum(least(i.amount_fen, i.cumulative_fen - b.paid_fen)) FROM arrangement a JOIN instalment i ON i.arrangement_id = a.id
    WHERE a.bill_id = b.id AND a.state = 'running' AND i.cumulative_fen > b.paid_fen AND i.due_at > {instant}), 0) ELSE 0 END"""
"""In SQL: what is owed of a bill ``b`` that has fallen due, and is not due by that instant itself, since it is of later parts."""


async def running(bill_ids: Sequence[int]) -> dict[int, list[Part]]:
    """The parts of the arrangements that run, by bill; a bill that is not in instalments is left out.

    Who will act on them has locked the bills first: this statement then sees what the last holder of the lock left.
    """
    found: dict[int, list[Part]] = {}
    if bill_ids:
        for bill_id, *part in await db.fetch(_RUNNING, list(bill_ids)):
            found.setdefault(bill_id, []).append(Part(*part))
    return found


def due_fen(parts: Sequence[Part]) -> int:
    """What is due of a bill by now: the parts whose day has come, less what is paid."""
    now = clock.now()
    return sum(part.owed_fen for part in parts if part.due_at <= now)


def next_owed(parts: Sequence[Part]) -> Part | None:
    """The first part that is not paid."""
    return next((part for part in parts if part.owed_fen), None)


def asked_fen(parts: Sequence[Part]) -> int:
    """What paying without saying how much means: what is due, or when nothing is due the next part."""
    following = next_owed(parts)
    return due_fen(parts) or (following.owed_fen if following else 0)
