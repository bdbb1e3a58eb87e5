"""Tickets 工单: complaints, suggestions and feedback, each with a number, until somebody has answered and it is closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core import clock, db, errors, ids, words
from ledger import idempotency
from members import chat_outgoing, people, satisfaction
from members.people_shown import Within, stores
from notifications import outbox

Kind = Literal["complaint", "suggestion", "feedback"]
State = Literal["open", "in_progress", "answered", "closed"]
LONGEST_CHARS = 1_000
_MOST_OPEN = 20


class NoSuchTicket(errors.NotFound):
    """There is no ticket of this number, or it is another's."""

    code = "no_such_ticket"


class TicketTaken(errors.Conflict):
    """Another operator is at work on this ticket."""

    code = "ticket_taken"


class TicketClosed(errors.Conflict):
    """The ticket is closed."""

    code = "ticket_closed"


class TooManyTickets(errors.Conflict):
    """A customer has at most twenty tickets that nobody has answered."""

    code = "too_many_tickets"


NothingToRate = satisfaction.NothingToRate
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket. ``score``: how content its customer was; None: not asked, or not answered."""

    id: int
    ticket_no: str
    kind: Kind
    customer_id: int | None
    customer_name: str | None
    store: str | None
    content: str
    state: State
    operator_id: int | None
    operator_name: str | None
    answer: str | None
    answered_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    score: int | None


_COLUMNS = """
t.id, t.ticket_no, t.kind, t.customer_id, cu.name AS customer_name, t.store, t.content, t.state, t.operator_id, o.name AS operator_name,
t.answer, t.answered_at, t.created_at, t.closed_at, (SELECT s.score FROM satisfaction s WHERE s.ticket_id = t.id) AS score
"""
_FROM = "FROM ticket t LEFT JOIN customer cu ON cu.id = t.customer_id LEFT JOIN operator o ON o.id = t.operator_id"
_WAITING = """
SELECT count(*) FROM ticket
WHERE state IN ('open', 'in_progress') AND (customer_id = $1 OR $1::bigint IS NULL AND app_id = $2 AND openid = $3)
"""
_MAKE = """
INSERT INTO ticket (ticket_no, kind, customer_id, app_id, openid, store, content, locale, state, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9)
"""


_ONE_BY_ONE = "SELECT pg_advisory_xact_lock($1, hashtext($2))"
_MAKING = 0x5975_000B
"""Held while one is counted and written down, a customer's or a stranger's after another."""


async def make(
    kind: Kind, content: str, *, customer_id: int | None, chat: people.Chat | None, locale: str
) -> str:
    """Writes one down, in the open transaction. Returns its number.

    Raises:
        TooManyTickets.
    """
    app_id, openid = (chat.app_id, chat.openid) if chat else (None, None)
    await db.execute(_ONE_BY_ONE, _MAKING, f"customer:{customer_id}" if customer_id else f"{app_id}:{openid}")
    if await db.fetchval(_WAITING, customer_id, app_id, openid) >= _MOST_OPEN:
        raise TooManyTickets(most=_MOST_OPEN)
    number = ids.new_no("F")
    await db.execute(
        _MAKE, number, kind, customer_id, app_id, openid, await people.store_of(customer_id), content[:LONGEST_CHARS], locale,
        clock.now(),
    )  # fmt: skip
    return number


async def create(customer_id: int, kind: Kind, content: str, *, locale: str, key: str) -> Ticket:
    """The same from the mini-program. The same key is one ticket.

    Raises:
        TooManyTickets, KeyReused.
    """

    async def act() -> str:
        return await make(kind, content, customer_id=customer_id, chat=None, locale=locale)

    made = await idempotency.alone(
        caller=f"customer:{customer_id}", operation="tickets.create", key=key, content={"kind": kind, "content": content}, act=act
    )  # fmt: skip
    return await of_customer(customer_id, made)


_OWN = f"SELECT {_COLUMNS} {_FROM} WHERE t.customer_id = $1 AND t.ticket_no = $2"
_OWN_PAGE = f"SELECT {_COLUMNS} {_FROM} WHERE t.customer_id = $1 AND t.id < $2 ORDER BY t.id DESC LIMIT $3"
_CHATS = f"SELECT {_COLUMNS} {_FROM} WHERE t.app_id = $1 AND t.openid = $2 AND t.customer_id IS NULL ORDER BY t.id DESC LIMIT $3"


async def of_customer(customer_id: int, ticket_no: str) -> Ticket:
    """One of a customer's.

    Raises:
        NoSuchTicket.
    """
    row = await db.fetchrow(_OWN, customer_id, ticket_no)
    if row is None:
        raise NoSuchTicket(ticket_no=ticket_no)
    return Ticket(*row)


async def own(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Ticket]:
    """A customer's, the newest first."""
    first = before if before is not None else 2**62
    return [Ticket(*row) for row in await db.fetch(_OWN_PAGE, customer_id, first, limit)]


async def of_chat(chat: people.Chat, *, limit: int) -> list[Ticket]:
    """Those that a stranger wrote in a chat, the newest first."""
    return [Ticket(*row) for row in await db.fetch(_CHATS, chat.app_id, chat.openid, limit)]


async def rate(customer_id: int, ticket_no: str, score: int) -> Ticket:
    """How content the customer is with the answer, said once.

    Raises:
        NoSuchTicket, NothingToRate.
    """
    found = await of_customer(customer_id, ticket_no)
    if found.score != score:
        await satisfaction.score_ticket(ticket_no, customer_id, score)
    return await of_customer(customer_id, ticket_no)


