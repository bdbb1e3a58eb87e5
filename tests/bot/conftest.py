from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass, field

import aiohttp
import defusedxml.ElementTree
import pytest
import redis.asyncio
import wechatpy
from aiohttp import web
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

import bot
from billing import adjustments
from core import http as kit
from gateways import wechat
from members import chat, sign_in
from sandbox.app import Sandbox, Settings
from sandbox.people import Person

SHOP = "一盏茶"


@pytest.fixture
async def platform():
    """The WeChat platform's stand-in."""
    sandbox = await Sandbox.start(Settings(time_scale=0.001))
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@dataclass
class Gateways:
    official_account: wechat.OfficialAccount
    mini_program: wechat.MiniProgram


@pytest.fixture
async def gateways(platform, http):
    known = platform.credentials
    async with wechat.Platform(platform.platform_url, session=http) as api:
        mini = wechat.Account(known.mini_app_id, known.mini_app_secret)
        official = wechat.Account(known.official_app_id, known.official_app_secret)
        yield Gateways(
            wechat.OfficialAccount(official, api, wechat.AccessTokens(official, api, redis=None)),
            wechat.MiniProgram(mini, api, wechat.AccessTokens(mini, api, redis=None)),
        )


@pytest.fixture
async def serve():
    """Serves doors on ports of their own; they are closed after the test."""
    runners = []

    async def serve_one(door: web.Application) -> str:
        runner = web.AppRunner(kit.root(others={bot.PREFIX: door}), shutdown_timeout=0.5)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield serve_one
    for runner in runners:
        await runner.cleanup()


@dataclass
class Bot:
    """Our door, connected to the platform's stand-in."""

    platform: Sandbox
    gateways: Gateways
    url: str
    mode: str

    @property
    def app_id(self) -> str:
        return self.platform.credentials.official_app_id

    @property
    def official(self):
        return self.platform.platform.accounts["official"]

    @property
    def mini(self):
        return self.platform.platform.accounts["mini"]

    async def look_up(self) -> int:
        return await chat.look_up(self.gateways.official_account, self.app_id)


@pytest.fixture
def connect(platform, gateways, serve, db):
    """Starts our door in a mode and has both consoles check and keep its addresses."""

    async def connect_one(mode="safe", **choices) -> Bot:
        known = platform.credentials
        official = {"mode": mode, "encoding_aes_key": known.official_encoding_aes_key} | choices.pop(
            "official", {}
        )
        mini = {"mode": mode, "encoding_aes_key": known.mini_encoding_aes_key} | choices.pop("mini", {})
        door = bot.build(
            shop=choices.pop("shop", bot.Shop(SHOP)),
            official_account=bot.Account(
                app_id=known.official_app_id,
                token=known.official_token,
                original_id=known.official_original_id,
                **official,
            ),
            mini_program=bot.Account(app_id=known.mini_app_id, token=known.mini_token, **mini),
            customer_messages=gateways.official_account,
            **choices,
        )
        url = await serve(door)
        pushes = platform.platform.pushes
        for name, path in (("official", "official-account"), ("mini", "mini-program")):
            account = platform.platform.accounts[name]
            pushes.set_address(account, f"{url}/wechat/{path}", mode)
            assert await pushes.verify(account) is None
        return Bot(platform, gateways, url, mode)

    return connect_one


@pytest.fixture(params=["plain", "safe"])
async def chats(request, connect):
    """The bot in each mode."""
    return await connect(request.param)


@dataclass
class Phone:
    """A person with a phone, following the account."""

    bot: Bot
    person: Person
    seen: int = 0
    customer_id: int | None = field(default=None)

    async def ask(self, text: str) -> str:
        """What the account answers to a text; "" for nothing."""
        self.bot.platform.platform.chat.say(self.person, text)
        return await self.hear()

    async def tap(self, key: str) -> str:
        self.bot.platform.platform.chat.tap_menu(self.person, {"type": "click", "key": key})
        return await self.hear()

    async def follow(self, scene: str | None = None) -> str:
        self.bot.platform.platform.chat.follow(self.person, scene)
        return await self.hear()

    async def hear(self) -> str:
        await self.bot.platform.quiet()
        said = []
        for item in self.bot.platform.world.feed.after(self.person.id, self.seen):
            self.seen = item.seq
            assert "reason" not in item.body, item.body
            if item.kind == "chat" and item.body["from"] == "account":
                said.append(item.body["text"])
        return "\n--\n".join(said)


@pytest.fixture
def visit(platform):
    """A person who has never met the shop."""
    return lambda bot_: Phone(bot_, platform.world.people.arrive())


@pytest.fixture
def arrive(visit):
    """A person who follows the account and is nobody's customer."""

    async def arrive_one(bot_: Bot) -> Phone:
        phone = visit(bot_)
        await phone.follow()
        return phone

    return arrive_one


@pytest.fixture
def join(arrive, platform):
    """A follower who has signed in to the mini-program; with money when it is told how much."""

    async def join_one(bot_: Bot, *, principal=0, bonus=0) -> Phone:
        phone = await arrive(bot_)
        code = platform.platform.login.new_code(phone.person)
        signed_in = await sign_in.by_mini_program(
            bot_.gateways.mini_program, platform.credentials.mini_app_id, code
        )
        phone.customer_id = signed_in.customer.id
        await bot_.look_up()
        await give(phone.customer_id, principal, bonus)
        return phone

    return join_one


