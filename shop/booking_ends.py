"""How bookings end: cancelled in time or too late, attended, or nobody came; and who is reminded before.

What is paid at attendance uses a unit of the customer's plan by use, where they have one that covers the day; else its price is a bill,
taken from the balance as far as it goes, and owed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Literal

from billing import collecting, confirmed, plan_usage, plans
from core import clock, db, errors
from ledger import accounts, idempotency
from notifications import outbox, truth
from shop import bookings, bookings_shown

Actor = bookings.Actor
NoSuchBooking = bookings.NoSuchBooking
BookingOver = bookings.BookingOver
BillPaymentPending = bookings.BillPaymentPending
RefundNeedsSecond = bookings.RefundNeedsSecond
KeyReused = idempotency.KeyReused
EARLIEST = timedelta(hours=1)
"""So long before it begins somebody may be marked as there."""


class BookingBegun(errors.Conflict):
    """It has begun: the shop says who came."""

    code = "booking_begun"


class BookingNotBegun(errors.Conflict):
    """It has not begun: who is there, or is not, is not known yet."""

    code = "booking_not_begun"


async def cancel(
    actor: Actor, booking_no: str, *, reason: str = "", within: Collection[str] | None = None, key: str
) -> None:
    """Cancels a booking: its customer until it begins, for nothing until ``free_until`` and afterwards as the rule says; the shop always for
    nothing.

    Raises:
        NoSuchBooking, BookingOver, BookingBegun, BillPaymentPending, RefundNeedsSecond, KeyReused.
    """

    async def act() -> str:
        operator_id = _operator(actor)
        if operator_id is not None:
            await bookings.in_turn(operator_id, await bookings.get(booking_no))
        booking = await bookings.locked(booking_no, actor.customer_id, within=within)
        bookings.refuse_over(booking)
        if actor.customer_id is not None:
            await _cancel_by_customer(booking, is_charged=costs_now(booking), reason=reason)
        else:
            await _end_early(booking, by=actor.label, reason=reason, is_charged=False, alone=operator_id)
            await bookings.tell_of(
                booking.customer_id,
                "booking_cancelled",
                booking_no,
                booking.name,
                booking.starts_at,
                reason=reason,
            )
        return booking_no

    content = {"booking_no": booking_no, "reason": reason}
    await idempotency.alone(
        caller=actor.label, operation="bookings.cancel", key=key, content=content, act=act
    )


def mark_of(booking: bookings.Booking, *, is_charged: bool) -> str:
    """Differs when what cancelling it means for its customer does."""
    return f"{booking.state}|{booking.price_fen}|{is_charged}"


def costs_now(booking: bookings.Booking) -> bool:
    """Whether cancelling it is charged by now, as its rule says."""
    return booking.charges_late and clock.now() > booking.free_until


async def cancel_as_shown(customer_id: int, booking_no: str, mark: str, *, key: str) -> bookings.Booking:
    """``cancel`` by a customer who was shown with ``mark`` whether it is charged, and said yes to that.

    Raises:
        NotAsShown: it is over, or costs something by now that it did not.
        NoSuchBooking, BookingBegun, BillPaymentPending, KeyReused.
    """

    async def act() -> None:
        booking = await bookings.locked(booking_no, customer_id)
        is_charged = costs_now(booking)
        if mark_of(booking, is_charged=is_charged) != mark or booking.state != "booked":
            raise confirmed.NotAsShown
        await _cancel_by_customer(booking, is_charged=is_charged)

    content = {"booking_no": booking_no, "mark": mark}
    await confirmed.once(customer_id, what="booking", key=key, content=content, act=act)
    return await bookings.get(booking_no, customer_id=customer_id)


async def _cancel_by_customer(booking: bookings.Booking, *, is_charged: bool, reason: str = "") -> None:
    if clock.now() >= booking.starts_at:
        raise BookingBegun(booking_no=booking.booking_no)
    await _end_early(
        booking, by=accounts.of_customer(booking.customer_id), reason=reason, is_charged=is_charged
    )


def _operator(actor: Actor) -> int | None:
    kind, _, number = actor.label.partition(":")
    return int(number) if kind == "operator" else None


async def _end_early(
    booking: bookings.Booking, *, by: str, reason: str, is_charged: bool, alone: int | None = None
) -> None:
    bill_no, plan_id = booking.bill_no, booking.plan_id
    if is_charged:
        bill_no, plan_id = await charge(booking, by=by)
    else:
        await bookings.money_back(booking, by=by, reason=reason, alone=alone)
    await bookings.end(booking, "cancelled", by=by, note_=reason, bill_no=bill_no, plan_id=plan_id)
    await bookings.free_place(booking)


Came = Literal["attended", "no_show"]


async def mark(
    operator_id: int, booking_no: str, came: Came, *, within: Collection[str] | None = None, key: str
) -> None:
    """The customer came, or did not. Who came pays as agreed; who did not, where the rule says so, else has back what they paid.

    Raises:
        NoSuchBooking, BookingOver, BookingNotBegun, BillPaymentPending, RefundNeedsSecond, KeyReused.
    """
    by = f"operator:{operator_id}"

    async def act() -> str:
        booking = await bookings.get(booking_no)
        gives_back = came == "no_show" and not booking.charges_late
        if gives_back:
            await bookings.in_turn(operator_id, booking)
        booking = await bookings.locked(booking_no, within=within)
        bookings.refuse_over(booking)
        if clock.now() < booking.starts_at - (EARLIEST if came == "attended" else timedelta()):
            raise BookingNotBegun(booking_no=booking_no)
        bill_no, plan_id = booking.bill_no, booking.plan_id
        if gives_back:
            await bookings.money_back(booking, by=by, alone=operator_id)
        else:
            bill_no, plan_id = await charge(booking, by=by)
        await bookings.end(booking, came, by=by, bill_no=bill_no, plan_id=plan_id)
        return booking_no

    content = {"booking_no": booking_no, "came": came}
    await idempotency.alone(caller=by, operation="bookings.mark", key=key, content=content, act=act)


_PLAN = """
SELECT p.id FROM plan p JOIN plan_offer f ON f.id = p.offer_id
WHERE p.customer_id = $1 AND coalesce(f.first_id, f.id) = $2 AND p.unit IS NOT NULL AND p.state = 'active' ORDER BY p.id LIMIT 1
"""


async def charge(booking: bookings.Booking, *, by: str) -> tuple[str | None, int | None]:
    """What a locked booking is paid by: its bill, or the plan a unit was taken of. Part of the caller's transaction."""
    if booking.bill_no is not None:
        return booking.bill_no, None
    if booking.plan_offer_id is not None:
        plan_id = await db.fetchval(_PLAN, booking.customer_id, booking.plan_offer_id)
        if plan_id is not None and await plan_usage.use_one(
            plan_id,
            used_on=clock.day_of(booking.starts_at),
            reference=booking.booking_no,
            memo=booking.name,
            by=by,
        ):
            return None, plan_id
    bill = await bookings.issue(
        booking.customer_id, booking.name, booking.booking_no, booking.price_fen, automatic=True
    )
    await collecting.collect([bill], operator=by, matched_by="due_date")
    return bill.bill_no, None


