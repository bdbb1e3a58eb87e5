"""Quiet hours 免打扰时段: until when a message waits that is no business of the night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache

from core import clock

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """From one minute after midnight to another, in the shop's zone; over midnight where the first is later."""

    from_minute: int
    until_minute: int

    def __post_init__(self) -> None:
        if not 0 <= self.from_minute < MINUTES_A_DAY or not 0 <= self.until_minute < MINUTES_A_DAY:
            raise ValueError("a minute of the day is between 0 and 1439")
        if self.from_minute == self.until_minute:
            raise ValueError("quiet hours that never end")

    def have(self, minute: int) -> bool:
        """Whether a minute of the day is one of them."""
        if self.from_minute < self.until_minute:
            return self.from_minute <= minute < self.until_minute
        return minute >= self.from_minute or minute < self.until_minute


def of_times(start: time | None, end: time | None) -> Hours | None:
    """Hours from two times of the day; None where there are none."""
    if start is None or end is None or start == end:
        return None
    return Hours(start.hour * 60 + start.minute, end.hour * 60 + end.minute)


def until(now: datetime, hours: Sequence[Hours]) -> datetime | None:
    """When the quiet that ``now`` is in is over, all hours taken together; None: it is not quiet.

    Where together they leave no minute of the day, the answer is a day later.
    """
    local = now.astimezone(clock.zone())
    later = _minutes_left(local.hour * 60 + local.minute, tuple(hours))
    if later == 0:
        return None
    # walked on the wall, where a night may have an hour more or less
    wall = local.replace(second=0, microsecond=0, tzinfo=None) + timedelta(minutes=later)
    return max(wall.replace(tzinfo=clock.zone()).astimezone(now.tzinfo), now + timedelta(seconds=1))


@lru_cache(maxsize=10_000)
def _minutes_left(start: int, hours: tuple[Hours, ...]) -> int:
    """How many minutes of quiet are left at a minute of the day; 0: it is not quiet."""
    for later in range(MINUTES_A_DAY):
        if not any(one.have((start + later) % MINUTES_A_DAY) for one in hours):
            return later
    return MINUTES_A_DAY
