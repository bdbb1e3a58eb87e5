"""Where a limit could be slipped by: another store's post, two roles that bound different things, one customer under two names."""

import asyncio

import pytest

from billing import payments
from core import db as database
from ledger import credit_line
from tests import factories
from tests.admin_api.test_roles import composed, signed_in
from tests.world import PASSWORD


@pytest.fixture
async def boss(world):
    boss = await world.operator()
    for code in ("xihu", "binjiang"):
        await boss.put(f"/stores/{code}", {"name": code})
    return boss


async def hired(world, boss, *posts):
    body = {"login": "xinren", "name": "新人", "password": PASSWORD, "posts": list(posts)}
    made = await boss.post("/operators", body)
    assert made.status == 201, made
    return await signed_in(world, "xinren")


async def paid_order(world, boss, phone, store):
    sku = await world.sku(price_fen=600)
    counted = {"counted": 5, "reason": "盘点"} | ({"store": store} if store else {})
    assert (await boss.post(f"/skus/{sku}/stock", counted)).status < 300
    placed = await phone.post("/orders", {"lines": [{"sku_id": sku, "quantity": 1}], "store": store})
    paid = await phone.post(f"/orders/{placed.body['order_no']}/pay")
    assert paid.body["state"] == "paid", paid
    return placed.body["order_no"]


@pytest.mark.parametrize("store", ["binjiang", None])
async def test_the_limit_for_a_stores_order_is_that_of_who_serves_there(world, boss, store):
    """What somebody may give back at one store is no help at another, nor for what the shop itself delivers."""
    great = await composed(boss, name="大", duties=["orders.see", "orders.serve"])
    small = await composed(
        boss, name="小", duties=["orders.see", "orders.serve"], limits={"refunds": {"most_fen": 100}}
    )
    desk = await hired(world, boss, {"role": great, "store": "xihu"}, {"role": small})
    phone = await world.arrive()
    await world.give(phone.customer_id, 9_000)
    elsewhere = await paid_order(world, boss, phone, store)
    asked = await desk.post(f"/orders/{elsewhere}/cancel", {"reason": "缺货"})
    assert asked.body["approval_no"], asked
    there = await paid_order(world, boss, phone, "xihu")
    done = await desk.post(f"/orders/{there}/cancel", {"reason": "缺货"})
    assert (done.status, done.body["approval_no"]) == (200, None), done


async def test_a_top_up_of_no_store_is_limited_by_what_is_held_everywhere(world, boss):
    great = await composed(boss, name="大", duties=["money.take"])
    small = await composed(boss, name="小", duties=["money.take"], limits={"counter": {"most_fen": 100}})
    desk = await hired(world, boss, {"role": great, "store": "xihu"}, {"role": small})
    path = f"/customers/{(await world.arrive()).customer_id}/counter-top-ups"
    body = {"tender": "cash", "amount_fen": 5_000}
    assert (await desk.post(path, body)).body["approval_no"]
    assert (await desk.post(path, {**body, "store": "xihu"})).body["payment"]


async def test_two_roles_that_bound_different_things_do_not_lift_each_others_bound(world, boss):
    one = await composed(
        boss, name="每人", duties=["money.move"], limits={"adjustments": {"most_fen": 1_000}}
    )
    other = await composed(
        boss, name="每天", duties=["money.move"], limits={"adjustments": {"day_fen": 2_000}}
    )
    desk = await hired(world, boss, {"role": one}, {"role": other})
    phones = [await world.arrive() for _ in range(3)]

    async def give(phone, fen):
        body = {"kind": "principal", "amount_fen": fen, "reason": "补偿"}
        said = (await desk.post(f"/customers/{phone.customer_id}/adjustments", body)).body
        return said["approval_no"] is None

    assert not await give(phones[0], 2_001)
    assert await give(phones[0], 1_500)  # by the second
    assert await give(phones[1], 1_000)  # by the first
    assert not await give(phones[2], 1_001)
    assert await database.fetchval("SELECT sum(amount_fen)::int FROM limit_use") == 2_500


async def test_strangers_money_given_to_a_customer_counts_for_that_customer(world, boss):
    role = await composed(
        boss, name="账", duties=["money.move", "books.see"], limits={"adjustments": {"most_fen": 1_000}}
    )
    desk = await hired(world, boss, {"role": role})
    phone = await world.arrive()

    async def credited():
        started = await factories.top_up(phone.customer_id, 1_000)
        assert await payments.confirm(factories.trade(started, amount_fen=900)) == "quarantined"
        at = f"/quarantine/{await database.fetchval('SELECT max(id) FROM quarantine')}"
        wish = {"customer_id": phone.customer_id, "reason": "核对"}
        return (await desk.post(f"{at}/credit", wish)).body["approval_no"]

    assert await credited() is None
    assert await credited()


