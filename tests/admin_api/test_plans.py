"""Plans through the doors: an operator offers and starts them, the customer reads and changes their own."""

from datetime import timedelta

from billing import deductions, horizon, workdays
from core import clock
from tests.world import new_key

OFFER = {
    "name": "茶艺课", "amount_fen": 9_800, "schedule": {"every": "week", "weekdays": [1, 4], "closed_days": "after"},
    "most_fen": 20_000, "trial_periods": 1, "notice_days": 2, "consent_version": "v1", "consent_text": "同意按期扣款。",
}  # fmt: skip


def day(days):
    return str(clock.today() + timedelta(days=days))


async def started(desk, phone, **offer):
    """A plan started at the counter; its path in the operators' API."""
    made = await desk.post("/plan-offers", {**OFFER, **offer})
    assert made.status == 201, made
    body = {
        "offer_id": made.body["id"], "consent_version": "v1", "consent_door": "paper", "consent_proof": "纸质协议 0231",
    }  # fmt: skip
    answer = await desk.post(f"/customers/{phone.customer_id}/plans", body)
    assert answer.status == 201, answer
    return f"/plans/{answer.body['id']}", answer.body


async def test_an_offer_is_made_changed_and_retired(world):
    desk, phone, key = await world.operator(), await world.arrive(), new_key()
    made = await desk.post("/plan-offers", OFFER, key=key)
    assert made.body["terms"]["rule"]["weekdays"] == [1, 4]
    assert (await desk.post("/plan-offers", OFFER, key=key)).body == made.body
    (seen,) = (await phone.get("/plan-offers")).body["items"]
    assert (seen["cycle"], seen["terms"]["trial_periods"], seen["terms"]["rule"]["closed_days"]) == (
        "weekly",
        1,
        "after",
    )
    path = f"/plan-offers/{made.body['id']}"
    changed = await desk.post(f"{path}/versions", {**OFFER, "amount_fen": 10_800})
    assert (changed.status, changed.body["version_no"], changed.body["first_id"]) == (201, 2, made.body["id"])
    assert (await desk.post(f"{path}/versions", OFFER)).code == "no_such_offer"
    assert (await desk.post(f"/plan-offers/{changed.body['id']}/retire")).body["active"] is False
    assert (await desk.post("/plan-offers/404/retire")).code == "no_such_offer"
    assert [one["version_no"] for one in await desk.all("/plan-offers")] == [2, 1]
    wrong = await desk.post("/plan-offers", {**OFFER, "schedule": {"every": "week", "month": 2}})
    assert (wrong.status, wrong.code) == (422, "wrong_schedule")
    assert (
        await desk.post("/plan-offers", {**OFFER, "unit": "节", "trial_periods": 0, "most_fen": None})
    ).code == "wrong_plan_terms"
    assert (await desk.get("/plan-calendar")).body == {"known_through": workdays.known_through()}


