"""What is sent to the WeChat platform and what its answers mean, against a peer that answers as recorded."""

from __future__ import annotations

import asyncio
import traceback

import pytest

from gateways.wechat import (
    AccessTokens,
    Account,
    Follower,
    MiniProgram,
    MiniProgramPage,
    OfficialAccount,
    Platform,
    PlatformRefused,
    PlatformUnknown,
    Session,
)

ACCOUNT = Account("wx0123456789abcdef", "SECRET-OF-THE-ACCOUNT")
TOKEN = (200, {}, b'{"access_token":"TOKEN-1","expires_in":7200}')
OK = (200, {"Content-Type": "text/plain"}, b'{"errcode":0,"errmsg":"ok"}')


@pytest.fixture
async def api(peer):
    async with Platform(peer.url, total_timeout_s=10.0) as api:
        yield api


@pytest.fixture
def mini(api):
    return MiniProgram(ACCOUNT, api, AccessTokens(ACCOUNT, api))


@pytest.fixture
def official(api):
    return OfficialAccount(ACCOUNT, api, AccessTokens(ACCOUNT, api))


async def test_a_code_becomes_a_session_without_an_access_token(peer, mini):
    peer.answer_json({"openid": "o1", "session_key": "tiihtNczf5v6AKRyjwEUhQ==", "unionid": "u1"})
    session = await mini.code_to_session("0a1b&=")
    assert session == Session("o1", "u1", "tiihtNczf5v6AKRyjwEUhQ==")
    assert "tiiht" not in repr(session)
    assert len(peer.received) == 1
    assert peer.received[0].query == {
        "appid": ACCOUNT.app_id,
        "secret": ACCOUNT.secret,
        "js_code": "0a1b&=",
        "grant_type": "authorization_code",
    }


async def test_without_an_open_platform_account_there_is_no_unionid(peer, mini):
    peer.answer_json({"openid": "o1", "session_key": "k", "errcode": 0})
    assert (await mini.code_to_session("c")).unionid is None


@pytest.mark.parametrize("errcode", [40029, 40163, 40226, 45011])
async def test_a_refused_code_carries_its_number(peer, mini, errcode):
    peer.answer_json({"errcode": errcode, "errmsg": "invalid code, rid: 1"})
    with pytest.raises(PlatformRefused) as refused:
        await mini.code_to_session("c")
    assert (refused.value.errcode, refused.value.errmsg) == (errcode, "invalid code, rid: 1")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json", "text/html; charset=utf-8", "image/png"]
)
async def test_the_text_decides_whatever_it_is_called(peer, mini, content_type):
    peer.answer_json({"openid": "o1", "session_key": "k"}, content_type=content_type)
    assert (await mini.code_to_session("c")).openid == "o1"


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, b'{"errcode":-1,"errmsg":"system error"}'),
        (200, {}, b'{"errcode":"40029"}'),
        (200, {}, b"<html>"),
        (200, {}, b""),
        (200, {}, b"[]"),
        (200, {}, b'{"openid":1,"session_key":"k"}'),
        (200, {}, b"{}"),
        (500, {}, b'{"errcode":0}'),
        (302, {"Location": "/"}, b""),
        "drop",
    ],
)
async def test_everything_doubtful_is_unknown_and_quotes_no_secret(peer, mini, answer):
    peer.answers = [answer]
    with pytest.raises(PlatformUnknown) as unknown:
        await mini.code_to_session("c")
    assert ACCOUNT.secret not in "".join(traceback.format_exception(unknown.value))


async def test_silence_is_unknown_and_a_message_is_not_sent_twice(peer):
    async def never(_request):
        await asyncio.sleep(5)

    peer.answers = [TOKEN, never]
    async with Platform(peer.url, total_timeout_s=2.0) as api:
        mini = MiniProgram(ACCOUNT, api, AccessTokens(ACCOUNT, api))
        with pytest.raises(PlatformUnknown) as unknown:
            await mini.send_subscribe_message(openid="o1", template_id="t1", values={})
    assert len(peer.received) == 2
    assert "TOKEN-1" not in "".join(traceback.format_exception(unknown.value))


