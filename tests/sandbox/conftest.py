from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from sandbox.app import Sandbox, Settings


@dataclass
class Merchant:
    """A merchant's web server that remembers what it was sent and answers as told."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes, dict[str, str]]] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    default_answer: tuple[int, str] = (200, "")
    pause_s: float = 0.0

    async def take(self, request: web.Request) -> web.Response:
        self.received.append((dict(request.headers), await request.read(), dict(request.query)))
        if self.pause_s:
            await asyncio.sleep(self.pause_s)
        status, text = self.answers.pop(0) if self.answers else self.default_answer
        if callable(text):
            text = text(request, self.received[-1][1])
        return web.Response(status=status, text=text)


@pytest.fixture
async def merchant():
    merchant = Merchant()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", merchant.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    merchant.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield merchant
    await runner.cleanup()


@pytest.fixture
async def start(request):
    """Starts sandboxes with other settings; they are stopped after the test."""
    running = []

    async def start_one(**settings) -> Sandbox:
        settings.setdefault("time_scale", 0.001)
        sandbox = await Sandbox.start(Settings(**settings))
        running.append(sandbox)
        return sandbox

    yield start_one
    for sandbox in running:
        await sandbox.stop()


@pytest.fixture
async def sandbox(start):
    return await start()


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def ask(http):
    """Sends JSON to an address and returns (status, JSON answer)."""

    async def ask_json(method: str, url: str, body=None):
        async with http.request(method, url, json=body) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    return ask_json


@pytest.fixture
def pay(sandbox, http, merchant):
    from sandbox_merchant import SigningMerchant

    return SigningMerchant(sandbox, http, merchant.url + "/notify")


@pytest.fixture
def sdk(sandbox, merchant):
    from sandbox_alipay import sdk_for

    return sdk_for(sandbox, merchant)
