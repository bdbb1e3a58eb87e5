"""Money that could not be credited waits in house:suspense, and leaves it once: to a customer, to who paid it, or closed."""

import asyncio
from dataclasses import replace

import pytest

from billing import (
    approvals,
    bills,
    combined,
    payments,
    quarantine,
    quarantine_desk,
    quarantine_returns,
    refunds,
    staff_alerts,
    terms,
    top_ups,
)
from core import db as database
from gateways import channel as at_channel
from ledger import accounts
from tests import factories
from tests.billing.refunding import Channel
from tests.factories import key


async def house(name):
    return await database.fetchval(
        "SELECT coalesce(sum(CASE WHEN t.code = $1 THEN p.amount_fen ELSE -p.amount_fen END), 0)::bigint FROM posting p"
        " JOIN account s ON s.id = p.source_id JOIN account t ON t.id = p.target_id WHERE $1 IN (s.code, t.code)",
        f"house:{name}",
    )


async def open_alerts():
    return [alert.kind for alert in await staff_alerts.page(is_open=True)]


async def set_aside(amount_fen=10_000, **changes):
    """A top-up's customer, and the quarantined trade that paid another amount than it asked for."""
    customer = await factories.customer()
    wish = await factories.top_up(customer.id, 20_000)
    trade = factories.trade(wish, amount_fen=amount_fen, **changes)
    assert await payments.confirm(trade) == "quarantined"
    (found,) = await quarantine.page()
    return customer, wish, found


async def test_what_came_in_waits_in_suspense_and_the_shops_people_are_alerted(db):
    customer, wish, found = await set_aside()
    assert (found.reason, found.state, found.booked_fen) == ("wrong_amount", "open", 10_000)
    assert (found.customer_id, found.payment_no) == (customer.id, wish.payment.payment_no)
    assert (await house("wechat_pay"), await house("suspense")) == (-10_000, 10_000)
    assert await open_alerts() == ["quarantined"]
    again = factories.trade(wish, amount_fen=10_000)
    assert await payments.confirm(again) == "quarantined"
    assert len(await quarantine.page()) == 1 and await house("suspense") == 10_000


@pytest.mark.parametrize(
    "changes", [{"currency": "USD"}, {"state": "refunded"}], ids=["another currency", "went back again"]
)
async def test_what_is_not_new_money_of_ours_is_shown_and_not_booked(db, changes):
    wish = await factories.top_up((await factories.customer()).id, 20_000)
    await payments.confirm(factories.trade(wish, **changes))
    (found,) = await quarantine.page()
    assert found.booked_fen == 0 and await house("suspense") == 0
    with pytest.raises(quarantine_desk.NothingCameIn):
        await quarantine_desk.credit(1, found.id, customer_id=wish.customer_id, reason="核对", key=key())
    done = await quarantine_desk.close(1, found.id, reason="已在渠道后台退回", key=key())
    assert done.quarantined.resolution == "closed" and await open_alerts() == []


async def test_it_is_credited_as_principal_once_of_two_operators(db):
    customer, wish, found = await set_aside()

    async def credit(operator_id):
        try:
            return await quarantine_desk.credit(
                operator_id, found.id, customer_id=customer.id, reason="顾客多付", key=key()
            )
        except quarantine_desk.QuarantineStateForbids:
            return None

    done = [one for one in await asyncio.gather(credit(1), credit(2), credit(3)) if one]
    assert [one.quarantined.resolution for one in done] == ["credited"]
    balance = await accounts.balance(customer.id)
    assert (balance.principal_fen, balance.bonus_fen) == (10_000, 0)
    assert await house("suspense") == 0 and await open_alerts() == []
    assert (await top_ups.get(customer.id, wish.top_up_no)).standing == "closed"
    told = await database.fetch("SELECT kind FROM outbox_message WHERE customer_id = $1", customer.id)
    assert [row["kind"] for row in told] == ["quarantine_credited"]


