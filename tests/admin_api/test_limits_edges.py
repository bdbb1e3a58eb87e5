"""Where a limit could be slipped by: another store's post, two roles that bound different things, one customer under two names."""

import pytest

from billing import payments
from core import db as database
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
