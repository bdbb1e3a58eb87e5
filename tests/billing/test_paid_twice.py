"""A top-up that two attempts pay: one counts, the other is set aside, and the customer is told so and how it ended."""

import asyncio

import pytest

from billing import (
    payments,
    quarantine,
    quarantine_desk,
    quarantine_returns,
)
from core import db as database
from gateways import channel as at_channel
from ledger import proof
from tests import factories
from tests.billing.attempting import Shop, aside


@pytest.mark.parametrize("first_paid", ["before", "after"])
async def test_both_are_paid_in_either_order_and_one_is_credited_the_other_set_aside(db, first_paid):
    shop = await Shop.opened()
    other = await shop.pay()
    words = [factories.trade(shop.top_up), factories.trade(other)]
    if first_paid == "after":
        words.reverse()
    assert [await payments.confirm(word) for word in words] == ["credited", "quarantined"]
    for word in words:
        await payments.confirm(word)
    assert await shop.balance() == (10_000, 2_000), "one bonus, one principal"
    assert await aside() == [("second_payment", words[1].out_trade_no, 10_000)]
    assert (await shop.now()).standing == "credited"
    assert (await shop.now()).payment.payment_no == words[0].out_trade_no
    assert await factories.told(shop.customer.id, "topped_up") == 1
    assert await factories.told(shop.customer.id, "paid_twice") == 1


@pytest.mark.broken_books
async def test_the_proof_finds_a_customer_who_paid_twice_and_was_not_told(db):
    shop = await Shop.opened()
    for one in (await shop.pay(), shop.top_up):
        await payments.confirm(factories.trade(one))
    assert await proof.check() == []
    await database.execute("DELETE FROM outbox_message WHERE kind = 'paid_twice'")
    assert [one.invariant for one in await proof.check()] == ["I13"]


async def test_both_are_paid_at_once(db):
    shop = await Shop.opened()
    other = await shop.pay()
    words = [factories.trade(shop.top_up), factories.trade(other)] * 3
    outcomes = await asyncio.gather(*map(payments.confirm, words))
    assert outcomes.count("credited") == 1
    assert await factories.told(shop.customer.id, "paid_twice") == 1
    assert await shop.balance() == (10_000, 2_000)
    assert [(reason, booked) for reason, _, booked in await aside()] == [("second_payment", 10_000)]


async def test_what_was_paid_twice_is_credited_or_sent_back_as_an_operator_decides(db):
    shop = await Shop.opened()
    other = await shop.pay()
    for word in (factories.trade(other), factories.trade(shop.top_up)):
        await payments.confirm(word)
    (found,) = await quarantine.page()
    assert found.customer_id == shop.customer.id
    await quarantine_desk.credit(
        1, found.id, customer_id=shop.customer.id, reason="顾客同意入账", key=factories.key()
    )
    assert await shop.balance() == (20_000, 2_000)
    assert (await shop.now()).state == "credited"
    assert await factories.told(shop.customer.id, "quarantine_credited") == 1
    assert await factories.told(shop.customer.id, "paid_twice_returned") == 0


async def sent_back(shop, found):
    await quarantine_desk.send_back(shop.channels, 1, found.id, reason="重复支付", key=factories.key())
    number = (await quarantine.get(found.id)).refund_no
    assert await factories.told(shop.customer.id, "paid_twice_returned") == 0, "it is only on its way"
    for _ in range(2):
        await quarantine_returns.settle(
            found.channel, at_channel.ChannelRefund(number, "50300", "paid_back", 10_000)
        )


async def paid_out(_shop, found):
    await quarantine_desk.pay_out(1, found.id, receipt_no="SJ-1", reason="退现金", key=factories.key())


async def closed(_shop, found):
    await quarantine_desk.close(1, found.id, reason="已在渠道后台退回", key=factories.key())


@pytest.mark.parametrize("give_back", [sent_back, paid_out, closed])
async def test_who_paid_twice_is_told_once_that_they_have_it_back(db, give_back):
    shop = await Shop.opened()
    for one in (await shop.pay(), shop.top_up):
        await payments.confirm(factories.trade(one))
    (found,) = await quarantine.page()
    await give_back(shop, found)
    assert (await quarantine.get(found.id)).resolution == give_back.__name__
    assert await factories.told(shop.customer.id, "paid_twice_returned") == 1
    assert await shop.balance() == (10_000, 2_000)


@pytest.mark.broken_books
async def test_the_proof_finds_who_has_it_back_and_was_not_told(db):
    shop = await Shop.opened()
    for one in (await shop.pay(), shop.top_up):
        await payments.confirm(factories.trade(one))
    (found,) = await quarantine.page()
    await paid_out(shop, found)
    assert await proof.check() == []
    await database.execute("DELETE FROM outbox_message WHERE kind = 'paid_twice_returned'")
    assert [one.invariant for one in await proof.check()] == ["I13"]
