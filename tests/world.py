"""One whole world for tests: the real sandbox, the real server on a loopback port, real databases, people with phones.

``async def test_…(world):`` (the fixture stands in tests/conftest.py) ::

    phone = await world.arrive()                          # a new person, signed in to the mini-program
    answer = await phone.post("/top-ups", {...})          # our API, with a fresh Idempotency-Key unless one is given
    assert answer.status == 201, answer
    await phone.pay(answer.body["payment"])               # wx.requestPayment / scanned code / opened link, and pays
    await world.quiet()                                   # the channels' notifications have been delivered
    desk = await world.operator()                         # an operator, signed in
    await world.give(phone.customer_id, 10_000)           # money without a channel
    world.advance(days=31)                                # the clocks of sandbox and shop

The settings are the demo's, written by ``app.demo_settings``, except that the clock is moved by ``advance`` at once instead
of being polled. Money moved through doors is proven after the test, because ``world`` stands on the ``db`` fixture.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from app import config, demo_settings, doors, runtime
from billing import adjustments, approvals, packages, plans
from core import clock
from members import operators
from sandbox.app import Sandbox, Settings
from shop import products

PASSWORD = "long enough to be a password"


@dataclass(frozen=True)
class Answer:
    """What an address answered; ``body`` is the JSON, or the text where it is none."""

    status: int
    body: Any
    headers: Any = field(repr=False)

    @property
    def code(self) -> str | None:
        """The code of a refusal."""
        return self.body.get("code") if isinstance(self.body, dict) else None


class Client:
    """Somebody who calls one of our JSON doors."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str | None = None) -> None:
        self._http, self._url, self.token = http, url, token

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        """An empty object is sent where no body is given; ``key=None`` sends no Idempotency-Key."""
        more.setdefault("key", new_key())
        return await self.ask("POST", path, {} if body is None else body, **more)

    async def put(self, path: str, body: Any, **more: Any) -> Answer:
        return await self.ask("PUT", path, body, **more)

    async def patch(self, path: str, body: Any, **more: Any) -> Answer:
        return await self.ask("PATCH", path, body, **more)

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, locale: str | None = None
    ) -> Answer:
        headers = {
            "Authorization": self.token and f"Bearer {self.token}",
            "Idempotency-Key": key,
            "Accept-Language": locale,
        }
        headers = {name: value for name, value in headers.items() if value}
        async with self._http.request(method, f"{self._url}{path}", json=body, headers=headers) as answer:
            text = await answer.text(errors="replace")  # files come too
            is_json = answer.content_type == "application/json"
            return Answer(answer.status, json.loads(text) if is_json else text, answer.headers)

    async def all(self, path: str, *, limit: int = 100) -> list[Any]:
        """Every row of a list, page by page."""
        rows, cursor = [], None
        while True:
            page = await self.get(f"{path}?limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            assert page.status == 200, page
            rows.extend(page.body["items"])
            if (cursor := page.body["next_cursor"]) is None:
                return rows


class Phone(Client):
    """A person with the mini-program on the phone. Unsigned until ``sign_in``."""

    def __init__(self, world: World, person_id: str) -> None:
        super().__init__(world.http, f"{world.url}/api/v1")
        self.world = world
        self.person_id = person_id
        self.customer_id = 0

    async def sign_in(self) -> Answer:
        """wx.login on the phone, then our login."""
        code = await self.at_sandbox("/login-code")
        answer = await self.post("/login", {"code": code.body["code"]}, key=None)
        if answer.status == 200:
            self.token, self.customer_id = answer.body["token"], answer.body["customer"]["id"]
        return answer

    async def sign_in_at_alipay(self) -> Answer:
        """my.getAuthCode on the phone, then our login: another customer than the one in WeChat."""
        code = await self.at_sandbox("/alipay/auth-code")
        answer = await self.post("/login/alipay", {"auth_code": code.body["authCode"]}, key=None)
        if answer.status == 200:
            self.token, self.customer_id = answer.body["token"], answer.body["customer"]["id"]
        return answer

    async def balance(self) -> dict[str, Any]:
        return (await self.get("/account")).body

    async def top_up(self, channel: str = "wechat_pay", method: str = "jsapi", **terms: Any) -> Answer:
        """Asks for a top-up (``package_id`` or ``amount_fen``) without paying it."""
        key = terms.pop("key", new_key())
        return await self.post("/top-ups", {"channel": channel, "method": method, **terms}, key=key)

    async def pay(self, payment: dict[str, Any]) -> Answer:
        """Pays what a top-up's ``payment`` asks for, the way its method says."""
        sheet = await self.open(payment)
        assert sheet.status == 201, sheet
        return await self._post(
            f"{self.world.sandbox.platform_url}/phone/sheets/{sheet.body['sheet_no']}/pay"
        )

    async def open(self, payment: dict[str, Any]) -> Answer:
        """Opens the pay sheet without paying."""
        address = {
            "jsapi": "/wechat-pay/request-payment",
            "native": "/wechat-pay/scan",
            "h5": "/wechat-pay/open-h5",
            "precreate": "/alipay/scan",
            "wap": "/alipay/open",
            "page": "/alipay/open",
            "create": "/alipay/trade-pay",
        }
        return await self.at_sandbox(address[payment["method"]], payment["client"])

    async def at_sandbox(self, path: str, body: Any = None) -> Answer:
        """What the person does outside our API: ``POST <sandbox>/phone/people/<person><path>``."""
        return await self._post(
            f"{self.world.sandbox.platform_url}/phone/people/{self.person_id}{path}", body
        )

    async def _post(self, url: str, body: Any = None) -> Answer:
        async with self.world.http.post(url, json=body or {}) as answer:
            return Answer(answer.status, await answer.json(), answer.headers)


@dataclass
class World:
    """Everything that runs. ``runtime`` is the server's own: its gateways, channels, tokens."""

    sandbox: Sandbox
    runtime: runtime.Runtime
    url: str
    http: aiohttp.ClientSession

    async def arrive(self, nickname: str | None = None, *, signed_in: bool = True) -> Phone:
        """A new person with a phone, signed in to the mini-program unless told otherwise."""
        phone = Phone(self, self.sandbox.world.people.arrive(nickname).id)
        if signed_in:
            answer = await phone.sign_in()
            assert answer.status == 200, answer
        return phone

    async def operator(self, login: str = "boss") -> Client:
        """An operator, signed in to the operators' API."""
        await operators.create(login=login, name="店长", password=PASSWORD)
        desk = Client(self.http, f"{self.url}/admin/v1")
        answer = await desk.post("/login", {"login": login, "password": PASSWORD}, key=None)
        assert answer.status == 200, answer
        desk.token = answer.body["token"]
        return desk

    async def give(self, customer_id: int, amount_fen: int, *, kind: str = "principal") -> None:
        """Puts money on an account without a channel; a second person agrees where one is needed."""
        made = await adjustments.adjust(
            1, customer_id, kind=kind, amount_fen=amount_fen, reason="测试", key=new_key()
        )
        if made.approval_no:
            await approvals.approve(2, made.approval_no, key=new_key())

    async def package(self, *, pay_fen: int = 20_000, bonus_fen: int = 2_000) -> int:
        return (await packages.add(name="充值套餐", pay_fen=pay_fen, bonus_fen=bonus_fen)).id

    async def sku(self, *, price_fen: int = 2_800, stock: int = 10) -> int:
        """A product on the shelf with one SKU; returns the SKU's id."""
        product = await products.add(
            name="茉莉奶绿", description="", skus=[products.NewSku("大杯", price_fen, stock)]
        )
        return product.skus[0].id

    async def offer(self, *, amount_fen: int = 3_000, cycle: str = "monthly") -> plans.Offer:
        return await plans.add_offer(
            name="会员",
            amount_fen=amount_fen,
            cycle=cycle,
            consent_version="v1",
            consent_text="同意按期扣款。",
        )

    def advance(self, **time: float) -> None:
        """Moves the world's clock and ours: ``advance(days=1)``."""
        step = timedelta(**time)
        self.sandbox.world.clock.advance(step.total_seconds())
        clock.set_offset(clock.offset() + step)

    def misbehave(self, op: str, do: str, **rule: Any) -> None:
        """Adds a fault to the sandbox's plan, e.g. ``misbehave("wechat_pay.notify", "bad_signature")``."""
        self.sandbox.world.faults.add({"op": op, "do": do, **rule})

    async def quiet(self) -> None:
        """Waits until every notification that is due has been delivered."""
        await self.sandbox.quiet()


@contextlib.asynccontextmanager
async def opened(
    home: Path,
    *,
    database_url: str,
    redis_url: str,
    images: config.Images | None = None,
    sign_in: config.Operators | None = None,
    **sandbox_settings: Any,
) -> AsyncIterator[World]:
    """A world of its own, its settings written under ``home``; ``images``: where it keeps pictures, if not there; ``sign_in``: how
    its operators sign in."""
    sandbox_settings.setdefault("time_scale", 0.001)
    async with contextlib.AsyncExitStack() as stack:
        sandbox = await Sandbox.start(Settings(**sandbox_settings))
        stack.push_async_callback(sandbox.stop)
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listening.getsockname()[1]
        settings = _settings(home, sandbox, port, database_url=database_url, redis_url=redis_url)
        if images is not None:
            settings = settings.model_copy(update={"images": images})
        if sign_in is not None:
            settings = settings.model_copy(update={"operators": sign_in})
        running = await stack.enter_async_context(runtime.opened(settings))
        runner = web.AppRunner(doors.assemble(running), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listening).start()
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield World(sandbox, running, f"http://127.0.0.1:{port}", http)


def new_key() -> str:
    """A fresh Idempotency-Key."""
    return f"test-{secrets.token_hex(8)}"


def _settings(home: Path, sandbox: Sandbox, port: int, *, database_url: str, redis_url: str) -> config.Config:
    given = home / "sandbox" / "merchant" / "credentials.json"
    given.parent.mkdir(parents=True, exist_ok=True)
    given.write_text(json.dumps(asdict(sandbox.credentials)))
    urls = (sandbox.platform_url, sandbox.wechat_pay_url, sandbox.alipay_url)
    places = demo_settings.Places(port, *(int(urlsplit(url).port or 0) for url in urls))
    written = demo_settings.write(home, places, database_url=database_url, redis_url=redis_url)
    limits = config.Limits(
        requests_per_minute_per_address=1_000_000,
        requests_per_minute_per_caller=1_000_000,
        request_timeout_s=60,  # a busy machine may stand still for longer than a shop's callers are left to wait
    )
    return config.load(written).model_copy(update={"clock": config.Clock(), "limits": limits})
