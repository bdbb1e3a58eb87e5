"""Reservations: never more than there are places, cancelled in time or paid for, paid once, reminded once."""

import asyncio
import contextvars
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from billing import (
    approvals,
    bills,
    closings,
    collecting,
    deduction_rules,
    deductions,
    forecast,
    instalment_schedule,
    instalments,
    merges,
    plan_actors,
    reviews,
    terms,
)
from core import clock
from core import db as database
from shop import bookables, booking_corrections, booking_ends, bookings, bookings_shown, price_rules
from tests import factories
from tests.billing import planning
from tests.billing.planning import SHOP

HOUR = timedelta(hours=1)


async def lesson(capacity=2, *, price_fen=3_000, pays="at_booking", cancel_hours=2, **how):
    """Something to book every day at noon; its slots from tomorrow on."""
    sku = await factories.sku(price_fen)
    timetable = tuple(bookables.Time(day, "12:00", 90, capacity) for day in range(1, 8))
    made = await bookables.add(
        1,
        bookables.Wanted("茶艺课", sku.id, pays, timetable, cancel_hours=cancel_hours, **how),
        key=factories.key(),
    )
    tomorrow = clock.today() + factories.DAYS
    return made, await bookables.slots(made.id, tomorrow, tomorrow + 9 * factories.DAYS)


def by(customer):
    return plan_actors.by_customer(customer.id)


async def booked(customer, slot, actor=None):
    return await bookings.book(actor or by(customer), customer.id, slot.id, key=factories.key())


def at(instant):
    clock.set_offset(timedelta())
    clock.set_offset(instant - clock.now())


async def taken(slot):
    return await database.fetchval("SELECT taken FROM booking_slot WHERE id = $1", slot.id)


async def state(booking_no):
    return (await bookings.get(booking_no)).state


async def told(customer, kind):
    sql = "SELECT count(*) FROM outbox_message WHERE customer_id = $1 AND kind = $2"
    return await database.fetchval(sql, customer.id, kind)


async def test_of_64_who_want_the_last_places_only_so_many_have_one(db):
    _, (slot, *_) = await lesson(5, pays="at_attendance")
    everyone = [await factories.customer() for _ in range(16)]
    outcomes = await asyncio.gather(
        *(booked(customer, slot) for customer in everyone for _ in range(4)), return_exceptions=True
    )
    names = [type(outcome).__name__ for outcome in outcomes]
    assert names.count("str") == 5 == await taken(slot)
    assert {"str", "SlotFull"} <= set(names) <= {"str", "SlotFull", "AlreadyBooked"}


async def test_the_price_that_is_shown_is_the_one_that_is_paid(db):
    customer = await factories.customer(principal=5_000)
    made, (slot, *_) = await lesson()
    other, _ = await lesson(price_fen=700)
    assert await bookings.prices(customer.id, [made.id, other.id, 404]) == {made.id: 3_000, other.id: 700}
    await price_rules.add(
        1, made.sku_id, price_rules.NewRule(1_800, from_at=clock.now() - HOUR), key=factories.key()
    )
    shown = await bookings.prices(customer.id, [made.id])
    await bookings.book(by(customer), customer.id, slot.id, price_fen=shown[made.id], key=factories.key())
    assert await factories.balance(customer.id) == (3_200, 0)
    await database.execute("UPDATE product SET state = 'off_shelf'")
    assert await bookings.prices(customer.id, [made.id, other.id]) == {}


async def test_paid_at_booking_and_given_back_in_time(db):
    customer = await factories.customer(principal=5_000)
    _, (slot, second, *_) = await lesson()
    key = factories.key()
    clicks = [bookings.book(by(customer), customer.id, slot.id, key=key) for _ in range(3)]
    (number,) = set(await asyncio.gather(*clicks))
    assert (await factories.balance(customer.id), await taken(slot)) == ((2_000, 0), 1)
    with pytest.raises(bookings.InsufficientBalance):
        await booked(customer, second)
    await factories.topped_up(customer.id, 3_000)
    with pytest.raises(bookings.AlreadyBooked):
        await booked(customer, slot)
    await booking_ends.cancel(by(customer), number, key=factories.key())
    assert (await factories.balance(customer.id), await taken(slot)) == ((8_000, 0), 0)
    with pytest.raises(bookings.BookingOver):
        await booking_ends.cancel(by(customer), number, key=factories.key())
    assert await booked(customer, slot) != number


