"""Every way of paying that is listed for an order pays it."""

import asyncio
import contextvars

import pytest

from billing import combined, counter, credit_limits, payments
from core import db as database
from ledger import accounts
from shop import channel_payments, order_payments, orders, orders_history, orders_shown
from tests import factories
from tests.billing import refunding


async def ways(order):
    found = await order_payments.ways(factories.open_channels(), order.customer_id, order.order_no, "browser")
    return {(way.kind, way.method): way for way in found}


async def paid(order):
    after = await orders.get(order.customer_id, order.order_no)
    bill = await database.fetchval("SELECT state FROM bill WHERE bill_no = $1", order.bill_no)
    step = (await orders_history.of_order(after.id))[-1]
    return after.state, bill, (step.step, step.by.partition(":")[0])


async def test_the_balance(db):
    order = await factories.order((await factories.customer(principal=5_000)).id, 2_000)
    listed = await ways(order)
    assert listed["balance", None].balance_fen == 2_000 and ("credit", None) not in listed
    await orders.pay(order.customer_id, order.order_no, key=factories.key())
    assert await paid(order) == ("paid", "paid", ("pay", "customer"))
    with pytest.raises(orders.OrderStateForbids):
        await ways(order)


async def test_credit(db):
    customer = await factories.customer(principal=500)
    await credit_limits.set_limit(
        1, customer.id, limit_fen=5_000, automatic_only=False, reason="r", assessed=False, key=factories.key()
    )
    order = await factories.order(customer.id, 2_000)
    listed = await ways(order)
    assert listed["balance", None].refusal.code == "insufficient_balance"
    assert (listed["credit", None].balance_fen, listed["credit", None].credit_fen) == (500, 1_500)
    await orders.pay(customer.id, order.order_no, key=factories.key())
    assert await paid(order) == ("paid", "paid", ("pay", "customer"))
    assert (await accounts.balance(customer.id)).credit_used_fen == 1_500


@pytest.mark.parametrize("share_fen", [0, 700])
async def test_a_channel_with_and_without_a_share_of_the_balance(db, share_fen):
    customer = await factories.customer(principal=700)
    order = await factories.order(customer.id, 2_000)
    listed = await ways(order)
    channel = listed["channel", "native"]
    assert (channel.channel, channel.balance_fen, channel.refusal) == ("wechat_pay", 700, None)
    wanted = combined.Wanted(share_fen, channel.channel, channel.method)
    started = await channel_payments.start(
        factories.open_channels(), customer.id, order.order_no, wanted, key=factories.key()
    )
    with pytest.raises(orders.BillPaymentPending):
        await ways(order)
    await payments.confirm(factories.trade(started))
    assert await paid(order) == ("paid", "paid", ("pay", "payment"))
    assert (await accounts.balance(customer.id)).balance_fen == 700 - share_fen


async def test_the_counter(db):
    order = await factories.order((await factories.customer()).id, 2_000)
    listed = await ways(order)
    assert (listed["counter", None].balance_fen, listed["counter", None].credit_fen) == (0, 0)
    await counter.bill(1, order.bill_no, counter.Taking("cash", None), key=factories.key())
    assert await paid(order) == ("paid", "paid", ("pay", "payment"))


async def test_what_goes_back_to_a_channel_is_not_delivered_while_it_is_on_its_way(db):
    order = await factories.order((await factories.customer()).id, 2_000)
    started = await factories.combined_payment(order, 0)
    await payments.confirm(factories.trade(started))
    assert "ship" in (await orders_shown.find(order.order_no)).next_steps
    await refunding.refund_bill(order.bill_no, 2_000)
    assert await refunding.parts(order.bill_no) == [("wechat_pay", 2_000, 0, 2_000)]
    assert "ship" not in (await orders_shown.find(order.order_no)).next_steps


async def test_a_payment_that_met_another_in_the_locks_is_begun_anew(db):
    order = await factories.order((await factories.customer()).id, 2_000)
    elsewhere = contextvars.copy_context()  # a task of this transaction would be on its connection
    async with database.transaction():
        await database.execute("SET LOCAL deadlock_timeout = '20s'")
        await database.execute("SELECT FROM bill WHERE bill_no = $1 FOR UPDATE", order.bill_no)
        starting = asyncio.create_task(factories.combined_payment(order, 0), context=elsewhere)
        while not await database.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        await database.execute("SELECT FROM shop_order WHERE order_no = $1 FOR UPDATE", order.order_no)
    assert (await starting).channel_fen == 2_000
