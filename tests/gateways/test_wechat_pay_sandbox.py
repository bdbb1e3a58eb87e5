"""Whole conversations with WeChat Pay's stand-in, and what is left of them when the network misbehaves.

The stand-ins share no code with the gateways; they check our signatures and sign with keys of their own.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from gateway_peers import a_refund
from gateway_worlds import HTTP_FAULTS, NO, REFUND_NO, order_for, patience_s, pay_native, wechat_settings_of

from core import clock
from gateways import wechat_pay
from gateways.channel import AlreadyPaid, BadNotification, ChannelRefused, RateLimited, ResultUnknown


async def test_wechat_pay_from_prepay_to_refund(world, pay):
    order = order_for(world)
    assert (await pay.query(NO)).state == "missing"
    prepared = await pay.prepare("jsapi", order)
    again = await pay.prepare("jsapi", order)
    assert (await pay.query(NO)).state == "waiting"
    await world.pay("wechat-pay/request-payment", again.client)
    assert prepared.prepay_ref != again.prepay_ref

    trade = await pay.query(NO)
    assert (trade.state, trade.amount_fen, trade.payer) == ("paid", 20000, world.person.mini_openid)
    assert (trade.app_id, trade.merchant_id) == (world.credentials.mini_app_id, world.credentials.mch_id)
    for late in (pay.close(NO), pay.prepare("jsapi", order)):
        with pytest.raises((AlreadyPaid, ChannelRefused)):
            await late

    first = (await world.told(1))[0]
    notice = pay.read_notification(first.headers, first.body, clock.now())
    assert notice.trade == trade and notice.event_type == "TRANSACTION.SUCCESS"

    assert (await pay.query_refund(out_trade_no=NO, out_refund_no=REFUND_NO)).state == "missing"
    refund = await pay.refund(a_refund())
    assert (refund.state, refund.amount_fen) == ("accepted", 5000)
    second = (await world.told(2))[1]
    notice = pay.read_notification(second.headers, second.body, clock.now())
    assert (notice.event_type, notice.trade) == ("REFUND.SUCCESS", None)
    found = await pay.query_refund(out_trade_no=NO, out_refund_no=REFUND_NO)
    assert notice.refund == found and found.state == "paid_back"
    assert await pay.refund(a_refund()) == found  # the same number moves nothing again
    assert world.moved("refunded") == [5000]
    assert (await pay.query(NO)).state == "refunded"


async def test_wechat_pay_native_and_close(world, pay):
    prepared = await pay.prepare("native", order_for(world))
    for _ in range(2):
        await pay.close(NO)
    assert (await pay.query(NO)).state == "closed"
    status, _ = await world.phone(f"people/{world.person.id}/wechat-pay/scan", prepared.client)
    assert status == 422
    await pay.close("T2611230000000000009")  # never heard of
    await pay_native(world, pay, out_trade_no="T2611230000000000002")
    with pytest.raises(AlreadyPaid):
        await pay.close("T2611230000000000002")


async def test_wechat_pay_in_a_phones_browser(enter):
    world = await enter()
    settings = wechat_settings_of(
        world, h5_return_url="https://shop.example.com/h5/?a=1&b=2", h5_app_name="一盏茶"
    )
    async with wechat_pay.WechatPay(settings) as pay:
        order = order_for(world, client_ip="203.0.113.7")
        prepared = await pay.prepare("h5", order)
        assert prepared.client.keys() == {"h5_url"}
        assert timedelta(seconds=290) < prepared.good_until - clock.now() <= timedelta(minutes=5)
        status, sheet = await world.phone(f"people/{world.person.id}/wechat-pay/open-h5", prepared.client)
        assert (status, sheet["amount_fen"]) == (201, 20000)
        _, done = await world.phone(f"sheets/{sheet['sheet_no']}/pay")
        assert done["return_url"] == "https://shop.example.com/h5/?a=1&b=2"
        assert (await pay.query(NO)).state == "paid"
        with pytest.raises(ValueError, match="address"):
            await pay.prepare("h5", order_for(world))


async def test_wechat_pay_sends_a_stuck_refund_to_another_card(world, pay):
    await pay_native(world, pay)
    world.fault("wechat_pay.refund_settle", "abnormal")
    await pay.refund(a_refund())
    await world.told(2)
    stuck = await pay.query_refund(out_trade_no=NO, out_refund_no=REFUND_NO)
    assert stuck.state == "abnormal"
    card = wechat_pay.BankCard("ICBC_DEBIT", "6222021234567890123", "林晓")
    which = {"out_refund_no": REFUND_NO, "channel_refund_no": stuck.channel_refund_no}
    for _ in range(2):
        assert (await pay.apply_abnormal_refund(**which, to=card)).state == "accepted"
    with pytest.raises(ChannelRefused):
        await pay.apply_abnormal_refund(**which, to="merchant")
    notice = (await world.told(3))[2]
    found = pay.read_notification(notice.headers, notice.body, clock.now()).refund
    assert (found.state, found.out_refund_no) == ("paid_back", REFUND_NO)
    assert world.moved("refunded") == [5000]
    with pytest.raises(ChannelRefused):
        await pay.apply_abnormal_refund(**which | {"channel_refund_no": "5000000000"}, to=card)


async def test_wechat_pay_refunds_from_what_is_available(enter):
    world = await enter()
    async with wechat_pay.WechatPay(wechat_settings_of(world, refund_from_available=True)) as pay:
        await pay_native(world, pay)
        assert (await pay.refund(a_refund())).state == "accepted"
        assert (await pay.refund(a_refund())).state in ("accepted", "paid_back")


async def test_wechat_pay_refunds_that_end_otherwise(world, pay):
    await pay_native(world, pay)
    for number, ending in enumerate(("abnormal", "closed")):
        world.fault("wechat_pay.refund_settle", ending)
        order = a_refund(out_refund_no=f"R{number}", amount_fen=100)
        await pay.refund(order)
        request = (await world.told(2 + number))[-1]
        assert pay.read_notification(request.headers, request.body, clock.now()).refund.state == ending
        assert (await pay.query_refund(out_trade_no=NO, out_refund_no=f"R{number}")).state == ending


async def test_wechat_pay_refuses_for_good(world, pay):
    await pay_native(world, pay)
    for wrong in (a_refund(total_fen=1), a_refund(amount_fen=20001), a_refund(out_trade_no="T0000000")):
        with pytest.raises(ChannelRefused):
            await pay.refund(wrong)
    stranger = dataclasses.replace(wechat_settings_of(world), serial_no="0" * 40)
    async with wechat_pay.WechatPay(stranger) as client:
        with pytest.raises(ChannelRefused) as refused:
            await client.query(NO)
    assert refused.value.code == "SIGN_ERROR"
    assert world.moved("refunded") == []


WECHAT_CALLS = {
    "jsapi": lambda client, world: client.prepare(
        "jsapi", order_for(world, out_trade_no="T2611230000000000007")
    ),
    "native": lambda client, world: client.prepare(
        "native", order_for(world, out_trade_no="T2611230000000000008")
    ),
    "query": lambda client, world: client.query(NO),
    "close": lambda client, world: client.close("T2611230000000000006"),
    "refund": lambda client, world: client.refund(a_refund()),
    "refund_query": lambda client, world: client.query_refund(out_trade_no=NO, out_refund_no=REFUND_NO),
}


@pytest.mark.parametrize("do", [*HTTP_FAULTS, "signtest", "bad_signature", "stale", "unsigned"])
async def test_wechat_pay_whatever_breaks_is_unknown_and_the_same_number_settles_it(world, pay, do):
    settings = wechat_settings_of(world, total_timeout_s=patience_s(do))
    async with wechat_pay.WechatPay(settings) as first:
        await pay_native(world, pay)
        await pay.prepare("native", order_for(world, out_trade_no="T2611230000000000006"))
        await pay.refund(a_refund(out_refund_no="R0", amount_fen=1))
        for name, call in WECHAT_CALLS.items():
            world.fault(f"wechat_pay.{name}", do, seconds=1.1)
            with pytest.raises(ResultUnknown):
                await call(first, world)
            await call(pay, world)
    await world.sandbox.quiet()
    assert sorted(world.moved("refunded")) == [1, 5000]


async def test_wechat_pay_too_often_is_told_apart(world, pay):
    await pay_native(world, pay)
    await pay.prepare("native", order_for(world, out_trade_no="T2611230000000000006"))
    for name, call in WECHAT_CALLS.items():
        world.fault(f"wechat_pay.{name}", "429")
        with pytest.raises(RateLimited):
            await call(pay, world)
    assert world.moved("refunded") == []


@pytest.mark.parametrize("do", ["signtest", "bad_signature", "stale", "wrong_serial"])
async def test_wechat_pay_bad_notifications_are_refused_and_the_good_one_follows(world, pay, do):
    world.fault("wechat_pay.notify", do)
    world.shop.answers = [(500, {}, b""), (200, {}, b"")]
    await pay_native(world, pay)
    bad, good = (await world.told(2))[:2]
    with pytest.raises(BadNotification):
        pay.read_notification(bad.headers, bad.body, clock.now())
    assert pay.read_notification(good.headers, good.body, clock.now()).trade.state == "paid"


async def test_wechat_pay_a_spoilt_but_signed_notification_is_read_as_it_is(world, pay):
    world.fault("wechat_pay.notify", "wrong_amount", value=1)
    world.fault("wechat_pay.notify", "wrong_app_id")
    world.shop.answers = [(500, {}, b""), (500, {}, b""), (200, {}, b"")]
    await pay_native(world, pay)
    notices = [
        pay.read_notification(each.headers, each.body, clock.now()).trade for each in await world.told(3)
    ]
    assert [each.amount_fen for each in notices] == [1, 20000, 20000]  # the desk compares
    assert notices[1].app_id != notices[2].app_id == world.credentials.mini_app_id
