"""What the platform pushes to the merchant, with wechatpy as the merchant's side of the crypto."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import create_reply
from wechatpy.utils import check_signature

from sandbox.platform.chat import UNAVAILABLE
from sandbox.platform.message_cipher import BadMessage, MessageCipher, signature

VECTORS = Path(__file__).parent.parent / "vectors"


@pytest.fixture
def shop(sandbox, merchant):
    """The merchant's chat server: decrypts with wechatpy, echoes the text, answers encrypted."""
    c = sandbox.credentials
    crypto = WeChatCrypto(c.official_token, c.official_encoding_aes_key, c.official_app_id)
    merchant.parsed = []

    def answer(request, body):
        query = request.query
        check_signature(c.official_token, query["signature"], query["timestamp"], query["nonce"])
        if request.method == "GET":
            return query["echostr"]
        xml = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
        message = parse_message(xml)
        merchant.parsed.append(message)
        # wechatpy does not split "]]>" in its own CDATA, so the echo leaves it out.
        text = f"事件：{message.event}" if message.type == "event" else f"收到：{message.content[:-3]}"
        return crypto.encrypt_message(
            create_reply(text, message).render(), query["nonce"], query["timestamp"]
        )

    merchant.default_answer = (200, answer)
    return merchant


async def set_push(sandbox, ask, url, **more):
    return await ask(
        "POST", f"{sandbox.platform_url}/world/push-urls", {"account": "official", "url": url, **more}
    )


async def chat_of(sandbox, ask, person) -> list[tuple[str, str]]:
    await sandbox.quiet()
    _, feed = await ask("GET", f"{sandbox.platform_url}/phone/people/{person.id}/feed")
    return [(i["body"]["from"], i["body"]["text"]) for i in feed["items"] if i["kind"] == "chat"]


async def test_a_message_goes_out_encrypted_and_its_reply_is_shown(sandbox, shop, ask):
    person = sandbox.world.people.arrive()
    assert await set_push(sandbox, ask, shop.url + "/wechat") == (200, {"verified": True})
    phone = f"{sandbox.platform_url}/phone/people/{person.id}/official"
    assert (await ask("POST", f"{phone}/messages", {"text": "余额"}))[0] == 409
    await ask("POST", f"{phone}/follow", {})
    await sandbox.quiet()
    assert (await ask("POST", f"{phone}/messages", {"text": "余额\x00 <b>&]]>"}))[0] == 202
    assert await chat_of(sandbox, ask, person) == [
        ("system", "已关注公众号"),
        ("account", "事件：subscribe"),
        ("me", "余额\x00 <b>&]]>"),
        ("account", "收到：余额 <b>&"),
    ]
    await ask("POST", f"{phone}/menu", {"key": "balance"})
    await ask("POST", f"{phone}/unfollow")
    await sandbox.quiet()
    assert [m.event for m in shop.parsed if m.type == "event"] == ["subscribe", "click", "unsubscribe"]
    text = next(m for m in shop.parsed if m.type == "text")
    assert text.content == "余额 <b>&]]>"
    assert (text.source, text.target) == (person.official_openid, sandbox.credentials.official_original_id)


async def test_following_by_a_code_tells_the_scene(sandbox, shop, ask):
    person = sandbox.world.people.arrive()
    await set_push(sandbox, ask, shop.url)
    follow = f"{sandbox.platform_url}/phone/people/{person.id}/official/follow"
    for _ in range(2):
        await ask("POST", follow, {"scene": "table7"})
        await sandbox.quiet()
    assert [(m.event, m.scene_id) for m in shop.parsed] == [("subscribe_scan", "table7"), ("scan", "table7")]


async def test_an_address_that_cannot_be_verified_is_not_taken(sandbox, merchant, ask):
    merchant.default_answer = (200, "hello")
    status, answer = await set_push(sandbox, ask, merchant.url)
    assert (status, answer["verified"]) == (422, False)
    _, shown = await ask("GET", f"{sandbox.platform_url}/world/push-urls")
    assert shown["official"]["url"] is None


