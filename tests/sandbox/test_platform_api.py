"""The WeChat platform's server API: tokens, sign-in, messages and their quotas."""

from __future__ import annotations

import pytest


@pytest.fixture
def api(sandbox, ask):
    """Calls with the access_token of one account; returns the JSON answer."""

    async def call(account: str, method: str, path: str, body=None, query: str = ""):
        token = await stable_token(sandbox, ask, account)
        address = f"{sandbox.platform_url}{path}?access_token={token['access_token']}{query}"
        status, answer = await ask(method, address, body)
        assert status == 200
        return answer

    return call


async def stable_token(sandbox, ask, account: str, **more):
    c = sandbox.credentials
    body = {
        "grant_type": "client_credential",
        "appid": getattr(c, f"{account}_app_id"),
        "secret": getattr(c, f"{account}_app_secret"),
    } | more
    status, answer = await ask("POST", f"{sandbox.platform_url}/cgi-bin/stable_token", body)
    assert status == 200
    return answer


async def code2session(sandbox, ask, code: str, **more):
    c = sandbox.credentials
    query = {"appid": c.mini_app_id, "secret": c.mini_app_secret, "grant_type": "authorization_code"} | more
    pairs = "&".join(f"{name}={value}" for name, value in (query | {"js_code": code}).items())
    return (await ask("GET", f"{sandbox.platform_url}/sns/jscode2session?{pairs}"))[1]


async def test_a_login_code_works_once_and_for_five_minutes(sandbox, ask):
    phone = f"{sandbox.platform_url}/phone/people"
    _, person = await ask("POST", phone, {"nickname": "小林"})
    _, login = await ask("POST", f"{phone}/{person['id']}/login-code")
    session = await code2session(sandbox, ask, login["code"])
    assert (session["openid"], session["unionid"]) == (person["mini_openid"], person["unionid"])
    assert len(session["session_key"]) == 24
    assert (await code2session(sandbox, ask, login["code"]))["errcode"] == 40163
    assert (await code2session(sandbox, ask, "nonsense"))["errcode"] == 40029
    _, late = await ask("POST", f"{phone}/{person['id']}/login-code")
    sandbox.world.clock.advance(301)
    assert (await code2session(sandbox, ask, late["code"]))["errcode"] == 40029
    assert (await code2session(sandbox, ask, "x", secret="wrong"))["errcode"] == 40125
    assert (await code2session(sandbox, ask, "x", appid="wx0"))["errcode"] == 40013


async def test_the_stable_token_stays_while_it_is_valid_and_overlaps_with_the_next(sandbox, ask):
    first = await stable_token(sandbox, ask, "mini")
    assert (await stable_token(sandbox, ask, "mini"))["access_token"] == first["access_token"]
    assert 7190 <= first["expires_in"] <= 7200
    sandbox.world.clock.advance(7200 - 200)
    second = await stable_token(sandbox, ask, "mini")
    assert second["access_token"] != first["access_token"]
    for token, errcode in ((first, 40003), (second, 40003)):
        path = f"/cgi-bin/message/subscribe/send?access_token={token['access_token']}"
        assert (await ask("POST", sandbox.platform_url + path, {}))[1]["errcode"] == errcode
    sandbox.world.clock.advance(300)
    path = f"/cgi-bin/message/subscribe/send?access_token={first['access_token']}"
    assert (await ask("POST", sandbox.platform_url + path, {}))[1]["errcode"] == 42001


async def test_forcing_ends_the_old_token_but_not_twice_within_thirty_seconds(sandbox, ask):
    first = await stable_token(sandbox, ask, "mini")
    forced = await stable_token(sandbox, ask, "mini", force_refresh=True)
    assert forced["access_token"] != first["access_token"]
    too_soon = await stable_token(sandbox, ask, "mini", force_refresh=True)
    assert too_soon["access_token"] == forced["access_token"]
    path = f"/cgi-bin/message/subscribe/send?access_token={first['access_token']}"
    assert (await ask("POST", sandbox.platform_url + path, {}))[1]["errcode"] == 42001
    for _ in range(19):
        sandbox.world.clock.advance(31)
        assert "access_token" in await stable_token(sandbox, ask, "mini", force_refresh=True)
    sandbox.world.clock.advance(31)
    assert (await stable_token(sandbox, ask, "mini", force_refresh=True))["errcode"] == 45009


