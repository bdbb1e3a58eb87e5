"""Transfers to customers, and the bills of a day, with WeChat Pay's stand-in.

The stand-ins share no code with the gateways; they check our signatures and sign with keys of their own.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from gateway_worlds import NO, pay_native, wechat_settings_of

from core import clock
from gateways import reading, wechat_pay
from gateways.channel import BillNotReady, ChannelRefused, Payouts, ResultUnknown, TransferOrder

TRANSFER_NO = "W2611230000000000001"
SCENE = {"transfer_scene_id": "1011", "transfer_scene_infos": (("赔付原因", "预存款退款"),)}


@pytest.fixture
async def payouts(world):
    async with wechat_pay.WechatPay(wechat_settings_of(world, **SCENE)) as client:
        yield client


def transfer_to(world, **changes):
    order = {
        "out_bill_no": TRANSFER_NO,
        "amount_fen": 5000,
        "payee": world.person.mini_openid,
        "remark": "余额退还",
    }
    return TransferOrder(**order | changes)


async def test_wechat_pay_transfers_what_the_customer_confirms(world, payouts):
    assert isinstance(payouts, Payouts)
    assert (await payouts.query_transfer(TRANSFER_NO)).state == "missing"
    made = await payouts.transfer(transfer_to(world, payee_name=world.person.nickname))
    assert made.state == "waiting" and made.package_info
    again = await payouts.transfer(transfer_to(world, payee_name=world.person.nickname))
    assert again == made
    asked = await payouts.query_transfer(TRANSFER_NO)
    assert (asked.state, asked.amount_fen, asked.channel_bill_no) == ("waiting", 5000, made.channel_bill_no)
    await world.pay("wechat-pay/request-merchant-transfer", {"package": made.package_info})
    notice = (await world.told(1))[0]
    found = payouts.read_notification(notice.headers, notice.body, clock.now()).transfer
    assert (found.out_bill_no, found.state, found.amount_fen) == (TRANSFER_NO, "paid", 5000)
    assert await payouts.query_transfer(TRANSFER_NO) == found
    assert (await payouts.transfer(transfer_to(world))).state == "paid"
    assert world.moved("transferred") == [5000]
    with pytest.raises(ChannelRefused):
        await payouts.cancel_transfer(TRANSFER_NO)


async def test_wechat_pay_transfers_that_are_stopped_or_fail(world, payouts):
    made = await payouts.transfer(transfer_to(world))
    assert (await payouts.cancel_transfer(TRANSFER_NO)).state == "cancelling"
    await world.told(1)
    assert (await payouts.query_transfer(TRANSFER_NO)).state == "cancelled"
    assert (await payouts.cancel_transfer(TRANSFER_NO)).state == "cancelled"
    status, refused = await world.phone(
        f"people/{world.person.id}/wechat-pay/request-merchant-transfer", {"package": made.package_info}
    )
    assert status == 422 and refused["errMsg"].startswith("requestMerchantTransfer:fail")

    other = "W2611230000000000002"
    made = await payouts.transfer(transfer_to(world, out_bill_no=other))
    world.fault("wechat_pay.transfer_settle", "fail")
    await world.pay("wechat-pay/request-merchant-transfer", {"package": made.package_info})
    await world.told(2)
    failed = await payouts.query_transfer(other)
    assert (failed.state, failed.reason) == ("failed", "PAYEE_ACCOUNT_ABNORMAL")

    late = "W2611230000000000003"
    await payouts.transfer(transfer_to(world, out_bill_no=late))
    world.sandbox.world.clock.advance(86_400)
    clock.set_offset(timedelta(seconds=world.sandbox.world.clock.offset_s))
    try:
        await world.told(3)
        assert (await payouts.query_transfer(late)).reason == "OVERDUE_CLOSE"
    finally:
        clock.set_offset(timedelta())
    assert world.moved("transferred") == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payee": "o" * 28}, "PARAM_ERROR"),
        ({"payee_name": "别人"}, "INVALID_REQUEST"),
        ({"amount_fen": 200_000}, "PARAM_ERROR"),
        ({"amount_fen": 3_000_000, "payee_name": "林晓"}, "INVALID_REQUEST"),
        ({"out_bill_no": "W_1"}, "PARAM_ERROR"),
    ],
)
async def test_wechat_pay_transfers_it_will_not_do(world, payouts, changes, code):
    with pytest.raises(ChannelRefused) as refused:
        await payouts.transfer(transfer_to(world, **changes))
    assert refused.value.code == code


async def test_wechat_pay_without_a_scene_there_are_no_transfers(world, pay):
    with pytest.raises(ChannelRefused, match="no_transfer_scene"):
        await pay.transfer(transfer_to(world))


async def test_wechat_pay_a_transfer_nobody_answered_about(world, payouts):
    world.fault("wechat_pay.transfer", "500_after")
    with pytest.raises(ResultUnknown):
        await payouts.transfer(transfer_to(world))
    assert (await payouts.query_transfer(TRANSFER_NO)).state == "waiting"
    world.fault("wechat_pay.transfer", "signtest")
    with pytest.raises(ResultUnknown):
        await payouts.transfer(transfer_to(world))
    assert (await payouts.transfer(transfer_to(world))).package_info


async def test_wechat_pay_bills_of_a_day_of_trade(world, payouts, tmp_path):
    await pay_native(world, payouts)
    day = clock.now().astimezone(reading.BEIJING).date()
    with pytest.raises(BillNotReady):
        await payouts.fetch_bill(day, tmp_path)
    world.sandbox.world.clock.advance(2 * 86_400)
    clock.set_offset(timedelta(seconds=world.sandbox.world.clock.offset_s))
    try:
        for kind in ("trades", "funds"):
            bill = await payouts.fetch_bill(day, tmp_path, kind=kind)
            assert NO in bill.path.read_text()
        world.fault("wechat_pay.bill_file", "torn")
        with pytest.raises(ResultUnknown):
            await payouts.fetch_bill(day, tmp_path)
        world.fault("wechat_pay.bill_file", "slow_drip", seconds=0.3)
        assert NO in (await payouts.fetch_bill(day, tmp_path)).path.read_text()
        with pytest.raises(BillNotReady):
            await payouts.fetch_bill(day + timedelta(days=1), tmp_path)
    finally:
        clock.set_offset(timedelta())
