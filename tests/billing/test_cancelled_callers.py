"""A caller who hangs up, or runs out of time, in the middle of a desk function."""

import asyncio
import random

from tortoise import connections

from billing import payments
from core import db as database
from shop import orders
from tests import factories


async def cancelled_after(steps, work):
    """Runs ``work`` for so many turns of the event loop, then cancels it."""
    task = asyncio.create_task(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    return outcome


async def test_a_transaction_cancelled_at_any_turn_gives_its_connection_back(db):
    async def work():
        async with database.transaction():
            await database.fetchval("SELECT 1")

    await asyncio.gather(*(database.fetchval("SELECT pg_sleep(0.05)") for _ in range(10)))
    for steps in range(48):
        await cancelled_after(steps % 16, work())
    pool = connections.get("default")._pool
    for _ in range(3_000):
        if pool.get_size() == pool.get_idle_size():
            break
        await asyncio.sleep(0.02)
    assert pool.get_size() - pool.get_idle_size() == 0, "connections are missing from the pool"


async def test_a_failing_begin_leaves_the_task_on_the_pool(db):
    before = connections.get("default")
    await database.fetchval("SELECT 1")
    pool = before._pool
    await pool.expire_connections()
    held = [await pool.acquire() for _ in range(10)]
    task = asyncio.create_task(_joined_after_cancel())
    await asyncio.sleep(0.05)
    task.cancel()
    for connection in held:
        await pool.release(connection)
    assert await task == 1


async def _joined_after_cancel():
    try:
        async with database.transaction():
            await database.fetchval("SELECT 1")
    except asyncio.CancelledError:
        return await database.fetchval("SELECT 1")


async def test_hanging_up_while_paying_or_being_credited_pays_and_credits_once_or_not_at_all(db):
    chance = random.Random(7)
    customer, sku = await factories.customer(principal=100_000), await factories.sku(100, stock=1000)
    spent = credited = 0
    for number in range(25):
        order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
        key = factories.key()
        await cancelled_after(chance.randrange(120), orders.pay(customer.id, order.order_no, key=key))
        assert (await orders.pay(customer.id, order.order_no, key=key)).state == "paid"
        spent += 100
        started = await factories.top_up(customer.id, 10)
        word = factories.trade(started)
        await cancelled_after(chance.randrange(120), payments.confirm(word))
        assert await payments.confirm(word) in ("credited", "repeated")
        credited += 10
        assert await factories.balance(customer.id) == (100_000 - spent + credited, 0), number
