"""Reservations 预约: a customer books a place in a slot, alone or every week, and cancels it.

What a place costs is fixed when it is booked. It is paid from the balance at once (``at_booking``), or when its customer has come
(``at_attendance``, ``shop.booking_ends``). Locks: the booking, its bill, the account, the slot.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from billing import (
    approvals,
    arrangements,
    bills,
    collecting,
    matching,
    plan_actors,
    refunds,
    stores,
)
from core import clock, db, errors, ids
from ledger import accounts, idempotency
from members import customers, limits
from notifications import outbox
from shop import bookables, bookings_shown, placing, quotes

Actor = plan_actors.Actor
NoSuchCustomer = customers.NoSuchCustomer
CustomerBlocked = customers.CustomerBlocked
AccountClosed = customers.AccountClosed
NoSuchSlot = bookables.NoSuchSlot
NoSuchBooking = bookings_shown.NoSuchBooking
Booking = bookings_shown.Booking
Series = bookings_shown.Series
get = bookings_shown.get
SkuNotForSale = quotes.SkuNotForSale
PriceChanged = placing.PriceChanged
InsufficientBalance = collecting.InsufficientBalance
BillPaymentPending = bills.BillPaymentPending
KeyReused = idempotency.KeyReused
MOST_WEEKS = 26


class SlotFull(errors.Conflict):
    """All places are taken."""

    code = "slot_full"


class SlotClosed(errors.Conflict):
    """It is not to be booked, or has begun."""

    code = "slot_closed"


class AlreadyBooked(errors.Conflict):
    """The customer has a place there."""

    code = "already_booked"


class BookingOver(errors.Conflict):
    """The booking was cancelled, or has taken place."""

    code = "booking_over"


class RefundNeedsSecond(errors.Forbidden):
    """What would be given back is above the operator's limit: refund the bill first, which a second person agrees to."""

    code = "booking_refund_needs_second"


TAKING = (SlotClosed, SlotFull, AlreadyBooked, SkuNotForSale, InsufficientBalance)
"""Why there may be no place in a slot."""


async def book(
    actor: Actor, customer_id: int, slot_id: int, *, price_fen: int | None = None, key: str
) -> str:
    """Books a place. ``price_fen``: what its customer was shown that one costs. Returns the booking's number.

    Raises:
        NoSuchCustomer, CustomerBlocked, AccountClosed, NoSuchSlot, SlotClosed, SlotFull, AlreadyBooked, SkuNotForSale, PriceChanged,
        KeyReused.
        InsufficientBalance: it is paid at once, and the balance does not cover it.
    """

    async def act() -> str:
        customers.admit(await customers.staying(customer_id))
        return await _book(actor, customer_id, slot_id, None, price_fen)

    content = {"customer_id": customer_id, "slot_id": slot_id, "price_fen": price_fen}
    return await idempotency.alone(
        caller=actor.label, operation="bookings.book", key=key, content=content, act=act
    )


_SLOT_AT = "SELECT id FROM booking_slot WHERE bookable_id = $1 AND starts_at = $2"
_FIRST = "SELECT bookable_id, starts_at FROM booking_slot WHERE id = $1"
_KEEP = """
INSERT INTO booking_series (series_no, customer_id, bookable_id, places, by, created_at) VALUES ($1, $2, $3, $4::jsonb, $5, $6)
"""