async def test_plain_and_stable_tokens_do_not_disturb_each_other(sandbox, ask):
    c = sandbox.credentials
    stable = await stable_token(sandbox, ask, "mini")
    path = f"/cgi-bin/token?grant_type=client_credential&appid={c.mini_app_id}&secret={c.mini_app_secret}"
    tokens = [(await ask("GET", sandbox.platform_url + path))[1]["access_token"] for _ in range(2)]
    assert tokens[0] != tokens[1]
    for token in (*tokens, stable["access_token"]):
        send = f"/cgi-bin/message/subscribe/send?access_token={token}"
        assert (await ask("POST", sandbox.platform_url + send, {}))[1]["errcode"] == 40003
    assert (await ask("POST", f"{sandbox.platform_url}/cgi-bin/message/subscribe/send", {}))[1][
        "errcode"
    ] == 41001
    send = "/cgi-bin/message/subscribe/send?access_token=nonsense"
    assert (await ask("POST", sandbox.platform_url + send, {}))[1]["errcode"] == 40001


async def test_a_token_can_die_early(sandbox, api):
    sandbox.world.faults.add({"op": "platform.subscribe_send", "do": "invalidate_token"})
    answers = [await api("mini", "POST", "/cgi-bin/message/subscribe/send", {}) for _ in range(2)]
    assert answers[0]["errcode"] == 40001
    sandbox.world.faults.add({"op": "platform.subscribe_send", "do": "errcode:-1"})
    assert (await api("mini", "POST", "/cgi-bin/message/subscribe/send", {}))["errcode"] == -1


DATA = {"amount1": {"value": "8.50元"}, "amount2": {"value": "¥20"}, "thing3": {"value": "请及时充值"}}


def message(sandbox, person, **change):
    return {
        "touser": person.mini_openid,
        "template_id": sandbox.credentials.subscribe_templates["low_balance"],
        "page": "pages/home/index",
        "data": DATA,
    } | change


async def test_one_accept_is_one_subscribe_message(sandbox, api, ask):
    person = sandbox.world.people.arrive()
    template_id = sandbox.credentials.subscribe_templates["low_balance"]
    send = "/cgi-bin/message/subscribe/send"
    assert (await api("mini", "POST", send, message(sandbox, person)))["errcode"] == 43101
    decide = f"{sandbox.platform_url}/phone/people/{person.id}/subscribe-messages"
    _, answer = await ask("POST", decide, {template_id: "accept"})
    assert answer == {"errMsg": "requestSubscribeMessage:ok", template_id: "accept"}
    assert (await api("mini", "POST", send, message(sandbox, person)))["errcode"] == 0
    assert (await api("mini", "POST", send, message(sandbox, person)))["errcode"] == 43101
    await ask("POST", decide, {template_id: "reject"})
    assert (await api("mini", "POST", send, message(sandbox, person)))["errcode"] == 43101
    assert (await ask("POST", decide, {"nonsense": "accept"}))[0] == 422
    _, feed = await ask("GET", f"{sandbox.platform_url}/phone/people/{person.id}/feed")
    (item,) = feed["items"]
    assert (item["kind"], item["body"]["title"]) == ("service_message", "余额不足提醒")
    assert item["body"]["rows"][0] == {"label": "账户余额", "value": "8.50元"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("amount1", "12345678901元"),
        ("amount1", "八块"),
        ("amount1", ""),
        ("thing3", "字" * 21),
        ("thing3", "第一行\n第二行"),
        ("thing3", None),
    ],
)
async def test_values_that_do_not_fit_their_field_are_refused_by_name(sandbox, api, key, value):
    person = sandbox.world.people.arrive()
    sandbox.platform.templates.decide(
        person, {sandbox.credentials.subscribe_templates["low_balance"]: "accept"}
    )
    body = message(sandbox, person, data=DATA | {key: {"value": value}})
    answer = await api("mini", "POST", "/cgi-bin/message/subscribe/send", body)
    assert answer["errcode"] == 47003 and f"data.{key}.value" in answer["errmsg"]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", ["2026-11-23", "2026年1月3日", "2026-11-23 15:01"], ["tomorrow", "15:01"]),
        ("time", ["15:01", "2026年10月1日 15:01", "2026-11-23 15:01:02", "15:01~16:00"], ["3pm"]),
        ("character_string", ["T26112300001", "a-b_c"], ["订单", "x" * 33]),
        ("number", ["5", "0.25"], ["五", "1" * 33]),
        ("phrase", ["已支付"], ["已经支付完成", "paid"]),
        ("name", ["王小明", "Li Lei"], ["名" * 11]),
        ("phone_number", ["+86-0766-66888866"], ["1" * 18]),
    ],
)
def test_field_types(name, good, bad):
    from sandbox.platform.templates import FIELD_TYPES

    assert [FIELD_TYPES[name](text) for text in good + bad] == [True] * len(good) + [False] * len(bad)