async def test_plain_mode(start, merchant, ask):
    sandbox = await start(message_mode="plain", official_push_url=merchant.url)
    merchant.default_answer = (200, lambda _request, body: create_reply("好的", parse_message(body)).render())
    person = sandbox.world.people.arrive()
    sandbox.platform.chat.follow(person)
    assert ("account", "好的") in await chat_of(sandbox, ask, person)
    assert "msg_signature" not in merchant.received[0][2] and merchant.received[0][2]["openid"]


@pytest.mark.parametrize("text", ["success", ""])
async def test_silence_is_an_answer(start, merchant, ask, text):
    sandbox = await start(official_push_url=merchant.url)
    merchant.default_answer = (200, text)
    person = sandbox.world.people.arrive()
    sandbox.platform.chat.follow(person)
    assert await chat_of(sandbox, ask, person) == [("system", "已关注公众号")]


@pytest.mark.parametrize(
    "answer",
    [
        (200, "{}"),
        (200, "<xml></xml>"),
        (500, ""),
        (200, "<xml><ToUserName>x</ToUserName></xml>"),
        (200, '<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>'),
    ],
)
async def test_a_bad_answer_shows_that_the_account_is_unavailable(start, merchant, ask, answer):
    sandbox = await start(official_push_url=merchant.url)
    merchant.default_answer = answer
    person = sandbox.world.people.arrive()
    sandbox.platform.chat.follow(person)
    assert await chat_of(sandbox, ask, person) == [("system", "已关注公众号"), ("system", UNAVAILABLE)]
    assert len(merchant.received) == 1


async def test_a_plain_reply_in_safe_mode_is_not_accepted(start, merchant, ask):
    sandbox = await start(official_push_url=merchant.url)
    person = sandbox.world.people.arrive()
    reply = (
        f"<xml><ToUserName>{person.official_openid}</ToUserName>"
        f"<FromUserName>{sandbox.credentials.official_original_id}</FromUserName>"
        "<CreateTime>1</CreateTime><MsgType>text</MsgType><Content>hi</Content></xml>"
    )
    merchant.default_answer = (200, reply)
    sandbox.platform.chat.follow(person)
    assert ("system", UNAVAILABLE) in await chat_of(sandbox, ask, person)


async def test_without_an_answer_in_time_the_same_message_comes_three_times(start, merchant, ask):
    sandbox = await start(message_mode="plain", answer_timeout_s=0.1, official_push_url=merchant.url)
    person = sandbox.world.people.arrive()
    person.follows = True
    merchant.pause_s, merchant.default_answer = 0.3, (200, "success")
    sandbox.platform.chat.say(person, "在吗")
    assert (await chat_of(sandbox, ask, person))[-1] == ("system", UNAVAILABLE)
    assert len({parse_message(body).id for _, body, _ in merchant.received}) == 1
    assert len(merchant.received) == 3
    assert len({query["nonce"] for _, _, query in merchant.received}) == 3


@pytest.mark.parametrize(("do", "received"), [("drop", 1), ("duplicate", 2), ("bad_signature", 1)])
async def test_pushes_have_faults_too(start, merchant, do, received):
    sandbox = await start(official_push_url=merchant.url)
    merchant.default_answer = (200, "success")
    sandbox.world.faults.add({"op": "platform.push", "do": do})
    sandbox.platform.chat.follow(sandbox.world.people.arrive())
    await sandbox.quiet()
    assert len(merchant.received) == received
    query = merchant.received[0][2]
    assert (query["msg_signature"] == "0" * 40) == (do == "bad_signature")


