"""Reservations: what can be booked by which timetable, a day's bookings, booking for a customer, who came and who did not."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from admin_api.services import Operator
from billing import plan_actors
from core import clock
from core import http as kit
from shop import bookables, booking_corrections, booking_ends, bookings, bookings_shown

Hours = Annotated[int, Field(ge=0, le=720)]
Minutes = Annotated[int, Field(ge=1, le=1440, description="多少分钟 · how long")]
Capacity = Annotated[int, Field(ge=1, le=10_000, description="名额 · how many places")]


class TimeOfWeek(kit.Body):
    weekday: Annotated[int, Field(ge=1, le=7, description="1 为周一 · 1 is Monday")]
    begins: Annotated[
        str,
        StringConstraints(min_length=5, max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
        Field(examples=["18:00"]),
    ]
    minutes: Minutes
    capacity: Capacity


class NewBookable(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60, examples=["茶艺课"])]
    sku_id: Annotated[kit.Id, Field(description="一个名额卖多少钱的规格 · the SKU whose price a place has")]
    pays: Annotated[
        bookables.Pays, Field(description="预约时付或到场后付 · paid when booked, or after attending")
    ]
    timetable: Annotated[list[TimeOfWeek], Field(max_length=bookables.MOST_TIMES)]
    store: Annotated[kit.No, Field(max_length=20)] | None = None
    charges_late: Annotated[
        bool, Field(description="逾期取消或未到照收 · cancelling late, or not coming, costs it all the same")
    ] = True
    cancel_hours: Annotated[
        Hours, Field(description="开始前几小时之前免费取消 · free until so many hours before")
    ] = 24
    remind_hours: Annotated[
        Hours, Field(description="开始前几小时提醒，0 不提醒 · 0: nobody is reminded")
    ] = 24
    plan_offer_id: Annotated[
        kit.Id | None,
        Field(
            description="有此方案的按次计划的顾客到场扣一次 · a unit of a plan of this offer is used instead"
        ),
    ] = None
    is_open: bool = True


class DaysClosed(kit.Body):
    first: kit.Day
    last: kit.Day
    is_open: Annotated[bool, Field(description="重新开放 · open them again")] = False


class NewSlot(kit.Body):
    starts_at: kit.Instant
    minutes: Minutes
    capacity: Capacity


class PlaceFor(kit.Body):
    slot_id: kit.Id
    price_fen: Annotated[
        kit.Fen | None,
        Field(
            description="顾客看到的一个名额的价格；现在不是这个数则拒绝（price_changed） · the price of one place the customer saw; refused "
            "if it is another now",
            examples=[2000],
        ),
    ] = None


class WeeklyFor(PlaceFor):
    weeks: Annotated[int, Field(ge=1, le=bookings.MOST_WEEKS)]


class BookingEnding(kit.Body):
    reason: Annotated[kit.Text, Field(min_length=1, max_length=200, examples=["老师生病"])]


class Presence(kit.Body):
    came: booking_ends.Came


class Correction(kit.Body):
    came: booking_ends.Came
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class SlotDays(kit.Query):
    first: Annotated[kit.Day | None, Field(description="不填为今天 · left out: today")] = None
    days: Annotated[int, Field(ge=1, le=bookables.DAYS_AHEAD)] = 14


class BookingsQuery(kit.PageQuery):
    on: Annotated[kit.Day, Field(description="哪天的 · of which day")]
    bookable_id: kit.Id | None = None


class TimeInWeek(kit.Answer):
    weekday: int
    begins: str
    minutes: int
    capacity: int


class Bookable(kit.Answer):
    id: int
    name: str
    sku_id: int
    price_fen: int
    store: str | None
    pays: bookables.Pays
    charges_late: bool
    cancel_hours: int
    remind_hours: int
    plan_offer_id: int | None
    timetable: list[TimeInWeek]
    is_open: bool


class BookingSlot(kit.Answer):
    id: int
    starts_at: kit.Instant
    ends_at: kit.Instant
    capacity: int
    taken: int
    is_open: bool


class Booking(kit.Answer):
    booking_no: str
    customer_id: int
    state: str
    bookable_id: int
    slot_id: int
    name: str
    starts_at: kit.Instant
    ends_at: kit.Instant
    price_fen: int
    pays: bookables.Pays
    charges_late: bool
    free_until: kit.Instant
    bill_no: str | None
    plan_id: int | None
    series_no: str | None
    created_at: kit.Instant


class SeriesPlace(kit.Answer):
    starts_at: kit.Instant
    booking_no: str | None
    reason: str | None


class BookingSeries(kit.Answer):
    series_no: str
    customer_id: int
    bookable_id: int
    places: list[SeriesPlace]


async def listing(query: kit.PageQuery) -> object:
    """What can be booked, and could be."""
    rows = await bookables.page(closed_too=True, after=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def add(body: NewBookable, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Something new can be booked."""
    return await bookables.add(caller.id, _wanted(body), key=key)


