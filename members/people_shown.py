"""Conversations as operators see them: who waits, what was said, and whether the platform still takes an answer."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core import db, errors
from members import chat_outgoing

State = Literal["waiting", "with_operator", "closed"]
Within = Collection[str] | None
"""The stores an operator may look at; None: everywhere."""


class NoSuchConversation(errors.NotFound):
    """There is no conversation of this number, or it is another store's."""

    code = "no_such_conversation"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation. ``writable_until``: when the platform takes no more messages to it, as far as we know; ``replies_left``: at most so
    many until then, unless the customer writes again."""

    id: int
    provider: str
    customer_id: int | None
    customer_name: str | None
    store: str | None
    state: State
    operator_id: int | None
    operator_name: str | None
    reason: str
    context: Mapping[str, Any]
    locale: str
    unanswered_since: datetime | None
    last_customer_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    writable_until: datetime | None
    replies_left: int
    last_message_id: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said. ``delivery`` of what went out: ``queued``, ``sending``, ``sent``, ``refused`` (``reason`` says why) or
    ``unknown``: it may have arrived."""

    id: int
    author: str
    operator_id: int | None
    operator_name: str | None
    kind: str
    text: str
    media_id: str | None
    picture_url: str | None
    delivery: str | None
    reason: str | None
    code: str | None
    created_at: datetime


_SHOWN = f"""
SELECT c.id, c.provider, coalesce(c.customer_id, i.customer_id) AS customer_id, cu.name AS customer_name, c.store, c.state, c.operator_id,
    o.name AS operator_name, c.reason, c.context::text AS context, c.locale, c.unanswered_since, c.last_customer_at, c.opened_at, c.closed_at,
    c.closed_by, c.last_customer_at + interval '48 hours' AS writable_until,
    CASE WHEN c.last_customer_at IS NULL THEN 0 ELSE greatest(0, {chat_outgoing.MOST_IN_WINDOW} - (
        SELECT count(*) FROM chat_outgoing g WHERE g.app_id = c.app_id AND g.openid = c.openid AND g.state <> 'refused'
            AND g.created_at >= c.last_customer_at)) END AS replies_left,
    (SELECT max(m.id) FROM conversation_message m WHERE m.conversation_id = c.id) AS last_message_id
FROM conversation c
LEFT JOIN identity i ON i.provider = c.provider AND i.app_id = c.app_id AND i.subject = c.openid
LEFT JOIN customer cu ON cu.id = coalesce(c.customer_id, i.customer_id)
LEFT JOIN operator o ON o.id = c.operator_id
WHERE ($1::text[] IS NULL OR c.store = ANY ($1))
"""
_OPEN_PAGE = f"""{_SHOWN} AND c.state <> 'closed' AND ($2::text IS NULL OR c.state = $2) AND (c.state, c.id) > ($3, $4)
    AND ($6::bigint IS NULL OR c.operator_id = $6)
ORDER BY c.state, c.id LIMIT $5"""
_CLOSED_PAGE = f"""{_SHOWN} AND c.state = 'closed' AND c.id < $2 AND ($4::bigint IS NULL OR c.operator_id = $4)
    AND (NOT $5 OR c.closed_by = 'clock' AND c.unanswered_since IS NOT NULL)
ORDER BY c.id DESC LIMIT $3"""

_OF_CUSTOMER = f"""{_SHOWN} AND c.id < $3 AND c.id IN (
    SELECT id FROM conversation WHERE customer_id = $2
    UNION ALL SELECT s.id FROM identity t
    JOIN conversation s ON s.provider = t.provider AND s.app_id = t.app_id AND s.openid = t.subject WHERE t.customer_id = $2)
ORDER BY c.id DESC LIMIT $4"""


async def of_customer(
    customer_id: int, *, within: Within, before: int | None = None, limit: int = 20
) -> list[Conversation]:
    """One customer's, over or not, the newest first."""
    first = before if before is not None else 2**62
    rows = await db.fetch(_OF_CUSTOMER, stores(within), customer_id, first, limit)
    return [_conversation(row) for row in rows]


async def page(
    *,
    within: Within,
    state: Literal["waiting", "with_operator"] | None = None,
    operator_id: int | None = None,
    after: tuple[str, int] | None = None,
    limit: int = 20,
) -> list[Conversation]:
    """Those that are not closed: who waits first, the longest first. ``after``: state and id the last page ended at."""
    last_state, last_id = after or ("", 0)
    rows = await db.fetch(_OPEN_PAGE, stores(within), state, last_state, last_id, limit, operator_id)
    return [_conversation(row) for row in rows]


async def closed(
    *,
    within: Within,
    operator_id: int | None = None,
    unanswered: bool = False,
    before: int | None = None,
    limit: int = 20,
) -> list[Conversation]:
    """Those that are over, the newest first; ``unanswered``: only those that the clock gave back because nobody answered."""
    first = before if before is not None else 2**62
    rows = await db.fetch(_CLOSED_PAGE, stores(within), first, limit, operator_id, unanswered)
    return [_conversation(row) for row in rows]


async def get(conversation_id: int, *, within: Within) -> Conversation:
    """One conversation.

    Raises:
        NoSuchConversation.
    """
    row = await db.fetchrow(f"{_SHOWN} AND c.id = $2", stores(within), conversation_id)
    if row is None:
        raise NoSuchConversation(conversation_id=conversation_id)
    return _conversation(row)


_MESSAGES = """
SELECT m.id, m.author, m.operator_id, o.name AS operator_name, m.kind, m.text, m.media_id, m.picture_url,
    CASE WHEN m.author <> 'customer' THEN coalesce(g.state, 'sent') END AS delivery, g.reason, g.code, m.created_at
FROM conversation_message m LEFT JOIN operator o ON o.id = m.operator_id LEFT JOIN chat_outgoing g ON g.id = m.outgoing_id
WHERE m.conversation_id = $1 AND m.id < $2 ORDER BY m.id DESC LIMIT $3
"""


async def messages(
    conversation_id: int, *, within: Within, before: int | None = None, limit: int = 50
) -> list[Message]:
    """What was said, the latest first.

    Raises:
        NoSuchConversation.
    """
    await get(conversation_id, within=within)
    first = before if before is not None else 2**62
    return [Message(*row) for row in await db.fetch(_MESSAGES, conversation_id, first, limit)]


async def message(conversation_id: int, message_id: int, *, within: Within) -> Message:
    """One message of a conversation.

    Raises:
        NoSuchConversation.
    """
    found = await messages(conversation_id, within=within, before=message_id + 1, limit=1)
    if not found or found[0].id != message_id:
        raise NoSuchConversation(conversation_id=conversation_id)
    return found[0]


def stores(within: Within) -> list[str] | None:
    """As the database takes them."""
    return None if within is None else sorted(within)


def _conversation(row: Mapping[str, Any]) -> Conversation:
    return Conversation(**{**row, "context": json.loads(row["context"])})
