"""Whole conversations with the stand-ins: every gateway method, and what is left of it when the network misbehaves.

The stand-ins share no code with the gateways; they check our signatures and sign with keys of their own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import urllib.parse
from datetime import timedelta
from types import SimpleNamespace

import aiohttp
import pytest
from gateway_peers import a_refund, an_order
from redis.asyncio import Redis

from core import clock
from gateways import alipay, reading, wechat, wechat_pay
from gateways.channel import (
    AlreadyPaid,
    BadNotification,
    BillNotReady,
    ChannelRefused,
    Payouts,
    RateLimited,
    ResultUnknown,
    TransferOrder,
)

NO = "T2611230000000000001"
REFUND_NO = "R2611230000000000001"


class World:
    """A running sandbox, a merchant's address that it notifies, and a person with a phone."""

    def __init__(self, sandbox, shop) -> None:
        self.sandbox = sandbox
        self.shop = shop
        self.credentials = sandbox.credentials
        self.person = sandbox.world.people.arrive()
        self.expires_at = clock.now() + timedelta(days=60)  # a repeat must carry the same values

    def fault(self, op: str, do: str, **more) -> None:
        self.sandbox.world.faults.add({"op": op, "do": do, **more})

    async def phone(self, path: str, body=None):
        url = f"{self.sandbox.platform_url}/phone/{path}"
        async with aiohttp.ClientSession() as session, session.post(url, json=body or {}) as answer:
            return answer.status, json.loads(await answer.text() or "{}")

    async def pay(self, way: str, body) -> None:
        status, sheet = await self.phone(f"people/{self.person.id}/{way}", body)
        assert status == 201, sheet
        status, done = await self.phone(f"sheets/{sheet['sheet_no']}/pay")
        assert status == 200, done

    async def told(self, count: int):
        """The notifications so far, once there are `count` of them."""
        async with asyncio.timeout(5):
            while len(self.shop.received) < count:
                await asyncio.sleep(0.01)
        await self.sandbox.quiet()
        return self.shop.received

    def moved(self, kind: str) -> list[int]:
        return [each.amount_fen for each in self.sandbox.world.wallets.movements() if each.kind == kind]


@pytest.fixture
async def enter(start_sandbox, start_peer):
    async def enter(**settings) -> World:
        shop = await start_peer()
        shop.answers = [(200, {}, b"success")]
        return World(await start_sandbox(**settings), shop)

    return enter


@pytest.fixture
async def world(enter):
    return await enter()


def wechat_settings_of(world: World, **changes) -> wechat_pay.Settings:
    c = world.credentials
    return wechat_pay.Settings(
        **{
            "mch_id": c.mch_id,
            "app_id": c.mini_app_id,
            "serial_no": c.merchant_serial_no,
            "private_key_pem": c.merchant_private_key_pem,
            "api_v3_key": c.api_v3_key,
            "notify_url": f"{world.shop.url}/webhooks/wechat-pay",
            "public_key_id": c.wechat_pay_public_key_id,
            "public_key_pem": c.wechat_pay_public_key_pem,
            "base_urls": (world.sandbox.wechat_pay_url,),
            "total_timeout_s": 1.0,
            **changes,
        }
    )


def alipay_settings_of(world: World, **changes) -> alipay.Settings:
    c = world.credentials
    return alipay.Settings(
        **{
            "app_id": c.alipay_app_id,
            "seller_id": c.alipay_seller_id,
            "private_key": c.alipay_app_private_key_pem,
            "alipay_public_key": c.alipay_public_key_pem,
            "notify_url": f"{world.shop.url}/webhooks/alipay",
            "gateway_url": f"{world.sandbox.alipay_url}/gateway.do",
            "total_timeout_s": 1.0,
            **changes,
        }
    )


@pytest.fixture
async def pay(world):
    async with wechat_pay.WechatPay(wechat_settings_of(world)) as client:
        yield client


@pytest.fixture
async def ali(world):
    async with alipay.Alipay(alipay_settings_of(world)) as client:
        yield client


def order_for(world: World, **changes):
    return an_order(payer=world.person.mini_openid, expires_at=world.expires_at, **changes)


def pairs_of(request) -> list[tuple[str, str]]:
    return urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True)


# ── WeChat Pay ──────────────────────────────────────────────────────────────────────────────────────────


async def pay_native(world, client, **changes) -> None:
    prepared = await client.prepare("native", order_for(world, **changes))
    await world.pay("wechat-pay/scan", prepared.client)


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


# ── whom to believe ─────────────────────────────────────────────────────────────────────────────────────


def certificate_calls(world) -> int:
    return sum(
        rule["hits"] for rule in world.sandbox.world.faults.rules() if rule["op"] == "wechat_pay.certificates"
    )


