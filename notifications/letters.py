"""Letters: claimed messages with everything about their customers that sending them asks for.

A claim is a lease: a worker that dies leaves its messages to be claimed again when the lease is over, and what a worker
frozen beyond its lease records is ignored, because the token is no longer the row's; but that a channel certainly took a message is
true whoever says it, and recorded where nobody else has ended it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from core import clock, db, masks, sealed, words
from notifications import addresses, quiet, truth
from notifications.kinds import WITHOUT_MONEY, Class, class_of
from notifications.policy import INBOX

LEASE = timedelta(seconds=60)
MAYBE = "没有应答，可能已经送达，不再发送 · no answer, it may have arrived, and is not sent again"

Result = Literal["sent", "refused", "later", "unknown", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt.

    ``refused``: never by this channel; the next one is tried. ``later``: certainly not sent, and may be tried again.
    ``unknown``: it may have arrived. ``failed``: a fault of our own.
    """

    result: Result
    code: str = ""
    note: str = ""
    is_address: bool = False
    """Refused because of the address itself, which is then not used again."""


@dataclass(slots=True)
class Letter:
    """A message this worker holds the lease of."""

    id: int
    customer_id: int
    kind: str
    params: Mapping[str, Any]
    dedup_key: str
    created_at: datetime
    stale_after: datetime | None
    attempts: int
    trying: str | None
    """The channel of an attempt whose end is in doubt: nothing but a harmless repeat by the same may follow."""
    trying_at: datetime | None
    refused_by: frozenset[str]
    is_counted: bool
    locale: str
    customer_state: str | None
    openid: str | None
    """Of the mini-program."""
    follower: str | None
    """The openid of the official account, of a customer who follows it; never of a chat that the message itself is about."""
    phone: str | None
    """One that may be told this: confirmed, where the message speaks of money; and the e-mail address likewise."""
    email: str | None
    reminders: bool
    marketing: bool
    channels: Sequence[str] | None
    quiet_hours: quiet.Hours | None
    log: list[tuple[str, Outcome]] = field(default_factory=list)
    """The attempts of this run, which are recorded with its end."""

    @property
    def kind_class(self) -> Class:
        return class_of(self.kind)

    @property
    def waiting(self) -> truth.Waiting:
        """As a check of its truth is shown it."""
        return truth.Waiting(
            self.id, self.customer_id, self.kind, self.dedup_key, self.params, self.created_at
        )


_CLAIM = """
WITH due AS (
    SELECT id FROM outbox_message WHERE state = 'queued' AND next_attempt_at <= $1
    ORDER BY next_attempt_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE outbox_message m SET lease_token = $3, lease_until = $4, next_attempt_at = $4, attempts = attempts + 1
    FROM due WHERE m.id = due.id RETURNING m.*
)
SELECT m.id, m.customer_id, m.kind, m.params::text AS params, m.dedup_key, m.created_at, m.stale_after, m.attempts, m.trying,
       m.trying_at, m.refused_by, m.is_counted, c.locale, c.state AS customer_state,
       (SELECT i.subject FROM identity i WHERE i.customer_id = m.customer_id AND i.provider = 'mini_program'
            AND i.app_id = $5 ORDER BY i.id LIMIT 1) AS openid,
       (SELECT i.subject FROM identity i WHERE i.customer_id = m.customer_id AND i.provider = 'official_account'
            AND i.app_id = $6 AND i.follows AND (m.kind <> 'chat_tied' OR i.id <> (m.params ->> 'chat')::bigint)
        ORDER BY i.id LIMIT 1) AS follower,
       (SELECT a.address FROM message_address a WHERE a.customer_id = m.customer_id AND a.channel = 'sms'
            AND a.refused_at IS NULL AND (a.confirmed_at IS NOT NULL OR m.kind = ANY ($7::text[]))) AS phone,
       (SELECT a.address FROM message_address a WHERE a.customer_id = m.customer_id AND a.channel = 'email'
            AND a.refused_at IS NULL AND (a.confirmed_at IS NOT NULL OR m.kind = ANY ($7::text[]))) AS email,
       coalesce(p.reminders, true) AS reminders, coalesce(p.marketing, false) AS marketing, p.channels,
       p.quiet_from_minute, p.quiet_until_minute
FROM claimed m LEFT JOIN customer c ON c.id = m.customer_id LEFT JOIN message_preference p ON p.customer_id = m.customer_id
ORDER BY m.id
"""


async def claim(lease: uuid.UUID, *, limit: int, app_id: str, official_app_id: str | None) -> list[Letter]:
    """Up to ``limit`` messages that are due, from now on ours for ``LEASE``."""
    now = clock.now()
    rows = await db.fetch(
        _CLAIM, now, limit, lease, now + LEASE, app_id, official_app_id or "", sorted(WITHOUT_MONEY)
    )
    return [_letter(dict(row)) for row in rows]


def _letter(row: dict[str, Any]) -> Letter:
    start, end = row.pop("quiet_from_minute"), row.pop("quiet_until_minute")
    row["params"] = json.loads(row["params"])
    for channel in ("phone", "email"):  # without one that cannot be opened, another channel tells it
        row[channel] = sealed.readable(row[channel], addresses.COLUMN)
    row["refused_by"] = frozenset(row["refused_by"] or ())
    row["locale"] = row["locale"] if row["locale"] in words.LOCALES else words.DEFAULT_LOCALE
    return Letter(**row, quiet_hours=None if start is None else quiet.Hours(start, end))