_PAGE = f"""
SELECT {_COLUMNS} {_FROM} WHERE t.id < $1 AND ($2::text[] IS NULL OR t.store = ANY ($2)) AND ($3::text IS NULL OR t.state = $3)
    AND ($4::text IS NULL OR t.kind = $4) AND ($6::bigint IS NULL OR t.customer_id = $6) ORDER BY t.id DESC LIMIT $5
"""


async def page(
    *,
    within: Within,
    state: State | None = None,
    kind: Kind | None = None,
    customer_id: int | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[Ticket]:
    """Tickets, the newest first."""
    first = before if before is not None else 2**62
    rows = await db.fetch(_PAGE, first, stores(within), state, kind, limit, customer_id)
    return [Ticket(*row) for row in rows]


_GET = f"SELECT {_COLUMNS} {_FROM} WHERE t.ticket_no = $1 AND ($2::text[] IS NULL OR t.store = ANY ($2))"


async def get(ticket_no: str, *, within: Within) -> Ticket:
    """One ticket.

    Raises:
        NoSuchTicket.
    """
    row = await db.fetchrow(_GET, ticket_no, stores(within))
    if row is None:
        raise NoSuchTicket(ticket_no=ticket_no)
    return Ticket(*row)


_LOCK = """
SELECT t.id, t.state, t.operator_id, t.customer_id, t.app_id, t.openid, t.locale, t.kind, t.answer,
    (SELECT o.name FROM operator o WHERE o.id = t.operator_id) AS operator_name,
    EXISTS (SELECT FROM operator o WHERE o.id = t.operator_id AND o.state = 'active') AS operator_is_there
FROM ticket t WHERE t.ticket_no = $1 AND ($2::text[] IS NULL OR t.store = ANY ($2)) FOR NO KEY UPDATE
"""
_TAKE = """
UPDATE ticket SET state = CASE WHEN state = 'open' THEN 'in_progress' ELSE state END, operator_id = $2 WHERE id = $1
"""


async def _locked(operator_id: int, ticket_no: str, within: Within) -> Mapping[str, Any]:
    """Locks one that this operator may work on: nobody has it, or they have, or whoever had it was let go."""
    row: Mapping[str, Any] | None = await db.fetchrow(_LOCK, ticket_no, stores(within))
    if row is None:
        raise NoSuchTicket(ticket_no=ticket_no)
    if row["state"] == "closed":
        raise TicketClosed(ticket_no=ticket_no)
    if row["operator_id"] not in (None, operator_id) and row["operator_is_there"]:
        raise TicketTaken(operator=row["operator_name"])
    return row


async def take(operator_id: int, ticket_no: str, *, within: Within) -> Ticket:
    """Somebody sets to work on one that nobody has, or whose operator was let go; again changes nothing.

    Raises:
        NoSuchTicket, TicketClosed, TicketTaken: another was quicker.
    """
    async with db.transaction():
        row = await _locked(operator_id, ticket_no, within)
        if row["operator_id"] != operator_id:
            await db.execute(_TAKE, row["id"], operator_id)
    return await get(ticket_no, within=within)


_ANSWER = """
UPDATE ticket SET state = 'answered', operator_id = $2, answer = $3, answered_at = $4 WHERE id = $1
"""


async def answer(operator_id: int, ticket_no: str, text: str, *, within: Within, key: str) -> Ticket:
    """Answers, and has the customer told; a later answer takes the place of an earlier one. The same key is one answer.

    Raises:
        NoSuchTicket, TicketClosed, TicketTaken, KeyReused.
    """

    async def act() -> str:
        row = await _locked(operator_id, ticket_no, within)
        now = clock.now()
        await db.execute(_ANSWER, row["id"], operator_id, text, now)
        await _tell(row, ticket_no, text, now)
        return ticket_no

    await idempotency.alone(
        caller=f"operator:{operator_id}", operation="tickets.answer", key=key, content={"ticket_no": ticket_no, "text": text}, act=act
    )  # fmt: skip
    return await get(ticket_no, within=within)


async def _tell(row: Mapping[str, Any], ticket_no: str, text: str, now: datetime) -> None:
    """A customer hears it as any message, a stranger in the chat they wrote in, as long as the platform allows it."""
    if row["customer_id"] is not None:
        told = {"title": ticket_no, "text": text, "at": now}
        dedup_key = f"ticket_answered:{ticket_no}:{now.isoformat()}"
        await outbox.tell([outbox.Message(row["customer_id"], "ticket_answered", dedup_key, told)])
    elif row["openid"] is not None:
        said = words.say("bot.tickets.answered", row["locale"], ticket_no=ticket_no, text=text)
        await chat_outgoing.queue(row["app_id"], row["openid"], said)


_CLOSE = "UPDATE ticket SET state = 'closed', operator_id = coalesce(operator_id, $2), closed_at = $3 WHERE id = $1"


async def close(operator_id: int, ticket_no: str, *, within: Within) -> Ticket:
    """Nothing is left to do; one that was answered asks its customer how content they are. Closing again changes nothing.

    Raises:
        NoSuchTicket, TicketTaken.
    """
    async with db.transaction():
        try:
            row = await _locked(operator_id, ticket_no, within)
        except TicketClosed:
            return await get(ticket_no, within=within)
        await db.execute(_CLOSE, row["id"], operator_id, clock.now())
        if await satisfaction.ask_about_ticket(row["id"]) and row["openid"] is not None:
            said = words.say("bot.tickets.rate", row["locale"], ticket_no=ticket_no)
            await chat_outgoing.queue(row["app_id"], row["openid"], said)
    return await get(ticket_no, within=within)
