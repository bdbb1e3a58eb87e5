"""Bookings as they are looked at: a customer's, those of a day, and what became of a wish for every week."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from billing import forecast
from core import clock, db, errors
from shop import bookables


class NoSuchBooking(errors.NotFound):
    """The customer has no such booking."""

    code = "no_such_booking"


@dataclass(frozen=True, slots=True)
class Booking:
    """A place of a customer, with all that decides what it costs."""

    id: int
    booking_no: str
    customer_id: int
    state: str
    price_fen: int
    pays: bookables.Pays
    charges_late: bool
    free_until: datetime
    bill_no: str | None
    plan_id: int | None
    plan_offer_id: int | None
    series_no: str | None
    slot_id: int
    bookable_id: int
    name: str
    store_id: int
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    ended_at: datetime | None


COLUMNS = """
k.id, k.booking_no, k.customer_id, k.state, k.price_fen, k.pays, k.charges_late, k.free_until, k.bill_no, k.plan_id, k.plan_offer_id,
k.series_no, k.slot_id, s.bookable_id, b.name, b.store_id, s.starts_at, s.ends_at, k.created_at, k.ended_at
"""
JOINED = "FROM booking k JOIN booking_slot s ON s.id = k.slot_id JOIN bookable b ON b.id = s.bookable_id"


_PAGE = f"SELECT {COLUMNS} {JOINED} WHERE k.customer_id = $1 AND k.id < $2 ORDER BY k.id DESC LIMIT $3"
_GET = f"SELECT {COLUMNS} {JOINED} WHERE k.booking_no = $1 AND ($2::bigint IS NULL OR k.customer_id = $2)"


async def get(booking_no: str, *, customer_id: int | None = None) -> Booking:
    """One booking.

    Raises:
        NoSuchBooking.
    """
    row = await db.fetchrow(_GET, booking_no, customer_id)
    if row is None:
        raise NoSuchBooking(booking_no=booking_no)
    return Booking(*row)


async def page(customer_id: int, *, before: int | None = None, limit: int = 20) -> Sequence[Booking]:
    """A customer's bookings, newest first."""
    rows = await db.fetch(_PAGE, customer_id, 2**62 if before is None else before, limit)
    return [Booking(*row) for row in rows]


_OF_DAY = f"""
SELECT {COLUMNS} {JOINED}
WHERE s.starts_at >= $1 AND s.starts_at < $2 AND ($3::bigint IS NULL OR s.bookable_id = $3) AND k.id > $4
  AND ($6::text[] IS NULL OR b.store_id IN (SELECT id FROM store WHERE code = ANY ($6)))
ORDER BY k.id LIMIT $5
"""


async def of_day(
    first_at: datetime, until: datetime, *, bookable_id: int | None = None, within: Collection[str] | None = None,
    after: int | None = None, limit: int = 20,
) -> Sequence[Booking]:  # fmt: skip
    """All bookings of a time, or of one thing to book, or at the stores ``within``."""
    stores = None if within is None else list(within)
    rows = await db.fetch(_OF_DAY, first_at, until, bookable_id, after or 0, limit, stores)
    return [Booking(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Place:
    """A time of a series: its booking, or why there is none."""

    starts_at: datetime
    booking_no: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Series:
    """A place every week."""

    series_no: str
    customer_id: int
    bookable_id: int
    places: tuple[Place, ...]


_SERIES = "SELECT series_no, customer_id, bookable_id, places::text FROM booking_series WHERE series_no = $1"


async def series(series_no: str) -> Series:
    """One series as it was booked."""
    row = await db.fetchrow(_SERIES, series_no)
    assert row is not None
    places = tuple(
        Place(datetime.fromisoformat(one["starts_at"]), one["booking_no"], one["reason"])
        for one in json.loads(row["places"])
    )
    return Series(row["series_no"], row["customer_id"], row["bookable_id"], places)


_UNPAID = """
SELECT k.customer_id, b.name, k.price_fen, s.starts_at FROM booking k JOIN booking_slot s ON s.id = k.slot_id
JOIN bookable b ON b.id = s.bookable_id
WHERE k.customer_id = ANY ($1::bigint[]) AND k.state = 'booked' AND k.pays = 'at_attendance' AND s.starts_at < $2
  AND NOT EXISTS (
      SELECT FROM plan p JOIN plan_offer f ON f.id = p.offer_id
      WHERE p.customer_id = k.customer_id AND coalesce(f.first_id, f.id) = k.plan_offer_id AND p.unit IS NOT NULL AND p.state = 'active')
"""


async def dues(customer_ids: Sequence[int], last: date) -> list[tuple[int, str, int | None, date]]:
    """What is booked and paid after attending, as ``billing.forecast`` counts it; what a plan by use pays is seen when it is used."""
    rows = await db.fetch(_UNPAID, list(customer_ids), clock.start_of(last + timedelta(days=1)))
    return [(number, name, price_fen, clock.day_of(starts_at)) for number, name, price_fen, starts_at in rows]


_PAID_LATE = "SELECT booking_no FROM booking WHERE booking_no = ANY ($1::text[]) AND pays = 'at_attendance'"


async def _seen_ahead(booking_nos: Sequence[str]) -> list[str]:
    return [row["booking_no"] for row in await db.fetch(_PAID_LATE, booking_nos)]


forecast.also_count(dues, issuer="booking", seen_ahead=_seen_ahead)
