"""How the database answers, and how each channel is: when money last came by it, what it has not answered, which of its bills are open."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core import db


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """One channel. ``payments_asked``: payments it was asked about again and again; ``bills_missing``: days whose bill never came;
    ``unexplained_days``: days that were compared and are not closed."""

    channel: str
    last_paid_at: datetime | None
    payments_asked: int
    bills_missing: int
    unexplained_days: int


ASKED = "payment WHERE ask_at IS NOT NULL AND asks > 3"
MISSING = "channel_day WHERE gave_up_at IS NOT NULL AND state = 'waiting'"
UNEXPLAINED = "channel_day WHERE state = 'matched'"
"""What is counted, of all channels or with a condition more of one."""

_OF = f"""
SELECT name AS channel,
       (SELECT max(paid_at) FROM payment WHERE channel = name AND paid_at IS NOT NULL) AS last_paid_at,
       (SELECT count(*) FROM {ASKED} AND channel = name) AS payments_asked,
       (SELECT count(*) FROM {MISSING} AND channel = name) AS bills_missing,
       (SELECT count(*) FROM {UNEXPLAINED} AND channel = name) AS unexplained_days
FROM unnest($1::text[]) AS name ORDER BY name
"""


async def of(channels: Iterable[str]) -> list[ChannelHealth]:
    """These channels, by name."""
    return [ChannelHealth(**row) for row in await db.fetch(_OF, list(channels))]


async def database_ms() -> int:
    """How long the database takes for a plain answer."""
    began = time.monotonic()
    await db.fetchval("SELECT 1")
    return round((time.monotonic() - began) * 1000)