@pytest.fixture
async def certified(enter):
    """In certificate mode, counting how often certificates are asked for."""
    world = await enter(wechat_pay_mode="certificate")
    world.fault("wechat_pay.certificates", "delay", times=0)
    async with wechat_pay.WechatPay(
        wechat_settings_of(world, public_key_id=None, public_key_pem=None)
    ) as client:
        yield world, client


async def test_wechat_pay_a_new_certificate_is_learnt_within_the_call_that_met_it(certified):
    world, client = certified
    assert (await client.query(NO)).state == "missing"
    await pay_native(world, client)
    assert certificate_calls(world) == 1
    world.fault("wechat_pay.query", "rotate")
    assert (await client.query(NO)).state == "paid"
    assert certificate_calls(world) == 2
    world.fault("wechat_pay.query", "rotate")
    with pytest.raises(ResultUnknown, match="unknown serial"):
        await client.query(NO)  # a second one within five minutes is not looked for
    assert certificate_calls(world) == 2


async def test_wechat_pay_forged_serials_cause_no_storm_of_calls(certified):
    world, client = certified
    await pay_native(world, client)
    request = (await world.told(1))[0]
    keeping = asyncio.create_task(client.keep_certificates())
    try:
        for number in range(300):
            headers = {**request.headers, "Wechatpay-Serial": f"{number:040X}"}
            with pytest.raises(BadNotification, match="unknown serial"):
                client.read_notification(headers, request.body, clock.now())
            if number % 50 == 0:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert certificate_calls(world) == 2  # the first of all, and one look for three hundred strangers
    finally:
        keeping.cancel()


async def test_wechat_pay_a_notice_signed_with_a_new_certificate_is_read_when_it_comes_again(certified):
    world, client = certified
    await pay_native(world, client)
    keeping = asyncio.create_task(client.keep_certificates())
    try:
        world.sandbox.wechat_pay.seal.rotate()
        delivery = world.sandbox.world.courier.deliveries()[0]
        world.sandbox.world.courier.resend(delivery.id)
        request = (await world.told(2))[1]
        with pytest.raises(BadNotification, match="unknown serial"):
            client.read_notification(request.headers, request.body, clock.now())
        async with asyncio.timeout(5):
            while certificate_calls(world) < 2:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert client.read_notification(request.headers, request.body, clock.now()).trade.state == "paid"
    finally:
        keeping.cancel()


async def test_wechat_pay_while_switching_both_keys_are_believed(enter):
    world = await enter(wechat_pay_mode="switching")
    by_certificate = wechat_settings_of(world, public_key_id=None, public_key_pem=None)
    async with (
        wechat_pay.WechatPay(by_certificate) as before,
        wechat_pay.WechatPay(wechat_settings_of(world)) as after,
    ):
        await pay_native(world, before)
        assert (await after.query(NO)).state == "paid"
        delivery = world.sandbox.world.courier.deliveries()[0]
        world.sandbox.world.courier.resend(delivery.id)
        notices = await world.told(2)
        serials = {notice.headers["Wechatpay-Serial"][:10] for notice in notices}
        assert len(serials) == 2 and "PUB_KEY_ID" in serials
        await after.refresh_certificates()
        for notice in notices:
            assert after.read_notification(notice.headers, notice.body, clock.now()).trade.state == "paid"


async def test_wechat_pay_certificates_are_fetched_once_for_all_processes(certified, redis_server):
    world, _ = certified
    settings = wechat_settings_of(world, public_key_id=None, public_key_pem=None)
    async with Redis.from_url(redis_server.url) as redis:
        for _ in range(3):
            async with wechat_pay.WechatPay(settings, redis=redis) as client:
                assert (await client.query(NO)).state == "missing"
        assert certificate_calls(world) == 1
        # Who can write there cannot add a certificate: each is sealed with the APIv3 key.
        key = f"wechat_pay:certificates:{settings.mch_id}"
        kept = json.loads(await redis.get(key))
        row = json.loads(kept["answer"])["data"][0]
        row["encrypt_certificate"]["ciphertext"] = "AAAA" + row["encrypt_certificate"]["ciphertext"][4:]
        await redis.set(key, json.dumps(kept | {"answer": json.dumps({"data": [row]})}))
        async with wechat_pay.WechatPay(settings, redis=redis) as client:
            assert (await client.query(NO)).state == "missing"
        assert certificate_calls(world) == 2


