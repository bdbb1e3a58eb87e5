"""The clock in conversations: what nobody answers, and what nobody goes on with, is given back to the bot."""

from __future__ import annotations

from core import clock, db
from members import people

_DUE = "SELECT id FROM conversation WHERE due_at <= $1 ORDER BY due_at LIMIT $2"
_LOCK = """
SELECT id, unanswered_since FROM conversation WHERE id = $1 AND state <> 'closed' AND due_at <= $2 FOR NO KEY UPDATE SKIP LOCKED
"""


async def give_back(*, limit: int = 100) -> int:
    """Closes what is due, each in a transaction of its own, with a sentence to the customer. An answer that came a moment before wins: the
    row is looked at again under its lock. Returns how many were given back."""
    done = 0
    for due in await db.fetch(_DUE, clock.now(), limit):
        async with db.transaction():
            row = await db.fetchrow(_LOCK, due["id"], clock.now())
            if row is None:
                continue
            is_answered = row["unanswered_since"] is None
            asks = await people.close(row["id"], by="clock", may_ask=is_answered)
            if not is_answered:
                await people.say(row["id"], "nobody_answered")
            elif asks:
                await people.say(row["id"], "over_by_time")
            done += 1
    return done
