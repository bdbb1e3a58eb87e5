"""Whole conversations with Alipay's stand-in, and what is left of them when the network misbehaves.

The stand-ins share no code with the gateways; they check our signatures and sign with keys of their own.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import aiohttp
import pytest
from gateway_peers import a_refund
from gateway_worlds import (
    HTTP_FAULTS,
    NO,
    REFUND_NO,
    alipay_settings_of,
    order_for,
    pairs_of,
    patience_s,
    pay_native,
    pay_precreate,
)

from core import clock
from gateways import alipay
from gateways.channel import AlreadyPaid, BadNotification, ChannelRefused, RateLimited, ResultUnknown


async def test_alipay_from_precreate_to_refund(world, ali):
    order = order_for(world)
    prepared = await ali.prepare("precreate", order)
    assert (await ali.query(NO)).state == "missing"  # until somebody scans
    await ali.close(NO)
    status, sheet = await world.phone(f"people/{world.person.id}/alipay/scan", prepared.client)
    assert (status, (await ali.query(NO)).state) == (201, "waiting")
    await world.phone(f"sheets/{sheet['sheet_no']}/pay")

    trade = await ali.query(NO)
    assert (trade.state, trade.amount_fen, trade.payer) == ("paid", 20000, world.person.alipay_open_id)
    notice = ali.read_notification(pairs_of((await world.told(1))[0]), clock.now())
    assert notice.trade == trade
    for late in (ali.close(NO), ali.prepare("precreate", order)):
        with pytest.raises(AlreadyPaid):
            await late

    assert (await ali.query_refund(out_trade_no=NO, out_refund_no=REFUND_NO)).state == "missing"
    assert (await ali.refund(a_refund())).state == "paid_back"
    assert (await ali.refund(a_refund())).state == "accepted"  # a repeat moves nothing and says nothing
    found = await ali.query_refund(out_trade_no=NO, out_refund_no=REFUND_NO)
    assert (found.state, found.amount_fen) == ("paid_back", 5000)
    assert (await ali.query(NO)).state == "paid"
    assert (await ali.refund(a_refund(out_refund_no="R2", amount_fen=15000))).amount_fen == 15000
    assert (await ali.query(NO)).state == "refunded"
    assert world.moved("refunded") == [5000, 15000]

    refunds = [ali.read_notification(pairs_of(each), clock.now()) for each in (await world.told(3))[1:]]
    assert [each.trade for each in refunds] == [None, None]
    assert {each.refund.out_refund_no for each in refunds} == {REFUND_NO, "R2"}
    assert {each.refund.amount_fen for each in refunds} == {None}


async def test_alipay_wap(world, ali):
    settings = alipay_settings_of(
        world, return_url=f"{world.shop.url}/paid?from=ali", quit_url=world.shop.url
    )
    client = alipay.Alipay(settings)
    prepared = await client.prepare("wap", order_for(world))
    assert (await ali.query(NO)).state == "missing"
    async with aiohttp.ClientSession() as browser, browser.get(prepared.client["url"]) as page:
        assert NO in await page.text()
    assert (await ali.query(NO)).state == "waiting"
    await world.pay("alipay/open", prepared.client)
    assert (await ali.query(NO)).state == "paid"


async def test_alipay_close(world, ali):
    prepared = await ali.prepare("precreate", order_for(world))
    await world.phone(f"people/{world.person.id}/alipay/scan", prepared.client)
    for _ in range(2):
        await ali.close(NO)
    assert (await ali.query(NO)).state == "closed"
    notice = ali.read_notification(pairs_of((await world.told(1))[0]), clock.now())
    assert notice.trade.state == "closed"


async def test_alipay_refuses_for_good(world, ali):
    await pay_precreate(world, ali)
    for wrong in (a_refund(amount_fen=20001), a_refund(out_trade_no="T0")):
        with pytest.raises(ChannelRefused):
            await ali.refund(wrong)
    with pytest.raises(ChannelRefused, match="CONTEXT_INCONSISTENT"):
        await ali.prepare("precreate", order_for(world, out_trade_no="T5"))
        await ali.prepare("precreate", order_for(world, out_trade_no="T5", amount_fen=1))
    stranger = dataclasses.replace(
        alipay_settings_of(world), private_key=world.credentials.merchant_private_key_pem
    )
    async with alipay.Alipay(stranger) as client:
        with pytest.raises(ChannelRefused, match="invalid-signature"):
            await client.query(NO)


ALIPAY_CALLS = {
    "precreate": lambda client, world: client.prepare("precreate", order_for(world, out_trade_no="T7")),
    "query": lambda client, world: client.query(NO),
    "close": lambda client, world: client.close("T6"),
    "refund": lambda client, world: client.refund(a_refund()),
    "refund_query": lambda client, world: client.query_refund(out_trade_no=NO, out_refund_no=REFUND_NO),
}


@pytest.mark.parametrize(
    "do",
    [*HTTP_FAULTS, "20000", "20000_before", "system_error", "unsigned_error", "unsigned", "bad_signature"],
)
async def test_alipay_whatever_breaks_is_unknown_and_the_same_number_settles_it(world, ali, do):
    settings = alipay_settings_of(world, total_timeout_s=patience_s(do))
    async with alipay.Alipay(settings) as first:
        await pay_precreate(world, ali)
        prepared = await ali.prepare("precreate", order_for(world, out_trade_no="T6"))
        await world.phone(f"people/{world.person.id}/alipay/scan", prepared.client)
        for name, call in ALIPAY_CALLS.items():
            world.fault(f"alipay.{name}", do, seconds=1.1)
            with pytest.raises(ResultUnknown):
                await call(first, world)
            await call(ali, world)
    assert world.moved("refunded") == [5000]


async def test_alipay_too_often_is_told_apart(world, ali):
    await pay_precreate(world, ali)
    for name, call in ALIPAY_CALLS.items():
        world.fault(f"alipay.{name}", "429")
        with pytest.raises(RateLimited):
            await call(ali, world)
    assert world.moved("refunded") == []


@pytest.mark.parametrize("do", ["bad_signature", "unsigned", "wrong_app_id", "wrong_seller"])
async def test_alipay_bad_notifications_are_refused_and_the_good_one_follows(world, ali, do):
    world.fault("alipay.notify", do)
    world.shop.answers = [(200, {}, b"fail"), (200, {}, b"success")]
    await pay_precreate(world, ali)
    bad, good = (await world.told(2))[:2]
    with pytest.raises(BadNotification):
        ali.read_notification(pairs_of(bad), clock.now())
    assert ali.read_notification(pairs_of(good), clock.now()).trade.state == "paid"


async def test_both_channels_follow_the_worlds_clock(world, pay, ali):
    world.sandbox.world.clock.advance(40 * 86400)
    clock.set_offset(timedelta(days=40))
    await pay_native(world, pay)
    await pay_precreate(world, ali)
    for client in (pay, ali):
        trade = await client.query(NO)
        assert trade.state == "paid" and abs(trade.paid_at - clock.now()) < timedelta(seconds=30)