async def test_wrong_addressees_templates_and_pages(sandbox, api):
    person = sandbox.world.people.arrive()
    send = "/cgi-bin/message/subscribe/send"
    changes = [({"touser": "o0"}, 40003), ({"touser": person.official_openid}, 40003)]
    changes += [({"template_id": "none"}, 40037), ({"page": "/pages/home"}, 41030)]
    for change, errcode in changes:
        assert (await api("mini", "POST", send, message(sandbox, person, **change)))["errcode"] == errcode
    assert (await api("official", "POST", send, message(sandbox, person)))["errcode"] == 48001


async def test_customer_messages_fit_into_their_windows(sandbox, api):
    person = sandbox.world.people.arrive()
    body = {"touser": person.official_openid, "msgtype": "text", "text": {"content": "您好"}}

    async def send():
        return (await api("official", "POST", "/cgi-bin/message/custom/send", body))["errcode"]

    assert await send() == 45015
    sandbox.platform.chat.follow(person)
    assert [await send() for _ in range(4)] == [0, 0, 0, 45047]
    sandbox.world.clock.advance(61)
    assert await send() == 45015
    sandbox.platform.chat.say(person, "在吗")
    assert [await send() for _ in range(6)] == [0] * 5 + [45047]
    sandbox.platform.chat.say(person, "还在吗")
    sandbox.world.clock.advance(48 * 3600 + 1)
    assert await send() == 45015
    sandbox.platform.chat.say(person, "在")
    sandbox.platform.chat.unfollow(person)
    assert await send() == 45015
    # the mini-program's customer service has windows of its own
    body["touser"] = person.mini_openid
    desk = sandbox.platform.service_desk

    async def at_desk():
        return (await api("mini", "POST", "/cgi-bin/message/custom/send", body))["errcode"]

    assert await at_desk() == 45015
    desk.enter(person)
    assert [await at_desk() for _ in range(3)] == [0, 0, 45047]
    sandbox.world.clock.advance(61)
    assert await at_desk() == 45015
    desk.send_picture(person, "http://mmbiz.qpic.cn/a.jpg")
    assert [await at_desk() for _ in range(6)] == [0] * 5 + [45047]


async def test_template_messages_reach_followers_only(sandbox, api):
    person = sandbox.world.people.arrive()
    body = {
        "touser": person.official_openid,
        "template_id": sandbox.credentials.official_templates["payment_due"],
        "data": {
            "thing1": {"value": "钢琴课"},
            "amount2": {"value": "300元"},
            "time3": {"value": "2026-12-01"},
        },
    }
    assert (await api("official", "POST", "/cgi-bin/message/template/send", body))["errcode"] == 43004
    sandbox.platform.chat.follow(person)
    sent = await api("official", "POST", "/cgi-bin/message/template/send", body)
    assert sent["errcode"] == 0 and sent["msgid"] > 0


async def test_user_info_knows_followers(sandbox, api):
    person = sandbox.world.people.arrive()
    query = f"&openid={person.official_openid}&lang=zh_CN"
    stranger = await api("official", "GET", "/cgi-bin/user/info", query=query)
    assert stranger["subscribe"] == 0 and "unionid" not in stranger
    sandbox.platform.chat.follow(person)
    follower = await api("official", "GET", "/cgi-bin/user/info", query=query)
    assert (follower["subscribe"], follower["unionid"]) == (1, person.unionid)
    assert (await api("official", "GET", "/cgi-bin/user/info", query="&openid=o0"))["errcode"] == 40003


async def test_the_menu_is_checked_and_kept(sandbox, api, ask):
    button = {"type": "click", "name": "查余额", "key": "balance"}
    create = "/cgi-bin/menu/create"
    assert (await api("official", "GET", "/cgi-bin/menu/get"))["errcode"] == 46003
    assert (await api("official", "POST", create, {"button": [button] * 4}))["errcode"] == 40017
    assert (await api("official", "POST", create, {"button": [button | {"name": "名" * 6}]}))[
        "errcode"
    ] == 40018
    assert (await api("official", "POST", create, {"button": [button | {"key": ""}]}))["errcode"] == 40019
    assert (await api("official", "POST", create, {"button": [button]}))["errcode"] == 0
    assert (await ask("GET", f"{sandbox.platform_url}/phone/official/menu"))[1] == {"button": [button]}
