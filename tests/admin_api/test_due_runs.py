"""Operators hold due runs, try them, see to what is parked, set dunning policies, write bills off."""

from datetime import timedelta

from billing import bills, deductions, dunning
from core import clock
from core import db as database
from tests import factories


async def test_operators_see_the_due_runs_pause_them_and_let_them_go_on(world):
    desk = await world.operator()
    customer = await factories.customer(principal=5_000)
    await factories.plan(customer.id, 900, cycle="daily")
    await deductions.run_due()
    (run,) = (await desk.get("/due-runs")).body["items"]
    assert (run["state"], run["claimed"], run["charged"], run["amount_fen"]) == ("finished", 1, 1, 900)
    assert (await desk.get(f"/due-runs/{run['day']}")).body == run
    assert (await desk.get("/due-runs/2001-01-01")).code == "no_such_due_run"
    paused = await desk.post("/due-runs/pause", {"reason": "价格有误"})
    assert (paused.body["state"], paused.body["reason"]) == ("paused", "价格有误")
    alert = (await desk.get("/alerts?state=open")).body["items"][0]
    assert alert["kind"] == "due_run_paused" and "价格有误" in alert["text"]
    assert (await desk.post("/due-runs/resume", {})).body["state"] == "running"
    assert (await desk.post("/due-runs/resume", {})).code == "due_run_not_held"
    assert (await desk.post("/due-runs/abort", {"reason": "停业"})).body["state"] == "aborted"
    assert (await desk.post("/due-runs/pause", {"reason": "x"})).code == "due_run_aborted"


async def test_operators_try_what_is_due_and_see_to_what_is_parked(world):
    desk = await world.operator()
    customer = await factories.customer(principal=5_000)
    plans = [await factories.plan(customer.id, 900) for _ in range(3)]
    for plan in plans[:2]:
        await factories.bill(customer.id, 5)
        await database.execute(
            "UPDATE bill SET source = 'plan:' || $1::bigint || ':0' WHERE source LIKE 'operator:%'", plan.id
        )
    tried = (await desk.get("/due-dry-run")).body
    counts = {one["state"]: one["periods"] for one in tried["outcomes"]}
    assert (counts, tried["taken_fen"], len(tried["lines"])) == ({"parked": 2, "charged": 1}, 900, 3)
    table = await desk.get("/due-dry-run.csv", locale="en")
    assert table.status == 200 and table.body.count("\n") == 4 and "charged" in table.body
    await deductions.run_due()
    first, second = (await desk.get("/parked-periods")).body["items"]
    assert first["name"] == plans[1].name and "bill" in first["reason"]
    await database.execute("UPDATE bill SET source = 'operator:' || bill_no WHERE amount_fen = 5")
    assert (await desk.post(f"/parked-periods/{second['id']}/retry", {})).body == {"id": second["id"]}
    waived = await desk.post(f"/parked-periods/{first['id']}/waive", {"reason": "线下已收"})
    assert waived.status == 200
    assert (await desk.post(f"/parked-periods/{first['id']}/retry", {})).code == "period_not_parked"
    assert (await desk.post("/parked-periods/999/retry", {})).code == "no_such_period"
    await deductions.run_due()
    assert (await desk.get("/parked-periods")).body["items"] == []
    assert await factories.balance(customer.id) == (3_200, 0)


async def test_operators_set_policies_see_what_is_overdue_and_write_it_off_in_twos(world):
    desk, other = await world.operator(), await world.operator("boss2")
    made = await desk.post("/dunning-policies", {"name": "月课", "retry_days": [1, 5], "grace_days": 3})
    assert (made.status, made.body["fee_kind"]) == (201, "none")
    wrong = await desk.post("/dunning-policies", {"name": "x", "retry_days": [5, 1], "grace_days": 3})
    assert wrong.code == "dunning_policy_invalid"
    again = await desk.post("/dunning-policies", {"name": "月课", "retry_days": [1], "grace_days": 3})
    assert again.code == "dunning_policy_name_taken"
    number = made.body["id"]
    changed = await desk.patch(f"/dunning-policies/{number}", {"suspends": True})
    assert (changed.body["suspends"], changed.body["retry_days"]) == (True, [1, 5])
    customer = await factories.customer()
    plan = await factories.plan(customer.id, 900)
    assigned = await desk.put(f"/plan-offers/{plan.offer_id}/dunning-policy", {"policy_id": number})
    assert assigned.body["items"][0]["offer_ids"] == [plan.offer_id]
    await deductions.run_due()
    clock.set_offset(timedelta(days=3))
    await dunning.run()
    clock.set_offset(timedelta())
    (case,) = (await desk.get("/dunning-cases?suspended=true")).body["items"]
    assert (case["owed_fen"], case["policy_id"], case["tries"]) == (900, number, 2)
    asked = await desk.post(f"/bills/{case['bill_no']}/write-off", {"reason": "已停业"})
    assert asked.status == 202
    decided = await other.post(f"/approvals/{asked.body['approval_no']}/approve", {})
    assert decided.body["state"] == "executed", decided.body
    assert (await bills.find(case["bill_no"])).state == "written_off"
    assert (await desk.get(f"/bills/{case['bill_no']}")).body["state"] == "written_off"
    assert (await desk.get("/dunning-cases")).body["items"] == []
    assert (await desk.ask("DELETE", f"/dunning-policies/{number}")).body["items"] == []
    assert (await desk.patch(f"/dunning-policies/{number}", {})).code == "no_such_dunning_policy"
    assert (await desk.put("/plan-offers/999/dunning-policy", {})).code == "no_such_offer"
