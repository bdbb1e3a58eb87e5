"""The chat's question 「余额」, pushed by the platform in safe mode and answered encrypted, against the same balance asked for over the
JSON API of the same server processes."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import random
import secrets
from collections.abc import AsyncIterator, Sequence
from xml.etree.ElementTree import fromstring

from aiohttp.test_utils import TestClient, TestServer

from app import config, runtime
from benchmarks import counters, http_doors, place, seeds, server
from benchmarks.rounds import Contest, RunFailed
from bot import crypto, replies
from core import clock, db

FLOOR = "GET /api/v1/account"
TARGET = 0.6
ASKED, ANSWERED = "余额", "可用余额"
APP_ID, ACCOUNT = "wx-bench-chat", "gh_bench"
_TOKEN, _KEY = "bench-token", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
_ADDRESS = "/wechat/official-account"


@contextlib.asynccontextmanager
async def questions(where: place.Place) -> AsyncIterator[Contest]:
    """Every push is a message of its own; each is to be answered with the balance, and kept once."""
    async with chatting(where) as (where, found, wire):
        customers = await seeds.rich()
        tokens = [http_doors.token_of(found, one) for one in customers]
        people = await followers(customers)
        balance = [
            http_doors.request("GET", "/api/v1/account", token, sender=one)
            for one, token in zip(customers, tokens, strict=True)
        ]
        floor_file, most_per_s, slowest_ms = wire.written("balance", balance), 1_000.0, [0.0]
        platform, chance, answered = Platform(), random.Random(1), 0
        waiting: list[bytes] = []

        async def before_round() -> None:
            count = int(most_per_s * wire.longest_s * 1.5) + 100
            waiting[:] = [platform.push(chance.choice(people), ASKED) for _ in range(count)]

        async def floor(seconds: float) -> float:
            return await wire.measure(floor_file, seconds, cycle=True)

        async def subject(seconds: float) -> float:
            nonlocal most_per_s, answered
            per_s = await wire.measure(wire.written("questions", waiting), seconds, cycle=False)
            waiting.clear()
            most_per_s, answered = max(most_per_s, per_s), answered + wire.done
            slowest_ms.append(wire.p99_ms)
            return per_s

        async def counted() -> dict[str, float]:
            await _all_answered(answered)
            said = await question_counters(where.database_url, found, people)
            return said | wire.said | {"answer_p99_ms": round(max(slowest_ms), 1)}

        yield Contest(floor=floor, subject=subject, counters=counted, before_round=before_round)


@contextlib.asynccontextmanager
async def chatting(
    where: place.Place,
) -> AsyncIterator[tuple[place.Place, runtime.Runtime, http_doors.Wire]]:
    """The place with an official account in safe mode, opened here and served."""
    where = with_account(where)
    async with place.opened(where) as found, http_doors.Wire.opened(where) as wire:
        yield where, found, wire


def with_account(where: place.Place) -> place.Place:
    """The place whose settings have an official account in safe mode."""
    where.settings_path.write_text(where.settings_path.read_text() + settings_toml())
    return dataclasses.replace(where, settings=config.load(where.settings_path))


def settings_toml() -> str:
    """The section ``[wechat.official_account]``."""
    values = {
        "app_id": APP_ID,
        "secret": "not-used",
        "original_id": ACCOUNT,
        "token": _TOKEN,
        "encoding_aes_key": _KEY,
    }
    return "\n".join(
        ["", "[wechat.official_account]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    )


_FOLLOWERS = """
INSERT INTO identity (customer_id, provider, app_id, subject, follows, created_at)
SELECT id, 'official_account', $2, 'oBench' || lpad(id::text, 22, '0'), true, $3 FROM unnest($1::bigint[]) AS id RETURNING subject
"""


async def followers(customers: Sequence[int]) -> list[str]:
    """The openids by which these customers follow the account."""
    return [row["subject"] for row in await db.fetch(_FOLLOWERS, list(customers), APP_ID, clock.now())]


class Platform:
    """Makes finished pushes as the platform does, each with a number of its own."""

    def __init__(self) -> None:
        self._cipher = crypto.MessageCipher(encoding_aes_key=_KEY, app_id=APP_ID)
        self._next_no = secrets.randbits(60)

    def push(self, openid: str, text: str) -> bytes:
        """The request that brings a text, to be sent once or, as the platform does when it gets no answer, again."""
        address, body = self.signed(openid, text)
        lines = [f"POST {address} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: text/xml"]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()

    def signed(self, openid: str, text: str) -> tuple[str, str]:
        """The address with its signatures, and the sealed body."""
        self._next_no += 1
        at, nonce = str(int(clock.now().timestamp())), secrets.token_hex(5)
        sealed = self._cipher.seal(
            f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
            f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>"
            f"<MsgId>{self._next_no}</MsgId></xml>"
        )
        query = (
            f"signature={crypto.signature(_TOKEN, at, nonce)}&timestamp={at}&nonce={nonce}&openid={openid}"
            f"&encrypt_type=aes&msg_signature={crypto.signature(_TOKEN, at, nonce, sealed)}"
        )
        envelope = f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return f"{_ADDRESS}?{query}", envelope

    def opened(self, answer: str) -> str:
        """The text inside a sealed reply."""
        sealed = fromstring(answer).findtext("Encrypt") or ""
        return fromstring(self._cipher.open(sealed)).findtext("Content") or ""


async def question_counters(url: str, found: runtime.Runtime, people: Sequence[str]) -> dict[str, float]:
    """What one question costs the database; each is answered with a balance."""
    platform = Platform()
    async with TestClient(TestServer(server.assembled(found))) as client:

        async def act(number: int) -> None:
            address, body = platform.signed(people[number % len(people)], ASKED)
            async with client.post(address, data=body.encode()) as answer:
                said = await answer.text()
                if answer.status != 200 or said == replies.NOTHING:
                    raise RunFailed(f"{answer.status} {said[:200]}")
                if not (told := platform.opened(said)).startswith(ANSWERED):
                    raise RunFailed(told)

        for number in range(http_doors.WARM):
            await act(number)
        return await counters.per_operation(url, act)


_KEPT = "SELECT count(*) FROM chat_message WHERE app_id = $1"
_OTHERS = f"{_KEPT} AND (reply IS NULL OR reply NOT LIKE '{ANSWERED}%')"


async def _all_answered(at_least: int) -> None:
    """Every question was kept with a balance as its reply.

    Raises:
        RunFailed
    """
    kept, others = await db.fetchval(_KEPT, APP_ID), await db.fetchval(_OTHERS, APP_ID)
    if others or kept < at_least:
        raise RunFailed(f"{kept} messages kept of {at_least}, {others} of them answered with something else")
