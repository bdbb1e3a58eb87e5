"""What can be booked 可预约项目: a lesson or visit with its weekly timetable, and the slots that are made of it ahead.

A slot is a row with so many places. The clock makes those of the next weeks; operators close days, open them again, add a time or change
how many places one has. Another timetable takes away the times ahead that nobody has ever booked; the others stay, and all do where only something
else is changed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from billing import plan_offers, stores
from core import clock, db, errors
from ledger import idempotency

DAYS_AHEAD = 60
"""So many days ahead there are slots."""
MOST_TIMES = 200

Pays = Literal["at_booking", "at_attendance"]
NoSuchStore = stores.NoSuchStore
NoSuchOffer = plan_offers.NoSuchOffer
KeyReused = idempotency.KeyReused


class NoSuchBookable(errors.NotFound):
    """There is nothing of this id to book."""

    code = "no_such_bookable"


class NoSuchSku(errors.NotFound):
    """There is no SKU of this id on sale whose price a place could have."""

    code = "no_such_bookable_sku"


class NoSuchSlot(errors.NotFound):
    """It does not take place at that time."""

    code = "no_such_slot"


class CapacityTaken(errors.Conflict):
    """More places are taken than there would be."""

    code = "slot_capacity_taken"


class BookableMisfit(errors.Invalid):
    """What is asked for does not go together."""

    code = "bookable_misfit"


@dataclass(frozen=True, slots=True)
class Time:
    """A time of the week: weekday (1 Monday … 7 Sunday), when it begins by the shop's clock (``18:00``), how long, how many places."""

    weekday: int
    begins: str
    minutes: int
    capacity: int

    def on(self, day: date) -> datetime:
        """When it begins on a day."""
        return datetime.combine(day, time.fromisoformat(self.begins), clock.zone())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something to book as somebody wants it. ``plan_offer_id``: whoever has a plan by use of this offer, in whichever version, uses a unit
    of it when they come; ``charges_late``: who cancels later than ``cancel_hours`` before, or does not come, pays all the same."""

    name: str
    sku_id: int
    pays: Pays
    timetable: tuple[Time, ...]
    store: str | None = None
    charges_late: bool = True
    cancel_hours: int = 24
    remind_hours: int = 24
    plan_offer_id: int | None = None
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Bookable:
    """Something that can be booked."""

    id: int
    name: str
    sku_id: int
    price_fen: int
    store: str | None
    pays: Pays
    charges_late: bool
    cancel_hours: int
    remind_hours: int
    plan_offer_id: int | None
    timetable: tuple[Time, ...]
    is_open: bool


_COLUMNS = """
b.id, b.name, b.sku_id, s.price_fen, (SELECT code FROM store WHERE store.id = b.store_id), b.pays, b.charges_late, b.cancel_hours,
b.remind_hours, b.plan_offer_id, b.timetable::text, b.is_open
"""
_FROM = "FROM bookable b JOIN sku s ON s.id = b.sku_id"
_PAGE = f"SELECT {_COLUMNS} {_FROM} WHERE (b.is_open OR $1) AND b.id > $2 ORDER BY b.id LIMIT $3"
_GET = f"SELECT {_COLUMNS} {_FROM} WHERE b.id = $1"


async def page(*, closed_too: bool = False, after: int | None = None, limit: int = 20) -> list[Bookable]:
    """What can be booked, the oldest first."""
    return [_of(tuple(row)) for row in await db.fetch(_PAGE, closed_too, after or 0, limit)]


async def get(bookable_id: int) -> Bookable:
    """One.

    Raises:
        NoSuchBookable.
    """
    row = await db.fetchrow(_GET, bookable_id)
    if row is None:
        raise NoSuchBookable(bookable_id=bookable_id)
    return _of(tuple(row))


def _of(row: Sequence[Any]) -> Bookable:
    values = list(row)
    values[10] = _times(values[10])
    return Bookable(*values)


def _times(timetable: str) -> tuple[Time, ...]:
    return tuple(Time(**one) for one in json.loads(timetable))


_ADD = """
INSERT INTO bookable (sku_id, store_id, name, pays, charges_late, cancel_hours, remind_hours, plan_offer_id, timetable, is_open, saved_by,
                      created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $12) RETURNING id