async def book_weekly(
    actor: Actor, customer_id: int, slot_id: int, *, weeks: int, price_fen: int | None = None, key: str
) -> Series:
    """Books the slot and those at the same time of the following weeks, as many as there are places in. The answer says which were not to
    be had, and why. ``price_fen``: what the customer was shown that each costs; at another price none is booked.

    Raises:
        NoSuchCustomer, CustomerBlocked, AccountClosed, NoSuchSlot, PriceChanged, KeyReused.
    """
    assert 1 <= weeks <= MOST_WEEKS

    async def act() -> str:
        customers.admit(await customers.staying(customer_id))
        first = await db.fetchrow(_FIRST, slot_id)
        if first is None:
            raise NoSuchSlot(slot_id=slot_id)
        series_no, places = ids.new_no("W"), list[dict[str, Any]]()
        for week in range(weeks):
            local = first["starts_at"].astimezone(clock.zone()) + timedelta(weeks=week)
            starts_at = local.astimezone(first["starts_at"].tzinfo)
            booking_no, reason = await _book_one_of(
                actor, customer_id, first["bookable_id"], starts_at, series_no, price_fen
            )
            places.append({"starts_at": starts_at.isoformat(), "booking_no": booking_no, "reason": reason})
        await db.execute(
            _KEEP, series_no, customer_id, first["bookable_id"], json.dumps(places), actor.label, clock.now()
        )
        return series_no

    content = {"customer_id": customer_id, "slot_id": slot_id, "weeks": weeks, "price_fen": price_fen}
    made = await idempotency.alone(
        caller=actor.label, operation="bookings.weekly", key=key, content=content, act=act
    )
    return await bookings_shown.series(made)


async def _book_one_of(
    actor: Actor,
    customer_id: int,
    bookable_id: int,
    starts_at: datetime,
    series_no: str,
    shown_fen: int | None,
) -> tuple[str | None, str | None]:
    slot_id = await db.fetchval(_SLOT_AT, bookable_id, starts_at)
    if slot_id is None:
        return None, NoSuchSlot.code
    try:
        return await _book(actor, customer_id, slot_id, series_no, shown_fen), None
    except TAKING as refused:
        return None, refused.code  # nothing of it is left


_ASKED = """
SELECT s.id, s.starts_at, s.is_open AND b.is_open AS is_open, b.id AS bookable_id, b.name, b.sku_id, b.store_id, b.pays, b.charges_late,
       b.cancel_hours, b.remind_hours, b.plan_offer_id
FROM booking_slot s JOIN bookable b ON b.id = s.bookable_id WHERE s.id = $1
"""
_LOCK_SLOT = "SELECT capacity, taken, is_open FROM booking_slot WHERE id = $1 FOR NO KEY UPDATE"
_HAS = "SELECT EXISTS (SELECT FROM booking WHERE slot_id = $1 AND customer_id = $2 AND state = 'booked')"
_TAKE = "UPDATE booking_slot SET taken = taken + 1 WHERE id = $1"
_WRITE = """
INSERT INTO booking (booking_no, slot_id, customer_id, state, price_fen, pays, charges_late, plan_offer_id, free_until, bill_no, series_no,
                     remind_at, created_at)
VALUES ($1, $2, $3, 'booked', $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id
"""


