"""Reservations."""

from core import http as kit
from miniapp_api import bookings
from miniapp_api.routes.caller import CUSTOMER
from shop import bookables, booking_ends
from shop import bookings as desk

ROUTES = (
    kit.get(
        "/bookables",
        bookings.services,
        summary=("可预约项目", "What can be booked"),
        answer=kit.Page[bookings.Bookable],
        auth=CUSTOMER,
    ),
    kit.get(
        "/bookables/{bookable_id}/slots",
        bookings.slots,
        summary=("时段与余位", "When it takes place, and places left"),
        answer=kit.Page[bookings.Slot],
        refusals=(bookables.NoSuchBookable,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/bookings",
        bookings.book,
        summary=("预约", "Book a place"),
        description=(
            "预约时付的项目立即从余额付款，余额不足则不预约。",
            "What is paid at booking is taken from the balance at once; without it there is no booking.",
        ),
        status=201,
        answer=bookings.Booking,
        refusals=(desk.NoSuchSlot, *desk.TAKING, desk.PriceChanged, desk.KeyReused),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/booking-series",
        bookings.book_weekly,
        summary=("每周预约", "Book the same time every week"),
        description=(
            "能约上的都约上，并说明哪几次没约上、为什么。",
            "As many as there are places in; the answer says which were not to be had, and why.",
        ),
        status=201,
        answer=bookings.Series,
        refusals=(desk.NoSuchSlot, desk.PriceChanged, desk.KeyReused),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/bookings",
        bookings.listing,
        summary=("我的预约", "The customer's bookings"),
        answer=kit.Page[bookings.Booking],
        auth=CUSTOMER,
    ),
    kit.get(
        "/bookings/{booking_no}",
        bookings.one,
        summary=("一个预约", "One booking"),
        answer=bookings.Booking,
        refusals=(desk.NoSuchBooking,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/bookings/{booking_no}/cancel",
        bookings.cancel,
        summary=("取消预约", "Cancel a booking"),
        description=(
            "free_until 之前免费，已付的退回余额；之后按 charges_late；开始后不能取消。",
            "For nothing until `free_until`, what was paid returns; afterwards as `charges_late` says; not once it has begun.",
        ),
        answer=bookings.Booking,
        refusals=(
            desk.NoSuchBooking,
            desk.BookingOver,
            booking_ends.BookingBegun,
            desk.BillPaymentPending,
            desk.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
)