"""


async def add(operator_id: int, wanted: Wanted, *, key: str) -> Bookable:
    """Something new can be booked, from now on for ``DAYS_AHEAD`` days.

    Raises:
        NoSuchSku, NoSuchStore, NoSuchOffer, BookableMisfit, KeyReused.
    """
    by = f"operator:{operator_id}"

    async def act() -> int:
        values = await _values(wanted)
        made: int = await db.fetchval(_ADD, *values, by, clock.now())
        await _make(made, wanted.timetable)
        return made

    made = await idempotency.alone(
        caller=by, operation="bookables.add", key=key, content=asdict(wanted), act=act
    )
    return await get(int(made))


_LOCK = "SELECT id, timetable::text FROM bookable WHERE id = $1 FOR NO KEY UPDATE"
_CHANGE = """
UPDATE bookable SET sku_id = $2, store_id = $3, name = $4, pays = $5, charges_late = $6, cancel_hours = $7, remind_hours = $8, plan_offer_id = $9,
    timetable = $10::jsonb, is_open = $11, saved_by = $12
WHERE id = $1
"""
_NEVER_BOOKED = """
DELETE FROM booking_slot s WHERE s.bookable_id = $1 AND s.starts_at > $2 AND s.is_open
    AND s.taken = 0 AND NOT EXISTS (SELECT FROM booking k WHERE k.slot_id = s.id)
