"""Bookings on the phone page: a place is booked and cancelled, for nothing or too late; every week as far as there are places; refusals."""

from __future__ import annotations

from tests.e2e import desk

LESSON, BRUSH, TABLE = "茶艺体验课", "书法试听课", "茶席雅座"


def test_a_place_is_booked_and_cancelled_and_a_second_is_too_dear(open_phone, demo):
    phone = open_phone(width=390, height=844, still=True)
    _arrives_with_money(phone)
    _looks_at(phone, LESSON)
    phone.accessible()
    phone.at.locator("[data-slot]:enabled").last.click()
    phone.see("[data-act=confirm-booking]")
    phone.accessible()
    phone.picture("booking")
    phone.act("confirm-booking")
    phone.see("[data-booking][data-state=booked]")
    phone.accessible()
    phone.picture("bookings")
    _looks_at(phone, LESSON)
    assert phone.see("[data-off=mine]").is_disabled()
    phone.refusals_expected = True
    phone.at.locator("[data-slot]:enabled").last.click()
    phone.act("confirm-booking")
    phone.see(".question:has-text('99.00')")
    phone.picture("booking-refused")
    phone.act("yes")
    phone.see(".packages")
    phone.at.wait_for_function("() => !document.querySelector('.sheet')")
    for _ in range(2):
        phone.act("back")
    phone.act("cancel-booking")
    phone.see(".question:has-text('退回余额')")
    phone.picture("booking-cancel")
    phone.act("yes")
    phone.see("[data-booking][data-state=cancelled]")
    _goes_home(phone)
    phone.has_fen("available", 10_500)
    demo.prove()


def test_who_cancels_late_is_told_before_that_it_costs(phone, demo):
    _arrives_with_money(phone)
    operator, _ = desk.of(phone)
    times = [{"weekday": day, "begins": "23:50", "minutes": 5, "capacity": 2} for day in range(1, 8)]
    sku_id = operator.get("/bookables")["items"][0]["sku_id"]
    offer = {"name": TABLE, "sku_id": sku_id, "pays": "at_booking", "timetable": times}
    operator.post("/bookables", {**offer, "cancel_hours": 168})
    _looks_at(phone, TABLE)
    phone.at.locator("[data-slot]:enabled").first.click()
    phone.act("confirm-booking")
    phone.see("[data-booking][data-state=booked]")
    phone.act("cancel-booking")
    phone.see(".question:has-text('不退')")
    phone.picture("booking-cancel-late")
    phone.act("yes")
    phone.see("[data-booking][data-state=cancelled]")
    _goes_home(phone)
    phone.has_fen("available", 600)
    demo.prove()


def test_every_week_as_far_as_there_are_places_in_english(open_phone):
    phone = open_phone(width=390, height=844, locale="en", still=True)
    phone.arrive()
    _looks_at(phone, BRUSH)
    (first, second) = _the_only_places(phone)[:2]
    phone.at.click(f"[data-slot='{second}']")
    phone.act("confirm-booking")
    phone.see("[data-booking][data-state=booked]")
    phone.arrive()
    _looks_at(phone, BRUSH)
    _two_months(phone)
    assert phone.see(f"[data-slot='{second}'][data-off=full]").is_disabled()
    phone.at.click(f"[data-slot='{first}']")
    phone.at.click("[data-weeks='4']")
    phone.accessible()
    phone.picture("booking-weeks-en")
    phone.act("confirm-booking")
    phone.see(".places")
    places = [one.get_attribute("data-place") for one in phone.at.locator(".places > li").all()]
    assert places == ["booked", "slot_full", "booked", "booked"]
    phone.accessible()
    phone.picture("booking-places-en")
    phone.act("close-places")
    phone.see("[data-booking][data-state=booked]")
    assert phone.at.locator("[data-booking][data-state=booked]").count() == 3
    phone.accessible()
    phone.picture("bookings-en")
    _goes_home(phone)
    phone.see("[data-act=next-booking]")
    phone.accessible()


def _arrives_with_money(phone):
    phone.arrive()
    phone.pay_with_wechat(10_000)
    phone.act("done")
    phone.answer_messages("reject")
    phone.has_fen("principal", 10_000)


def _looks_at(phone, name):
    """From wherever one is to the times of one thing."""
    while not phone.at.locator("[data-tab=me]").count():
        phone.act("back")
    phone.tab("me")
    phone.act("bookings")
    phone.at.locator("[data-bookable]", has_text=name).locator("[data-act=look-at-slots]").click()
    phone.see("[data-slot]")


def _two_months(phone):
    """All times, not those of two weeks: after three on a Sunday the second of two Sundays is not among these."""
    phone.act("more-days")
    phone.at.locator("[data-act=more-days]").wait_for(state="detached")


def _the_only_places(phone):
    """The times of which there is one place each, a week apart."""
    _two_months(phone)
    return [
        one.get_attribute("data-slot") for one in phone.at.locator("[data-slot]", has_text="1 place").all()
    ]


def _goes_home(phone):
    phone.act("back")
    phone.tab("home")
