"""The clock of the outside world. Everything the sandbox stamps, expires or schedules goes by it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

from sandbox.store import Store

MOVE_GRACE_S = 5.0
BEIJING = timezone(timedelta(hours=8))


class WorldClock:
    """Real time plus an offset that only grows and survives a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offset_s = float(store.load_value("clock.offset_s", 0.0))
        self._moved: set[asyncio.Event] = set()
        self._last_move = (-MOVE_GRACE_S, 0.0)

    @property
    def offset_s(self) -> int:
        return int(self._offset_s)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._offset_s)

    def epoch_s(self) -> float:
        """Seconds since 1970 in the sandbox's world."""
        return self.now().timestamp()

    def advance(self, seconds: float) -> None:
        """Moves the world forward.

        Raises: ValueError when asked to go back; stamps already given out would lie in the future.
        """
        if seconds < 0:
            raise ValueError("the world clock cannot be turned back")
        self._last_move = (time.monotonic(), self._offset_s)
        self._offset_s += seconds
        self._store.save_value("clock.offset_s", self._offset_s)
        for event in self._moved:
            event.set()

    def is_near(self, epoch_s: float, window_s: float) -> bool:
        """True when a stamp made by somebody else lies within the window around now.

        Merchants that follow this clock hear of a move a moment late; for that moment the time before the move
        is as good as now.
        """
        real_s = time.time()
        moved_at, offset_before_s = self._last_move
        offsets = [self._offset_s]
        if time.monotonic() < moved_at + MOVE_GRACE_S:
            offsets.append(offset_before_s)
        return any(abs(real_s + offset_s - epoch_s) <= window_s for offset_s in offsets)

    def watch(self, event: asyncio.Event) -> None:
        """Sets `event` whenever the clock is moved, so that sleepers can look again at what is due."""
        self._moved.add(event)


def rfc3339(epoch_s: float) -> str:
    """Beijing time as WeChat Pay v3 writes it: 2026-11-23T10:00:00+08:00."""
    return datetime.fromtimestamp(epoch_s, BEIJING).isoformat(timespec="seconds")


def beijing_text(epoch_s: float) -> str:
    """Naive Beijing time as Alipay writes it: 2026-11-23 10:00:00."""
    return datetime.fromtimestamp(epoch_s, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
