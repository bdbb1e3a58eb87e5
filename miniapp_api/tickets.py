"""The customer's complaints, suggestions and feedback."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from members import tickets
from miniapp_api.services import Customer


class NewTicket(kit.Body):
    kind: Annotated[tickets.Kind, Field(description="投诉、建议或反馈 · complaint, suggestion or feedback")]
    content: Annotated[
        kit.Paragraphs, Field(min_length=2, max_length=tickets.LONGEST_CHARS, examples=["今天的茶凉了。"])
    ]


class Ticket(kit.Answer):
    ticket_no: str
    kind: tickets.Kind
    content: str
    state: Annotated[
        tickets.State,
        Field(
            description="open 待处理，in_progress 处理中，answered 已答复，closed 已办结 · waiting, in progress, answered, closed"
        ),
    ]
    answer: str | None
    answered_at: kit.Instant | None
    created_at: kit.Instant
    closed_at: kit.Instant | None
    score: Annotated[int | None, Field(description="您打的分 · your score")]


class Rating(kit.Body):
    score: Annotated[int, Field(ge=1, le=5, description="1–5，5 为非常满意 · 5 is very good")]


async def create(body: NewTicket, caller: Customer, locale: str, key: kit.IdempotencyKey) -> object:
    """A new one."""
    return await tickets.create(caller.id, body.kind, body.content, locale=locale, key=key)


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await tickets.own(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(ticket_no: str, caller: Customer) -> object:
    """One of them."""
    return await tickets.of_customer(caller.id, ticket_no)


async def rate(ticket_no: str, body: Rating, caller: Customer) -> object:
    """How content the customer is with a closed one."""
    return await tickets.rate(caller.id, ticket_no, body.score)
