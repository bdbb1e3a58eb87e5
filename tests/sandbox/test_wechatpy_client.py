"""wechatpy's own API client works against the platform when only the address is changed."""

from __future__ import annotations

import asyncio

import pytest
from wechatpy import WeChatClient, WeChatClientException
from wechatpy.client.api import WeChatWxa


@pytest.fixture
def client(sandbox, monkeypatch):
    def make(app_id: str, secret: str) -> WeChatClient:
        client = WeChatClient(app_id, secret)
        client.API_BASE_URL = sandbox.platform_url + "/cgi-bin/"
        monkeypatch.setattr(client, "_fetch_access_token", original(client))
        return client

    def original(client):
        fetch = client._fetch_access_token

        def local(url, params):
            return fetch(url.replace("https://api.weixin.qq.com", sandbox.platform_url), params)

        return local

    monkeypatch.setattr(WeChatWxa, "API_BASE_URL", sandbox.platform_url + "/")
    return make


async def test_official_account_calls(sandbox, client):
    c, person = sandbox.credentials, sandbox.world.people.arrive()
    sandbox.platform.chat.follow(person)
    official = client(c.official_app_id, c.official_app_secret)
    follower = await asyncio.to_thread(official.user.get, person.official_openid)
    assert (follower["subscribe"], follower["unionid"]) == (1, person.unionid)
    await asyncio.to_thread(official.message.send_text, person.official_openid, "您好")
    sent = await asyncio.to_thread(
        official.message.send_template,
        person.official_openid,
        c.official_templates["payment_due"],
        {"thing1": {"value": "课"}, "amount2": {"value": "3元"}, "time3": {"value": "2026-12-01"}},
    )
    assert sent["errcode"] == 0
    await asyncio.to_thread(official.menu.create, {"button": [{"type": "click", "name": "余额", "key": "b"}]})
    with pytest.raises(WeChatClientException) as caught:
        await asyncio.to_thread(official.user.get, "nobody")
    assert caught.value.errcode == 40003


async def test_mini_program_calls(sandbox, client):
    c, person = sandbox.credentials, sandbox.world.people.arrive()
    mini = client(c.mini_app_id, c.mini_app_secret)
    session = await asyncio.to_thread(mini.wxa.code_to_session, sandbox.platform.login.new_code(person))
    assert session["openid"] == person.mini_openid
    template_id = c.subscribe_templates["refunded"]
    sandbox.platform.templates.decide(person, {template_id: "accept"})
    data = {"amount1": {"value": "3元"}, "time2": {"value": "2026-12-01 10:00"}, "thing3": {"value": "退"}}
    arguments = (person.mini_openid, template_id, data)
    assert (await asyncio.to_thread(mini.wxa.send_subscribe_message, *arguments))["errcode"] == 0
    with pytest.raises(WeChatClientException) as caught:
        await asyncio.to_thread(mini.wxa.send_subscribe_message, *arguments)
    assert caught.value.errcode == 43101
