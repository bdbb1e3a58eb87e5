"""Complaints, suggestions and feedback; how content customers were with who served them."""

from datetime import date
from typing import Annotated

from pydantic import Field

from admin_api.conversations import ANSWER, KEPT_THERE, SEE, Said
from admin_api.services import Operator
from core import clock
from core import http as kit
from members import satisfaction, tickets


class TicketsQuery(kit.PageQuery):
    state: tickets.State | None = None
    kind: tickets.Kind | None = None
    customer_id: kit.Id | None = None


class Ticket(kit.Answer):
    ticket_no: str
    kind: tickets.Kind
    customer_id: int | None
    customer_name: str | None
    store: str | None
    content: str
    state: tickets.State
    operator_id: int | None
    operator_name: str | None
    answer: str | None
    answered_at: kit.Instant | None
    created_at: kit.Instant
    closed_at: kit.Instant | None
    score: Annotated[int | None, Field(description="顾客打的分，1–5 · the customer's score")]


class TicketAnswer(kit.Body):
    text: Annotated[Said, Field(max_length=500), KEPT_THERE]


class PeriodQuery(kit.Query):
    from_on: Annotated[kit.Day | None, Field(description="不填为 30 天前 · left out: 30 days ago")] = None
    to_on: Annotated[kit.Day | None, Field(description="不填为今天 · left out: today")] = None


class OperatorSatisfaction(kit.Answer):
    operator_id: int
    operator_name: str
    asked: Annotated[int, Field(description="请多少位顾客评价 · how many were asked")]
    scored: Annotated[int, Field(description="多少位评价了 · how many answered")]
    average: float | None
    scores: Annotated[list[int], Field(description="打 1、2、3、4、5 分的人数 · how many gave each")]


class SatisfactionOfPeriod(kit.Answer):
    from_on: date
    to_on: date
    operators: list[OperatorSatisfaction]


async def listing(query: TicketsQuery, caller: Operator) -> object:
    """The newest first."""
    rows = await tickets.page(
        within=caller.stores(SEE), state=query.state, kind=query.kind, customer_id=query.customer_id, before=query.after(int),
        limit=query.limit + 1,
    )  # fmt: skip
    return kit.cut(rows, query, lambda row: row.id)


async def one(ticket_no: str, caller: Operator) -> object:
    """One ticket."""
    return await tickets.get(ticket_no, within=caller.stores(SEE))


async def take(ticket_no: str, caller: Operator) -> object:
    """Sets to work on it."""
    return await tickets.take(caller.id, ticket_no, within=caller.stores(ANSWER))


async def answer(ticket_no: str, body: TicketAnswer, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Answers it; the customer is told."""
    return await tickets.answer(caller.id, ticket_no, body.text, within=caller.stores(ANSWER), key=key)


async def close(ticket_no: str, caller: Operator) -> object:
    """Closes it."""
    return await tickets.close(caller.id, ticket_no, within=caller.stores(ANSWER))


async def satisfaction_of(query: PeriodQuery) -> SatisfactionOfPeriod:
    """Per operator, of what was closed in a period."""
    last = query.to_on or clock.today()
    first = query.from_on or last - satisfaction.USUAL
    found = await satisfaction.by_operator(first, last)
    return SatisfactionOfPeriod(
        from_on=first,
        to_on=last,
        operators=[OperatorSatisfaction.model_validate(one) for one in found],
    )
