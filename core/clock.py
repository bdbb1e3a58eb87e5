"""What time it is. Everything asks here, so that a test or a demo can move time for all rooms at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_zone = ZoneInfo("Asia/Shanghai")
_offset = timedelta()
_still: datetime | None = None


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC) + _offset if _still is None else _still


def zone() -> ZoneInfo:
    """The shop's time zone, in which days begin."""
    return _zone


def set_zone(name: str) -> None:
    """Sets the shop's time zone by its IANA name."""
    global _zone
    _zone = ZoneInfo(name)


def set_offset(offset: timedelta) -> None:
    """Moves this process's clock by ``offset`` against the machine's; for tests and demos."""
    global _offset
    _offset = offset


def offset() -> timedelta:
    """How far this process's clock is moved."""
    return _offset


def stand_at(instant: datetime | None) -> None:
    """From now on this process's clock stands still at ``instant``, until it is set anew; None: it goes again. For simulations, whose
    days must come out the same each time."""
    global _still
    _still = instant if instant is None else instant.astimezone(UTC)


def today() -> date:
    """The business day now."""
    return day_of(now())


def day_of(instant: datetime) -> date:
    """The business day an instant falls on."""
    return instant.astimezone(_zone).date()


def start_of(day: date) -> datetime:
    """The first instant of a business day, in UTC."""
    return datetime.combine(day, time(), _zone).astimezone(UTC)