"""


async def change(operator_id: int, bookable_id: int, wanted: Wanted, *, key: str) -> Bookable:
    """Makes it this; bookings that were made keep what was agreed.

    Raises:
        NoSuchBookable, NoSuchSku, NoSuchStore, NoSuchOffer, BookableMisfit, KeyReused.
    """
    by = f"operator:{operator_id}"

    async def act() -> int:
        values = await _values(wanted)
        row = await db.fetchrow(_LOCK, bookable_id)
        if row is None:
            raise NoSuchBookable(bookable_id=bookable_id)
        await db.execute(_CHANGE, bookable_id, *values, by)
        if _times(row["timetable"]) != wanted.timetable:
            await db.execute(_NEVER_BOOKED, bookable_id, clock.now())
        await _make(bookable_id, wanted.timetable)
        return bookable_id

    content = {"bookable_id": bookable_id, **asdict(wanted)}
    await idempotency.alone(caller=by, operation="bookables.change", key=key, content=content, act=act)
    return await get(bookable_id)


async def _values(wanted: Wanted) -> tuple[object, ...]:
    if wanted.plan_offer_id is not None:
        offer = await plan_offers.get(wanted.plan_offer_id)
        if offer.terms.unit is None or wanted.pays != "at_attendance":
            raise BookableMisfit(field="plan_offer_id")
    if await db.fetchval("SELECT id FROM sku WHERE id = $1 AND state = 'on_sale'", wanted.sku_id) is None:
        raise NoSuchSku(sku_id=wanted.sku_id)
    times = json.dumps([asdict(one) for one in wanted.timetable])
    return (
        wanted.sku_id, await stores.id_of(wanted.store), wanted.name, wanted.pays, wanted.charges_late, wanted.cancel_hours,
        wanted.remind_hours, None if wanted.plan_offer_id is None else offer.first_id or offer.id, times, wanted.is_open,
    )  # fmt: skip


_SLOTS = """
INSERT INTO booking_slot (bookable_id, starts_at, ends_at, capacity, taken, is_open)
SELECT $1, n.starts_at, n.starts_at + n.minutes * interval '1 minute', n.capacity, 0, true
FROM unnest($2::timestamptz[], $3::int[], $4::int[]) AS n (starts_at, minutes, capacity)
ON CONFLICT (bookable_id, starts_at) DO NOTHING
"""
_MADE = "UPDATE bookable SET made_until = $2 WHERE id = $1"


async def _make(bookable_id: int, timetable: Sequence[Time]) -> None:
    """Makes the slots of the next weeks of one that is locked, or new."""
    now, today = clock.now(), clock.today()
    found = {
        one.on(day): one
        for ahead in range(DAYS_AHEAD + 1)
        for one in timetable
        if one.weekday == (day := today + timedelta(days=ahead)).isoweekday() and one.on(day) > now
    }
    await db.execute(
        _SLOTS, bookable_id, list(found), [one.minutes for one in found.values()],
        [one.capacity for one in found.values()],
    )  # fmt: skip
    await db.execute(_MADE, bookable_id, today + timedelta(days=DAYS_AHEAD))


_TO_MAKE = "SELECT id FROM bookable WHERE is_open AND made_until < $1 ORDER BY id"


async def make_slots() -> int:
    """Makes what has come within ``DAYS_AHEAD`` days. Returns for how many bookables."""
    rows = await db.fetch(_TO_MAKE, clock.today() + timedelta(days=DAYS_AHEAD))
    for row in rows:
        await _make_next(row["id"])
    return len(rows)


@db.retried
async def _make_next(bookable_id: int) -> None:
    async with db.transaction():
        row = await db.fetchrow(_LOCK, bookable_id)
        assert row is not None
        await _make(bookable_id, _times(row["timetable"]))


@dataclass(frozen=True, slots=True)
class Slot:
    """A time it takes place. ``is_open`` False: nobody books it any more."""

    id: int
    bookable_id: int
    name: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    taken: int
    is_open: bool

    @property
    def left(self) -> int:
        return self.capacity - self.taken


_SLOT = "s.id, s.bookable_id, b.name, s.starts_at, s.ends_at, s.capacity, s.taken, s.is_open AND b.is_open AS is_open"
_OF_DAYS = f"""
SELECT {_SLOT} FROM booking_slot s JOIN bookable b ON b.id = s.bookable_id
WHERE s.bookable_id = $1 AND s.starts_at >= $2 AND s.starts_at < $3 ORDER BY s.starts_at LIMIT 500
"""


async def slots(bookable_id: int, first: date, last: date) -> list[Slot]:
    """When it takes place from one day to another.

    Raises:
        NoSuchBookable.
    """
    await get(bookable_id)
    until = clock.start_of(last + timedelta(days=1))
    rows = await db.fetch(_OF_DAYS, bookable_id, clock.start_of(first), until)
    return [Slot(*row) for row in rows]


_OPEN = "UPDATE booking_slot SET is_open = $4 WHERE bookable_id = $1 AND starts_at >= $2 AND starts_at < $3"


@db.retried
async def set_open(bookable_id: int, first: date, last: date, *, is_open: bool) -> None:
    """Closes the slots of these days, or opens them again. Bookings there are stay: their customers are told when the shop cancels them.

    Raises:
        NoSuchBookable.
    """
    await get(bookable_id)
    until = clock.start_of(last + timedelta(days=1))
    await db.execute(_OPEN, bookable_id, clock.start_of(first), until, is_open)


_PUT = """
INSERT INTO booking_slot AS s (bookable_id, starts_at, ends_at, capacity, taken, is_open) VALUES ($1, $2, $3, $4, 0, true)
ON CONFLICT (bookable_id, starts_at) DO UPDATE SET ends_at = $3, capacity = $4 WHERE s.taken <= $4 RETURNING s.id
"""


@db.retried
async def put_slot(bookable_id: int, starts_at: datetime, *, minutes: int, capacity: int) -> int:
    """It takes place at that time too, or with so many places. Returns the slot's id.

    Raises:
        NoSuchBookable, CapacityTaken.
    """
    await get(bookable_id)
    ends_at = starts_at + timedelta(minutes=minutes)
    slot_id: int | None = await db.fetchval(_PUT, bookable_id, starts_at, ends_at, capacity)
    if slot_id is None:
        raise CapacityTaken(bookable_id=bookable_id)
    return slot_id
