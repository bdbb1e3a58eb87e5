"""What was done to plans, by whom: written in the transaction that does it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core import clock, db

Kind = Literal[
    "subscribed", "paused", "resumed", "cancelled", "skipped", "price_announced", "price_withdrawn", "consented", "ended",
    "suspended", "period_retried", "period_waived",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done to a plan. ``by``: ``customer:42``, ``operator:5`` or ``clock``."""

    id: int
    kind: str
    detail: dict[str, Any]
    by: str
    at: datetime


_NOTE = "INSERT INTO plan_event (plan_id, kind, detail, by, created_at) VALUES ($1, $2, $3::jsonb, $4, $5)"


async def note(plan_id: int, kind: Kind, by: str, detail: Mapping[str, Any] | None = None) -> None:
    """Writes it down. Part of the caller's transaction."""
    await db.execute(_NOTE, plan_id, kind, json.dumps(detail or {}, default=str), by, clock.now())


_OF = "SELECT id, kind, detail::text, by, created_at FROM plan_event WHERE plan_id = $1 ORDER BY id"


async def of(plan_id: int) -> list[Event]:
    """Everything that was done to a plan, in order."""
    return [
        Event(row["id"], row["kind"], json.loads(row["detail"]), row["by"], row["created_at"])
        for row in await db.fetch(_OF, plan_id)
    ]