_BEGIN = """
UPDATE outbox_message m SET trying_at = CASE WHEN m.id = ANY ($6::bigint[]) THEN m.trying_at ELSE $4 END, trying = v.channel,
    lease_until = $5, next_attempt_at = $5
FROM unnest($1::bigint[], $2::text[]) AS v (id, channel)
WHERE m.id = v.id AND m.lease_token = $3 AND m.state = 'queued' AND m.lease_until > $4 RETURNING m.id
"""


async def begin(lease: uuid.UUID, trying: Mapping[int, str], *, repeats: Sequence[int] = ()) -> set[int]:
    """Writes down which channel each message is about to be given to, and renews the lease. Returns those still ours.

    Whoever finds such a note knows that the message may be on its way, and since when. ``repeats``: an attempt in doubt is made
    once more, and counts from the first; of an attempt that is known to have come to nothing none is a repeat.
    """
    if not trying:
        return set()
    now = clock.now()
    rows = await db.fetch(_BEGIN, list(trying), list(trying.values()), lease, now, now + LEASE, list(repeats))
    return {row[0] for row in rows}


@dataclass(frozen=True, slots=True)
class End:
    """How a run leaves a message. ``again_at``: it is queued until then, and keeps its note of ``trying`` where it must be asked
    about. ``gives_back``: the claim did not count as an attempt."""

    letter: Letter
    state: Literal["queued", "sent", "dead", "void"]
    channel: str | None = None
    reason: str | None = None
    error: str | None = None
    again_at: datetime | None = None
    keeps_trying: bool = False
    gives_back: bool = False

    @property
    def went_out(self) -> bool:
        """Whether a channel outside the house certainly took it."""
        return self.state == "sent" and self.error is None and self.channel not in (None, INBOX)


_RECORD = """
WITH ended AS (
    UPDATE outbox_message m SET state = v.state, channel = v.channel, reason = v.reason,
        last_error = coalesce(v.error, m.last_error),
        next_attempt_at = v.again_at, ended_at = CASE WHEN v.state = 'queued' THEN NULL ELSE $10::timestamptz END,
        trying = CASE WHEN v.keeps THEN m.trying END, trying_at = CASE WHEN v.keeps THEN m.trying_at END,
        refused_by = string_to_array(v.refused_by, ','), attempts = m.attempts - v.back,
        lease_until = NULL, lease_token = NULL
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bool[], $8::text[], $9::int[])
         AS v (id, state, channel, reason, error, again_at, keeps, refused_by, back)
    WHERE m.id = v.id AND m.lease_token = $11 RETURNING m.id
), noted AS (
    INSERT INTO message_attempt (message_id, channel, result, code, note, at)
    SELECT a.id, a.channel, a.result, a.code, a.note, $10
    FROM unnest($12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[]) AS a (id, channel, result, code, note)
)
SELECT id FROM ended
"""


async def record(lease: uuid.UUID, ends: Sequence[End]) -> set[int]:
    """Writes the ends down, and every attempt. Returns those that were still ours: how the others end is others' to say."""
    if not ends:
        return set()
    tried = [(end.letter.id, channel, outcome) for end in ends for channel, outcome in end.letter.log]
    rows = await db.fetch(
        _RECORD,
        [end.letter.id for end in ends],
        [end.state for end in ends],
        [end.channel for end in ends],
        [end.reason for end in ends],
        [masks.within(end.error)[:200] if end.error else None for end in ends],
        [end.again_at for end in ends],
        [end.keeps_trying for end in ends],
        [",".join(sorted(end.letter.refused_by)) or None for end in ends],
        [int(end.gives_back) for end in ends],
        clock.now(),
        lease,
        [number for number, _, _ in tried],
        [channel for _, channel, _ in tried],
        [outcome.result for _, _, outcome in tried],
        [outcome.code[:60] for _, _, outcome in tried],
        [masks.within(outcome.note)[:200] for _, _, outcome in tried],
    )
    for end in ends:
        end.letter.log.clear()
    ours = {row[0] for row in rows}
    return ours | await _record_late([end for end in ends if end.went_out and end.letter.id not in ours])


# whoever has the lease now finds the message sent: it begins no attempt (``begin``), and its own end is not ours to wait for
_RECORD_LATE = """
WITH late AS (
    UPDATE outbox_message m SET state = 'sent', channel = v.channel, last_error = NULL, next_attempt_at = NULL, ended_at = $3,
        trying = NULL, trying_at = NULL, lease_until = NULL, lease_token = NULL
    FROM unnest($1::bigint[], $2::text[]) AS v (id, channel) WHERE m.id = v.id AND m.state = 'queued' RETURNING m.id
), surely AS (
    UPDATE outbox_message m SET last_error = NULL FROM unnest($1::bigint[], $2::text[]) AS v (id, channel)
    WHERE m.id = v.id AND m.state = 'sent' AND m.channel = v.channel AND starts_with(m.last_error, $4)
)
SELECT id FROM late
"""


async def _record_late(ends: Sequence[End]) -> set[int]:
    """What a channel certainly took from a worker whose lease was over: it counts as sent where nobody else has ended the message, and as
    certain where somebody ended it by the same channel as perhaps arrived. Returns those that had not ended."""
    if not ends:
        return set()
    rows = await db.fetch(
        _RECORD_LATE, [end.letter.id for end in ends], [end.channel for end in ends], clock.now(), MAYBE
    )
    return {row[0] for row in rows}
