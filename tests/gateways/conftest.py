from __future__ import annotations

import pytest
from aiohttp import web
from gateway_peers import Peer, RedisServer, alipay_settings, wechat_settings
from gateway_worlds import World, alipay_settings_of, wechat_settings_of

from gateways import alipay, wechat_pay


@pytest.fixture
async def start_peer():
    runners = []

    async def start() -> Peer:
        peer = Peer()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", peer.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return peer

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def peer(start_peer):
    return await start_peer()


@pytest.fixture
async def wechat_client(peer):
    async with wechat_pay.WechatPay(wechat_settings(base_urls=(peer.url,), total_timeout_s=10.0)) as client:
        yield client


@pytest.fixture
async def alipay_client(peer):
    settings = alipay_settings(gateway_url=f"{peer.url}/gateway.do", total_timeout_s=10.0)
    async with alipay.Alipay(settings) as client:
        yield client


@pytest.fixture
async def start_sandbox():
    """Starts stand-ins of all three services; their waiting times run a thousand times faster."""
    from sandbox.app import Sandbox, Settings

    running = []

    async def start(**settings):
        sandbox = await Sandbox.start(Settings(**{"time_scale": 0.001, **settings}))
        running.append(sandbox)
        return sandbox

    yield start
    for sandbox in running:
        await sandbox.stop()


@pytest.fixture
async def enter(start_sandbox, start_peer):
    """Makes a world with a sandbox of these settings."""

    async def enter(**settings) -> World:
        shop = await start_peer()
        shop.answers = [(200, {}, b"success")]
        return World(await start_sandbox(**settings), shop)

    return enter


@pytest.fixture
async def world(enter):
    return await enter()


@pytest.fixture
async def pay(world):
    async with wechat_pay.WechatPay(wechat_settings_of(world)) as client:
        yield client


@pytest.fixture
async def ali(world):
    async with alipay.Alipay(alipay_settings_of(world)) as client:
        yield client


@pytest.fixture
async def redis_server():
    server = RedisServer()
    await server.start()
    yield server
    await server.stop()
