"""What operators who watch conversations are told, in an order in which nothing is overlooked.

Numbers are given out under a lock that lasts until the commit: who has seen a number has seen every smaller one, so a watcher who comes
back says the last it saw and gets the rest, once. PostgreSQL tells the processes that watch (``CHANNEL``); whoever misses that looks by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core import clock, db

Kind = Literal["waiting", "taken", "moved", "message", "delivery", "closed"]
"""``waiting``: it waits for somebody to take it; ``moved``: it has left this store; ``delivery``: how a message of ours ended."""

CHANNEL = "yucun_conversations"
KEPT = timedelta(days=7)

_IN_ORDER = "SELECT pg_advisory_xact_lock(0x59750032)"
_NOTE = """
WITH noted AS (
    INSERT INTO conversation_event (kind, conversation_id, message_id, store, at)
    SELECT $1::varchar, id, $3, CASE WHEN $1::varchar = 'moved' THEN $4 ELSE store END, $5 FROM conversation WHERE id = $2 RETURNING id
)
SELECT pg_notify($6, id::text) FROM noted
"""


async def note(
    kind: Kind, conversation_id: int, *, message_id: int | None = None, moved_from: str | None = None
) -> None:
    """Writes down what happened, as the last lock of the caller's transaction. ``moved_from``: the store that it has left."""
    await db.execute(_IN_ORDER)
    await db.execute(_NOTE, kind, conversation_id, message_id, moved_from, clock.now(), CHANNEL)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, with how the conversation stands now and, of a message, what it says."""

    id: int
    kind: Kind
    at: datetime
    conversation_id: int
    state: str
    store: str | None
    operator_id: int | None
    customer_id: int | None
    message_id: int | None
    author: str | None
    message_kind: str | None
    text: str | None
    delivery: str | None
    reason: str | None


_AFTER = """
SELECT e.id, e.kind, e.at, e.conversation_id, c.state, c.store, c.operator_id, c.customer_id, m.id AS message_id, m.author,
    m.kind AS message_kind, m.text, CASE WHEN m.author <> 'customer' THEN coalesce(o.state, 'sent') END AS delivery, o.reason
FROM conversation_event e
JOIN conversation c ON c.id = e.conversation_id
LEFT JOIN conversation_message m ON m.id = e.message_id
LEFT JOIN chat_outgoing o ON o.id = m.outgoing_id
WHERE e.id > $1 AND ($2::text[] IS NULL OR (e.store = ANY ($2) AND (e.kind = 'moved' OR c.store = e.store)))
ORDER BY e.id LIMIT $3
"""


async def after(last: int, *, within: Collection[str] | None, limit: int = 100) -> list[Event]:
    """What happened after this number, the oldest first; ``within``: only in these stores."""
    stores = None if within is None else sorted(within)
    return [Event(*row) for row in await db.fetch(_AFTER, last, stores, limit)]


_ENDS = "SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM conversation_event"


async def ends() -> tuple[int, int]:
    """The first number that is still kept, and the last; zeros where nothing ever happened."""
    row = await db.fetchrow(_ENDS)
    assert row is not None, "an aggregate has one row"
    return row[0], row[1]


_FORGET = "DELETE FROM conversation_event WHERE at < $1 AND id < (SELECT max(id) FROM conversation_event)"


async def forget_old() -> int:
    """Drops what happened before ``KEPT``; the last stays, so that its number is not lost. Returns how many."""
    return await db.execute(_FORGET, clock.now() - KEPT)