async def test_wechat_pay_in_certificate_mode(enter):
    world = await enter(wechat_pay_mode="certificate")
    settings = wechat_settings_of(world, public_key_id=None, public_key_pem=None)
    async with wechat_pay.WechatPay(settings) as client:
        await pay_native(world, client)
        request = (await world.told(1))[0]
        assert client.read_notification(request.headers, request.body, clock.now()).trade.state == "paid"
        await client.refresh_certificates()
        assert (await client.query(NO)).state == "paid"


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
HTTP_FAULTS = ["500_before", "500_after", "drop_before", "drop_connection", "timeout_before", "timeout"]


@pytest.mark.parametrize("do", [*HTTP_FAULTS, "signtest", "bad_signature", "stale", "unsigned"])
async def test_wechat_pay_whatever_breaks_is_unknown_and_the_same_number_settles_it(world, do):
    settings = wechat_settings_of(world, total_timeout_s=0.3)
    async with wechat_pay.WechatPay(settings) as client:
        await pay_native(world, client)
        await client.prepare("native", order_for(world, out_trade_no="T2611230000000000006"))
        await client.refund(a_refund(out_refund_no="R0", amount_fen=1))
        for name, call in WECHAT_CALLS.items():
            world.fault(f"wechat_pay.{name}", do, seconds=0.8)
            with pytest.raises(ResultUnknown):
                await call(client, world)
            await call(client, world)
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


# ── Alipay ──────────────────────────────────────────────────────────────────────────────────────────────


async def pay_precreate(world, client, **changes) -> None:
    prepared = await client.prepare("precreate", order_for(world, **changes))
    await world.pay("alipay/scan", prepared.client)


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
async def test_alipay_whatever_breaks_is_unknown_and_the_same_number_settles_it(world, do):
    settings = alipay_settings_of(world, total_timeout_s=0.3)
    async with alipay.Alipay(settings) as client:
        await pay_precreate(world, client)
        prepared = await client.prepare("precreate", order_for(world, out_trade_no="T6"))
        await world.phone(f"people/{world.person.id}/alipay/scan", prepared.client)
        for name, call in ALIPAY_CALLS.items():
            world.fault(f"alipay.{name}", do, seconds=0.8)
            with pytest.raises(ResultUnknown):
                await call(client, world)
            await call(client, world)
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


# ── the WeChat platform ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def platform(world, redis_server):
    c = world.credentials
    mini = wechat.Account(c.mini_app_id, c.mini_app_secret)
    official = wechat.Account(c.official_app_id, c.official_app_secret)
    redis = Redis.from_url(redis_server.url)
    async with wechat.Platform(world.sandbox.platform_url, total_timeout_s=1.0) as api:
        yield SimpleNamespace(
            mini=wechat.MiniProgram(mini, api, wechat.AccessTokens(mini, api, redis=redis)),
            official=wechat.OfficialAccount(wechat.AccessTokens(official, api, redis=redis)),
        )
    await redis.aclose()


async def a_code(world) -> str:
    return (await world.phone(f"people/{world.person.id}/login-code"))[1]["code"]


def values_of(world, template_id: str) -> dict[str, str]:
    examples = {"thing": "充值", "amount": "50.00元", "date": "2026-11-23", "time": "2026-11-23 10:00"}
    template = next(one for one in world.sandbox.platform.templates.all() if one.template_id == template_id)
    return {key: examples.get(key.rstrip("0123456789"), "x1") for key in template.fields}


async def test_signing_in(world, platform):
    code = await a_code(world)
    session = await platform.mini.code_to_session(code)
    assert (session.openid, session.unionid) == (world.person.mini_openid, world.person.unionid)
    with pytest.raises(wechat.PlatformRefused, match="40163"):
        await platform.mini.code_to_session(code)
    with pytest.raises(wechat.PlatformRefused, match="40029"):
        await platform.mini.code_to_session("nonsense")


async def test_subscribe_messages_are_sent_once_per_acceptance(world, platform):
    template_id = world.credentials.subscribe_templates["low_balance"]
    message = {
        "openid": world.person.mini_openid,
        "template_id": template_id,
        "values": values_of(world, template_id),
        "page": "pages/index",
    }
    with pytest.raises(wechat.PlatformRefused, match="43101"):
        await platform.mini.send_subscribe_message(**message)
    status, _ = await world.phone(f"people/{world.person.id}/subscribe-messages", {template_id: "accept"})
    if status != 200:
        world.sandbox.platform.templates.decide(world.person, {template_id: "accept"})
    with pytest.raises(wechat.PlatformRefused, match="47003"):
        await platform.mini.send_subscribe_message(**{**message, "values": {}})
    await platform.mini.send_subscribe_message(**message)
    with pytest.raises(wechat.PlatformRefused, match="43101"):
        await platform.mini.send_subscribe_message(**message)


