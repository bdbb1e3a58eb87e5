"""Standing orders through the doors: a customer starts one, looks ahead, skips, pauses, changes, ends; operators see and serve it."""

from core import clock
from shop import standing_deliveries
from tests.world import new_key

WEEKLY = {"every": "week", "weekdays": [2, 5]}


async def wished(world, phone, **more):
    sku = await world.sku(price_fen=2_000)
    terms = (await phone.get("/standing-order-terms")).body
    return {
        "lines": [{"sku_id": sku, "quantity": 1}], "schedule": {"every": "day"}, "most_fen": 4_000,
        "consent_version": terms["version"], **more,
    }  # fmt: skip


async def test_a_customer_has_something_every_day_until_they_end_it(world):
    phone, key = await world.arrive(), new_key()
    await world.give(phone.customer_id, 5_000)
    wish = await wished(world, phone)
    made = await phone.post("/standing-orders", wish, key=key)
    assert (made.status, made.body["state"], made.body["expected_fen"]) == (201, "active", 2_000), made
    assert (await phone.post("/standing-orders", wish, key=key)).body["id"] == made.body["id"]
    path = f"/standing-orders/{made.body['id']}"
    first, second, third, *_ = (await phone.get(f"{path}/ahead")).body["items"]
    assert [one["covered"] for one in (first, second, third)] == [True, True, False]
    assert (await phone.post(f"{path}/skip", {"day": second["day"]})).status == 200
    assert (
        await phone.post(f"{path}/accept", {"day": second["day"], "most_fen": 1})
    ).code == "delivery_not_ahead"
    world.advance(days=1)
    await standing_deliveries.run()
    (ordered,) = (await phone.get("/orders")).body["items"]
    assert (ordered["state"], ordered["total_fen"]) == ("paid", 2_000)
    done = await phone.all(f"{path}/deliveries")
    assert ("ordered", ordered["order_no"]) in [(one["state"], one["order_no"]) for one in done]
    desk = await world.operator()
    of_day = (await desk.get(f"/standing-deliveries?on={first['deliver_on']}")).body["items"]
    assert [(one["standing_id"], one["state"]) for one in of_day] == [(made.body["id"], "ordered")]
    lines = [{**wish["lines"][0], "quantity": 2}]
    assert (await phone.post(f"{path}/changes", {"lines": lines})).body["lines"][0]["quantity"] == 2
    assert (await phone.post(f"{path}/changes", {"most_fen": 1})).code == "standing_most_too_low"
    assert (await phone.post(f"{path}/resume", {})).code == "standing_order_not_paused"
    assert (await phone.post(f"{path}/pause", {})).body["state"] == "paused"
    assert (await desk.post(f"{path}/resume", {})).body["state"] == "active"
    assert (await phone.post(f"{path}/end", key=None)).body["state"] == "cancelled"
    assert [one["state"] for one in await phone.all("/standing-orders")] == ["cancelled"]


async def test_an_operator_starts_one_for_a_customer_who_agreed_on_paper(world):
    phone, desk, other = await world.arrive(), await world.operator(), await world.arrive()
    wish = {
        **await wished(world, phone),
        "schedule": WEEKLY,
        "consent_door": "paper",
        "consent_proof": "协议 7",
    }
    made = await desk.post(f"/customers/{phone.customer_id}/standing-orders", wish)
    assert (made.status, made.body["rule"]["weekdays"], made.body["consent_by"][:9]) == (
        201,
        [2, 5],
        "operator:",
    ), made
    path = f"/standing-orders/{made.body['id']}"
    assert (await other.get(path)).code == "no_such_standing_order"
    mine = (await desk.get(f"/standing-orders?customer_id={phone.customer_id}")).body["items"]
    assert [one["id"] for one in mine] == [made.body["id"]]
    next_day = made.body["next_day"]
    assert (await desk.post(f"{path}/skip", {"day": next_day})).status == 200
    changed = await desk.post(f"{path}/changes", {"consent_proof": "电话 10:02", "most_fen": 9_000})
    assert changed.body["most_fen"] == 9_000
    assert (await desk.post(f"{path}/pause", {"until": str(clock.today())})).code == "pause_out_of_range"
    ended = await desk.post(f"{path}/end", {"reason": "搬家"}, key=None)
    assert [one["kind"] for one in ended.body["events"]] == ["started", "skipped", "changed", "cancelled"]
    assert (await desk.all(f"{path}/deliveries"))[0]["state"] == "waived"
    old = {**wish, "consent_version": "0"}
    refused = await desk.post(f"/customers/{phone.customer_id}/standing-orders", old)
    assert (refused.status, refused.code) == (409, "consent_outdated")
