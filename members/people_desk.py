"""Conversations from the operators' side: who waits, taking one, answering, handing on, closing.

Whoever does anything to a conversation locks its row first, so of two operators who take it one has it, and an answer and the clock's
giving back come one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core import clock, db, errors
from ledger import idempotency
from members import (
    canned_answers,
    chat_outgoing,
    conversation_events,
    customers,
    duties,
    operators,
    people,
    people_rules,
    people_shown,
    posts,
)
from members.people import Said
from members.people_shown import Conversation, Within


class ConversationTaken(errors.Conflict):
    """Another operator has this conversation."""

    code = "conversation_taken"


class ConversationNotYours(errors.Conflict):
    """Only who has a conversation may do this; take it first."""

    code = "conversation_not_yours"


class ConversationClosed(errors.Conflict):
    """The conversation is over; the bot has the chat."""

    code = "conversation_closed"


class UnreadMessage(errors.Conflict):
    """The customer has written something that the operator has not seen yet."""

    code = "unread_message"


class ReplyTooLong(errors.Invalid):
    """The platform takes 2,048 bytes."""

    code = "reply_too_long"


class NothingToSay(errors.Invalid):
    """An answer is a text or a canned answer, not both and not neither."""

    code = "nothing_to_say"


class OperatorCannotAnswer(errors.Conflict):
    """This operator is gone, or has no post in which they answer the conversation's store."""

    code = "operator_cannot_answer"


class NoChatToOpen(errors.Conflict):
    """The customer has no chat with the shop that could be written to, or has left."""

    code = "no_chat_to_open"


NoSuchConversation = people_shown.NoSuchConversation
NotYourStore = duties.NotYourStore
NoSuchStore = operators.NoSuchPostStore
NoSuchCustomer = customers.NoSuchCustomer
NoSuchCannedAnswer = canned_answers.NoSuchCannedAnswer
KeyReused = idempotency.KeyReused


_LOCK = """
SELECT c.id, c.app_id, c.openid, c.state, c.store, c.operator_id, c.customer_id, c.unanswered_since,
    (SELECT o.name FROM operator o WHERE o.id = c.operator_id) AS operator_name,
    EXISTS (SELECT FROM operator o WHERE o.id = c.operator_id AND o.state = 'active') AS operator_is_there
FROM conversation c WHERE c.id = $1 AND ($2::text[] IS NULL OR c.store = ANY ($2)) FOR NO KEY UPDATE
"""
"""By sub-selects: who waited for the lock gets what is joined as it was before the wait."""


async def _locked(conversation_id: int, within: Within) -> Mapping[str, Any]:
    """Locks an open conversation.

    Raises:
        NoSuchConversation, ConversationClosed.
    """
    row: Mapping[str, Any] | None = await db.fetchrow(_LOCK, conversation_id, people_shown.stores(within))
    if row is None:
        raise NoSuchConversation(conversation_id=conversation_id)
    if row["state"] == "closed":
        raise ConversationClosed(conversation_id=conversation_id)
    return row


async def _own(conversation_id: int, operator_id: int, within: Within) -> Mapping[str, Any]:
    row = await _locked(conversation_id, within)
    if row["operator_id"] != operator_id:
        raise ConversationNotYours(operator=row["operator_name"] or "")
    return row


_TAKE = "UPDATE conversation SET state = 'with_operator', operator_id = $2 WHERE id = $1"


async def take(operator_id: int, conversation_id: int, *, within: Within) -> Conversation:
    """Somebody takes a conversation that waits, or whose operator was let go; taking one's own again changes nothing.

    Raises:
        NoSuchConversation, ConversationClosed, ConversationTaken: another was quicker.
    """
    async with db.transaction():
        row = await _locked(conversation_id, within)
        if row["operator_id"] not in (None, operator_id) and row["operator_is_there"]:
            raise ConversationTaken(operator=row["operator_name"])
        if row["operator_id"] != operator_id:
            await db.execute(_TAKE, conversation_id, operator_id)
            await conversation_events.note("taken", conversation_id)
    return await people_shown.get(conversation_id, within=within)


_ANSWERED = """
UPDATE conversation SET unanswered_since = NULL, due_at = $2, acknowledged_at = coalesce(acknowledged_at, $3) WHERE id = $1
"""