async def test_what_another_channel_says_of_its_number_keeps_a_top_up_waiting_no_longer(db):
    customer, wish, found = await set_aside()
    assert await payments.confirm(factories.trade(wish, channel="alipay")) == "quarantined"
    assert (await top_ups.get(customer.id, wish.top_up_no)).standing != "closed"
    await quarantine_desk.credit(1, found.id, customer_id=customer.id, reason="顾客多付", key=key())
    assert [one.channel for one in await quarantine.page(state="open")] == ["alipay"]
    assert (await top_ups.get(customer.id, wish.top_up_no)).standing == "closed"


async def test_the_same_key_does_it_once_and_another_wish_under_it_is_refused(db):
    customer, _, found = await set_aside()
    again = key()
    for _ in range(2):
        done = await quarantine_desk.credit(1, found.id, customer_id=customer.id, reason="核对", key=again)
        assert done.quarantined.credited_to_id == customer.id
    with pytest.raises(quarantine_desk.KeyReused):
        await quarantine_desk.credit(1, found.id, customer_id=customer.id, reason="另一个", key=again)


async def test_above_the_limit_a_second_person_agrees(db):
    terms.use(replace(terms.current(), approval_above_fen=9_999))
    customer, _, found = await set_aside()
    asked = await quarantine_desk.credit(1, found.id, customer_id=customer.id, reason="核对", key=key())
    assert asked.approval_no and asked.quarantined.state == "open"
    with pytest.raises(approvals.OwnRequest):
        await approvals.approve(1, asked.approval_no, key=key())
    assert (await approvals.approve(2, asked.approval_no, key=key())).state == "executed"
    assert (await quarantine.get(found.id)).approval_no == asked.approval_no
    assert (await accounts.balance(customer.id)).principal_fen == 10_000


async def test_a_bill_that_waited_for_it_is_free_again(db):
    customer = await factories.customer(principal=1_000)
    order = await factories.order(customer.id, 3_000)
    paying = await factories.combined_payment(order)
    await payments.confirm(factories.trade(paying, amount_fen=1_999))
    (found,) = await quarantine.page()
    assert (await bills.get(customer.id, paying.bill_no)).pending_no == paying.combined_no
    await quarantine_desk.credit(1, found.id, customer_id=customer.id, reason="少付一分", key=key())
    assert (await bills.get(customer.id, paying.bill_no)).pending_no is None
    assert (await combined.get(customer.id, paying.combined_no)).standing == "closed"
    balance = await accounts.balance(customer.id)
    assert (balance.available_fen, balance.held_fen) == (2_999, 0)


async def test_it_goes_back_through_its_channel_under_one_number(db):
    _, _, found = await set_aside()
    channel = Channel(at_channel.ResultUnknown("no answer"))
    sent = await quarantine_desk.send_back(channel.open(), 1, found.id, reason="退回", key=key())
    number = sent.quarantined.refund_no
    assert sent.quarantined.state == "sending" and await house("suspense") == 10_000
    with pytest.raises(quarantine_desk.QuarantineStateForbids):
        await quarantine_desk.close(1, found.id, reason="核对", key=key())
    said = at_channel.ChannelRefund(number, "503", "paid_back", 10_000)
    outcomes = await asyncio.gather(*(refunds.settle("wechat_pay", said) for _ in range(3)))
    assert sorted(outcomes) == ["paid_back", "repeated", "repeated"]
    assert (await quarantine.get(found.id)).resolution == "sent_back"
    assert (await house("wechat_pay"), await house("suspense")) == (0, 0)
    assert {order.out_refund_no for order in channel.sent} == {number}


