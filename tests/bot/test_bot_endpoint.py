"""The push address: who is let in, and what becomes of everything else."""

import asyncio
import contextlib
import gzip
import json
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import bot as door
from bot import endpoint
from core import db as database

OPENID = "oA1234567890123456789012345"
OLD_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><xml><Content>&i;</Content></xml>"
)
FILE = '<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Content>&f;</Content></xml>'


async def kept():
    return await database.fetchval("SELECT count(*) FROM chat_message")


async def test_the_address_is_confirmed_to_the_console_only(chats, http, wire):
    caller = wire(chats)
    url = f"{chats.url}/wechat/official-account"
    async with http.get(url, params=caller.query() | {"echostr": "5837397520665436"}) as answer:
        assert (answer.status, await answer.text()) == (200, "5837397520665436")
        assert answer.content_type == "text/plain"
    wrong = [
        (caller.query(token="other") | {"echostr": "1"}, 403),
        (caller.query(timestamp=str(int(time.time()) - 3600)) | {"echostr": "1"}, 403),
        (caller.query(), 400),
        (caller.query() | {"echostr": "<script>alert(1)</script> "}, 400),
        ({"echostr": "1"}, 403),
        ({}, 403),
    ]
    for query, status in wrong:
        async with http.get(url, params=query) as answer:
            assert answer.status == status, query
            assert len(await answer.text()) < 100


async def test_wechatpy_as_a_client_is_answered_in_plain_mode(connect, wire):
    caller = wire(await connect("plain"))
    answer = await caller.plain(caller.text(OPENID, "帮助"))
    assert answer.status == 200
    assert "「余额」" in answer.content


async def test_wechatpy_as_a_client_is_answered_in_safe_mode(connect, wire):
    caller = wire(await connect("safe"))
    answer = await caller.safe(caller.text(OPENID, "帮助"))
    inside = caller.unsealed(answer)
    assert "「余额」" in inside
    assert f"<ToUserName><![CDATA[{OPENID}]]>" in inside
    assert "「余额」" not in answer.text


async def test_compatible_mode_is_read_as_safe_mode(connect, wire):
    caller = wire(await connect("safe"))
    query, body = caller.sealed(caller.text(OPENID, "帮助"))
    both = caller.text(OPENID, "这一份不作数").replace("</xml>", body.strip().removeprefix("<xml>"))
    assert "「余额」" in caller.unsealed(await caller.send(query, both))
    assert await database.fetchval("SELECT content FROM chat_message") == "帮助"


async def test_a_plain_account_with_a_key_reads_encrypted_messages_too(connect, wire):
    caller = wire(await connect("plain"))
    assert "「余额」" in caller.unsealed(await caller.safe(caller.text(OPENID, "帮助")))


async def test_a_plain_account_without_a_key_reads_compatible_messages(connect, wire):
    caller = wire(await connect("plain", official={"encoding_aes_key": None}))
    query, body = caller.sealed(caller.text(OPENID, "x"))
    both = caller.text(OPENID, "帮助").replace("</xml>", body.strip().removeprefix("<xml>"))
    assert "「余额」" in (await caller.send(query, both)).content


async def test_after_a_key_change_both_keys_are_good_and_the_answer_uses_the_messages_key(connect, wire):
    caller = wire(await connect("safe", official={"previous_encoding_aes_key": OLD_KEY}))
    for number, key in ((1, OLD_KEY), (2, None)):
        answer = await caller.safe(caller.text(OPENID, "帮助", number=number), key=key)
        assert "「余额」" in caller.unsealed(answer, key=key)