async def test_a_plan_is_started_at_the_counter_seen_changed_and_ended(world):
    desk, phone = await world.operator(), await world.arrive()
    await world.give(phone.customer_id, 100_000)
    path, plan = await started(desk, phone, schedule={"every": "day"})
    assert (plan["consent_door"], plan["events"][0]["kind"]) == ("paper", "subscribed")
    (mine,) = await phone.all("/plans")
    assert mine["plan_id"] == plan["id"] and (await phone.get(path)).body == mine
    coming = (await phone.get(f"{path}/ahead?limit=2")).body
    assert [(one["period_no"], one["due_on"], one["amount_fen"]) for one in coming["items"]] == [
        (1, day(1), 9_800), (2, day(2), 9_800),
    ]  # fmt: skip
    following = (await phone.get(f"{path}/ahead?limit=2&cursor={coming['next_cursor']}")).body["items"]
    assert [one["period_no"] for one in following] == [3, 4]
    assert [one["reason"] for one in (await phone.get(f"{path}/history")).body["items"]] == ["free"]
    assert (await phone.post(f"{path}/skip", {"period_no": 1})).status == 200
    assert (await phone.post(f"{path}/skip", {"period_no": 1})).code == "period_not_ahead"
    assert (await phone.post(f"{path}/pause", {"until": day(3)})).body["state"] == "paused"
    assert (await desk.post(f"{path}/resume")).body["state"] == "active"
    world.advance(days=2)
    await horizon.run()
    await deductions.run_due()
    desk = await world.operator("next day")
    periods = (await desk.get(f"{path}/periods?limit=100")).body["items"]
    assert [one["state"] for one in reversed(periods)][:4] == ["waived", "waived", "charged", "upcoming"]
    assert (await desk.post(f"{path}/skip", {"period_no": 3})).status == 200
    assert (await desk.post(f"{path}/pause", {"until": day(400)})).code == "pause_out_of_range"
    ended = await desk.post(f"{path}/cancel", {"reason": "搬家"}, key=None)
    assert (ended.body["state"], ended.body["next_due_on"]) == ("cancelled", None)
    assert [one["kind"] for one in ended.body["events"]] == [
        "subscribed", "skipped", "paused", "resumed", "skipped", "cancelled",
    ]  # fmt: skip
    assert [one["id"] for one in await desk.all("/plans")] == [plan["id"]]
    assert (await desk.get("/plans?state=active")).body["items"] == []
    assert (await desk.get("/plans/404")).code == "no_such_plan"


async def test_a_price_is_announced_asked_for_and_agreed_to(world):
    desk, phone = await world.operator(), await world.arrive()
    path, plan = await started(desk, phone, schedule={"every": "day"})
    assert (
        await desk.post(f"{path}/price", {"amount_fen": 12_000, "from_on": day(1)})
    ).code == "price_too_soon"
    assert (await desk.post(f"{path}/price", {"amount_fen": 9_800, "from_on": day(40)})).code == "same_price"
    announced = await desk.post(f"{path}/price", {"amount_fen": 30_000, "from_on": day(30)})
    assert (announced.body["new_amount_fen"], announced.body["consented_fen"]) == (30_000, 20_000)
    assert (await phone.post(f"{path}/price/agree", {"amount_fen": 12_000})).code == "no_price_announced"
    assert (await phone.post(f"{path}/price/agree", {"amount_fen": 30_000})).body["consented_fen"] == 30_000
    assert (await desk.post(f"{path}/price/withdraw")).body["new_amount_fen"] is None
    assert (await desk.post(f"{path}/price/withdraw")).code == "no_price_announced"
    bulk = await desk.post(
        f"/plan-offers/{plan['offer_id']}/price", {"amount_fen": 40_000, "from_on": day(30)}
    )
    assert bulk.body == {"plans": 1}
    agreed = {"amount_fen": 40_000, "consent_door": "phone", "consent_proof": "11 月 25 日通话"}
    assert (await desk.post(f"{path}/price/agree", agreed)).body["events"][-1]["detail"][
        "proof"
    ] == "11 月 25 日通话"


async def test_lessons_are_recorded_and_taken_when_the_week_is_over(world):
    desk, phone = await world.operator(), await world.arrive()
    await world.give(phone.customer_id, 100_000)
    path, _ = await started(desk, phone, unit="节", trial_periods=0, schedule={"every": "week"})
    lesson = {"units": 2, "used_on": day(0), "reference": "L-1"}
    for _ in range(2):
        assert (await desk.post(f"{path}/usage", lesson)).status == 201
    assert (await desk.post(f"{path}/usage", {**lesson, "units": 3})).code == "usage_reference_reused"
    assert [one["units"] for one in await desk.all(f"{path}/usage")] == [2]
    (ahead,) = (await phone.get(f"{path}/ahead?limit=1")).body["items"]
    assert (ahead["units"], ahead["amount_fen"], ahead["due_on"]) == (2, 19_600, day(7))
    fixed, _ = await started(desk, phone)
    assert (await desk.post(f"{fixed}/usage", lesson)).code == "plan_not_by_use"
    assert (await desk.post(f"{fixed}/cancel", {"reason": "试试"}, key=None)).body["state"] == "cancelled"
    world.advance(days=7)
    await deductions.run_due()
    assert (await phone.balance())["available_fen"] == 100_000 - 19_600
