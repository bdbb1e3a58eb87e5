"""Texts that go out to a chat by themselves: written down with what they belong to, then carried to the platform, each at most once.

The platform's customer-service messages bear no number of ours, so a text that may have arrived is never sent again: it ends as ``unknown``,
and its operator decides. What certainly did not leave is tried again until its time is over.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core import clock, db
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from members import conversation_events
from notifications.channels.platform import LATER

log = logging.getLogger(__name__)

WINDOW = timedelta(hours=48)
MOST_IN_WINDOW = 5
"""After what a person writes: five messages within 48 hours (developers.weixin.qq.com, "客服消息")."""
MOST_BYTES = 2_048
LEASE = timedelta(seconds=60)
_AT_ONCE = 20
_IN_A_RUN = 400
_SEND_WITHIN_S = 30.0

_REASONS = {45015: "window_over", 45047: "quota_used", 40003: "not_reachable", 48001: "not_allowed"}


class Sender(Protocol):
    """An account's side of sending; ``gateways.wechat.OfficialAccount`` and ``MiniProgram`` are two."""

    async def send_customer_message(self, openid: str, text: str) -> None: ...


Senders = Mapping[str, Sender]
"""By the app id."""

_QUEUE = """
INSERT INTO chat_outgoing (app_id, openid, text, state, attempts, next_attempt_at, created_at)
VALUES ($1, $2, $3, 'queued', 0, $4, $4) RETURNING id
"""


async def queue(app_id: str, openid: str, text: str) -> int:
    """Writes a text down, in the open transaction. Returns its number."""
    return int(await db.fetchval(_QUEUE, app_id, openid, text, clock.now()))


async def run(senders: Senders) -> int:
    """Carries what is due. Returns how many the platform was asked to take."""
    await _give_up_unknown()
    carried = 0
    while carried < _IN_A_RUN and (count := await _carry_some(senders, None)):
        carried += count
    return carried


async def carry(senders: Senders, openid: str) -> None:
    """Carries at once what waits for one person, in its order; the clock does so where this one dies."""
    while await _carry_some(senders, openid):
        pass


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: int
    app_id: str
    openid: str
    text: str
    attempts: int
    created_at: datetime


_CLAIM = """
WITH due AS (
    SELECT o.id FROM chat_outgoing o
    WHERE o.ended_at IS NULL AND o.state = 'queued' AND o.next_attempt_at <= $1 AND o.app_id = ANY ($2::text[]) AND ($3::text IS NULL OR o.openid = $3)
        AND NOT EXISTS (SELECT FROM chat_outgoing e
            WHERE e.app_id = o.app_id AND e.openid = o.openid AND e.id < o.id AND e.ended_at IS NULL)
    ORDER BY o.id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE chat_outgoing o SET state = 'sending', next_attempt_at = NULL, attempts = attempts + 1, lease_token = $5, lease_until = $6
FROM due WHERE o.id = due.id RETURNING o.id, o.app_id, o.openid, o.text, o.attempts, o.created_at
"""


async def _carry_some(senders: Senders, openid: str | None) -> int:
    now, lease = clock.now(), uuid.uuid4()
    rows = await db.fetch(_CLAIM, now, list(senders), openid, _AT_ONCE, lease, now + LEASE)
    await asyncio.gather(*(_send(senders, _Claimed(*row), lease) for row in rows))
    return len(rows)


@dataclass(frozen=True, slots=True)
class _End:
    state: str
    reason: str | None = None
    code: str | None = None


async def _send(senders: Senders, message: _Claimed, lease: uuid.UUID) -> None:
    try:
        async with asyncio.timeout(_SEND_WITHIN_S):
            await senders[message.app_id].send_customer_message(message.openid, message.text)
        end = _End("sent")
    except PlatformRefused as refused:
        end = _refused(message, refused)
    except PlatformUnknown as unknown:
        end = _End("unknown", code="no answer") if unknown.maybe_executed else _later(message, "not sent")
    except TimeoutError:
        end = _End("unknown", code="no answer")
    await _record(message, end, lease)


def _refused(message: _Claimed, refused: PlatformRefused) -> _End:
    code = str(refused.errcode)
    if refused.errcode in LATER:
        return _later(message, code)
    if refused.errcode not in _REASONS:
        log.warning("a text to a chat was refused: %s", refused)
    return _End("refused", _REASONS.get(refused.errcode, "refused"), code)


def _later(message: _Claimed, code: str) -> _End:
    if clock.now() - message.created_at > WINDOW:
        return _End("refused", "given_up", code)
    return _End("queued", code=code)


_RECORD = """
UPDATE chat_outgoing SET state = $3, reason = $4, code = $5, next_attempt_at = $6, ended_at = $7
WHERE id = $1 AND lease_token = $2 AND (state = 'sending' OR (state = 'unknown' AND $3 IN ('sent', 'refused'))) RETURNING id
"""
_OF = "SELECT id, conversation_id FROM conversation_message WHERE outgoing_id = $1"


async def _record(message: _Claimed, end: _End, lease: uuid.UUID) -> None:
    """What is recorded after the lease was over only makes an unknown end certain."""
    now = clock.now()
    again = now + timedelta(seconds=min(600, 5 * 2 ** min(message.attempts, 10)))
    is_open = end.state == "queued"
    async with db.transaction():
        recorded = await db.fetchval(
            _RECORD, message.id, lease, end.state, end.reason, end.code, again if is_open else None, None if is_open else now
        )  # fmt: skip
        if recorded is not None and not is_open:
            await _tell(message.id)


async def _tell(outgoing_id: int) -> None:
    row = await db.fetchrow(_OF, outgoing_id)
    if row is not None:
        await conversation_events.note("delivery", row["conversation_id"], message_id=row["id"])


_LOST = """
UPDATE chat_outgoing SET state = 'unknown', ended_at = $1, code = 'no answer'
WHERE id IN (
    SELECT id FROM chat_outgoing WHERE ended_at IS NULL AND state = 'sending' AND lease_until <= $1
    ORDER BY id LIMIT 200 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id
"""


async def _give_up_unknown() -> None:
    """Whoever carried these died, or is frozen, between the note and the platform's answer: they may have arrived."""
    async with db.transaction():
        for row in await db.fetch(_LOST, clock.now()):
            await _tell(row["id"])
