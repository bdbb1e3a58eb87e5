"""Reservations through the doors: an operator offers them, customers book and cancel, the day's list is marked."""

from datetime import timedelta

from core import clock
from tests.world import new_key


async def offered(world, desk, **more):
    sku = await world.sku(price_fen=2_000)
    times = [{"weekday": day, "begins": "12:00", "minutes": 60, "capacity": 1} for day in range(1, 8)]
    body = {
        "name": "茶艺课",
        "sku_id": sku,
        "pays": "at_booking",
        "timetable": times,
        "cancel_hours": 2,
        **more,
    }
    made = await desk.post("/bookables", body)
    assert (made.status, made.body["price_fen"]) == (201, 2_000), made
    return f"/bookables/{made.body['id']}", body


async def test_a_place_is_booked_cancelled_and_attended(world):
    desk, phone, other, key = await world.operator(), await world.arrive(), await world.arrive(), new_key()
    await world.give(phone.customer_id, 5_000)
    offer, body = await offered(world, desk)
    (lesson,) = (await phone.get("/bookables")).body["items"]
    assert (lesson["price_fen"], lesson["own_price_fen"]) == (2_000, 2_000)
    tomorrow = clock.today() + timedelta(days=1)
    (slot, later) = (await phone.get(f"/bookables/{lesson['id']}/slots?first={tomorrow}&days=2")).body[
        "items"
    ]
    for path in ("/bookings", "/booking-series"):
        dearer = {"slot_id": slot["id"], "price_fen": 1_900, **({} if path == "/bookings" else {"weeks": 2})}
        assert (await phone.post(path, dearer)).code == "price_changed"
        assert (await desk.post(f"/customers/{phone.customer_id}{path}", dearer)).code == "price_changed"
    made = await phone.post("/bookings", {"slot_id": slot["id"]}, key=key)
    assert (made.status, made.body["state"], made.body["price_fen"]) == (201, "booked", 2_000), made
    number = made.body["booking_no"]
    assert (await phone.post("/bookings", {"slot_id": slot["id"]}, key=key)).body["booking_no"] == number
    assert (await phone.post("/bookings", {"slot_id": slot["id"]})).code == "already_booked"
    assert (await other.post("/bookings", {"slot_id": slot["id"]})).code == "slot_full"
    assert (await other.post("/bookings", {"slot_id": later["id"]})).code == "insufficient_balance"
    assert (await other.get(f"/bookings/{number}")).code == "no_such_booking"
    assert (await phone.post(f"/bookings/{number}/cancel", {})).body["state"] == "cancelled"
    assert (await phone.balance())["available_fen"] == 5_000
    weekly = await phone.post("/booking-series", {"slot_id": later["id"], "weeks": 3})
    assert [one["reason"] for one in weekly.body["places"]] == [None, None, "insufficient_balance"]
    first = weekly.body["places"][0]["booking_no"]
    assert (await desk.post(f"/bookings/{first}/presence", {"came": "attended"})).code == "booking_not_begun"
    listed = (await desk.get(f"/bookings?on={tomorrow + timedelta(days=1)}")).body["items"]
    assert [one["booking_no"] for one in listed] == [first]
    ended = await desk.post(f"/bookings/{first}/cancel", {"reason": "老师生病"})
    assert (ended.status, ended.body["state"]) == (200, "cancelled")
    assert len(await phone.all("/bookings")) == 3
    changed = await desk.put(offer, {**body, "charges_late": False}, key=new_key())
    assert changed.body["charges_late"] is False


async def test_an_operator_books_for_a_customer_and_says_who_came(world):
    desk, phone = await world.operator(), await world.arrive()
    path, _ = await offered(world, desk, pays="at_attendance")
    soon = clock.now() + timedelta(minutes=30)
    slots = await desk.put(f"{path}/slots", {"starts_at": soon.isoformat(), "minutes": 60, "capacity": 2})
    slot = next(one for one in slots.body["items"] if one["capacity"] == 2)
    made = await desk.post(f"/customers/{phone.customer_id}/bookings", {"slot_id": slot["id"]})
    assert made.status == 201, made
    came = await desk.post(f"/bookings/{made.body['booking_no']}/presence", {"came": "attended"})
    assert (came.body["state"], came.body["bill_no"][:1]) == ("attended", "B")
    assert [one["bill_no"] for one in await phone.all("/bills")] == [came.body["bill_no"]]
    day = str(clock.today() + timedelta(days=2))
    closed = await desk.put(f"{path}/days", {"first": day, "last": day})
    assert [one["is_open"] for one in closed.body["items"]] == [False]
    weekly = await desk.post(
        f"/customers/{phone.customer_id}/booking-series",
        {"slot_id": closed.body["items"][0]["id"], "weeks": 2},
    )
    assert [one["reason"] for one in weekly.body["places"]] == ["slot_closed", None]
