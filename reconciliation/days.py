"""Days 对账日: one for each channel and day in Beijing, from the wait for its bill until it is closed.

    waiting   no bill yet; the clock asks for it, an operator may bring it
    imported  its bill is read, and is compared at the clock's next turn
    matched   compared; what does not agree stands in the queue
    closed    everything is explained, the fees are in the books

Lock order: an approval, then the day, then its difference, then whatever money moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from billing.channels import Channels
from core import clock, db, errors
from gateways import reading

State = Literal["waiting", "imported", "matched", "closed"]


class NoSuchDay(errors.NotFound):
    """Nothing was reconciled of this channel on this day; or the day is not over."""

    code = "no_such_reconciliation_day"


class DayClosed(errors.Conflict):
    """The day is closed. Open it again with a reason first."""

    code = "reconciliation_day_closed"


class DayNotOver(errors.Invalid):
    """A day can be reconciled once it is over, in Beijing."""

    code = "reconciliation_day_not_over"


@dataclass(frozen=True, slots=True)
class Day:
    """One channel's day, and how far it is."""

    id: int
    channel: str
    day: date
    merchant_id: str
    state: State
    fetch_at: datetime | None
    tries: int
    last_answer: str
    gave_up_at: datetime | None
    match_at: datetime | None
    matched_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None

    @property
    def begins(self) -> datetime:
        """Its first instant."""
        return start_of(self.day)

    @property
    def ends(self) -> datetime:
        """The first instant after it."""
        return start_of(self.day + timedelta(days=1))


COLUMNS = "id, channel, day, merchant_id, state, fetch_at, tries, last_answer, gave_up_at, match_at, matched_at, closed_at, closed_by"


def start_of(day: date) -> datetime:
    """The first instant of a day in Beijing, which is what channels' bills go by whatever zone the shop keeps."""
    return datetime.combine(day, time(), reading.BEIJING).astimezone(UTC)


def yesterday() -> date:
    """The last day that is over in Beijing."""
    return clock.now().astimezone(reading.BEIJING).date() - timedelta(days=1)


_ENSURE = """
INSERT INTO channel_day (channel, day, merchant_id, state, fetch_at, tries, last_answer, created_at)
VALUES ($1, $2, $3, 'waiting', $4, 0, '', $5) ON CONFLICT (channel, day) DO NOTHING
"""


async def ensure(channels: Channels, channel: str, day: date) -> None:
    """Makes the day known, so that the clock asks for its bill; again is harmless.

    Raises:
        NoSuchChannel: it is not open.
        DayNotOver: the day is today, or later.
    """
    opened = channels.find(channel)
    if day > yesterday():
        raise DayNotOver(day=day)
    await db.execute(_ENSURE, channel, day, opened.merchant_id, clock.now(), clock.now())


_GET = f"SELECT {COLUMNS} FROM channel_day WHERE channel = $1 AND day = $2"
_LOCK = f"{_GET} FOR NO KEY UPDATE"
_LOCK_BY_ID = f"SELECT {COLUMNS} FROM channel_day WHERE id = $1 FOR NO KEY UPDATE"


async def get(channel: str, day: date) -> Day:
    """One day.

    Raises:
        NoSuchDay
    """
    return _one(await db.fetchrow(_GET, channel, day), channel, day)


async def locked(channel: str, day: date) -> Day:
    """One day, which nobody else changes before the caller's transaction ends.

    Raises:
        NoSuchDay
    """
    return _one(await db.fetchrow(_LOCK, channel, day), channel, day)


async def locked_by_id(day_id: int) -> Day:
    """The same by its id, which came from the database."""
    row = await db.fetchrow(_LOCK_BY_ID, day_id)
    assert row is not None
    return Day(*row)


def _one(row: Any, channel: str, day: date) -> Day:
    if row is None:
        raise NoSuchDay(channel=channel, day=day)
    return Day(*row)


_PAGE = f"""
SELECT {COLUMNS} FROM channel_day
WHERE ($1::text IS NULL OR channel = $1) AND ($2::text IS NULL OR state = $2)
  AND ($3::date IS NULL OR day >= $3) AND ($4::date IS NULL OR day <= $4)
  AND ($5::date IS NULL OR (day, id) < ($5, $6::bigint))
ORDER BY day DESC, id DESC LIMIT $7
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which days are wanted; None: all."""

    channel: str | None = None
    state: State | None = None
    from_on: date | None = None
    to_on: date | None = None


async def page(wanted: Filter, *, before: tuple[date, int] | None = None, limit: int = 20) -> list[Day]:
    """Days, the latest first; ``before`` is day and id the last page ended at."""
    on, before_id = before or (None, None)
    rows = await db.fetch(
        _PAGE, wanted.channel, wanted.state, wanted.from_on, wanted.to_on, on, before_id, limit
    )
    return [Day(*row) for row in rows]


_OLDEST_OPEN = "SELECT count(*) AS days, min(day) AS oldest FROM channel_day WHERE state <> 'closed'"


async def unfinished() -> Mapping[str, Any]:
    """How many days are not closed, and the oldest of them."""
    row = await db.fetchrow(_OLDEST_OPEN)
    assert row is not None
    return dict(row)


COMPARE_SOON = "UPDATE channel_day SET match_at = $2 WHERE id = $1 AND state IN ('imported', 'matched')"


async def compare_soon(day_id: int) -> None:
    """Has the clock compare the day at its next turn, unless it is closed."""
    await db.execute(COMPARE_SOON, day_id, clock.now())
