"""Reservations."""

from admin_api import bookings
from admin_api.routes.caller import OPERATOR
from core import http as kit
from shop import bookables, booking_corrections, booking_ends
from shop import bookings as desk

_WANTED = (
    bookables.NoSuchSku,
    bookables.NoSuchStore,
    bookables.NoSuchOffer,
    bookables.BookableMisfit,
    bookables.KeyReused,
)
_WHO = (desk.NoSuchCustomer, desk.CustomerBlocked, desk.AccountClosed, desk.NoSuchSlot, desk.KeyReused)
_ENDING = (
    desk.NoSuchBooking,
    desk.BookingOver,
    desk.BillPaymentPending,
    desk.RefundNeedsSecond,
    desk.KeyReused,
)

ROUTES = (
    kit.get(
        "/bookables",
        bookings.listing,
        summary=("可预约项目", "What can be booked"),
        answer=kit.Page[bookings.Bookable],
        auth=OPERATOR,
    ),
    kit.post(
        "/bookables",
        bookings.add,
        summary=("新增可预约项目", "Let something be booked"),
        status=201,
        answer=bookings.Bookable,
        refusals=_WANTED,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.put(
        "/bookables/{bookable_id}",
        bookings.change,
        summary=("修改可预约项目", "Change it"),
        description=(
            "已有的预约按原约定；没人约过的时段按新课表。",
            "Bookings keep what was agreed; times nobody has booked follow the new timetable.",
        ),
        answer=bookings.Bookable,
        refusals=(bookables.NoSuchBookable, *_WANTED),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/bookables/{bookable_id}/slots",
        bookings.slots,
        summary=("时段", "When it takes place"),
        answer=kit.Page[bookings.BookingSlot],
        refusals=(bookables.NoSuchBookable,),
        auth=OPERATOR,
    ),
    kit.put(
        "/bookables/{bookable_id}/days",
        bookings.close_days,
        summary=("停课或重新开放", "Close days, or open them again"),
        description=("已有的预约不变，须逐个取消。", "Bookings there are stay until they are cancelled."),
        answer=kit.Page[bookings.BookingSlot],
        refusals=(bookables.NoSuchBookable,),
        auth=OPERATOR,
    ),
    kit.put(
        "/bookables/{bookable_id}/slots",
        bookings.put_slot,
        summary=("加一个时段或改名额", "One more time, or another number of places"),
        answer=kit.Page[bookings.BookingSlot],
        refusals=(bookables.NoSuchBookable, bookables.CapacityTaken),
        auth=OPERATOR,
    ),
    kit.get(
        "/bookings",
        bookings.of_day,
        summary=("某天的预约", "A day's bookings"),
        answer=kit.Page[bookings.Booking],
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/bookings",
        bookings.of_customer,
        summary=("顾客的预约", "A customer's bookings"),
        answer=kit.Page[bookings.Booking],
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/bookings",
        bookings.book,
        summary=("为顾客预约", "Book a place for a customer"),
        status=201,
        answer=bookings.Booking,
        refusals=(*_WHO, *desk.TAKING, desk.PriceChanged),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/customers/{customer_id}/booking-series",
        bookings.book_weekly,
        summary=("为顾客每周预约", "Book the same time every week for a customer"),
        status=201,
        answer=bookings.BookingSeries,
        refusals=(*_WHO, desk.PriceChanged),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/bookings/{booking_no}/cancel",
        bookings.cancel,
        summary=("店家取消预约", "The shop cancels a booking"),
        description=(
            "已付的退回余额；超过复核限额的须先为账单办理退款。",
            "What was paid returns; above the limit the bill is refunded first, which a second person agrees to.",
        ),
        answer=bookings.Booking,
        refusals=_ENDING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/bookings/{booking_no}/presence",
        bookings.mark,
        summary=("登记到场或未到", "Somebody came, or did not"),
        answer=bookings.Booking,
        refusals=(*_ENDING, booking_ends.BookingNotBegun),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/bookings/{booking_no}/presence/correct",
        bookings.correct,
        summary=("更正到场登记", "Correct who came"),
        description=(
            "标错了到场或未到：按规则退回或收取，已退回的不再收取。",
            "Somebody was marked wrongly: what that cost is given back or taken as the rule says; what was given back is not taken again.",
        ),
        answer=bookings.Booking,
        refusals=(
            desk.NoSuchBooking,
            booking_corrections.BookingNotMarked,
            booking_corrections.BookingGivenBack,
            booking_corrections.PeriodNotAhead,
            booking_corrections.CustomerHasLeft,
            desk.BillPaymentPending,
            desk.RefundNeedsSecond,
            desk.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
)