async def test_a_message_that_is_not_from_the_platform_is_refused(chats, wire):
    caller = wire(chats)
    xml = caller.text(OPENID, "余额")
    sealed_query, sealed = caller.sealed(xml)
    refused = {
        "wrong token": await caller.safe(xml, token="guess"),
        "no signature": await caller.send({}, xml),
        "old": await caller.safe(xml, timestamp=str(int(time.time()) - 700)),
        "plain signature wrong": await caller.send(sealed_query | {"signature": "0" * 40}, sealed),
        "message signature wrong": await caller.send(sealed_query | {"msg_signature": "0" * 40}, sealed),
        "message signature missing": await caller.send(sealed_query | {"msg_signature": ""}, sealed),
        "changed on the way": await caller.send(
            sealed_query, sealed.replace("<Encrypt><![CDATA[", "<Encrypt><![CDATA[AAAA")
        ),
        "another app": await caller.safe(xml, app_id="wx0000000000000000"),
        "another key": await caller.safe(xml, key=OLD_KEY),
        "another account": await caller.safe(xml.replace(caller.account.original_id, "gh_000000000000")),
    }
    assert {why: answer.status for why, answer in refused.items()} == dict.fromkeys(refused, 403)
    assert await kept() == 0


async def test_safe_mode_takes_no_plain_messages(connect, wire):
    caller = wire(await connect("safe"))
    assert (await caller.plain(caller.text(OPENID, "余额"))).status == 403
    query, body = caller.sealed(caller.text(OPENID, "余额"))
    assert (await caller.send(query | {"encrypt_type": "raw"}, body)).status == 403
    assert await kept() == 0


async def test_a_signature_from_a_little_ahead_of_our_clock_is_good(connect, wire):
    caller = wire(await connect("plain"))
    answer = await caller.plain(caller.text(OPENID, "帮助"), timestamp=str(int(time.time()) + 3600))
    assert answer.status == 200


@pytest.mark.parametrize(
    "junk", [BOMB, FILE, FILE.replace("SYSTEM", "PUBLIC 'x'")], ids=["bomb", "file", "public"]
)
async def test_entities_are_not_read_outside_nor_inside_the_envelope(chats, wire, junk):
    caller = wire(chats)
    for answer in (await caller.plain(junk), await caller.safe(junk)):
        assert answer.status in (400, 403)
        assert answer.worked_s < 1 and answer.took_s < 4
        assert "root:" not in answer.text and "Traceback" not in answer.text


