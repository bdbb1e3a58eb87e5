"""Reservations: what can be booked when, booking a place once or every week, cancelling."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from billing import plan_actors
from core import clock
from core import http as kit
from miniapp_api.plans import Nothing
from miniapp_api.services import Customer
from shop import bookables, booking_ends, bookings, bookings_shown


class Bookable(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["茶艺课"])]
    store: str | None
    price_fen: Annotated[int, Field(description="标价 · the list price")]
    own_price_fen: Annotated[
        int | None,
        Field(
            description="这位顾客现在的价格，预约时带上；null：目前不售 · what it costs this customer now, to be sent with a booking; null: not for "
            "sale at the moment",
            examples=[1800],
        ),
    ]
    pays: Annotated[
        bookables.Pays, Field(description="预约时付或到场后付 · paid when booked, or after attending")
    ]
    cancel_hours: Annotated[
        int, Field(description="开始前几小时之前可免费取消 · free until so many hours before")
    ]
    charges_late: Annotated[
        bool,
        Field(
            description="逾期取消或未到是否照收 · whether cancelling late, or not coming, costs it all the same"
        ),
    ]


class Slot(kit.Answer):
    id: int
    starts_at: kit.Instant
    ends_at: kit.Instant
    capacity: int
    left: Annotated[int, Field(description="剩余名额 · places left")]
    is_open: bool


class SlotsQuery(kit.Query):
    first: Annotated[kit.Day | None, Field(description="从哪天起，不填为今天 · left out: today")] = None
    days: Annotated[int, Field(ge=1, le=bookables.DAYS_AHEAD, description="几天 · how many days")] = 14


class NewBooking(kit.Body):
    slot_id: Annotated[kit.Id, Field(examples=[1])]
    price_fen: Annotated[
        kit.Fen | None,
        Field(
            description="顾客看到的一个名额的价格；现在不是这个数则拒绝（price_changed） · the price of one place the customer saw; refused "
            "if it is another now",
            examples=[2000],
        ),
    ] = None


class NewSeries(NewBooking):
    weeks: Annotated[
        int,
        Field(
            ge=1, le=bookings.MOST_WEEKS, description="连续几周，含本次 · so many weeks, this one included"
        ),
    ]


class Booking(kit.Answer):
    booking_no: str
    state: Annotated[str, Field(examples=["booked", "cancelled", "attended", "no_show"])]
    name: str
    starts_at: kit.Instant
    ends_at: kit.Instant
    price_fen: int
    pays: bookables.Pays
    free_until: Annotated[kit.Instant, Field(description="此前可免费取消 · cancelled for nothing until then")]
    charges_late: bool
    bill_no: Annotated[str | None, Field(description="账单 · its bill")]
    plan_id: Annotated[
        int | None, Field(description="用了哪个计划的一次 · the plan by use a unit was taken of")
    ]
    series_no: str | None
    created_at: kit.Instant


class Place(kit.Answer):
    starts_at: kit.Instant
    booking_no: str | None
    reason: Annotated[
        str | None,
        Field(
            description="没约上的原因 · why there is none",
            examples=["slot_full", "no_such_slot", "insufficient_balance"],
        ),
    ]


class Series(kit.Answer):
    series_no: str
    bookable_id: int
    places: list[Place]


async def services(query: kit.PageQuery, caller: Customer) -> kit.Page[Bookable]:
    """What can be booked, with the customer's own prices."""
    rows = await bookables.page(after=query.after(int), limit=query.limit + 1)
    page = kit.cut(rows, query, lambda row: row.id)
    own = await bookings.prices(caller.id, [row.id for row in page.items])
    told = Bookable.model_fields.keys() - {"own_price_fen"}
    shown = [
        Bookable(**{name: getattr(row, name) for name in told}, own_price_fen=own.get(row.id))
        for row in page.items
    ]
    return kit.Page[Bookable](items=shown, next_cursor=page.next_cursor)


async def slots(bookable_id: int, query: SlotsQuery) -> kit.Page[Slot]:
    """When it takes place."""
    first: date = query.first or clock.today()
    found = await bookables.slots(bookable_id, first, first + timedelta(days=query.days - 1))
    return kit.Page[Slot](items=[Slot.model_validate(one) for one in found])


async def book(body: NewBooking, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Books a place."""
    made = await bookings.book(
        plan_actors.by_customer(caller.id), caller.id, body.slot_id, price_fen=body.price_fen, key=key
    )
    return await bookings_shown.get(made)


async def book_weekly(body: NewSeries, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Books a place every week."""
    return await bookings.book_weekly(
        plan_actors.by_customer(caller.id),
        caller.id,
        body.slot_id,
        weeks=body.weeks,
        price_fen=body.price_fen,
        key=key,
    )


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await bookings_shown.page(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(booking_no: str, caller: Customer) -> object:
    """One."""
    return await bookings_shown.get(booking_no, customer_id=caller.id)


async def cancel(booking_no: str, body: Nothing, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Cancels one."""
    await booking_ends.cancel(plan_actors.by_customer(caller.id), booking_no, key=key)
    return await bookings_shown.get(booking_no, customer_id=caller.id)
