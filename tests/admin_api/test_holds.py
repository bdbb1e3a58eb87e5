"""Holds over HTTP: the operator places, captures, lets go; the customer sees and reads of it."""

from datetime import timedelta

from core import clock


async def held(world, *, amount_fen=20_000, **body):
    phone, desk = await world.arrive(), await world.operator()
    await world.give(phone.customer_id, 30_000)
    made = await desk.post(
        f"/customers/{phone.customer_id}/holds", {"amount_fen": amount_fen, "title": "茶具押金", **body}
    )
    assert made.status == 201, made
    return phone, desk, made.body


async def test_a_deposit_is_seen_by_its_customer_captured_in_part_and_free_otherwise(world):
    ends = (clock.now() + timedelta(days=7)).isoformat()
    phone, desk, hold = await held(world, expires_at=ends)
    assert (await phone.balance())["available_fen"] == 10_000
    (seen,) = (await phone.get("/account/holds?state=open")).body["items"]
    assert (seen["hold_no"], seen["title"], seen["amount_fen"]) == (hold["hold_no"], "茶具押金", 20_000)
    told = (await phone.get("/messages")).body["items"][0]
    assert (told["kind"], "200.00" in told["body"]) == ("held", True)
    taken = await desk.post(
        f"/holds/{hold['hold_no']}/capture", {"amount_fen": 8_000, "title": "茶杯破损赔偿"}
    )
    assert (taken.body["state"], taken.body["captured_fen"]) == ("captured", 8_000), taken
    balance = await phone.balance()
    assert (balance["balance_fen"], balance["held_fen"]) == (22_000, 0)
    (bill,) = (await phone.get("/bills")).body["items"]
    assert (bill["state"], bill["title"], bill["amount_fen"]) == ("paid", "茶杯破损赔偿", 8_000)
    (line, *_) = (await phone.get("/account/changes")).body["items"]
    assert (line["kind"], line["memo"]) == ("bill_payment", "茶杯破损赔偿")
    assert (await phone.get("/messages")).body["items"][0]["kind"] == "deducted"


async def test_a_hold_is_let_go(world):
    phone, desk, hold = await held(world)
    assert [one["hold_no"] for one in await desk.all("/holds")] == [hold["hold_no"]]
    assert (await desk.get(f"/holds/{hold['hold_no']}")).body["state"] == "open"
    assert (await desk.post(f"/holds/{hold['hold_no']}/release")).body["state"] == "released"
    again = await desk.post(f"/holds/{hold['hold_no']}/release")
    assert (again.status, again.code) == (409, "hold_ended")
    late = await desk.post(f"/holds/{hold['hold_no']}/capture", {"amount_fen": 1})
    assert (late.status, late.code) == (409, "hold_ended")
    assert (await phone.balance())["available_fen"] == 30_000
    assert [one["state"] for one in await desk.all(f"/customers/{phone.customer_id}/holds")] == ["released"]


async def test_what_cannot_be_held_or_captured_is_refused(world):
    phone, desk, hold = await held(world)
    place = f"/customers/{phone.customer_id}/holds"
    wish = {"amount_fen": 10_001, "title": "押金"}
    assert (await desk.post(place, wish)).code == "insufficient_balance"
    assert (await desk.post("/customers/999999/holds", wish)).code == "no_such_customer"
    past = {**wish, "amount_fen": 1, "expires_at": "2020-01-01T00:00:00Z"}
    assert (await desk.post(place, past)).code == "hold_expiry_out_of_range"
    assert (await desk.post(place, {**wish, "amount_fen": 0})).code == "invalid_request"
    assert (
        await desk.post(f"/holds/{hold['hold_no']}/capture", {"amount_fen": 20_001})
    ).code == "capture_too_large"
    assert (await desk.post("/holds/H1/release")).code == "no_such_operator_hold"
    assert (await phone.post(place, wish)).status == 404, "customers have no such door"


async def test_only_operators_hold(world):
    phone, desk, _ = await held(world)
    desk.token = phone.token
    assert (
        await desk.post(f"/customers/{phone.customer_id}/holds", {"amount_fen": 1, "title": "x"})
    ).status == 401