async def test_too_late_costs_what_the_rule_says(db):
    customer = await factories.customer(principal=9_000)
    _, (slot, *_) = await lesson()
    number = await booked(customer, slot)
    at(slot.starts_at - HOUR)
    await booking_ends.cancel(by(customer), number, key=factories.key())
    assert (await factories.balance(customer.id), await taken(slot)) == ((6_000, 0), 0)
    clock.set_offset(timedelta())
    _, (later, *_) = await lesson(charges_late=False)
    number = await booked(customer, later)
    at(later.starts_at - HOUR)
    await booking_ends.cancel(by(customer), number, key=factories.key())
    assert await factories.balance(customer.id) == (6_000, 0)
    clock.set_offset(timedelta())
    _, (owed, *_) = await lesson(pays="at_attendance")
    number = await booked(customer, owed)
    at(owed.starts_at + HOUR)
    with pytest.raises(booking_ends.BookingBegun):
        await booking_ends.cancel(by(customer), number, key=factories.key())
    at(owed.starts_at - HOUR)
    await booking_ends.cancel(by(customer), number, key=factories.key())
    assert await factories.balance(customer.id) == (3_000, 0)


async def test_who_came_pays_and_who_did_not_as_the_rule_says(db):
    customer, poor = await factories.customer(principal=9_000), await factories.customer()
    _, (slot, second, *_) = await lesson(pays="at_attendance")
    came, missed, owes = (
        await booked(customer, slot),
        await booked(customer, second),
        await booked(poor, slot),
    )
    with pytest.raises(booking_ends.BookingNotBegun):
        await booking_ends.mark(1, came, "attended", key=factories.key())
    at(slot.starts_at)
    marks = [booking_ends.mark(1, came, "attended", key=factories.key()) for _ in range(3)]
    outcomes = await asyncio.gather(*marks, return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["BookingOver", "BookingOver", "NoneType"]
    assert await factories.balance(customer.id) == (6_000, 0)
    await booking_ends.mark(1, owes, "attended", key=factories.key())
    bill = await bills.get(poor.id, (await bookings.get(owes)).bill_no)
    assert (bill.state, bill.owed_fen) == ("open", 3_000)
    await factories.topped_up(poor.id, 3_000)
    assert (await bills.get(poor.id, bill.bill_no)).state == "paid"
    at(second.starts_at)
    await booking_ends.mark(1, missed, "no_show", key=factories.key())
    assert (await factories.balance(customer.id), await state(missed)) == ((3_000, 0), "no_show")
    clock.set_offset(timedelta())
    _, (free, *_) = await lesson(charges_late=False)
    number = await booked(customer, free)
    at(free.starts_at)
    await booking_ends.mark(1, number, "no_show", key=factories.key())
    assert await factories.balance(customer.id) == (3_000, 0)


async def test_what_is_booked_and_paid_later_counts_in_the_forecast_once(db):
    customer = await factories.customer(principal=7_000)
    _, (slot, *_) = await lesson(pays="at_attendance")
    await booked(customer, slot)
    assert (await forecast.of(customer.id)).runs_out_on is None
    for one in (await lesson(pays="at_attendance"))[1][1:3]:
        await booked(customer, one)
        ends = clock.day_of(one.starts_at)
    seen = await forecast.of(customer.id)
    assert (seen.runs_out_on, [(part.title, part.kind) for part in seen.parts]) == (
        ends,
        [("茶艺课", "plan")],
    )
    at(slot.starts_at)
    (number,) = [
        one.booking_no for one in await bookings_shown.page(customer.id, limit=9) if one.slot_id == slot.id
    ]
    await booking_ends.mark(1, number, "attended", key=factories.key())
    seen = await forecast.of(customer.id)
    assert (seen.runs_out_on, seen.per_day_fen) == (ends, 0), "what was seen ahead is no habit besides"


async def test_a_plan_by_use_is_used_instead(db):
    customer = await factories.customer(principal=9_000)
    plan_id = await planning.start(customer, "monthly", 1_000, unit="节", most_fen=20_000)
    offer_id = await database.fetchval("SELECT offer_id FROM plan WHERE id = $1", plan_id)
    _, (slot, second, *_) = await lesson(pays="at_attendance", plan_offer_id=offer_id)
    first, later = await booked(customer, slot), await booked(customer, second)
    at(slot.starts_at)
    await booking_ends.mark(1, first, "attended", key=factories.key())
    assert (await bookings.get(first)).plan_id == plan_id
    assert await factories.balance(customer.id) == (9_000, 0)
    at(slot.starts_at + 32 * factories.DAYS)
    await deductions.run_due()
    assert await factories.balance(customer.id) == (8_000, 0)
    await booking_ends.mark(1, later, "attended", key=factories.key())
    assert (await bookings.get(later)).bill_no is not None  # that period is over
    assert await factories.balance(customer.id) == (5_000, 0)


def corrected(number, came):
    return booking_corrections.correct(1, number, came, reason="标错了", key=factories.key())


async def test_who_was_marked_wrongly_has_paid_in_the_end_what_was_right(db):
    customer = await factories.customer(principal=9_000)
    _, (slot, second, *_) = await lesson(pays="at_attendance", charges_late=False)
    number, other = await booked(customer, slot), await booked(customer, second)
    with pytest.raises(booking_corrections.BookingNotMarked):
        await corrected(number, "no_show")
    at(second.starts_at)
    await booking_ends.mark(1, number, "attended", key=factories.key())
    clicks = await asyncio.gather(*(corrected(number, "no_show") for _ in range(3)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in clicks) == [
        "BookingNotMarked",
        "BookingNotMarked",
        "NoneType",
    ]
    assert (await factories.balance(customer.id), await state(number)) == ((9_000, 0), "no_show")
    with pytest.raises(booking_corrections.BookingGivenBack):
        await corrected(number, "attended")
    await booking_ends.mark(1, other, "no_show", key=factories.key())
    await corrected(other, "attended")
    assert (await factories.balance(customer.id), await state(other)) == ((6_000, 0), "attended")
    steps = await database.fetch("SELECT step, note FROM booking_event ORDER BY id DESC LIMIT 2")
    assert [tuple(step) for step in steps] == [("attended", "标错了"), ("no_show", "")]


async def test_a_correction_charges_who_has_the_account_now_and_nobody_who_left(db):
    gone, kept = await factories.customer(principal=9_000), await factories.customer(principal=9_000)
    _, (slot, second, *_) = await lesson(3, pays="at_attendance", charges_late=False)
    number, late = await booked(gone, slot), await booked(gone, second)
    left = await factories.customer()
    theirs = await booked(left, second)
    at(second.starts_at)
    for one in (number, late, theirs):
        await booking_ends.mark(1, one, "no_show", key=factories.key())
    asked = await merges.request(1, gone.id, kept.id, reason="x", key=factories.key())
    await approvals.approve(2, asked, key=factories.key())
    await corrected(number, "attended")
    assert await factories.balance(kept.id) == (15_000, 0)
    await database.execute("UPDATE customer SET state = 'closed' WHERE id = $1", left.id)
    with pytest.raises(booking_corrections.CustomerHasLeft):
        await corrected(theirs, "attended")
    assert (await database.fetch("SELECT customer_id, state FROM bill")) == [(kept.id, "paid")]
    assert (await state(late), await state(theirs)) == ("no_show", "no_show")


async def test_a_mark_on_its_way_does_not_hide_from_a_correction_what_takes_a_second_person(db):
    terms.use(replace(terms.current(), approval_above_fen=1_000))
    customer = await factories.customer(principal=9_000)
    _, (slot, *_) = await lesson(pays="at_attendance", charges_late=False)
    number = await booked(customer, slot)
    at(slot.starts_at)
    elsewhere = contextvars.copy_context()  # a task of this transaction would be on its connection
    async with database.transaction():
        await booking_ends.mark(1, number, "attended", key=factories.key())
        racing = asyncio.create_task(corrected(number, "no_show"), context=elsewhere)
        await asyncio.wait({racing}, timeout=0.2)
    with pytest.raises(booking_corrections.BookingNotMarked):
        await racing
    with pytest.raises(booking_corrections.RefundNeedsSecond):
        await corrected(number, "no_show")
    assert (await factories.balance(customer.id), await state(number)) == ((6_000, 0), "attended")


async def test_corrections_of_one_customers_bookings_at_once_add_up_to_what_takes_a_second_person(db):
    terms.use(replace(terms.current(), approval_above_fen=5_000))
    customer = await factories.customer(principal=9_000)
    _, (slot, second, *_) = await lesson(pays="at_attendance", charges_late=False)
    numbers = [await booked(customer, slot), await booked(customer, second)]
    at(second.starts_at)
    for number in numbers:
        await booking_ends.mark(1, number, "attended", key=factories.key())
    done = await asyncio.gather(*(corrected(one, "no_show") for one in numbers), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["NoneType", "RefundNeedsSecond"]
    assert await factories.balance(customer.id) == (6_000, 0)


async def test_where_it_costs_either_way_a_correction_moves_nothing(db):
    customer = await factories.customer(principal=9_000)
    _, (slot, *_) = await lesson()
    number = await booked(customer, slot)
    at(slot.starts_at)
    await booking_ends.mark(1, number, "attended", key=factories.key())
    await corrected(number, "no_show")
    await corrected(number, "attended")
    assert (await factories.balance(customer.id), await state(number)) == ((6_000, 0), "attended")
    with pytest.raises(bookings.NoSuchBooking):
        await booking_corrections.correct(
            1, number, "no_show", reason="x", within={"elsewhere"}, key=factories.key()
        )


async def test_a_unit_of_a_plan_is_given_back_until_its_period_is_taken(db):
    customer = await factories.customer(principal=9_000)
    plan_id = await planning.start(customer, "monthly", 1_000, unit="节", most_fen=20_000)
    offer_id = await database.fetchval("SELECT offer_id FROM plan WHERE id = $1", plan_id)
    _, (slot, second, *_) = await lesson(pays="at_attendance", plan_offer_id=offer_id, charges_late=False)
    first, stays = await booked(customer, slot), await booked(customer, second)
    at(second.starts_at)
    for number in (first, stays):
        await booking_ends.mark(1, number, "attended", key=factories.key())
    await corrected(first, "no_show")
    assert (await bookings.get(first)).plan_id is None
    await corrected(first, "attended")
    await corrected(first, "no_show")
    at(slot.starts_at + 32 * factories.DAYS)
    await deductions.run_due()
    assert await factories.balance(customer.id) == (8_000, 0), "the one that stayed"
    with pytest.raises(booking_corrections.PeriodNotAhead):
        await corrected(stays, "no_show")
    assert await state(stays) == "attended"


async def test_a_place_every_week_says_which_dates_were_full(db):
    customer, other = await factories.customer(principal=5_000), await factories.customer(principal=9_000)
    _, slots = await lesson(1)
    await booked(other, slots[7])
    key = factories.key()
    series = await bookings.book_weekly(by(customer), customer.id, slots[0].id, weeks=4, key=key)
    assert [(one.booking_no is not None, one.reason) for one in series.places] == [
        (True, None),
        (False, "slot_full"),
        (False, "insufficient_balance"),
        (False, "insufficient_balance"),
    ]
    again = await bookings.book_weekly(by(customer), customer.id, slots[0].id, weeks=4, key=key)
    assert again == series
    assert await factories.balance(customer.id) == (2_000, 0)
    far = await bookings.book_weekly(by(other), other.id, slots[1].id, weeks=10, key=factories.key())
    assert far.places[-1].reason in ("no_such_slot", "insufficient_balance")


async def test_at_another_price_than_was_shown_nothing_is_booked(db):
    customer = await factories.customer(principal=9_000)
    _, (slot, *_) = await lesson()
    for wish in (bookings.book, partial(bookings.book_weekly, weeks=2)):
        with pytest.raises(bookings.PriceChanged) as refused:
            await wish(by(customer), customer.id, slot.id, price_fen=2_999, key=factories.key())
        assert refused.value.params == {"total_fen": 3_000, "shown_fen": 2_999}
    assert (await factories.balance(customer.id), await taken(slot)) == ((9_000, 0), 0)
    assert await bookings_shown.page(customer.id) == []
    await bookings.book_weekly(
        by(customer), customer.id, slot.id, weeks=2, price_fen=3_000, key=factories.key()
    )
    assert await factories.balance(customer.id) == (3_000, 0)


async def test_the_shop_cancels_for_nothing_and_not_beyond_its_limit(db):
    terms.use(replace(terms.current(), approval_above_fen=4_000))
    customer = await factories.customer(principal=9_000)
    _, (slot, second, *_) = await lesson()
    first, later = await booked(customer, slot, SHOP), await booked(customer, second)
    assert await told(customer, "booking_made") == 1
    await booking_ends.cancel(SHOP, first, reason="老师生病", key=factories.key())
    assert (await told(customer, "booking_cancelled"), await factories.balance(customer.id)) == (
        1,
        (6_000, 0),
    )
    why = "SELECT params->>'reason' FROM outbox_message WHERE kind = 'booking_cancelled'"
    assert await database.fetchval(why) == "老师生病"
    with pytest.raises(bookings.RefundNeedsSecond):
        await booking_ends.cancel(SHOP, later, key=factories.key())
    assert await state(later) == "booked"


async def test_reminders_go_out_once_and_only_while_they_are_true(db):
    customer = await factories.customer(principal=9_000)
    _, (_, slot, second, *_) = await lesson(remind_hours=3)
    first, gone = await booked(customer, slot), await booked(customer, second)
    assert await booking_ends.remind() == 0
    at(slot.starts_at - 2 * HOUR)
    done = await asyncio.gather(*(booking_ends.remind() for _ in range(3)))
    assert (sum(done), await told(customer, "booking_ahead")) == (1, 1)
    at(second.starts_at + HOUR)
    assert (await booking_ends.remind(), await told(customer, "booking_ahead")) == (0, 1)
    assert {await state(first), await state(gone)} == {"booked"}


async def test_a_timetable_changes_and_days_close(db):
    customer = await factories.customer(principal=9_000)
    made, (slot, second, *_) = await lesson()
    await booked(customer, slot)
    day = clock.day_of(second.starts_at)
    await bookables.set_open(made.id, day, day, is_open=False)
    with pytest.raises(bookings.SlotClosed):
        await booked(customer, second)
    added = await bookables.put_slot(made.id, slot.starts_at + 3 * HOUR, minutes=30, capacity=1)
    day = clock.day_of(slot.starts_at)
    before = await bookables.slots(made.id, day, day + 9 * factories.DAYS)
    renamed = bookables.Wanted("茶道课", made.sku_id, "at_booking", made.timetable)
    await bookables.change(1, made.id, renamed, key=factories.key())
    after = await bookables.slots(made.id, day, day + 9 * factories.DAYS)
    assert after == [replace(one, name="茶道课") for one in before] and added in [one.id for one in after]
    evening = tuple(bookables.Time(number, "18:30", 60, 3) for number in range(1, 8))
    wanted = bookables.Wanted("茶艺课", made.sku_id, "at_booking", evening)
    await bookables.change(1, made.id, wanted, key=factories.key())
    first = clock.day_of(slot.starts_at)
    left = await bookables.slots(made.id, first, first + 2 * factories.DAYS)
    hours = [(one.starts_at.astimezone(clock.zone()).hour, one.is_open) for one in left]
    assert hours == [(12, True), (18, True), (12, False), (18, True), (18, True)]
    with pytest.raises(bookables.CapacityTaken):
        await bookables.put_slot(made.id, slot.starts_at, minutes=90, capacity=0)
    extra = datetime.combine(first, slot.starts_at.timetz()) + HOUR
    assert await bookables.put_slot(made.id, extra, minutes=30, capacity=1)
    at(clock.now() + 5 * factories.DAYS)
    assert (await bookables.make_slots(), await bookables.make_slots()) == (1, 0)
    at(slot.starts_at + HOUR)
    with pytest.raises(bookings.SlotClosed):
        await booked(await factories.customer(principal=9_000), slot)
    with pytest.raises(bookables.BookableMisfit):
        offer = await planning.offer()
        await bookables.change(1, made.id, replace(wanted, plan_offer_id=offer.id), key=factories.key())


async def test_bookings_move_with_an_account_and_end_with_one(db):
    customer, other = await factories.customer(principal=3_000), await factories.customer(principal=9_000)
    _, (slot, second, *_) = await lesson()
    mine, late = await booked(other, slot), await booked(customer, second)
    async with database.transaction():
        await closings.plans.end_all(other.id, by="operator:1")
    assert (await state(mine), await factories.balance(other.id)) == ("cancelled", (9_000, 0))
    assert (await merges.preview(customer.id, other.id)).bookings == 1
    assert (await merges.preview(other.id, customer.id)).bookings == 0, "what was cancelled stays"
    async with database.transaction():
        await merges.follow(customer.id, other.id)
        await database.execute(
            "UPDATE customer SET state = 'merged', merged_into_id = $2 WHERE id = $1", customer.id, other.id
        )
    assert [one.booking_no for one in await bookings_shown.page(other.id, limit=1)] == [late]


async def checked(principal=5_000):
    """Somebody whose payment for a place the shop checks first, and the bill."""
    customer, (_, (slot, *_)) = await factories.customer(principal=principal), await lesson()
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 3_000}, action="hold", tells_customer=False
    )
    number = await booked(customer, slot)
    bill = await bills.find((await bookings.get(number)).bill_no)
    assert bill.under_review and await taken(slot) == 1
    return customer, number, bill


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_payment_that_is_being_checked_is_called_off_with_its_booking(db, leaves):
    customer, number, bill = await checked()
    if leaves:
        async with database.transaction():
            await closings.plans.end_all(customer.id, by="operator:1")
    else:
        await booking_ends.cancel(by(customer), number, key=factories.key())
    assert (await state(number), (await bills.find(bill.bill_no)).state) == ("cancelled", "void")
    assert bill.pending_no and (await reviews.get(bill.pending_no)).state == "withdrawn"
    assert await factories.balance(customer.id) == (5_000, 0)


@pytest.mark.parametrize("ends", ["cancel", "mark"])
async def test_a_payment_let_through_meanwhile_does_not_hide_what_takes_a_second_person(db, ends):
    terms.use(replace(terms.current(), approval_above_fen=1_000))
    customer, number, bill = await checked()
    if ends == "mark":
        await database.execute("UPDATE booking SET charges_late = false")
        await database.execute("UPDATE deduction_review SET expires_at = expires_at + interval '3 days'")
        at((await bookings.get(number)).starts_at)
        end = partial(booking_ends.mark, 1, number, "no_show", key=factories.key())
    else:
        end = partial(booking_ends.cancel, SHOP, number, key=factories.key())
    elsewhere = contextvars.copy_context()  # a task of this transaction would be on its connection
    async with database.transaction():
        await reviews.approve(1, bill.pending_no, key=factories.key())
        racing = asyncio.create_task(end(), context=elsewhere)
        await asyncio.wait({racing}, timeout=0.2)
        assert not racing.done()
    with pytest.raises(bookings.RefundNeedsSecond):
        await racing
    assert (await state(number), await factories.balance(customer.id)) == ("booked", (2_000, 0))


@pytest.mark.parametrize("paid_fen", [0, 1_000])
async def test_what_is_owed_in_instalments_is_owed_no_more_once_it_is_cancelled(db, paid_fen):
    customer, number, bill = await checked()
    assert bill.pending_no
    await reviews.reject(1, bill.pending_no, key=factories.key())
    parts = instalment_schedule.EqualParts(3, clock.today(), "days", 10)
    agreed = instalments.Terms(parts, True, "2026-11", "分三期付清，到期自动扣款", "counter")
    await instalments.arrange(1, bill.bill_no, agreed, key=factories.key())
    if paid_fen:
        await collecting.pay(customer.id, bill.bill_no, amount_fen=paid_fen, key=factories.key())
    await booking_ends.cancel(by(customer), number, key=factories.key())
    after = await bills.find(bill.bill_no)
    assert (after.state, after.paid_fen) == ("void", paid_fen)
    assert await factories.balance(customer.id) == (5_000, 0)