async def test_followers_and_messages_to_them(world, platform):
    openid = world.person.official_openid
    assert await platform.official.user(openid) == wechat.Follower(openid, None, False)
    with pytest.raises(wechat.PlatformRefused, match="45015"):
        await platform.official.send_customer_message(openid, "您好")
    template_id = world.credentials.official_templates["deducted"]
    message = {"openid": openid, "template_id": template_id, "values": values_of(world, template_id)}
    with pytest.raises(wechat.PlatformRefused, match="43004"):
        await platform.official.send_template_message(**message)

    await world.phone(f"people/{world.person.id}/official/follow")
    assert await platform.official.user(openid) == wechat.Follower(openid, world.person.unionid, True)
    assert await platform.official.send_template_message(**message)
    for _ in range(3):
        await platform.official.send_customer_message(openid, "您好")
    with pytest.raises(wechat.PlatformRefused, match="45047"):
        await platform.official.send_customer_message(openid, "您好")
    with pytest.raises(wechat.PlatformRefused, match="40003"):
        await platform.official.user("nobody")


async def test_a_token_invalidated_early_is_replaced_without_the_caller_noticing(world, platform):
    await world.phone(f"people/{world.person.id}/official/follow")
    openid = world.person.official_openid
    await platform.official.user(openid)
    world.fault("platform.user_info", "invalidate_token")
    assert (await platform.official.user(openid)).subscribed
    for errcode in (40001, 42001, 40014):
        world.fault("platform.user_info", f"errcode:{errcode}")
        assert (await platform.official.user(openid)).subscribed


async def test_a_token_refused_for_ever_ends_in_a_refusal(world, platform):
    world.fault("platform.user_info", "errcode:40001", times=0)
    with pytest.raises(wechat.PlatformRefused, match="40001"):
        await platform.official.user(world.person.official_openid)
    assert world.sandbox.world.faults.rules()[0]["hits"] == 2


@pytest.mark.parametrize("do", [*HTTP_FAULTS, "garbage", "errcode:-1"])
async def test_platform_whatever_breaks_is_unknown(world, platform, do):
    await world.phone(f"people/{world.person.id}/official/follow")
    openid = world.person.official_openid
    template_id = world.credentials.official_templates["deducted"]
    values = values_of(world, template_id)
    calls = {
        "code2session": lambda: platform.mini.code_to_session("c"),
        "custom_send": lambda: platform.official.send_customer_message(openid, "您好"),
        "template_send": lambda: platform.official.send_template_message(
            openid=openid, template_id=template_id, values=values
        ),
    }
    for name, call in calls.items():
        world.fault(f"platform.{name}", do, seconds=2.0)
        with pytest.raises(wechat.PlatformUnknown):
            await call()


async def test_a_token_that_cannot_be_fetched_is_unknown_and_the_next_call_works(world, platform):
    await world.phone(f"people/{world.person.id}/official/follow")
    world.fault("platform.stable_token", "500_before")
    with pytest.raises(wechat.PlatformUnknown):
        await platform.official.user(world.person.official_openid)
    assert (await platform.official.user(world.person.official_openid)).subscribed


# ── shipping information ────────────────────────────────────────────────────────────────────────────────


async def test_shipments_are_reported_once_and_corrected_once(world, pay):
    await pay_native(world, pay)
    trade = await pay.query(NO)
    account = wechat.Account(world.credentials.mini_app_id, world.credentials.mini_app_secret)
    async with wechat.Platform(world.sandbox.platform_url) as platform:
        shipping = wechat.OrderShipping(account, wechat.AccessTokens(account, platform))
        assert await shipping.is_managed()
        virtual = wechat.Shipment(
            trade.channel_trade_no, world.person.mini_openid, "账户充值 200.00 元", "virtual", clock.now()
        )
        world.fault("platform.upload_shipping", "invalidate_token")
        for _ in range(2):
            await shipping.report(virtual)
        parcel = dataclasses.replace(virtual, how="express", express_company="SF", tracking_no="SF123456")
        for _ in range(2):
            await shipping.report(parcel)
        await shipping.report(virtual)  # too late for another correction: the parcel stays
        (said,) = world.sandbox.platform.shipping.all()
        assert (said.logistics, said.uploads, said.parcels[0]["tracking_no"]) == ("express", 2, "SF123456")
        for wrong, code in (
            ({"transaction_id": "4200000000"}, 10060001),
            ({"payer": "oM-nobody"}, 10060031),
            ({"item": "长" * 121}, 10060009),
            ({"item": ""}, 10060008),
        ):
            with pytest.raises(wechat.PlatformRefused) as refused:
                await shipping.report(dataclasses.replace(virtual, **wrong))
            assert refused.value.errcode == code
        world.fault("platform.upload_shipping", "500_after")
        with pytest.raises(wechat.PlatformUnknown):
            await shipping.report(virtual)