async def test_a_subscribe_message_is_sent_as_documented(peer, mini):
    peer.answers = [TOKEN, OK]
    await mini.send_subscribe_message(
        openid="o1",
        template_id="t1",
        values={"amount2": "50.00元", "thing1": "余额不足"},
        page="pages/balance/index?from=msg",
        version="trial",
    )
    sent = peer.received[1]
    assert sent.target == "/cgi-bin/message/subscribe/send?access_token=TOKEN-1"
    assert sent.json == {
        "touser": "o1",
        "template_id": "t1",
        "page": "pages/balance/index?from=msg",
        "data": {"amount2": {"value": "50.00元"}, "thing1": {"value": "余额不足"}},
        "miniprogram_state": "trial",
        "lang": "zh_CN",
    }
    assert "余额不足".encode() in sent.body


@pytest.mark.parametrize("errcode", [43101, 47003, 40003, 40037])
async def test_a_subscribe_message_that_is_refused_is_not_repeated(peer, mini, errcode):
    peer.answers = [TOKEN, (200, {}, b'{"errcode":%d,"errmsg":"no"}' % errcode)]
    with pytest.raises(PlatformRefused) as refused:
        await mini.send_subscribe_message(openid="o1", template_id="t1", values={})
    assert refused.value.errcode == errcode
    assert len(peer.received) == 2


async def test_a_follower_and_somebody_who_does_not_follow(peer, official):
    peer.answers = [TOKEN, (200, {}, b'{"subscribe":1,"openid":"o1","unionid":"u1","nickname":""}')]
    assert await official.user("o1") == Follower("o1", "u1", True)
    assert peer.received[1].query == {"access_token": "TOKEN-1", "openid": "o1", "lang": "zh_CN"}
    peer.answers = [(200, {}, b'{"subscribe":0,"openid":"o2"}')]
    assert await official.user("o2") == Follower("o2", None, False)


async def test_a_customer_service_message_is_sent_as_documented(peer, official):
    peer.answers = [TOKEN, OK]
    await official.send_customer_message("o1", '您的余额 12.50 元 <a href="https://x">充值</a>')
    assert peer.received[1].target == "/cgi-bin/message/custom/send?access_token=TOKEN-1"
    assert peer.received[1].json == {
        "touser": "o1",
        "msgtype": "text",
        "text": {"content": '您的余额 12.50 元 <a href="https://x">充值</a>'},
    }
    assert "您的余额".encode() in peer.received[1].body


async def test_a_template_message_is_sent_as_documented(peer, official):
    peer.answers = [TOKEN, (200, {}, b'{"errcode":0,"errmsg":"ok","msgid":200228332}')]
    msgid = await official.send_template_message(
        openid="o1",
        template_id="t1",
        values={"keyword1": "50.00元"},
        url="https://shop.example.com/",
        page=MiniProgramPage("wxmini", "pages/index"),
        client_msg_id="M1",
    )
    assert msgid == "200228332"
    assert peer.received[1].json == {
        "touser": "o1",
        "template_id": "t1",
        "data": {"keyword1": {"value": "50.00元"}},
        "url": "https://shop.example.com/",
        "miniprogram": {"appid": "wxmini", "pagepath": "pages/index"},
        "client_msg_id": "M1",
    }


async def test_a_visitor_who_agreed_is_looked_up_and_one_who_was_not_asked_is_not(peer, official):
    exchanged = b'{"access_token":"T1","expires_in":7200,"refresh_token":"R","openid":"o1","scope":"snsapi_base,snsapi_userinfo"}'
    peer.answers = [(200, {}, exchanged), (200, {}, b'{"openid":"o1","nickname":"","unionid":"u1"}')]
    visitor = await official.visitor("c")
    assert "T1" not in repr(visitor) and visitor.unionid is None
    assert await official.union_of(visitor) == "u1"
    assert peer.received[-1].target.startswith("/sns/userinfo?") and peer.received[-1].query == {
        "access_token": "T1", "openid": "o1", "lang": "zh_CN",
    }  # fmt: skip
    peer.answers = [(200, {}, b'{"openid":"o2","unionid":"u2"}')]
    with pytest.raises(PlatformUnknown):
        await official.union_of(visitor)
    peer.answers = [(200, {}, exchanged.replace(b",snsapi_userinfo", b""))]
    seen = len(peer.received)
    assert await official.union_of(await official.visitor("c")) is None and len(peer.received) == seen + 1