async def give(customer_id: int, principal: int, bonus: int = 0) -> None:
    for kind, amount in (("principal", principal), ("bonus", bonus)):
        if amount:
            await adjustments.adjust(
                1,
                customer_id,
                kind=kind,
                amount_fen=amount,
                reason="开业礼",
                key=f"gift-{kind}-{customer_id}",
            )


@dataclass
class Answer:
    status: int
    text: str
    took_s: float
    worked_s: float
    """How long this process, server and client, was at work meanwhile; a machine that stands still adds nothing."""

    @property
    def content(self) -> str:
        """The text of a plain reply, read by wechatpy."""
        return wechatpy.parse_message(self.text).content


@dataclass
class Wire:
    """An independent client: signs and encrypts with wechatpy, and sends what it is told."""

    bot: Bot
    http: aiohttp.ClientSession
    path: str = "official-account"

    @property
    def account(self):
        return self.bot.official if self.path == "official-account" else self.bot.mini

    def crypto(self, *, key: str | None = None, app_id: str | None = None) -> WeChatCrypto:
        account = self.account
        return WeChatCrypto(account.token, key or account.encoding_aes_key, app_id or account.app_id)

    def signature(self, *parts: str) -> str:
        signer = WeChatSigner()
        signer.add_data(self.account.token, *parts)
        return signer.signature

    def query(
        self, *, token: str | None = None, timestamp: str | None = None, nonce: str = "n0nce"
    ) -> dict[str, str]:
        timestamp = timestamp or str(int(time.time()))
        signer = WeChatSigner()
        signer.add_data(token or self.account.token, timestamp, nonce)
        return {"signature": signer.signature, "timestamp": timestamp, "nonce": nonce}

    async def plain(self, body: str | bytes, **signing) -> Answer:
        return await self.send(self.query(**signing), body)

    async def safe(self, xml: str, *, key=None, app_id=None, **signing) -> Answer:
        query, body = self.sealed(xml, key=key, app_id=app_id, **signing)
        return await self.send(query, body)

    def sealed(self, xml: str, *, key=None, app_id=None, **signing) -> tuple[dict[str, str], str]:
        query = self.query(**signing)
        body = self.crypto(key=key, app_id=app_id).encrypt_message(xml, query["nonce"], query["timestamp"])
        signature = re.search(r"<MsgSignature><!\[CDATA\[(\w+)\]\]>", body)[1]
        return query | {"encrypt_type": "aes", "msg_signature": signature}, body

    async def send(self, query: dict[str, str], body: str | bytes, **options) -> Answer:
        began, worked = time.perf_counter(), time.process_time()
        data = body.encode() if isinstance(body, str) else body
        url = f"{self.bot.url}/wechat/{self.path}"
        async with self.http.post(url, params=query, data=data, **options) as answer:
            said = await answer.text()
            return Answer(answer.status, said, time.perf_counter() - began, time.process_time() - worked)

    def unsealed(self, answer: Answer, *, key=None) -> str:
        """The XML inside an encrypted answer; wechatpy checks its signature."""
        outer = defusedxml.ElementTree.fromstring(answer.text)
        names = ("MsgSignature", "TimeStamp", "Nonce")
        return self.crypto(key=key).decrypt_message(answer.text, *(outer.findtext(name) for name in names))

    def text(self, openid: str, content: str, *, number: int = 1, extra: str = "") -> str:
        return (
            f"<xml><ToUserName><![CDATA[{self.account.original_id}]]></ToUserName>"
            f"<FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>1700000000</CreateTime>"
            f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content>"
            f"<MsgId>{number}</MsgId>{extra}</xml>"
        )

    def event(self, openid: str, name: str, *, at: int = 1700000000, extra: str = "") -> str:
        return (
            f"<xml><ToUserName><![CDATA[{self.account.original_id}]]></ToUserName>"
            f"<FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{at}</CreateTime>"
            f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>{extra}</xml>"
        )


@pytest.fixture
def wire(http):
    return lambda bot_, path="official-account": Wire(bot_, http, path)


_message_numbers = itertools.count(1_000)


@dataclass
class Talk:
    """A customer who talks to a bot that remembers, one message after the other or several at once."""

    phone: Phone
    wire: Wire

    @property
    def customer_id(self) -> int:
        return self.phone.customer_id

    @property
    def openid(self) -> str:
        return self.phone.person.official_openid

    async def __call__(self, text: str, number: int | None = None) -> str:
        """What is answered; with a number that was used before it is that message again."""
        xml = self.wire.text(self.openid, text, number=number or next(_message_numbers))
        answer = await self.wire.plain(xml, nonce=f"n{next(_message_numbers)}")
        assert answer.status == 200, answer
        return answer.content


@pytest.fixture
async def memory(redis_url, monkeypatch):
    """An empty Redis."""
    monkeypatch.setattr("bot.dialogue._TIMEOUT_S", 10.0)  # it does answer, on a busy machine later
    async with redis.asyncio.Redis.from_url(redis_url, socket_timeout=2) as connection:
        yield connection


@pytest.fixture
def talking(connect, join, wire):
    """Somebody with 100 yuan who talks to a bot with this memory."""

    async def begin(memory, **choices) -> Talk:
        bot_ = await connect("plain", dialogues=bot.Dialogues(memory), **choices)
        return Talk(await join(bot_, principal=10_000), wire(bot_))

    return begin


@pytest.fixture
async def talk(talking, memory):
    return await talking(memory)