async def test_the_mini_program_hears_about_accepted_and_sent_messages(start, merchant, ask):
    sandbox = await start(mini_push_url=merchant.url)
    merchant.default_answer = (200, "success")
    person, c = sandbox.world.people.arrive(), sandbox.credentials
    template_id = c.subscribe_templates["topped_up"]
    other_id = c.subscribe_templates["deducted"]
    sandbox.platform.templates.decide(person, {template_id: "accept", other_id: "reject"})
    await sandbox.quiet()
    data = {"amount1": "200元", "amount2": "20元", "amount3": "220元", "time4": "2026-11-23 10:00"}
    sandbox.platform.templates.send_subscribe(
        sandbox.platform.accounts["mini"],
        {
            "touser": person.mini_openid,
            "template_id": template_id,
            "data": {key: {"value": value} for key, value in data.items()},
        },
    )
    await sandbox.quiet()
    crypto = WeChatCrypto(c.mini_token, c.mini_encoding_aes_key, c.mini_app_id)
    events = []
    for _, body, query in merchant.received:
        xml = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
        events.append(parse_message(xml)._data)
    assert [event["Event"] for event in events] == ["subscribe_msg_popup_event", "subscribe_msg_sent_event"]
    rows = events[0]["SubscribeMsgPopupEvent"]["List"]
    assert [(row["TemplateId"], row["SubscribeStatusString"]) for row in rows] == [
        (template_id, "accept"),
        (other_id, "reject"),
    ]
    assert events[1]["SubscribeMsgSentEvent"]["List"]["ErrorStatus"] == "success"


async def test_the_phone_hears_of_news_at_once(sandbox, http):
    person = sandbox.world.people.arrive()
    async with http.get(f"{sandbox.platform_url}/phone/people/{person.id}/stream") as stream:
        sandbox.world.feed.show(person.id, "chat", **{"from": "account", "text": "您好"})
        lines = [await asyncio.wait_for(stream.content.readline(), 5) for _ in range(3)]
    assert lines[:2] == [b"id: 1\n", b"event: chat\n"]
    assert json.loads(lines[2].removeprefix(b"data: "))["body"]["text"] == "您好"


@pytest.mark.parametrize(
    "case",
    [c for c in json.loads((VECTORS / "wechat_message_crypto.json").read_text())["cases"]],
    ids=lambda c: c["kind"],
)
def test_published_message_crypto_cases(case):
    cipher = MessageCipher(encoding_aes_key=case["encoding_aes_key"], app_id=case["app_id"])
    random16 = case.get("random16", "").encode()
    if case["kind"] == "encrypt":
        assert cipher.encrypt(case["plaintext"], random16=random16) == case["ciphertext"]
        assert cipher.decrypt(case["ciphertext"]) == case["plaintext"]
    elif case["kind"] == "echostr":
        cipher.decrypt(case["echostr"])
        made = signature(case["token"], case["timestamp"], case["nonce"], case["echostr"])
        assert made == case["msg_signature"]
    elif case["kind"] == "encrypt_envelope":
        encrypted = cipher.encrypt(case["plaintext"], random16=random16)
        assert encrypted in case["envelope_xml"]
        made = signature(case["token"], case["timestamp"], case["nonce"], encrypted)
        assert made in case["envelope_xml"]
    else:
        encrypted = case["envelope_xml"].split("<Encrypt><![CDATA[")[1].split("]]>")[0]
        made = signature(case["token"], case["timestamp"], case["nonce"], encrypted)
        assert made == case["msg_signature"]
        assert all(value in cipher.decrypt(encrypted) for value in case["expect_contains"].values())


def test_published_server_address_signature():
    cases = json.loads((VECTORS / "wechat_sha1_signatures.json").read_text())["cases"]
    case = next(one for one in cases if one["kind"] == "server_url_verification")
    assert signature(case["token"], case["timestamp"], case["nonce"]) == case["signature"]


def test_a_message_for_another_app_is_not_read():
    key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    encrypted = MessageCipher(encoding_aes_key=key, app_id="wx1").encrypt("hello")
    for bad in (encrypted, encrypted[:-8], "AAAA", "not base64"):
        with pytest.raises(BadMessage):
            MessageCipher(encoding_aes_key=key, app_id="wx2").decrypt(bad)
