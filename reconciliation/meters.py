"""How far the work on a day is. An import is one transaction, whose rows nobody sees before it ends: so what is being done is written
beside it, by another connection, once a second, and taken away when it has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db

Progress = Callable[[str, int], object]
"""Is told what is being done, and how many rows are through."""


def quiet(_doing: str, _rows: int) -> None:
    """Tells nobody."""


class Meter:
    """What is being done at this moment; who works tells it, whoever else asked is told too."""

    def __init__(self, tell: Progress = quiet, *, phase: str = "reading") -> None:
        self._tell = tell
        self.phase, self.rows, self.percent = phase, 0, 0 if phase == "reading" else 100
        self.began_at, self.is_shown = clock.now(), False

    def at(self, phase: str, rows: int, percent: int = 100) -> None:
        """So many rows are through, so much of the file is read."""
        self.phase, self.rows, self.percent = phase, rows, percent
        self._tell(phase, rows)


_EVERY_S = 1.0
_SHOW = """
INSERT INTO import_progress (day_id, phase, rows, percent, began_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (day_id) DO UPDATE SET phase = excluded.phase, rows = excluded.rows, percent = excluded.percent,
    began_at = excluded.began_at, seen_at = excluded.seen_at
"""
_OVER = "DELETE FROM import_progress WHERE day_id = $1"


@contextlib.asynccontextmanager
async def shown(day_id: int, meter: Meter) -> AsyncIterator[None]:
    """While this lasts others see how far it is. Open it outside of any transaction; what ends within a second shows nothing."""
    showing = asyncio.create_task(_show(day_id, meter))
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        if meter.is_shown:
            await db.execute(_OVER, day_id)


async def _show(day_id: int, meter: Meter) -> None:
    while True:
        await asyncio.sleep(_EVERY_S)
        meter.is_shown = True
        await db.execute(_SHOW, day_id, meter.phase, meter.rows, meter.percent, meter.began_at, clock.now())


@dataclass(frozen=True, slots=True)
class Standing:
    """What is being done to a day. ``phase``: ``reading`` its file, of which ``percent`` are through, ``matching`` the rows with ours,
    or ``comparing``."""

    phase: str
    rows: int
    percent: int
    began_at: datetime
    seen_at: datetime


_FRESH = timedelta(seconds=30)
_NOW = (
    "SELECT phase, rows, percent, began_at, seen_at FROM import_progress WHERE day_id = $1 AND seen_at > $2"
)


async def of_day(day_id: int) -> Standing | None:
    """What is being done to a day now; None: nothing, or nothing that takes long. What a killed process left is not shown."""
    row = await db.fetchrow(_NOW, day_id, clock.now() - _FRESH)
    return None if row is None else Standing(*row)
