"""Whole conversations with the stand-in of WeChat's platform: signing in, messages, followers, shipping information.

The stand-ins share no code with the gateways; they check our signatures and sign with keys of their own.
"""

from __future__ import annotations

import contextlib
import dataclasses
from types import SimpleNamespace

import pytest
from gateway_worlds import HTTP_FAULTS, NO, patience_s, pay_native
from redis.asyncio import Redis

from core import clock
from gateways import wechat


@contextlib.asynccontextmanager
async def opened(world, redis_server, *, total_timeout_s):
    c = world.credentials
    mini = wechat.Account(c.mini_app_id, c.mini_app_secret)
    official = wechat.Account(c.official_app_id, c.official_app_secret)
    redis = Redis.from_url(redis_server.url)
    async with wechat.Platform(world.sandbox.platform_url, total_timeout_s=total_timeout_s) as api:
        yield SimpleNamespace(
            mini=wechat.MiniProgram(mini, api, wechat.AccessTokens(mini, api, redis=redis)),
            official=wechat.OfficialAccount(official, api, wechat.AccessTokens(official, api, redis=redis)),
        )
    await redis.aclose()


@pytest.fixture
async def platform(world, redis_server):
    async with opened(world, redis_server, total_timeout_s=10.0) as platform:
        yield platform


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
async def test_platform_whatever_breaks_is_unknown(world, redis_server, do):
    async with opened(world, redis_server, total_timeout_s=patience_s(do)) as platform:
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
        parcel = dataclasses.replace(
            virtual, how="express", parcels=(wechat.Parcel("SF", "SF123456", "13800138000"),)
        )
        for _ in range(2):
            await shipping.report(parcel)
        await shipping.report(virtual)  # too late for another correction: the parcel stays
        (said,) = world.sandbox.platform.shipping.all()
        assert (said.logistics, said.uploads, said.parcels[0]["tracking_no"]) == ("express", 2, "SF123456")
        assert said.parcels[0]["contact"] == {"receiver_contact": "138****8000"}
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


async def test_what_goes_in_several_parcels_is_said_so(world, pay):
    await pay_native(world, pay)
    trade = await pay.query(NO)
    account = wechat.Account(world.credentials.mini_app_id, world.credentials.mini_app_secret)
    async with wechat.Platform(world.sandbox.platform_url) as platform:
        shipping = wechat.OrderShipping(account, wechat.AccessTokens(account, platform))
        parcels = tuple(wechat.Parcel("ZTO", f"ZT{n:08d}") for n in range(17))
        await shipping.report(
            wechat.Shipment(
                trade.channel_trade_no, world.person.mini_openid, "龙井", "express", clock.now(), parcels
            )
        )
        (said,) = world.sandbox.platform.shipping.all()
        assert [one["tracking_no"] for one in said.parcels] == [parcel.tracking_no for parcel in parcels[:15]]
