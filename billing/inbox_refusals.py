"""Notifications that were not provably the channel's: kept as they came as long as there is room, and counted beyond that.

The address is open to everybody, so a flood of forgeries must neither fill the disk nor keep the database busy: each process
writes at most a few a second, each channel keeps at most so many, and the rest is a number. They are kept because a refusal can
be our own fault (a certificate we do not know yet): once that is mended they are handed in again (``billing.inbox_replays``).
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from core import clock, db

log = logging.getLogger(__name__)

KEPT_AT_MOST = 500
"""So many refused notifications of a channel are kept."""
KEPT = timedelta(days=14)
_AT_ONCE, _PER_SECOND = 20.0, 1.0
"""So many refusals a process writes down: a burst, then one a second."""
_LONGEST_REASON = 100


class _Allowance:
    """How many more may be written down now, and what was only counted meanwhile."""

    def __init__(self) -> None:
        self._left, self._at = _AT_ONCE, time.monotonic()
        self._counted: Counter[tuple[str, str]] = Counter()

    def spend(self) -> bool:
        now = time.monotonic()
        self._left = min(_AT_ONCE, self._left + (now - self._at) * _PER_SECOND)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def count(self, channel: str, reason: str) -> None:
        self._counted[channel, reason] += 1

    def counted(self) -> Counter[tuple[str, str]]:
        taken, self._counted = self._counted, Counter()
        return taken


_allowance = _Allowance()


def forget() -> None:
    """Begins anew with what this process may write down (for tests)."""
    global _allowance
    _allowance = _Allowance()


_COUNT = """
INSERT INTO notice_refusal (channel, day, reason, times)
SELECT c.channel, $1::date, c.reason, c.times FROM unnest($2::text[], $3::text[], $4::bigint[]) AS c (channel, reason, times)
ORDER BY c.channel, c.reason
ON CONFLICT (channel, day, reason) DO UPDATE SET times = notice_refusal.times + excluded.times
"""
_KEEP = """
INSERT INTO channel_notice (channel, event_id, event_type, headers, body, verdict, refusal, receipts, attempts, received_at)
SELECT $1::text, $2::text, '', $3::jsonb, $4::bytea, 'refused', $5::text, 1, 0, $6::timestamptz
WHERE (SELECT count(*) FROM channel_notice WHERE channel = $1::text AND verdict = 'refused') < $7::int
ON CONFLICT (channel, event_id) DO UPDATE SET receipts = channel_notice.receipts + 1
"""


async def refuse(channel: str, reason: str, *, headers: Mapping[str, str], body: bytes | None) -> None:
    """Writes down that something was refused at a channel's address, and keeps it if there is room. ``body`` None: it was not
    even read whole."""
    reason = reason[:_LONGEST_REASON]
    log.warning("%s notification refused: %s", channel, reason)
    _allowance.count(channel, reason)
    if not _allowance.spend():
        return
    if body is not None:
        event_id = f"refused:{hashlib.sha256(body).hexdigest()}"
        await db.execute(
            _KEEP, channel, event_id, json.dumps(dict(headers)), body, reason, clock.now(), KEPT_AT_MOST
        )
    counted = _allowance.counted()
    await db.execute(
        _COUNT,
        clock.today(),
        [one for one, _ in counted],
        [why for _, why in counted],
        list(counted.values()),
    )


@dataclass(frozen=True, slots=True)
class Refusals:
    """So many were refused for one reason on one day."""

    id: int
    channel: str
    day: date
    reason: str
    times: int


_PAGE = """
SELECT id, channel, day, reason, times FROM notice_refusal WHERE id < $1 ORDER BY id DESC LIMIT $2
"""


async def page(*, before: int | None = None, limit: int = 20) -> list[Refusals]:
    """How many were refused, by day and reason, newest first."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, limit)
    return [Refusals(*row) for row in rows]


_FORGET = "DELETE FROM channel_notice WHERE verdict = 'refused' AND received_at < $1"


async def forget_old() -> int:
    """Drops what was refused more than two weeks ago; the counts stay. Returns how many."""
    return await db.execute(_FORGET, clock.now() - KEPT)