_BOOKED = "SELECT booking_no FROM booking WHERE customer_id = $1 AND state = 'booked' ORDER BY id"


async def end_all(customer_id: int, by: str) -> None:
    """Cancels all of a customer who leaves, for nothing. Part of the caller's transaction."""
    for row in await db.fetch(_BOOKED, customer_id):
        booking = await bookings.locked(row["booking_no"])
        if booking.state == "booked":
            with contextlib.suppress(BillPaymentPending):  # which keeps its customer here, too
                await _end_early(booking, by=by, reason="account_closed", is_charged=False)


plans.also_end(end_all)

_TO_REMIND = f"""
SELECT {bookings_shown.COLUMNS} {bookings_shown.JOINED} WHERE k.remind_at <= $1 AND k.state = 'booked' ORDER BY k.remind_at LIMIT $2
FOR NO KEY UPDATE OF k SKIP LOCKED
"""
_REMINDED = "UPDATE booking SET remind_at = NULL WHERE id = ANY ($1::bigint[])"


async def remind(*, batch: int = 500) -> int:
    """Reminds of what begins soon, once for each booking; not of what has begun. Returns of how many."""
    told = 0
    while True:
        async with db.transaction():
            rows = [bookings.Booking(*row) for row in await db.fetch(_TO_REMIND, clock.now(), batch)]
            if not rows:
                return told
            await db.execute(_REMINDED, [one.id for one in rows])
            ahead = [one for one in rows if one.starts_at > clock.now()]
            await outbox.tell(
                [
                    outbox.Message(
                        one.customer_id,
                        "booking_ahead",
                        f"booking_ahead:{one.booking_no}",
                        {"title": one.name, "booking_no": one.booking_no, "at": one.starts_at},
                        stale_after=one.starts_at,
                    )
                    for one in ahead
                ]
            )
            told += len(ahead)


_STANDS = "SELECT booking_no FROM booking WHERE booking_no = ANY ($1::text[]) AND state = 'booked'"


async def _untrue(waiting: Sequence[truth.Waiting]) -> dict[int, str]:
    rows = await db.fetch(_STANDS, [one.params["booking_no"] for one in waiting])
    stands = {row["booking_no"] for row in rows}
    return {one.id: "booking_over" for one in waiting if one.params["booking_no"] not in stands}


truth.register("booking_ahead", _untrue)
