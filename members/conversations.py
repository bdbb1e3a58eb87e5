"""Conversations: what the platform pushed to us, each message acted on once however often it arrives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core import clock, db

MAX_CONTENT_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class Received:
    """A pushed message. ``dedup_key`` is the same for every delivery of it, and for no other message of the app."""

    app_id: str
    dedup_key: str
    openid: str
    kind: str
    content: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The reply to a message (empty: nothing to say), and whether this delivery is the one that acted."""

    reply: str
    is_new: bool


_TAKE = """
INSERT INTO chat_message (app_id, dedup_key, openid, kind, content, received_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (app_id, dedup_key) DO NOTHING RETURNING id
"""
_KEEP = "UPDATE chat_message SET reply = $2 WHERE id = $1"
_FIND = "SELECT reply FROM chat_message WHERE app_id = $1 AND dedup_key = $2"


@db.retried
async def once(received: Received, act: Callable[[], Awaitable[str]]) -> Answered:
    """Runs ``act`` for a message that is new, in one transaction with its record, and keeps the reply it returns.

    A repeat gets the kept reply. A twin that arrives meanwhile waits for the first: PostgreSQL lets its insert go on only
    when the first has committed (it then finds the reply) or failed (it then acts itself, since nothing was done). ``act``
    calls desk functions and nothing outside; it may run again when PostgreSQL aborts it.
    """
    async with db.transaction():
        message_id = await db.fetchval(
            _TAKE,
            received.app_id,
            received.dedup_key,
            received.openid,
            received.kind,
            received.content[:MAX_CONTENT_CHARS],
            clock.now(),
        )
        if message_id is None:
            return Answered(await db.fetchval(_FIND, received.app_id, received.dedup_key) or "", is_new=False)
        reply = await act()
        await db.execute(_KEEP, message_id, reply)
        return Answered(reply, is_new=True)
