"""An account is given up: what is left of top-ups goes back by their channels, the rest at the counter, and nothing twice."""

import asyncio
from datetime import timedelta

import pytest

from billing import adjustments, approvals, closings, payments, payouts, refunds, top_ups
from core import clock
from core import db as database
from ledger import proof
from members import customers
from shop import orders
from tests import factories
from tests.billing.refunding import BOSS, Channel

ASKS, DECIDES = 1, 2


async def asked(customer_id):
    return await closings.request(ASKS, customer_id, reason="搬家", by_channel=True, key=factories.key())


async def closing_of(customer_id, number=None):
    done = await approvals.approve(DECIDES, number or await asked(customer_id), key=factories.key())
    assert done.state == "executed", done
    return done.result


async def a_customer():
    """600 left of a top-up of 1000 with 300 bonus, all of a second of 500, and 200 that an operator gave."""
    customer_id = (await factories.customer(principal=1_000, bonus=300)).id
    order = await factories.order(customer_id, 700)
    await orders.pay(customer_id, order.order_no, key=factories.key())
    await factories.topped_up(customer_id, 500, channel="alipay")
    await adjustments.adjust(
        BOSS, customer_id, kind="principal", amount_fen=200, reason="补偿", key=factories.key()
    )
    return customer_id


def both(answer="accepted"):
    channel, other = Channel(answer), Channel(answer, name="alipay")
    opened = channel.open()
    return channel, other, type(opened)({**opened.by_name, **other.open().by_name})


async def state(customer_id):
    return (await customers.get(customer_id)).state


async def test_channels_first_and_the_counter_pays_the_rest(db):
    customer_id = await a_customer()
    seen = await closings.preview(customer_id)
    assert (seen.principal_fen, seen.by_channel_fen) == (1_300, 1_100)
    number = await closing_of(customer_id)
    assert await factories.balance(customer_id) == (200, 0)
    channel, other, opened = both("paid_back")
    assert await refunds.poll(opened) == 2
    assert [order.amount_fen for order in (*channel.sent, *other.sent)] == [600, 500]
    assert await state(customer_id) == "closing"  # the counter has not paid yet
    done = await payouts.at_counter(ASKS, number, receipt_no="SJ-1", key=factories.key())
    assert (done.state, done.paid_out_fen) == ("closed", 200)
    assert [(one.amount_fen, one.state) for one in await closings.refunds(number)] == [
        (600, "paid"),
        (500, "paid"),
    ]
    assert await factories.told(customer_id, "top_up_refund_paid") == 2


async def test_it_is_not_closed_while_a_refund_is_under_way_and_then_by_the_clock(db):
    customer_id = (await factories.customer(principal=1_000, threshold_fen=500)).id
    number = await closing_of(customer_id)
    assert await factories.balance(customer_id) == (0, 0)
    channel, _, opened = both()
    await refunds.poll(opened)
    await closings.finish_paid()
    assert await state(customer_id) == "closing"
    assert await refunds.settle("wechat_pay", channel.says("paid_back", 1_000)) == "paid_back"
    await closings.finish_paid()
    assert (await state(customer_id), (await closings.get(number)).state) == ("closed", "closed")
    assert await factories.told(customer_id, "low_balance") == 0


async def test_what_a_channel_refuses_is_paid_out_at_the_counter(db):
    customer_id = (await factories.customer(principal=1_000)).id
    number = await closing_of(customer_id)
    channel, _, opened = both()
    await refunds.poll(opened)
    assert await refunds.settle("wechat_pay", channel.says("closed", 1_000)) == "refused"
    assert await factories.balance(customer_id) == (1_000, 0)
    done = await payouts.at_counter(ASKS, number, receipt_no="SJ-1", key=factories.key())
    assert (done.state, done.paid_out_fen) == ("closed", 1_000)


async def test_beyond_the_channels_year_the_counter_pays_all(db):
    customer_id = (await factories.customer(principal=1_000)).id
    clock.set_offset(timedelta(days=366))
    assert (await closings.preview(customer_id)).by_channel_fen == 0
    number = await closing_of(customer_id)
    assert await closings.refunds(number) == []
    assert await factories.balance(customer_id) == (1_000, 0)


async def test_what_was_refused_changed_nothing(db):
    customer_id = (await factories.customer(principal=1_000)).id
    number = await asked(customer_id)
    await factories.bill(customer_id, 5_000)
    failed = await approvals.approve(DECIDES, number, key=factories.key())
    assert failed.state == "failed"
    assert await factories.balance(customer_id) == (1_000, 0)
    assert await refunds.page(customer_id=customer_id) == []


async def test_closing_refunding_topping_up_and_spending_at_once(db):
    for _ in range(2):
        customer_id = (await factories.customer(principal=1_000)).id
        (top_up,) = await top_ups.page(customer_id)
        late = await factories.top_up(customer_id, 700)
        order = await factories.order(customer_id, 300)
        asked_no = await asked(customer_id)
        _, _, opened = both("paid_back")
        said = await asyncio.gather(
            approvals.approve(DECIDES, asked_no, key=factories.key()),
            payments.confirm(factories.trade(late)),
            orders.pay(customer_id, order.order_no, key=factories.key()),
            refunds.ask_for(
                opened, customer_id, top_up.top_up_no, amount_fen=100, reason="", key=factories.key()
            ),
            return_exceptions=True,
        )
        if said[0].state == "failed":  # the refund was under way when the second person agreed
            assert said[0].refusal["code"] == "cannot_close"
            continue
        clock.set_offset(timedelta(minutes=5))
        await refunds.poll(opened)
        left_fen = (await factories.balance(customer_id))[0]
        if left_fen:
            await payouts.at_counter(ASKS, said[0].result, receipt_no="SJ-1", key=factories.key())
        await closings.finish_paid()
        assert await state(customer_id) == "closed"
        clock.set_offset(timedelta())


@pytest.mark.broken_books
async def test_the_proof_names_a_refund_of_anothers_closing(db):
    customer_id = (await factories.customer(principal=1_000)).id
    number = await closing_of(customer_id)
    assert await proof.check() == []
    await database.execute("UPDATE refund SET closing_no = 'Z0' WHERE closing_no = $1", number)
    assert [violation.invariant for violation in await proof.check()] == ["I19"]
