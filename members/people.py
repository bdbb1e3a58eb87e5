"""The shop's people in a chat, from the customer's side: asking for them, writing to them, going back to the bot.

Each function is part of the transaction that takes in the customer's message (``conversations.once``), so a message is kept once or not
at all. The conversation's row is locked first, so a text and a closing come one after the other: before it, the text is kept in the
conversation; after it, the bot answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from core import clock, db, words
from members import chat_outgoing, conversation_events, people_rules, satisfaction

LONGEST_CHARS = 4_000
Reason = Literal["asked", "complaint", "operator"]
ClosedBy = Literal["customer", "operator", "clock", "leaving"]
"""``leaving``: its customer has left the shop, or let the chat go."""


@dataclass(frozen=True, slots=True)
class Chat:
    """One person's chat with one of the shop's accounts. ``provider``: ``official_account`` or ``mini_program``."""

    provider: str
    app_id: str
    openid: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a person sent: a text, or a picture, a recording and so on with what the platform calls it."""

    text: str
    kind: str = "text"
    media_id: str = ""
    picture_url: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a message to people: it was kept, or the bot has the chat again. ``acknowledge``: say that nobody is there yet;
    ``there_at``: when somebody will be (None: they are there). ``rate``: ask how content they were."""

    given_back: bool = False
    acknowledge: bool = False
    there_at: datetime | None = None
    rate: bool = False


_OPEN = """
SELECT id, state, customer_id, acknowledged_at, unanswered_since FROM conversation
WHERE app_id = $1 AND openid = $2 AND state <> 'closed' FOR NO KEY UPDATE
"""


async def hear(chat: Chat, customer_id: int | None, said: Said, *, wants_back: bool) -> Heard | None:
    """Takes in what somebody wrote while people have the chat; None: they have not, the bot is to answer. ``customer_id``: whose chat it is
    by now."""
    row = await db.fetchrow(_OPEN, chat.app_id, chat.openid)
    if row is None:
        return None
    if row["customer_id"] not in (
        None,
        customer_id,
    ):  # what was read before the row was ours may have been too old
        customer_id = await db.fetchval(_OWNER, chat.provider, chat.app_id, chat.openid)
        if customer_id != row["customer_id"]:
            await close(row["id"], by="leaving", may_ask=False)
            return None
    if wants_back:
        await keep(row["id"], "customer", said)
        return Heard(given_back=True, rate=await close(row["id"], by="customer"))
    return await _kept(row, customer_id, said)


async def end(app_id: str, openid: str) -> None:
    """The chat is its customer's no longer: what people had of it is over, and nobody else's words follow theirs. Part of the transaction
    that lets it go, whose last row it is."""
    row = await db.fetchrow(_OPEN, app_id, openid)
    if row is not None:
        await close(row["id"], by="leaving", may_ask=False)


_OWNER = "SELECT customer_id FROM identity WHERE provider = $1 AND app_id = $2 AND subject = $3"
_HEARD = """
UPDATE conversation SET unanswered_since = coalesce(unanswered_since, $2), last_customer_at = $2, due_at = $3,
    acknowledged_at = CASE WHEN $4 THEN $2 ELSE acknowledged_at END, customer_id = $5
WHERE id = $1
"""


async def _kept(row: Mapping[str, Any], customer_id: int | None, said: Said) -> Heard:
    now, rules = clock.now(), people_rules.current()
    are_there = rules.are_there(now)
    acknowledge = row["acknowledged_at"] is None and (row["state"] == "waiting" or not are_there)
    due_at = rules.answer_by(row["unanswered_since"] or now)
    await db.execute(
        _HEARD, row["id"], now, max(due_at, now + timedelta(minutes=1)), acknowledge, customer_id
    )
    await keep(row["id"], "customer", said)
    return Heard(acknowledge=acknowledge, there_at=None if are_there else rules.there_next(now))


_STORE = """
SELECT s.code FROM shop_order o JOIN store s ON s.id = o.store_id
WHERE o.customer_id = $1 AND o.placed_at > $2 AND s.state = 'open' ORDER BY o.id DESC LIMIT 1
"""
_STORE_KNOWN_FOR = timedelta(days=180)
_BEGIN = """
INSERT INTO conversation (provider, app_id, openid, customer_id, store, state, reason, context, locale, unanswered_since,
    last_customer_at, due_at, acknowledged_at, opened_at)
VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7::jsonb, $8, $9, $9, $10, $9, $9)
ON CONFLICT (app_id, openid) WHERE state <> 'closed' DO NOTHING RETURNING id
"""


async def ask_for(
    chat: Chat,
    customer_id: int | None,
    said: Said,
    *,
    reason: Reason,
    context: Mapping[str, Any],
    locale: str,
) -> Heard:
    """Hands a chat over to people. The customer is told at once whether anybody is there; ``context`` is what the bot had understood."""
    now, rules = clock.now(), people_rules.current()
    known = json.dumps({**context, "before": await _before(chat, now)}, ensure_ascii=False)
    begin = (
        chat.provider, chat.app_id, chat.openid, customer_id, await store_of(customer_id), reason, known, locale, now,
        rules.answer_by(now),
    )  # fmt: skip
    while (opened := await db.fetchval(_BEGIN, *begin)) is None:
        # two messages at once both asked, or an operator was quicker; None: that one was over by the time its row was ours
        if (heard := await hear(chat, customer_id, said, wants_back=False)) is not None:
            return heard
    await conversation_events.note("waiting", opened)
    await keep(opened, "customer", said)
    return Heard(acknowledge=True, there_at=None if rules.are_there(now) else rules.there_next(now))


_BEFORE = """
SELECT kind, left(content, 200) AS content, left(reply, 400) AS reply, received_at FROM chat_message
WHERE app_id = $1 AND openid = $2 AND received_at > $3 AND kind IN ('text', 'voice', 'click') AND reply IS NOT NULL ORDER BY id DESC LIMIT 5
"""
_BEFORE_WITHIN = timedelta(hours=24)


async def _before(chat: Chat, now: datetime) -> list[dict[str, str]]:
    """What was said to the bot lately and what it answered, the oldest first."""
    rows = await db.fetch(_BEFORE, chat.app_id, chat.openid, now - _BEFORE_WITHIN)
    return [
        {
            "kind": row["kind"],
            "said": row["content"],
            "answered": row["reply"],
            "at": row["received_at"].isoformat(),
        }
        for row in reversed(rows)
    ]


async def store_of(customer_id: int | None) -> str | None:
    """The store whose people know a customer best: that of their last order; None: the whole shop."""
    if customer_id is None:
        return None
    code: str | None = await db.fetchval(_STORE, customer_id, clock.now() - _STORE_KNOWN_FOR)
    return code


_KEEP = """
INSERT INTO conversation_message (conversation_id, author, operator_id, kind, text, media_id, picture_url, outgoing_id, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
"""


async def keep(
    conversation_id: int,
    author: str,
    said: Said,
    *,
    operator_id: int | None = None,
    outgoing_id: int | None = None,
) -> int:
    """Writes down something that was said, and tells who watches. Returns its number."""
    number = await db.fetchval(
        _KEEP, conversation_id, author, operator_id, said.kind[:40], said.text[:LONGEST_CHARS], said.media_id[:200] or None,
        said.picture_url[:500] or None, outgoing_id, clock.now(),
    )  # fmt: skip
    await conversation_events.note("message", conversation_id, message_id=number)
    return int(number)


_CLOSE = """
UPDATE conversation SET state = 'closed', closed_at = $2, closed_by = $3, due_at = NULL WHERE id = $1 AND state <> 'closed' RETURNING id
"""


async def close(conversation_id: int, *, by: ClosedBy, may_ask: bool = True) -> bool:
    """Gives a chat back to the bot; its row must be locked. Returns whether the customer is to be asked how content they were."""
    if await db.fetchval(_CLOSE, conversation_id, clock.now(), by) is None:
        return False
    await conversation_events.note("closed", conversation_id)
    return may_ask and await satisfaction.ask_about_conversation(conversation_id)


_WHOSE = "SELECT app_id, openid, locale FROM conversation WHERE id = $1"


async def say(conversation_id: int, key: str, /, **params: Any) -> None:
    """Has a sentence of the house go out to the customer, in the language of the conversation."""
    row = await db.fetchrow(_WHOSE, conversation_id)
    assert row is not None, "the caller has it locked"
    text = words.say(f"bot.person.{key}", row["locale"], **params)
    outgoing_id = await chat_outgoing.queue(row["app_id"], row["openid"], text)
    await keep(conversation_id, "system", Said(text), outgoing_id=outgoing_id)
