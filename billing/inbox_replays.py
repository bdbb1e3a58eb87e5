"""Handing notifications in again, by an operator or from the command line, and looking at them. Each time is written down; money
moves once however often it is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from billing import inbox
from core import clock, db, errors
from gateways.channel import BadNotification


class NoSuchNotice(errors.NotFound):
    """There is no notification of this id."""

    code = "no_such_notice"


class ChannelNotOpen(errors.Conflict):
    """The notification was refused when it came, and its channel is not open now: nobody can say whether it is the channel's."""

    code = "notice_channel_not_open"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification in the inbox. ``outcome`` None: not handled; ``fault`` says what went wrong when it was acted on last."""

    id: int
    channel: str
    event_id: str
    event_type: str
    payment_no: str | None
    verdict: str
    refusal: str | None
    receipts: int
    attempts: int
    outcome: str | None
    fault: str | None
    received_at: datetime
    handled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Replay:
    """A notification that somebody handed in again."""

    operator: str
    outcome: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Whole:
    """A notification as it came, and how it was handed in again."""

    notice: Notice
    headers: Mapping[str, str]
    body: bytes
    replays: tuple[Replay, ...]


_COLUMNS = ", ".join(field.name for field in fields(Notice))
_PAGE = f"""
SELECT {_COLUMNS} FROM channel_notice
WHERE id < $1 AND ($2::text IS NULL OR channel = $2) AND ($3::text IS NULL OR verdict = $3)
  AND ($4::boolean IS NULL OR (outcome IS NOT NULL) = $4) AND ($5::text IS NULL OR payment_no = $5)
ORDER BY id DESC LIMIT $6
"""


async def page(
    *,
    channel: str | None = None,
    verdict: str | None = None,
    handled: bool | None = None,
    payment_no: str | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[Notice]:
    """The inbox, newest first: all, or what came from one channel, was refused, is handled or not, or speaks of one payment."""
    after = before if before is not None else 2**62
    rows = await db.fetch(_PAGE, after, channel, verdict, handled, payment_no, limit)
    return [Notice(*row) for row in rows]


_WHOLE = f"SELECT {_COLUMNS}, headers::text AS headers, body FROM channel_notice WHERE id = $1"
_REPLAYS = "SELECT operator, outcome, created_at FROM notice_replay WHERE notice_id = $1 ORDER BY id"


async def get(notice_id: int) -> Whole:
    """One notification.

    Raises:
        NoSuchNotice.
    """
    row = await db.fetchrow(_WHOLE, notice_id)
    if row is None:
        raise NoSuchNotice(notice_id=notice_id)
    *columns, headers, body = row
    replays = tuple(Replay(*one) for one in await db.fetch(_REPLAYS, notice_id))
    return Whole(Notice(*columns), json.loads(headers), bytes(body), replays)


_STORED = """
SELECT id, channel, payment_no, verdict, headers::text AS headers, body, received_at, trade::text AS trade, refund::text AS refund
FROM channel_notice WHERE id = $1
"""
_AUDIT = "INSERT INTO notice_replay (notice_id, operator, outcome, created_at) VALUES ($1, $2, $3, $4)"
_REFUSED_HANDLED = """
UPDATE channel_notice SET attempts = attempts + 1, outcome = $2, refusal = $3, handled_at = $4 WHERE id = $1
"""


async def replay(readers: inbox.Readers, notice_id: int, *, operator: str) -> Whole:
    """Hands one notification in again. One that was refused is verified anew, as of the time it came.

    Raises:
        NoSuchNotice, ChannelNotOpen.
    """
    row = await db.fetchrow(_STORED, notice_id)
    if row is None:
        raise NoSuchNotice(notice_id=notice_id)
    outcome = "failed"
    try:
        outcome = (
            await inbox.act_again(row) if row["verdict"] == "verified" else await _verify_again(readers, row)
        )
    finally:
        await db.execute(_AUDIT, notice_id, operator[:64], outcome, clock.now())
    return await get(notice_id)


async def _verify_again(readers: inbox.Readers, row: Mapping[str, Any]) -> str:
    read = readers.get(row["channel"])
    if read is None:
        raise ChannelNotOpen(channel=row["channel"])
    headers, body = json.loads(row["headers"]), bytes(row["body"])
    try:
        notice = read(headers, body, row["received_at"])
    except BadNotification as fault:
        await db.execute(_REFUSED_HANDLED, row["id"], None, fault.reason[:100], None)
        return "refused"
    outcome = await inbox.receive(row["channel"], notice, headers=headers, body=body)
    await db.execute(
        _REFUSED_HANDLED, row["id"], outcome, "verified when it was handed in again", clock.now()
    )
    return outcome


_FAILED = "SELECT id FROM channel_notice WHERE outcome IS NULL AND id > $1 ORDER BY id LIMIT $2"


@dataclass(frozen=True, slots=True)
class Handed:
    """What handing in everything that was not handled came to: how many were, and how many still are not."""

    handled: int
    left: int


async def replay_failed(readers: inbox.Readers, *, operator: str, limit: int = 200) -> Handed:
    """Hands in again what was not handled: what was refused, and what failed. The oldest first, so many of them."""
    handled = left = 0
    for row in await db.fetch(_FAILED, 0, limit):
        try:
            found = await replay(readers, row["id"], operator=operator)
        except ChannelNotOpen:
            left += 1
            continue
        except Exception as fault:  # one that cannot be handled must not keep the others waiting
            inbox.log.warning("notification %s could not be handled: %s", row["id"], fault)
            left += 1
            continue
        handled, left = (handled, left + 1) if found.notice.outcome is None else (handled + 1, left)
    return Handed(handled, left)