async def test_what_one_store_took_is_not_undone_by_what_is_allowed_in_another(world, boss):
    great = await composed(boss, name="大", duties=["money.take"])
    small = await composed(boss, name="小", duties=["money.take"], limits={"counter": {"most_fen": 100}})
    desk = await hired(world, boss, {"role": great, "store": "xihu"}, {"role": small, "store": "binjiang"})
    path = f"/customers/{(await world.arrive()).customer_id}/counter-top-ups"
    undone = {}
    for store in ("xihu", "binjiang"):
        taken = await boss.post(path, {"tender": "cash", "amount_fen": 5_000, "store": store})
        number = taken.body["payment"]["counter_no"]
        asked = await desk.post(f"/counter-payments/{number}/undo", {"reason": "记错"})
        undone[store] = asked.body["approval_no"] is None
    assert undone == {"xihu": True, "binjiang": False}


async def test_what_was_refused_or_failed_counts_nothing_whoever_asked_or_agreed(world, boss):
    limits = {"adjustments": {"most_fen": 5_000}}
    role = await composed(boss, name="账", duties=["money.see", "money.move", "money.approve"], limits=limits)
    desk = await hired(world, boss, {"role": role})
    phone = await world.arrive()
    await world.give(phone.customer_id, 1_000)
    path = f"/customers/{phone.customer_id}/adjustments"
    more = {"kind": "principal", "amount_fen": -1_001, "reason": "多收"}
    assert (await desk.post(path, more)).code == "insufficient_balance"
    await boss.put(f"/roles/{role}/limits", {"limits": {"adjustments": {"most_fen": 0}}})
    other = await boss.post(
        "/operators", {"login": "er", "name": "二", "password": PASSWORD, "posts": [{"role": role}]}
    )
    assert other.status == 201
    asked = await (await signed_in(world, "er")).post(path, more)
    await boss.put(f"/roles/{role}/limits", {"limits": limits})
    agreed = await desk.post(f"/approvals/{asked.body['approval_no']}/approve")
    assert agreed.body["state"] == "failed", agreed
    assert await database.fetchval("SELECT count(*) FROM limit_use") == 0
    done = await desk.post(path, {**more, "amount_fen": -1_000})
    assert done.body["approval_no"] is None, done
    assert await database.fetchval("SELECT array_agg(amount_fen::int) FROM limit_use") == [1_000]


async def test_what_moves_at_the_same_moment_of_several_kinds_and_sessions_adds_up_to_the_day(world, boss):
    role = await composed(
        boss, name="账", duties=["money.see", "money.move", "money.approve"],
        limits={"adjustments": {"day_fen": 1_000}},
    )  # fmt: skip
    desk = await hired(world, boss, {"role": role})
    again = await signed_in(world, "xinren")
    phones = [await world.arrive() for _ in range(6)]
    for phone in phones:
        await world.give(phone.customer_id, 900)

    def act(number, phone):
        seat, other = (desk, again)[number % 2], phones[number - 1]
        at = f"/customers/{phone.customer_id}"
        if number % 3:
            return seat.post(f"{at}/adjustments", {"kind": "principal", "amount_fen": 400, "reason": "补偿"})
        gift = {"receiver_id": other.customer_id, "principal_fen": 400, "bonus_fen": 0, "reason": "代付"}
        return seat.post(f"{at}/transfers", gift)

    answers = await asyncio.gather(*(act(number, phone) for number, phone in enumerate(phones)))
    alone = [one for one in answers if one.status in (200, 201) and one.body["approval_no"] is None]
    assert len(alone) == 2 and all(one.status < 300 for one in answers), answers
    assert await database.fetchval("SELECT sum(amount_fen)::int FROM limit_use") == 800


async def test_a_credit_limit_that_is_lowered_meanwhile_is_not_raised_again_uncounted(world, boss):
    """What was asked for looked like the same as before."""
    role = await composed(
        boss, name="信", duties=["money.see", "rules.change"], limits={"credit": {"most_fen": 100}}
    )
    desk, phone = await hired(world, boss, {"role": role}), await world.arrive()
    path, wish = f"/customers/{phone.customer_id}/credit", {"limit_fen": 1_000, "reason": "老顾客"}
    assert (await boss.post(path, wish)).body["approval_no"] is None
    async with database.transaction():
        await credit_line.set_limit(phone.customer_id, 0, automatic_only=False)
        asked = asyncio.create_task(desk.post(path, wish))
        for _ in range(400):
            if await database.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                break
            await asyncio.sleep(0.02)
        assert not asked.done()
    assert (await asked).body["approval_no"]
    assert (await credit_line.of(phone.customer_id)).limit_fen == 0


async def test_a_period_by_use_that_is_waived_counts_at_the_price_of_its_day(world, boss):
    role = await composed(
        boss, name="免", duties=["plans.see", "plans.run"], limits={"write_offs": {"most_fen": 1_000}}
    )
    desk, phone = await hired(world, boss, {"role": role}), await world.arrive()
    plan = await factories.plan(phone.customer_id, 300)
    by_use = "UPDATE plan SET unit = '次', new_amount_fen = 500, new_amount_from = started_on, consented_fen = 500, most_fen = 9000"
    await database.execute(by_use)
    parked = "UPDATE plan_period SET state = 'parked', units = 3, amount_fen = NULL WHERE period_no = 0 AND plan_id = $1 RETURNING id"
    period = await database.fetchval(parked, plan.id)
    refused = await desk.post(f"/parked-periods/{period}/waive", {"reason": "线下已收"})
    assert (refused.code, refused.body["params"]["amount_fen"]) == ("above_your_limit", 1_500), refused
