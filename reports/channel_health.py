"""How each channel is: when money last came by it, what it has not answered, which of its bills are open."""

from __future__ import annotations

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


_OF = """
SELECT name AS channel,
       (SELECT max(paid_at) FROM payment WHERE channel = name AND paid_at IS NOT NULL) AS last_paid_at,
       (SELECT count(*) FROM payment WHERE channel = name AND ask_at IS NOT NULL AND asks > 3) AS payments_asked,
       (SELECT count(*) FROM channel_day WHERE channel = name AND gave_up_at IS NOT NULL AND state = 'waiting') AS bills_missing,
       (SELECT count(*) FROM channel_day WHERE channel = name AND state = 'matched') AS unexplained_days
FROM unnest($1::text[]) AS name ORDER BY name
"""


async def of(channels: Iterable[str]) -> list[ChannelHealth]:
    """These channels, by name."""
    return [ChannelHealth(**row) for row in await db.fetch(_OF, list(channels))]
