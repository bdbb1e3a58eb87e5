"""Whom to believe when WeChat Pay changes its keys.

The stand-ins share no code with the gateways; they check our signatures and sign with keys of their own.
"""

from __future__ import annotations

import asyncio
import json

import pytest
from gateway_worlds import NO, pay_native, wechat_settings_of
from redis.asyncio import Redis

from core import clock
from gateways import wechat_pay
from gateways.channel import BadNotification, ResultUnknown


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


def believed(client, request):
    try:
        return client.read_notification(request.headers, request.body, clock.now())
    except BadNotification:
        return None


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
        async with asyncio.timeout(60):
            while certificate_calls(world) < 2 or not believed(client, request):
                await asyncio.sleep(0.01)
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
