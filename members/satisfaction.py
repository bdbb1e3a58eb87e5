"""How content customers were: one question after a conversation or a ticket, answered once by a number from 1 to 5."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from core import clock, db, errors
from members import people_rules

USUAL = timedelta(days=30)
"""The period that is shown where none is asked for."""


class NothingToRate(errors.Conflict):
    """There is no open question about this: it is not over, was answered already, or nobody of the shop took part."""

    code = "nothing_to_rate"


_ASK_CONVERSATION = """
INSERT INTO satisfaction (conversation_id, app_id, openid, operator_id, asked_at, until)
SELECT c.id, c.app_id, c.openid, c.operator_id, $2, $3 FROM conversation c
WHERE c.id = $1 AND c.operator_id IS NOT NULL
    AND EXISTS (SELECT FROM conversation_message m WHERE m.conversation_id = c.id AND m.author = 'operator')
ON CONFLICT (conversation_id) DO NOTHING RETURNING id
"""


async def ask_about_conversation(conversation_id: int) -> bool:
    """Opens the question, where somebody of the shop answered. Part of the transaction that closes. Returns whether there is one."""
    now = clock.now()
    until = now + timedelta(hours=people_rules.current().rating_hours)
    return await db.fetchval(_ASK_CONVERSATION, conversation_id, now, until) is not None


_ASK_TICKET = """
INSERT INTO satisfaction (ticket_id, app_id, openid, operator_id, asked_at, until)
SELECT t.id, t.app_id, t.openid, t.operator_id, $2, $3 FROM ticket t
WHERE t.id = $1 AND t.operator_id IS NOT NULL AND t.answer IS NOT NULL
ON CONFLICT (ticket_id) DO NOTHING RETURNING id
"""


async def ask_about_ticket(ticket_id: int) -> bool:
    """The same for a ticket that was answered."""
    now = clock.now()
    until = now + timedelta(hours=people_rules.current().rating_hours)
    return await db.fetchval(_ASK_TICKET, ticket_id, now, until) is not None


_SCORE_CHAT = """
UPDATE satisfaction SET score = $3, scored_at = $4
WHERE score IS NULL AND id = (
    SELECT id FROM satisfaction WHERE app_id = $1 AND openid = $2 AND score IS NULL AND until > $4 ORDER BY id DESC LIMIT 1)
RETURNING id
"""


async def score_in_chat(app_id: str, openid: str, score: int) -> bool:
    """Takes a number as the answer to the last open question of a chat. Returns False where there is none."""
    return await db.fetchval(_SCORE_CHAT, app_id, openid, score, clock.now()) is not None


_SCORE_TICKET = """
UPDATE satisfaction s SET score = $3, scored_at = $4 FROM ticket t
WHERE t.ticket_no = $1 AND t.customer_id = $2 AND s.ticket_id = t.id AND s.score IS NULL RETURNING s.id
"""


async def score_ticket(ticket_no: str, customer_id: int, score: int) -> None:
    """The customer's answer about a ticket of theirs, given in the mini-program; there is no time limit there.

    Raises:
        NothingToRate.
    """
    if await db.fetchval(_SCORE_TICKET, ticket_no, customer_id, score, clock.now()) is None:
        raise NothingToRate(ticket_no=ticket_no)


@dataclass(frozen=True, slots=True)
class OfOperator:
    """How content those were whom an operator served in a period. ``scores``: how many gave 1, 2, … 5."""

    operator_id: int
    operator_name: str
    asked: int
    scored: int
    average: float | None
    scores: tuple[int, ...]


_SUMMARY = """
SELECT s.operator_id, o.name, count(*) AS asked, count(s.score) AS scored, avg(s.score)::float8 AS average,
    ARRAY[count(*) FILTER (WHERE score = 1), count(*) FILTER (WHERE score = 2), count(*) FILTER (WHERE score = 3),
          count(*) FILTER (WHERE score = 4), count(*) FILTER (WHERE score = 5)] AS scores
FROM satisfaction s JOIN operator o ON o.id = s.operator_id
WHERE s.asked_at >= $1 AND s.asked_at < $2 GROUP BY s.operator_id, o.name ORDER BY s.operator_id
"""


async def by_operator(first: date, last: date) -> list[OfOperator]:
    """Of what was closed on these business days, both included."""
    start, end = clock.start_of(first), clock.start_of(last + timedelta(days=1))
    rows = await db.fetch(_SUMMARY, start, end)
    return [
        OfOperator(
            row["operator_id"],
            row["name"],
            row["asked"],
            row["scored"],
            None if row["average"] is None else round(row["average"], 2),
            tuple(row["scores"]),
        )
        for row in rows
    ]
