"""Delivery: claim queued messages, send each by the best way open to it, record what came of it.

A claim is a lease: a worker that dies leaves its messages to be claimed again when the lease is over, and what a worker
frozen beyond its lease records is ignored. Nothing is sent inside a transaction.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from core import clock, db
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from notifications import quota, templates

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 8
_FIRST_PAUSE_S = 5
_LONGEST_PAUSE_S = 3600
_QUOTA_EMPTY = 43101
_LATER = frozenset({43108, 45009, 45011})
"""Refusals that only mean "not now": too many at once to the same person, or to the platform."""


class SubscribeSender(Protocol):
    """The mini-program's side of sending; ``gateways.wechat.MiniProgram`` is one."""

    async def send_subscribe_message(
        self,
        *,
        openid: str,
        template_id: str,
        values: Mapping[str, str],
        page: str | None = None,
        lang: str = "zh_CN",
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message this worker holds the lease of."""

    id: int
    customer_id: int
    kind: str
    params: dict[str, Any]
    attempts: int
    locale: str
    openid: str | None


_CLAIM = """
WITH due AS (
    SELECT id FROM outbox_message WHERE state = 'queued' AND next_attempt_at <= $1
    ORDER BY next_attempt_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE outbox_message m SET lease_token = $3, lease_until = $4, next_attempt_at = $4, attempts = attempts + 1
    FROM due WHERE m.id = due.id RETURNING m.id, m.customer_id, m.kind, m.params, m.attempts
)
SELECT m.id, m.customer_id, m.kind, m.params::text AS params, m.attempts, coalesce(c.locale, 'zh-CN') AS locale,
       (SELECT i.subject FROM identity i WHERE i.customer_id = m.customer_id AND i.provider = 'mini_program'
            AND i.app_id = $5 ORDER BY i.id LIMIT 1) AS openid
FROM claimed m LEFT JOIN customer c ON c.id = m.customer_id ORDER BY m.id
"""


@dataclass(frozen=True, slots=True)
class Post:
    """How messages leave the house: the mini-program ``app_id``, its sender, and the template of each kind of message."""

    app_id: str
    sender: SubscribeSender
    by_kind: Mapping[str, templates.Template]


async def run(post: Post, *, limit: int = 100) -> Counter[str]:
    """Delivers up to ``limit`` due messages. Returns how many ended how: ``subscribe``, ``inbox``, ``retry``, ``dead``."""
    lease = uuid.uuid4()
    now = clock.now()
    rows = await db.fetch(_CLAIM, now, limit, lease, now + LEASE, post.app_id)
    counts: Counter[str] = Counter()
    for row in rows:
        if clock.now() >= now + LEASE:
            break  # the rest is free for others by now, and may be on its way
        message = Claimed(**{**dict(row), "params": json.loads(row["params"])})
        counts[await _deliver(message, lease, post)] += 1
    return counts


async def _deliver(message: Claimed, lease: uuid.UUID, post: Post) -> str:
    try:
        channel = await _send(message, post)
    except (PlatformUnknown, PlatformRefused) as error:
        return await _postpone(message, lease, str(error))
    except Exception as error:  # one that cannot be put into words must not keep the others waiting
        log.exception("message %s could not be sent", message.id)
        return await _postpone(message, lease, f"{type(error).__name__}: {error}")
    await _end(message, lease, state="sent", channel=channel)
    return channel


async def _send(message: Claimed, post: Post) -> str:
    """Sends as a subscribe message where the customer accepted one; else the mini-program's inbox is how it is told."""
    template = post.by_kind.get(message.kind)
    if template is None or message.openid is None:
        return "inbox"
    target = (post.app_id, message.openid, template.template_id)
    if not await quota.take(*target):
        return "inbox"
    try:
        values = templates.fill(template, message.kind, message.params, message.locale)
    except Exception:
        await quota.give_back(*target)
        raise
    try:
        await post.sender.send_subscribe_message(
            openid=message.openid,
            template_id=template.template_id,
            values=values,
            page=template.page,
            lang="en_US" if message.locale == "en" else "zh_CN",
        )
    except PlatformRefused as refusal:
        if refusal.errcode == _QUOTA_EMPTY:
            await quota.exhausted(*target)
            return "inbox"
        await quota.give_back(*target)
        log.warning("subscribe message %s refused: %s", message.id, refusal)
        if refusal.errcode in _LATER:
            raise
        return "inbox"
    return "subscribe"


_END = """
UPDATE outbox_message
SET state = $3, channel = $4, last_error = $5, next_attempt_at = $6, ended_at = $7, lease_until = NULL, lease_token = NULL
WHERE id = $1 AND lease_token = $2
"""


async def _end(
    message: Claimed, lease: uuid.UUID, *, state: str, channel: str | None, error: str | None = None
) -> None:
    await db.execute(_END, message.id, lease, state, channel, error, None, clock.now())


async def _postpone(message: Claimed, lease: uuid.UUID, error: str) -> str:
    reason = error[:200]
    if message.attempts >= MAX_ATTEMPTS:
        await _end(message, lease, state="dead", channel=None, error=reason)
        return "dead"
    pause_s = min(_FIRST_PAUSE_S * 2 ** (message.attempts - 1), _LONGEST_PAUSE_S)
    await db.execute(
        _END, message.id, lease, "queued", None, reason, clock.now() + timedelta(seconds=pause_s), None
    )
    return "retry"