async def _book(
    actor: Actor, customer_id: int, slot_id: int, series_no: str | None, shown_fen: int | None
) -> str:
    """In the caller's transaction, which keeps the customer from leaving. What stands in the way leaves nothing behind but a void bill."""
    asked = await db.fetchrow(_ASKED, slot_id)
    if asked is None:
        raise NoSuchSlot(slot_id=slot_id)
    at_once = asked["pays"] == "at_booking"
    price_fen = await _price(customer_id, asked["sku_id"], asked["store_id"])
    placing.refuse_another_total(price_fen, shown_fen)
    balance = await accounts.locked_balance(customer_id) if at_once else None
    slot, now = await db.fetchrow(_LOCK_SLOT, slot_id), clock.now()
    if slot is None:
        raise NoSuchSlot(slot_id=slot_id)
    if not (asked["is_open"] and slot["is_open"] and asked["starts_at"] > now):
        raise SlotClosed(slot_id=slot_id)
    if await db.fetchval(_HAS, slot_id, customer_id):
        raise AlreadyBooked(slot_id=slot_id)
    if slot["taken"] >= slot["capacity"]:
        raise SlotFull(slot_id=slot_id)
    if balance is not None and balance.available_fen + balance.credit_left_fen < price_fen:
        raise InsufficientBalance(available_fen=balance.available_fen, amount_fen=price_fen)
    booking_no = ids.new_no("Y")
    bill = (
        await issue(customer_id, asked["name"], booking_no, price_fen, automatic=False) if at_once else None
    )
    if bill is not None:
        await _take(bill, by=actor.label)
    await db.execute(_TAKE, slot_id)
    free_until = asked["starts_at"] - timedelta(hours=asked["cancel_hours"])
    remind_at = asked["starts_at"] - timedelta(hours=asked["remind_hours"])
    booking_id = await db.fetchval(
        _WRITE, booking_no, slot_id, customer_id, price_fen, asked["pays"], asked["charges_late"], asked["plan_offer_id"],
        free_until, None if bill is None else bill.bill_no, series_no,
        remind_at if asked["remind_hours"] and remind_at > now else None, now,
    )  # fmt: skip
    await note(booking_id, "book", actor.label)
    if actor.customer_id is None:
        await tell_of(customer_id, "booking_made", booking_no, asked["name"], asked["starts_at"])
    return booking_no


async def _take(bill: bills.Bill, *, by: str) -> None:
    try:
        await collecting.take_in_full(bill, operator=by)
    except InsufficientBalance:  # of a series the others go on
        await bills.void(bill)
        raise


async def _price(customer_id: int, sku_id: int, store_id: int) -> int:
    """What a place costs the customer now: the lowest price of the SKU, tier and store counted, as in any order."""
    there = await quotes.seen(customer_id, {sku_id: 1}, store_id=store_id)
    if sku_id not in there or not there[sku_id][1]:
        raise SkuNotForSale(sku_id=sku_id)
    return there[sku_id][0].price_fen


_SOLD_AT = "SELECT id, sku_id, store_id FROM bookable WHERE id = ANY ($1::bigint[])"


async def prices(customer_id: int, bookable_ids: Sequence[int]) -> dict[int, int]:
    """What a place of each costs the customer now, tier and store counted; what is not for sale now is left out."""
    rows = await db.fetch(_SOLD_AT, bookable_ids)
    found: dict[int, int] = {}
    for store_id in {row["store_id"] for row in rows}:
        here = [row for row in rows if row["store_id"] == store_id]
        lines = await quotes.seen(customer_id, {row["sku_id"]: 1 for row in here}, store_id=store_id)
        found |= {
            row["id"]: lines[row["sku_id"]][0].price_fen
            for row in here
            if row["sku_id"] in lines and lines[row["sku_id"]][1]
        }
    return found


async def issue(
    customer_id: int, name: str, booking_no: str, price_fen: int, *, automatic: bool
) -> bills.Bill:
    """The bill of a booking; of a source that is billed once."""
    new = bills.NewBill(
        customer_id, name, f"booking:{booking_no}", price_fen, clock.now(), automatic=automatic
    )
    (bill,) = await bills.issue([new])
    return bill


_LOCK = (
    f"SELECT {bookings_shown.COLUMNS} {bookings_shown.JOINED} WHERE k.booking_no = $1 FOR NO KEY UPDATE OF k"
)


async def locked(
    booking_no: str, customer_id: int | None = None, *, within: Collection[str] | None = None
) -> Booking:
    """Locks a booking, of that customer where one is named, at one of the stores ``within``.

    Raises:
        NoSuchBooking.
    """
    row = await db.fetchrow(_LOCK, booking_no)
    found = None if row is None else Booking(*row)
    if (
        found is None
        or customer_id not in (None, found.customer_id)
        or not await stores.is_within(found.store_id, within)
    ):
        raise NoSuchBooking(booking_no=booking_no)
    return found


_END = (
    "UPDATE booking SET state = $2, ended_at = $3, remind_at = NULL, bill_no = $4, plan_id = $5 WHERE id = $1"
)