async def test_what_the_channel_refuses_is_decided_anew_under_another_number(db):
    customer, _, found = await set_aside()
    channel = Channel(at_channel.ChannelRefused("NOT_ENOUGH", "no money"))
    sent = await quarantine_desk.send_back(channel.open(), 1, found.id, reason="退回", key=key())
    assert sent.quarantined.state == "open"
    assert sorted(await open_alerts()) == ["quarantine_not_sent", "quarantined"]
    again = await quarantine_desk.send_back(channel.open(), 1, found.id, reason="再退", key=key())
    assert again.quarantined.refund_no != sent.quarantined.refund_no
    await quarantine_desk.credit(1, found.id, customer_id=customer.id, reason="记入余额", key=key())
    assert await open_alerts() == []
    late = at_channel.ChannelRefund(again.quarantined.refund_no, "503", "paid_back", 10_000)
    assert await refunds.settle("wechat_pay", late) == "contradicted"
    assert await open_alerts() == ["refund_contradicted"]
    assert len(channel.sent) == 2


async def test_what_the_channel_is_stuck_with_is_tried_again_by_its_number_or_paid_at_the_counter(db):
    _, _, found = await set_aside()
    channel = Channel(at_channel.ResultUnknown("no answer"))
    sent = await quarantine_desk.send_back(channel.open(), 1, found.id, reason="退回", key=key())
    number = sent.quarantined.refund_no
    assert (
        await refunds.settle("wechat_pay", at_channel.ChannelRefund(number, "503", "abnormal", 10_000))
        == "abnormal"
    )
    again = await quarantine_desk.send_back(channel.open(), 1, found.id, reason="再试", key=key())
    assert (again.quarantined.state, again.quarantined.refund_no) == ("sending", number)
    assert (
        await refunds.settle("wechat_pay", at_channel.ChannelRefund(number, "503", "accepted", 9))
        == "abnormal"
    )
    done = await quarantine_desk.pay_out(1, found.id, receipt_no="SK-1", reason="现金退还", key=key())
    assert done.quarantined.resolution == "paid_out"
    assert (await house("counter"), await house("suspense")) == (10_000, 0)


async def test_the_clock_asks_until_the_channel_says_how_it_stands(db):
    _, _, found = await set_aside()
    channel = Channel(at_channel.ResultUnknown("no answer"))
    await quarantine_desk.send_back(channel.open(), 1, found.id, reason="退回", key=key())
    assert await quarantine_returns.poll(channel.open()) == 0  # not yet
    await database.execute("UPDATE quarantine SET ask_at = now()")
    number = (await quarantine.get(found.id)).refund_no
    channel.known = "paid_back"
    assert await quarantine_returns.poll(channel.open()) == 1
    done = await quarantine.get(found.id)
    assert (done.resolution, done.refund_no) == ("sent_back", number)


async def test_two_trades_under_one_number_cannot_be_told_apart_at_the_channel(db):
    customer = await factories.customer()
    wish = await factories.top_up(customer.id, 20_000)
    assert await payments.confirm(factories.trade(wish)) == "credited"
    assert await payments.confirm(factories.trade(wish, channel_trade_no="another")) == "quarantined"
    (found,) = await quarantine.page(reason="second_trade")
    with pytest.raises(quarantine_desk.NotToBeSentBack):
        await quarantine_desk.send_back(Channel().open(), 1, found.id, reason="退回", key=key())


async def test_the_list_is_newest_first_and_names_what_was_asked_for(db):
    customers, made = [], []
    for channel in ("wechat_pay", "alipay", "wechat_pay"):
        customers.append((await factories.customer()).id)
        wish = await factories.top_up(customers[-1], 20_000, channel=channel)
        await payments.confirm(factories.trade(wish, amount_fen=10_000))
        made.append((await quarantine.page())[0])
    await quarantine_desk.close(1, made[0].id, reason="已在渠道后台退回", key=key())

    async def listed(**asked):
        return [found.id for found in await quarantine.page(**asked)]

    first, second, third = (one.id for one in made)
    assert await listed() == [third, second, first]
    assert await listed(limit=1) == [third] and await listed(before=third) == [second, first]
    assert await listed(state="open") == [third, second]
    assert await listed(channel="alipay") == [second] and await listed(reason="second_trade") == []
    assert await listed(customer_id=customers[2]) == [third]
    assert await listed(customer_id=customers[2], state="closed") == []
