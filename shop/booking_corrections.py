"""Corrections: somebody was marked as there who was not, or the other way round.

What the mark had cost is undone as far as the rule of the booking asks: a bill is refunded or owed no more, a unit of a plan is given back
while its period is still to be taken. What was given back once is not taken again: its bill is closed, and another would be the shop's to write.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from billing import plan_usage, standing
from core import clock, db, errors
from ledger import idempotency
from members import customers
from shop import booking_ends, bookings

NoSuchBooking = bookings.NoSuchBooking
BillPaymentPending = bookings.BillPaymentPending
RefundNeedsSecond = bookings.RefundNeedsSecond
PeriodNotAhead = plan_usage.PeriodNotAhead
CustomerHasLeft = customers.CustomerHasLeft
KeyReused = idempotency.KeyReused


class BookingNotMarked(errors.Conflict):
    """Nobody has said yet whether the customer came, or it was cancelled, or it is marked so already."""

    code = "booking_not_marked"


class BookingGivenBack(errors.Conflict):
    """What it was paid with was given back, and is not taken again."""

    code = "booking_given_back"


async def correct(
    operator_id: int,
    booking_no: str,
    came: booking_ends.Came,
    *,
    reason: str,
    within: Collection[str] | None = None,
    key: str,
) -> None:
    """The customer came after all, or did not. From then on the booking has cost what it would have if that had been said at once.

    Raises:
        NoSuchBooking, BookingNotMarked, BookingGivenBack, BillPaymentPending, RefundNeedsSecond, KeyReused.
        PeriodNotAhead: the plan's period it was counted into has been taken.
        CustomerHasLeft: who is to be charged has no account any more.
    """
    by = f"operator:{operator_id}"

    async def act() -> str:
        seen = await bookings.get(booking_no)
        _refuse_unmarked(
            seen, came
        )  # of a mark on its way what it costs is not known yet, nor whose turn it is
        whose = await standing.heir(seen.customer_id)
        if came == "no_show" and not seen.charges_late:
            await bookings.in_turn(operator_id, seen)
        elif not seen.charges_late:
            customers.refuse_left(await customers.staying(whose))
        booking = await bookings.locked(booking_no, within=within)
        _refuse_unmarked(booking, came)
        if booking.charges_late:
            await _say(booking, came, booking.bill_no, booking.plan_id, by=by, reason=reason)
        elif came == "no_show":
            await _give_back(booking, operator_id, by=by, reason=reason)
        else:
            await _charge(booking, whose, by=by, reason=reason)
        return booking_no

    content = {"booking_no": booking_no, "came": came, "reason": reason}
    await idempotency.alone(caller=by, operation="bookings.correct", key=key, content=content, act=act)


def _refuse_unmarked(booking: bookings.Booking, came: booking_ends.Came) -> None:
    if booking.state not in ("attended", "no_show") or booking.state == came:
        raise BookingNotMarked(booking_no=booking.booking_no, state=booking.state)


async def _give_back(booking: bookings.Booking, operator_id: int, *, by: str, reason: str) -> None:
    if booking.plan_id is not None:
        await plan_usage.take_back(booking.plan_id, reference=booking.booking_no)
    await bookings.money_back(booking, by=by, reason=reason, alone=operator_id)
    await _say(booking, "no_show", booking.bill_no, None, by=by, reason=reason)


async def _charge(booking: bookings.Booking, whose: int, *, by: str, reason: str) -> None:
    """``whose``: the customer's account, or the one it was merged into since."""
    if booking.bill_no is not None:
        raise BookingGivenBack(booking_no=booking.booking_no, bill_no=booking.bill_no)
    bill_no, plan_id = await booking_ends.charge(replace(booking, customer_id=whose), by=by)
    await _say(booking, "attended", bill_no, plan_id, by=by, reason=reason)


_SAY = "UPDATE booking SET state = $2, ended_at = $3, bill_no = $4, plan_id = $5 WHERE id = $1"


async def _say(
    booking: bookings.Booking,
    came: booking_ends.Came,
    bill_no: str | None,
    plan_id: int | None,
    *,
    by: str,
    reason: str,
) -> None:
    await db.execute(_SAY, booking.id, came, clock.now(), bill_no, plan_id)
    await bookings.note(booking.id, came, by, reason)
