"""Letterbox: messages and their attempts as the shop's people see them, and dead ones sent again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, db, errors

State = str
REPLAYED_AT_ONCE = 1_000


class NoSuchMessage(errors.NotFound):
    """There is no message of this id."""

    code = "no_such_message"


class MessageNotDead(errors.Conflict):
    """Only a dead message is sent again; another waits, went out, or is void."""

    code = "message_not_dead"


@dataclass(frozen=True, slots=True)
class Sent:
    """One message. ``channel``: how it went out; ``reason``: why it is void; ``error``: what went wrong last."""

    id: int
    customer_id: int
    kind: str
    params: Mapping[str, Any]
    state: str
    channel: str | None
    reason: str | None
    error: str | None
    attempts: int
    trying: str | None
    not_before: datetime | None
    stale_after: datetime | None
    next_attempt_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one channel, or a replay by an operator."""

    channel: str
    result: str
    code: str
    note: str
    at: datetime


_COLUMNS = """id, customer_id, kind, params::text AS params, state, channel, reason, last_error AS error, attempts, trying, not_before,
    stale_after, next_attempt_at, created_at, ended_at"""
_PAGE = f"""
SELECT {_COLUMNS} FROM outbox_message
WHERE id < $1 AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR customer_id = $3)
ORDER BY id DESC LIMIT $4
"""


async def page(
    *,
    state: str | None = None,
    customer_id: int | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[Sent]:
    """Messages, the newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, state, customer_id, limit)
    return [_sent(row) for row in rows]


_ONE = f"SELECT {_COLUMNS} FROM outbox_message WHERE id = $1"
_ATTEMPTS = "SELECT channel, result, code, note, at FROM message_attempt WHERE message_id = $1 ORDER BY id"


async def one(message_id: int) -> tuple[Sent, Sequence[Attempt]]:
    """One message with everything that was tried.

    Raises:
        NoSuchMessage.
    """
    row = await db.fetchrow(_ONE, message_id)
    if row is None:
        raise NoSuchMessage(message_id=message_id)
    return _sent(row), [Attempt(*each) for each in await db.fetch(_ATTEMPTS, message_id)]


_REVIVE = """
WITH dead AS (
    SELECT id FROM outbox_message WHERE state = 'dead' AND ($1::bigint IS NULL OR id = $1)
    ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
), revived AS (
    UPDATE outbox_message m SET state = 'queued', ended_at = NULL, attempts = 0, next_attempt_at = $3, refused_by = NULL
    FROM dead WHERE m.id = dead.id RETURNING m.id
)
INSERT INTO message_attempt (message_id, channel, result, code, note, at)
SELECT id, '', 'replayed', $4, '', $3 FROM revived ORDER BY id RETURNING message_id
"""


async def replay(message_id: int, *, by: str) -> None:
    """Puts one dead message in the queue again; it still does not go out where it is stale or no longer true.

    Raises:
        NoSuchMessage, MessageNotDead.
    """
    if await db.fetchval(_REVIVE, message_id, 1, clock.now(), by) is None:
        await one(message_id)
        raise MessageNotDead(message_id=message_id)


async def replay_all(*, by: str) -> int:
    """The same for dead messages, ``REPLAYED_AT_ONCE`` at most, the oldest first. Returns how many."""
    return len(await db.fetch(_REVIVE, None, REPLAYED_AT_ONCE, clock.now(), by))


# "template" is written out: only so does PostgreSQL know that the index of template messages' numbers has them all
_NOT_ARRIVED = """
WITH gone AS (
    SELECT message_id FROM message_attempt WHERE channel = 'template' AND result = 'sent' AND code = $1 ORDER BY id DESC LIMIT 1
), again AS (
    UPDATE outbox_message m SET state = 'queued', channel = NULL, ended_at = NULL, next_attempt_at = $3,
        refused_by = array_append(coalesce(m.refused_by, ARRAY[]::text[]), 'template')
    FROM gone WHERE m.id = gone.message_id AND m.state = 'sent' AND m.channel = 'template' RETURNING m.id
)
INSERT INTO message_attempt (message_id, channel, result, code, note, at)
SELECT id, 'template', 'refused', '', $2, $3 FROM again RETURNING message_id
"""


async def template_not_arrived(number: str, why: str) -> bool:
    """The platform says afterwards that a template message, which it had taken under this number, did not arrive: the next channel
    is to tell it. Returns whether there is such a message that went out last as a template message."""
    return await db.fetchval(_NOT_ARRIVED, number[:60], why[:200], clock.now()) is not None


_SMS_NOT_ARRIVED = """
WITH again AS (
    UPDATE outbox_message m SET state = 'queued', channel = NULL, ended_at = NULL, next_attempt_at = $3,
        refused_by = array_append(coalesce(m.refused_by, ARRAY[]::text[]), 'sms')
    WHERE m.id = $1 AND m.state = 'sent' AND m.channel = 'sms' RETURNING m.id
)
INSERT INTO message_attempt (message_id, channel, result, code, note, at)
SELECT id, 'sms', 'refused', $2, $4, $3 FROM again RETURNING message_id
"""
_REPORTED = "网络回报未送达 · the network says it did not arrive"


async def sms_not_arrived(message_id: int, code: str) -> bool:
    """The provider of short messages says afterwards that one it had taken did not arrive: the next channel is to tell it. Returns whether
    it went out last as a short message."""
    return await db.fetchval(_SMS_NOT_ARRIVED, message_id, code[:60], clock.now(), _REPORTED) is not None


def _sent(row: Mapping[str, Any]) -> Sent:
    return Sent(**{**dict(row), "params": json.loads(row["params"])})
