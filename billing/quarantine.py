"""The quarantine: money that reached a channel and could not be credited as it stands, for operators to look at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import db


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A trade at a channel that does not match what we asked for. ``payment_no`` is the number the channel named."""

    id: int
    channel: str
    channel_trade_no: str
    payment_no: str
    reason: str
    amount_fen: int
    currency: str
    detail: dict[str, Any]
    state: str
    created_at: datetime
    resolved_at: datetime | None


_PAGE = """
SELECT id, channel, channel_trade_no, payment_no, reason, amount_fen, currency, detail::text AS detail, state, created_at,
       resolved_at
FROM quarantine WHERE id < $1 AND ($2::text IS NULL OR state = $2) ORDER BY id DESC LIMIT $3
"""


async def page(*, state: str | None = None, before: int | None = None, limit: int = 20) -> list[Quarantined]:
    """Quarantined trades, newest first, all or only those ``open`` or ``resolved``."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, state, limit)
    return [Quarantined(**{**dict(row), "detail": json.loads(row["detail"])}) for row in rows]