async def end(booking: Booking, state: str, *, by: str, note_: str = "", bill_no: str | None = None, plan_id: int | None = None) -> None:  # fmt: skip
    """A locked booking ends in this state, billed or counted so where that was not before."""
    await db.execute(
        _END, booking.id, state, clock.now(), bill_no or booking.bill_no, plan_id or booking.plan_id
    )
    await note(booking.id, state, by, note_)


_GIVE_BACK = "UPDATE booking_slot SET taken = taken - 1 WHERE id = $1"


async def free_place(booking: Booking) -> None:
    """Somebody else can have it. The last lock of all."""
    await db.execute(_GIVE_BACK, booking.slot_id)


async def in_turn(operator_id: int, booking: Booking) -> None:
    """Lets what one operator gives back of one customer's money wait for each other; before the booking is locked."""
    if booking.bill_no is not None:
        await approvals.one_by_one(operator_id, (await bills.find(booking.bill_no)).customer_id)
        await _allowance(operator_id, booking)


async def _allowance(operator_id: int, booking: Booking) -> limits.Allowance:
    store = await stores.code_of(booking.store_id) or ""
    return await limits.of(operator_id, "refunds", "orders.serve", store=store)


async def money_back(booking: Booking, *, by: str, reason: str = "", alone: int | None = None) -> None:
    """What a locked booking was paid with returns; what is owed for it is owed no more, in instalments or not, and what is held for a
    review of it is free. ``alone``: the operator who gives it back without a second person, ``in_turn``.

    Raises:
        BillPaymentPending: the bill is being paid through a channel.
        RefundNeedsSecond, AboveYourLimit.
    """
    if booking.bill_no is None:
        return
    bill = await bills.lock(booking.bill_no)
    if alone is not None:
        await _refuse_above_limit(alone, booking, bill)
    if bill.state in bills.OWED:
        ended = reason or booking.booking_no
        await arrangements.end(bill.id, "proposed", "withdrawn", by=by, reason=ended)
        await arrangements.end(bill.id, "running", "cancelled", by=by, reason=ended)
        await matching.voiding(bill)
        bill = await bills.lock(booking.bill_no)
    await refunds.in_full(bill, operator=by, reason=reason)


async def _refuse_above_limit(operator_id: int, booking: Booking, bill: bills.Bill) -> None:
    """Of a locked bill, which nobody pays meanwhile; counted with what went back to its customer, as it will be itself."""
    left_fen = await refunds.left(bill)
    if left_fen and await approvals.adds_up(left_fen, operator_id=operator_id, customer_id=bill.customer_id):
        raise RefundNeedsSecond(bill_no=bill.bill_no, amount_fen=left_fen)
    allowance = await _allowance(operator_id, booking)
    await allowance.take(left_fen, accounts.of_customer(bill.customer_id))


_NOTE = 'INSERT INTO booking_event (booking_id, step, by, note, "at") VALUES ($1, $2, $3, $4, $5)'


async def note(booking_id: int, step: str, by: str, text: str = "") -> None:
    """Writes a step down. Part of the caller's transaction."""
    await db.execute(_NOTE, booking_id, step, by, text, clock.now())


async def tell_of(
    customer_id: int, kind: outbox.Kind, booking_no: str, name: str, starts_at: datetime, **more: str
) -> None:
    """Tells a customer what somebody else did with a booking of theirs."""
    params = {"title": name, "booking_no": booking_no, "at": starts_at, **more}
    await outbox.tell([outbox.Message(customer_id, kind, f"{kind}:{booking_no}", params)])


def refuse_over(booking: Booking) -> None:
    """Refuses what is only done to a booking that still stands.

    Raises:
        BookingOver.
    """
    if booking.state != "booked":
        raise BookingOver(booking_no=booking.booking_no, state=booking.state)