async def reply(
    operator_id: int,
    conversation_id: int,
    *,
    text: str | None,
    canned_id: int | None = None,
    shop: str = "",
    within: Within,
    key: str,
) -> int:
    """Answers the customer, in own words or with a canned answer. The same key is one answer. Returns the message's number; how it fares
    is told of the message.

    Raises:
        NoSuchConversation, ConversationClosed, ConversationNotYours, ReplyTooLong, NothingToSay, NoSuchCannedAnswer, KeyReused.
    """
    if (text is None) == (canned_id is None):
        raise NothingToSay

    async def act() -> str:
        row = await _own(conversation_id, operator_id, within)
        wording = text if text is not None else await _canned(operator_id, canned_id, row, shop)
        if len(wording.encode()) > chat_outgoing.MOST_BYTES:
            raise ReplyTooLong(most_bytes=chat_outgoing.MOST_BYTES)
        now = clock.now()
        idle_at = now + timedelta(minutes=people_rules.current().idle_minutes)
        await db.execute(_ANSWERED, conversation_id, idle_at, now)
        outgoing_id = await chat_outgoing.queue(row["app_id"], row["openid"], wording)
        number = await people.keep(
            conversation_id, "operator", Said(wording), operator_id=operator_id, outgoing_id=outgoing_id
        )
        return str(number)

    made = await idempotency.alone(
        caller=f"operator:{operator_id}", operation="conversations.reply", key=key,
        content={"conversation_id": conversation_id, "text": text, "canned_id": canned_id}, act=act,
    )  # fmt: skip
    return int(made)


async def _canned(operator_id: int, canned_id: int | None, row: Mapping[str, Any], shop: str) -> str:
    answer = await canned_answers.get(operator_id, canned_id or 0)
    customer = None if row["customer_id"] is None else await customers.get(row["customer_id"])
    return canned_answers.filled(
        answer, customer=customer.name if customer else "", operator=row["operator_name"] or "", shop=shop
    )


_HAND = "UPDATE conversation SET state = $2, operator_id = $3, store = $4, due_at = greatest(due_at, $5) WHERE id = $1"


async def hand(
    operator_id: int,
    conversation_id: int,
    *,
    to_operator: int | None,
    to_store: str | None,
    within: Within,
) -> None:
    """Hands a conversation to another operator, or, without one, back to who waits in a store (None: the whole shop).

    Raises:
        NoSuchConversation, ConversationClosed, ConversationNotYours, OperatorCannotAnswer, NoSuchStore.
    """
    async with db.transaction():
        row = await _own(conversation_id, operator_id, within)
        store = row["store"] if to_operator is not None else to_store
        if to_operator is not None:
            await _refuse_who_cannot(to_operator, store)
        elif store is not None and not await db.fetchval(
            "SELECT EXISTS (SELECT FROM store WHERE code = $1)", store
        ):
            raise operators.NoSuchPostStore(stores=[store])
        now = clock.now()
        due_at = people_rules.current().answer_by(now)
        state = "with_operator" if to_operator is not None else "waiting"
        await db.execute(_HAND, conversation_id, state, to_operator, store, due_at)
        if store != row["store"]:
            await conversation_events.note("moved", conversation_id, moved_from=row["store"])
        await conversation_events.note("taken" if to_operator is not None else "waiting", conversation_id)


_POSTS = f"SELECT {posts.OF_OPERATOR} FROM operator o WHERE o.id = $1 AND o.state = 'active'"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may answer a conversation; ``conversations``: how many they have now."""

    id: int
    name: str
    conversations: int


_COLLEAGUES = f"""
SELECT o.id, o.name, {posts.OF_OPERATOR},
    (SELECT count(*) FROM conversation c WHERE c.operator_id = o.id AND c.state = 'with_operator') AS conversations