async def change(bookable_id: int, body: NewBookable, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Makes it this."""
    return await bookables.change(caller.id, bookable_id, _wanted(body), key=key)


async def slots(bookable_id: int, query: SlotDays) -> kit.Page[BookingSlot]:
    """When it takes place."""
    return await _slots(bookable_id, query.first or clock.today(), query.days)


async def close_days(bookable_id: int, body: DaysClosed) -> kit.Page[BookingSlot]:
    """Closes days, or opens them again."""
    await bookables.set_open(bookable_id, body.first, body.last, is_open=body.is_open)
    return await _slots(bookable_id, body.first, min((body.last - body.first).days + 1, bookables.DAYS_AHEAD))


async def put_slot(bookable_id: int, body: NewSlot) -> kit.Page[BookingSlot]:
    """One more time, or another number of places."""
    await bookables.put_slot(bookable_id, body.starts_at, minutes=body.minutes, capacity=body.capacity)
    return await _slots(bookable_id, clock.day_of(body.starts_at), 1)


async def of_day(query: BookingsQuery, caller: Operator) -> object:
    """A day's bookings."""
    rows = await bookings_shown.of_day(
        clock.start_of(query.on), clock.start_of(query.on + timedelta(days=1)), bookable_id=query.bookable_id,
        within=caller.stores("orders.see"), after=query.after(int), limit=query.limit + 1,
    )  # fmt: skip
    return kit.cut(rows, query, lambda row: row.id)


async def of_customer(customer_id: int, query: kit.PageQuery) -> object:
    """One customer's, the newest first."""
    rows = await bookings_shown.page(customer_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def book(customer_id: int, body: PlaceFor, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Books a place for a customer."""
    made = await bookings.book(
        plan_actors.by_operator(caller.id), customer_id, body.slot_id, price_fen=body.price_fen, key=key
    )
    return await bookings_shown.get(made)


async def book_weekly(customer_id: int, body: WeeklyFor, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Books a place every week for a customer."""
    return await bookings.book_weekly(
        plan_actors.by_operator(caller.id),
        customer_id,
        body.slot_id,
        weeks=body.weeks,
        price_fen=body.price_fen,
        key=key,
    )


async def cancel(booking_no: str, body: BookingEnding, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The shop cancels one."""
    await booking_ends.cancel(
        plan_actors.by_operator(caller.id), booking_no, reason=body.reason, within=caller.stores("orders.serve"), key=key
    )  # fmt: skip
    return await bookings_shown.get(booking_no)


async def mark(booking_no: str, body: Presence, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Somebody came, or did not."""
    await booking_ends.mark(caller.id, booking_no, body.came, within=caller.stores("orders.serve"), key=key)
    return await bookings_shown.get(booking_no)


async def correct(booking_no: str, body: Correction, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Somebody came after all, or did not."""
    await booking_corrections.correct(
        caller.id, booking_no, body.came, reason=body.reason, within=caller.stores("orders.serve"), key=key
    )
    return await bookings_shown.get(booking_no)


def _wanted(body: NewBookable) -> bookables.Wanted:
    times = tuple(
        bookables.Time(one.weekday, one.begins, one.minutes, one.capacity) for one in body.timetable
    )
    return bookables.Wanted(
        body.name, body.sku_id, body.pays, times, body.store, body.charges_late, body.cancel_hours, body.remind_hours,
        body.plan_offer_id, body.is_open,
    )  # fmt: skip


async def _slots(bookable_id: int, first: date, days: int) -> kit.Page[BookingSlot]:
    found = await bookables.slots(bookable_id, first, first + timedelta(days=days - 1))
    return kit.Page[BookingSlot](items=[BookingSlot.model_validate(one) for one in found])
