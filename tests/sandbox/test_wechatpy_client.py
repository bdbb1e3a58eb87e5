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
    tag = await asyncio.to_thread(official.tag.create, "yucun-en")
    await asyncio.to_thread(official.tag.tag_user, tag["id"], person.official_openid)
    menu = {
        "button": [{"type": "click", "name": "Balance", "key": "b"}],
        "matchrule": {"tag_id": str(tag["id"])},
    }
    added = await asyncio.to_thread(official.menu.add_conditional, menu)
    assert sandbox.platform.menus.current(person.official_openid)["button"] == menu["button"]
    told = await asyncio.to_thread(official.menu.get)
    assert [one["matchrule"]["group_id"] for one in told["conditionalmenu"]] == [tag["id"]]
    await asyncio.to_thread(official.menu.del_conditional, added["menuid"])
    await asyncio.to_thread(official.menu.delete)
    assert await asyncio.to_thread(official.menu.get) is None
    scene = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "xihu"}}}
    code = await asyncio.to_thread(official.qrcode.create, scene)
    assert sandbox.platform.scene_codes.scene_of(code["ticket"]) == "xihu"
    for call, errcode in (
        (lambda: official.user.get("nobody"), 40003),
        (lambda: official.menu.add_conditional(menu), 65303), (lambda: official.menu.del_conditional("1"), 65301),
        (lambda: official.qrcode.create({"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "x" * 65}}}), 40053),
        (lambda: official.qrcode.create({**scene, "action_name": "QR_STR_SCENE", "expire_seconds": 2592001}), 40053),
        (lambda: official.tag.create("yucun-en"), 45157), (lambda: official.tag.tag_user(1, person.official_openid), 45159),
        (lambda: official.tag.tag_user(tag["id"], "nobody"), 49003),
    ):  # fmt: skip
        with pytest.raises(WeChatClientException) as caught:
            await asyncio.to_thread(call)
        assert caught.value.errcode == errcode
    await asyncio.to_thread(official.menu.create, {"button": menu["button"]})
    for rule, errcode in (({"language": "en"}, 65320), ({}, 65304), ({"tag_id": "1"}, 45159)):
        with pytest.raises(WeChatClientException) as caught:
            await asyncio.to_thread(official.menu.add_conditional, {**menu, "matchrule": rule})
        assert caught.value.errcode == errcode


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
