"""A running sandbox around a gateway: its settings there, a person who pays, what the merchant is told."""

from __future__ import annotations

import asyncio
import json
import urllib.parse
from datetime import timedelta

import aiohttp
from gateway_peers import an_order

from core import clock
from gateways import alipay, wechat_pay

NO = "T2611230000000000001"
REFUND_NO = "R2611230000000000001"
HTTP_FAULTS = ["500_before", "500_after", "drop_before", "drop_connection", "timeout_before", "timeout"]
_SLOW = ("timeout_before", "timeout", "slow_drip")


def patience_s(fault: str) -> float:
    """How long a client waits: no longer than it must for what never comes, else as long as a busy machine may need."""
    return 0.7 if fault in _SLOW else 10.0


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
        async with asyncio.timeout(60):
            while len(self.shop.received) < count:
                await asyncio.sleep(0.01)
        await self.sandbox.quiet()
        return self.shop.received

    def moved(self, kind: str) -> list[int]:
        return [each.amount_fen for each in self.sandbox.world.wallets.movements() if each.kind == kind]


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
            "total_timeout_s": 10.0,
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
            "total_timeout_s": 10.0,
            **changes,
        }
    )


def order_for(world: World, **changes):
    return an_order(payer=world.person.mini_openid, expires_at=world.expires_at, **changes)


def pairs_of(request) -> list[tuple[str, str]]:
    return urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True)


async def pay_native(world, client, **changes) -> None:
    prepared = await client.prepare("native", order_for(world, **changes))
    await world.pay("wechat-pay/scan", prepared.client)


async def pay_precreate(world, client, **changes) -> None:
    prepared = await client.prepare("precreate", order_for(world, **changes))
    await world.pay("alipay/scan", prepared.client)