FROM operator o WHERE o.state = 'active' ORDER BY name_order(o.name), o.id
"""


async def colleagues(store: str | None) -> list[Colleague]:
    """Who may answer what belongs to a store; None: to the whole shop."""
    found = []
    for row in await db.fetch(_COLLEAGUES):
        theirs = duties.stores(posts.read(row["posts"]), "chats.answer")
        if theirs is None or store in theirs:
            found.append(Colleague(row["id"], row["name"], row["conversations"]))
    return found


async def _refuse_who_cannot(operator_id: int, store: str | None) -> None:
    row = await db.fetchrow(_POSTS, operator_id)
    theirs = duties.stores(posts.read(row["posts"] if row is not None else None), "chats.answer")
    if theirs is not None and store not in theirs:
        raise OperatorCannotAnswer(operator_id=operator_id)


_NEWEST = (
    "SELECT coalesce(max(id), 0) FROM conversation_message WHERE conversation_id = $1 AND author = 'customer'"
)


async def close(operator_id: int, conversation_id: int, *, seen: int, within: Within) -> None:
    """Gives the chat back to the bot, and tells the customer. ``seen``: the last message the operator has seen; what the customer wrote
    after it keeps the conversation open. Closing a closed one again changes nothing.

    Raises:
        NoSuchConversation, ConversationNotYours, UnreadMessage.
    """
    async with db.transaction():
        try:
            await _own(conversation_id, operator_id, within)
        except ConversationClosed:
            return
        newest = int(await db.fetchval(_NEWEST, conversation_id))
        if newest > seen:
            raise UnreadMessage(message_id=newest)
        asks = await people.close(conversation_id, by="operator")
        await people.say(conversation_id, "closed_and_rate" if asks else "closed")


_CHAT = """
SELECT i.provider, i.app_id, i.subject, cu.locale FROM identity i JOIN customer cu ON cu.id = i.customer_id
WHERE i.customer_id = $1 AND i.provider IN ('official_account', 'mini_program') AND (i.follows OR i.provider = 'mini_program')
ORDER BY (SELECT max(m.received_at) FROM chat_message m WHERE m.openid = i.subject) DESC NULLS LAST, i.follows DESC, i.id LIMIT 1
"""
_OPEN = """
INSERT INTO conversation (provider, app_id, openid, customer_id, store, state, operator_id, reason, context, locale, due_at, opened_at,
    last_customer_at)
VALUES ($1, $2, $3, $4, $5, 'with_operator', $6, 'operator', '{}', $7, $8, $9,
    (SELECT max(received_at) FROM chat_message WHERE app_id = $2::varchar AND openid = $3::varchar
        AND kind IN ('text', 'image', 'voice', 'video', 'shortvideo', 'location', 'link')))
ON CONFLICT (app_id, openid) WHERE state <> 'closed' DO NOTHING RETURNING id
"""
"""Following, and a tap on a menu, let the platform take messages for a minute only: not what ``last_customer_at`` is for."""
_THERE = "SELECT id FROM conversation WHERE app_id = $1 AND openid = $2 AND state <> 'closed'"


async def open_for(
    operator_id: int, customer_id: int, *, store: str | None, within: Within, key: str
) -> Conversation:
    """Takes over a customer's chat, the one they wrote in last. One that is open already is taken.

    Raises:
        NoSuchCustomer, NoChatToOpen, ConversationTaken, NoSuchConversation: it is another store's; NoSuchStore, KeyReused.
    """

    async def act() -> str:
        whose = await customers.staying(
            customer_id
        )  # nor do they leave meanwhile, after which nothing forgets what is said
        if whose.state in ("closing", "closed"):
            raise NoChatToOpen(customer_id=customer_id)
        if store is not None and not await db.fetchval(
            "SELECT EXISTS (SELECT FROM store WHERE code = $1)", store
        ):
            raise operators.NoSuchPostStore(stores=[store])
        chat = await db.fetchrow(_CHAT, customer_id)
        if chat is None:
            raise NoChatToOpen(customer_id=customer_id)
        now = clock.now()
        idle_at = now + timedelta(minutes=people_rules.current().idle_minutes)
        opened = await db.fetchval(
            _OPEN, chat["provider"], chat["app_id"], chat["subject"], customer_id, store, operator_id, chat["locale"], idle_at, now
        )  # fmt: skip
        if opened is None:
            there = await db.fetchval(_THERE, chat["app_id"], chat["subject"])
            return str((await take(operator_id, there or 0, within=within)).id)
        await conversation_events.note("taken", opened)
        return str(opened)

    made = await idempotency.alone(
        caller=f"operator:{operator_id}", operation="conversations.open", key=key,
        content={"customer_id": customer_id, "store": store}, act=act,
    )  # fmt: skip
    return await people_shown.get(int(made), within=within)