MALFORMED = {
    "empty": "",
    "no xml": "hello",
    "cut": "<xml><ToUserName>",
    "other element": "<html></html>",
    "nothing inside": "<xml></xml>",
    "deep": "<xml>" + "<a>" * 6000 + "</a>" * 6000 + "</xml>",
    "unknown encoding": '<?xml version="1.0" encoding="nope"?><xml/>',
    "utf-7": '<?xml version="1.0" encoding="utf-7"?><xml/>',
    "json of another kind": '{"a": [1, 2',
    "json list": "[1]",
    "json deep": '{"a":' + "[" * 5000 + "]" * 5000 + "}",
    "json number": '{"FromUserName": 1' + "0" * 5000 + "}",
    "json with what cannot be stored": '{"ToUserName":"gh_1","FromUserName":"o\\u0000","CreateTime":1,"MsgType":"text"}',
    "json with half a character": '{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":1,"MsgType":"text","Content":"\\ud800"}',
    "sender of another shape": "<xml><ToUserName>gh_1</ToUserName><FromUserName><a>1</a><b/></FromUserName></xml>",
    "no time": "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><MsgType>text</MsgType></xml>",
    "sender twice": "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><FromUserName>o2</FromUserName></xml>",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_no_message_is_refused_at_once(connect, wire, body):
    bot = await connect("plain")
    for path in ("official-account", "mini-program"):
        caller = wire(bot, path)
        answers = [await caller.plain(body), await caller.safe(body)]
        assert [answer.status for answer in answers] == [400, 400]
        assert all(answer.worked_s < 1 and answer.took_s < 4 and len(answer.text) < 100 for answer in answers)
    assert await kept() == 0


async def test_huge_bodies_are_refused_and_not_read_into_memory(connect, wire):
    caller = wire(await connect("plain"))
    huge = caller.text(OPENID, "余" * 40_000)
    assert (await caller.plain(huge)).status == 413

    async def endless():
        for _ in range(64):
            yield b"<xml>" + b" " * 65536

    assert (await caller.send(caller.query(), endless())).status == 413
    large = gzip.compress(b"<xml>" + b" " * 50_000_000)
    zipped = await caller.send(caller.query(), large, headers={"Content-Encoding": "gzip"})
    assert zipped.status in (400, 413)
    assert zipped.worked_s < 2 and zipped.took_s < 4
    broken = await caller.send(caller.query(), b"no gzip", headers={"Content-Encoding": "gzip"})
    assert broken.status == 400


async def test_a_body_that_does_not_arrive_is_not_waited_for(connect, wire):
    caller = wire(await connect("plain", patience=door.Patience(answer_s=0.3)))

    async def stalled():
        yield b"<xml>"
        await asyncio.Event().wait()  # the rest never comes

    began = time.perf_counter()
    with contextlib.suppress(OSError):  # cut off while it was still sending
        assert (await caller.send(caller.query(), stalled())).status == 408
    assert time.perf_counter() - began < 1.5


async def test_other_methods_and_paths_are_refused(connect, http):
    bot = await connect("plain")
    for method, path, status in (
        ("PUT", "official-account", 405), ("DELETE", "mini-program", 405), ("GET", "nothing", 404),
    ):  # fmt: skip
        async with http.request(method, f"{bot.url}/wechat/{path}") as answer:
            assert answer.status == status


NAMES = st.sampled_from(
    ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "EventKey", "Content", "MsgId", "Encrypt", "List",
     "SubscribeMsgPopupEvent", "TemplateId", "Recognition"]
)  # fmt: skip
TEXTS = st.sampled_from(
    ["gh_1", "o1", "1700000000", "text", "event", "subscribe", "CLICK", "subscribe_msg_popup_event", ""]
)
VALUES = st.recursive(
    TEXTS | st.text(max_size=40) | st.integers() | st.none() | st.booleans() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def as_xml(value):
    if isinstance(value, dict):
        return "".join(f"<{name}>{as_xml(one)}</{name}>" for name, one in value.items())
    if isinstance(value, list):
        return "".join(as_xml(one) for one in value)
    return str(value)


@pytest.mark.timeout(240)
async def test_no_junk_makes_a_server_error(connect, wire):
    bot = await connect("plain")
    loop = asyncio.get_running_loop()

    def push(body):
        async def all_ways():
            for path in ("official-account", "mini-program"):
                caller = wire(bot, path)
                yield await caller.plain(body)
                query = caller.query() | {"encrypt_type": "aes", "msg_signature": "0"}
                yield await caller.send(query, body)
                if isinstance(body, str):
                    yield await caller.safe(body)

        async def collect():
            return [answer async for answer in all_ways()]

        for answer in asyncio.run_coroutine_threadsafe(collect(), loop).result(60):
            assert answer.status < 500, body
            assert answer.took_s < 4
            assert "Traceback" not in answer.text

    many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    whole = {"ToUserName": "gh_1", "FromUserName": "o1", "CreateTime": "1", "MsgType": "event"}

    @many
    @given(st.binary(max_size=300))
    @example(b"\xff\xfe<\x00x\x00m\x00l\x00>\x00")
    def bytes_(junk):
        push(junk)

    @many
    @given(st.dictionaries(NAMES, VALUES, max_size=8), st.booleans())
    def fields(junk, with_envelope):
        given_fields = (whole | junk) if with_envelope else junk
        push(json.dumps(given_fields))
        push(f"<xml>{as_xml(given_fields)}</xml>".encode(errors="replace").decode())

    await asyncio.to_thread(bytes_)
    await asyncio.to_thread(fields)


def test_the_limits_are_what_the_platform_needs():
    assert endpoint.MAX_BODY_BYTES >= 32 * 1024
    assert endpoint.MAX_AGE_S >= 60
