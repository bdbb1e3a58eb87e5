"""Alipay's newer methods under faults: nothing happens twice, and what is unknown is never called a no."""

from __future__ import annotations

import pytest
from gateway_peers import a_refund, an_order
from gateway_worlds import NO, alipay_settings_of, patience_s

from gateways import alipay
from gateways.channel import RateLimited, ResultUnknown

UNCLEAR = [
    "500_before", "500_after", "drop_before", "drop_connection", "slow_drip", "timeout", "timeout_before",
    "20000", "20000_before", "system_error", "unsigned", "unsigned_error", "bad_signature",
]  # fmt: skip


@pytest.mark.parametrize("do", UNCLEAR)
async def test_a_mini_programs_trade_is_one_whatever_the_answer(world, ali, do):
    settings = alipay_settings_of(world, total_timeout_s=patience_s(do))
    async with alipay.Alipay(settings) as first:
        order = an_order(payer=world.person.alipay_open_id, expires_at=world.expires_at)
        world.fault("alipay.create", do, seconds=1.5)
        with pytest.raises(ResultUnknown):
            await first.prepare("create", order)
        made = await ali.prepare("create", order)
        assert (await ali.prepare("create", order)).client == made.client
        await world.pay("alipay/trade-pay", made.client)
        assert (await ali.query(NO)).state == "paid"
        world.fault("alipay.refund", do, seconds=1.5)
        with pytest.raises(ResultUnknown):
            await first.refund(a_refund())
        assert (await ali.refund(a_refund())).state in ("paid_back", "accepted")
        found = await ali.query_refund(out_trade_no=NO, out_refund_no=a_refund().out_refund_no)
        assert (found.state, found.amount_fen) == ("paid_back", 5000)
        assert (world.moved("paid"), world.moved("refunded")) == ([20000], [5000])


@pytest.mark.parametrize("do", ["500_before", "drop_connection", "unsigned_error"])
async def test_who_somebody_is_may_be_unknown_for_now(world, ali, do):
    _, given = await world.phone(f"people/{world.person.id}/alipay/auth-code")
    world.fault("alipay.oauth_token", do)
    with pytest.raises(ResultUnknown):
        await ali.open_id_of(given["authCode"])


async def test_too_often(world, ali):
    world.fault("alipay.create", "429")
    with pytest.raises(RateLimited):
        await ali.prepare("create", an_order(payer=world.person.alipay_open_id, expires_at=world.expires_at))
