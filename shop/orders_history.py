"""The history of orders: every step with who took it, when, and what was noted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core import clock, db


@dataclass(frozen=True, slots=True)
class Event:
    """One step of an order; ``was`` is None of the first. ``by``: ``customer:…``, ``operator:…``, ``payment`` or ``clock``."""

    step: str
    was: str | None
    became: str
    by: str
    note: str | None
    at: datetime


_WRITE = (
    "INSERT INTO order_event (order_id, step, was, became, by, note, at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
_LONGEST = 200


async def write(order_id: int, step: str, was: str, became: str, *, by: str, note: str | None = None) -> None:
    """Writes a step down, in the transaction that takes it."""
    await db.execute(_WRITE, order_id, step, was, became, by, note and note[:_LONGEST], clock.now())


_NOTE = """
INSERT INTO order_event (order_id, step, was, became, by, note, at)
SELECT id, $2, state, state, $3, $4, $5 FROM shop_order WHERE order_no = $1
"""


async def note(order_no: str, step: str, *, by: str, text: str) -> None:
    """Writes down what happened to an order beside its states: a return, a refund. Part of the caller's transaction."""
    await db.execute(_NOTE, order_no, step, by, text[:_LONGEST], clock.now())


_OF = "SELECT step, was, became, by, note, at FROM order_event WHERE order_id = $1 ORDER BY id"


async def of_order(order_id: int) -> list[Event]:
    """The order's history, the first step first."""
    return [Event(*row) for row in await db.fetch(_OF, order_id)]


_NEWEST = "SELECT coalesce(max(id), 0) FROM order_event"


async def newest() -> int:
    """The number of the newest step of any order: while it is the same, no order is another. A step that was begun earlier and committed
    later has a smaller one, so who goes by it looks anew now and then all the same."""
    found: int = await db.fetchval(_NEWEST)
    return found
