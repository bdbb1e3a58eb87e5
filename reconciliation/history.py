"""What was done to a day and its differences, by whom: written with the act, never changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, db

CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Event:
    """One act. ``detail`` is what was said or set."""

    id: int
    act: str
    who: str
    detail: Mapping[str, Any]
    at: datetime


_ADD = """
INSERT INTO reconciliation_event (day_id, difference_id, act, who, detail, at) VALUES ($1, $2, $3, $4, $5::jsonb, $6)
"""


async def add(day_id: int, act: str, who: str, *, difference_id: int | None = None, **detail: Any) -> None:
    """Writes an act down, in the transaction that does it."""
    said = json.dumps(detail, ensure_ascii=False, default=str)
    await db.execute(_ADD, day_id, difference_id, act, who, said, clock.now())


_OF_DAY = """
SELECT id, act, who, detail::text AS detail, at FROM reconciliation_event
WHERE day_id = $1 AND difference_id IS NULL ORDER BY id
"""
_OF_DIFFERENCE = """
SELECT id, act, who, detail::text AS detail, at FROM reconciliation_event WHERE difference_id = $1 ORDER BY id
"""


async def of_day(day_id: int) -> list[Event]:
    """What was done to a day itself, the first first."""
    return [_event(row) for row in await db.fetch(_OF_DAY, day_id)]


async def of_difference(difference_id: int) -> list[Event]:
    """What was done to a difference, the first first."""
    return [_event(row) for row in await db.fetch(_OF_DIFFERENCE, difference_id)]


def _event(row: Mapping[str, Any]) -> Event:
    return Event(**{**dict(row), "detail": json.loads(row["detail"])})
