"""Pushes of the mini-program: the quota of subscribe messages, and messages to the service desk."""

import json

import pytest

import bot as door
from core import db as database


async def quota(bot, openid):
    rows = await database.fetch(
        "SELECT template_id, remaining FROM subscribe_quota WHERE app_id = $1 AND openid = $2",
        bot.mini.app_id,
        openid,
    )
    return {row["template_id"]: row["remaining"] for row in rows}


@pytest.fixture
def templates(platform):
    return platform.credentials.subscribe_templates


async def test_accepts_and_rejects_of_the_popup_are_counted(chats, visit, platform, templates):
    person = visit(chats).person
    low, due = templates["low_balance"], templates["payment_due"]
    decide = platform.platform.templates.decide
    for choices in ({low: "accept", due: "reject"}, {low: "accept", due: "accept"}):
        decide(person, choices)
        await platform.quiet()
    assert await quota(chats, person.mini_openid) == {low: 2, due: 1}
    decide(person, {low: "reject"})
    await platform.quiet()
    assert await quota(chats, person.mini_openid) == {low: 0, due: 1}


async def test_an_accept_that_is_delivered_twice_counts_once(chats, visit, platform, templates):
    person, low = visit(chats).person, templates["low_balance"]
    platform.world.faults.add({"op": "platform.push", "do": "duplicate"})
    platform.platform.templates.decide(person, {low: "accept"})
    await platform.quiet()
    assert await quota(chats, person.mini_openid) == {low: 1}


async def test_a_template_that_is_switched_off_later_has_nothing_left(connect, wire):
    caller = wire(await connect("safe"), "mini-program")
    popup = "<SubscribeMsgPopupEvent>{}</SubscribeMsgPopupEvent>".format(
        "".join(
            f"<List><TemplateId>{name}</TemplateId><SubscribeStatusString>{status}</SubscribeStatusString></List>"
            for name, status in (("t1", "accept"), ("t2", "acceptWithAudio"), ("t3", "ban"))
        )
    )
    assert (
        await caller.safe(caller.event("oM1", "subscribe_msg_popup_event", extra=popup))
    ).text == "success"
    assert await quota(caller.bot, "oM1") == {"t1": 1, "t2": 1}
    change = (
        "<SubscribeMsgChangeEvent><List><TemplateId>t1</TemplateId><SubscribeStatusString>reject</SubscribeStatusString>"
        "</List></SubscribeMsgChangeEvent>"
    )
    await caller.safe(caller.event("oM1", "subscribe_msg_change_event", extra=change))
    assert await quota(caller.bot, "oM1") == {"t1": 0, "t2": 1}


@pytest.mark.parametrize("mode", ["plain", "safe"])
async def test_the_json_format_is_read_with_one_row_or_several(connect, wire, mode):
    caller = wire(await connect(mode), "mini-program")

    async def push(fields):
        text = json.dumps(fields)
        if mode == "plain":
            return await caller.plain(text)
        query, sealed = caller.sealed(text)
        encrypt = sealed[sealed.index("<Encrypt><![CDATA[") + 18 :].split("]]>")[0]
        return await caller.send(query, json.dumps({"ToUserName": "gh_1", "Encrypt": encrypt}))

    event = {"ToUserName": "gh_1", "FromUserName": "oM1", "CreateTime": 1, "MsgType": "event"}
    rows = [
        {"TemplateId": name, "SubscribeStatusString": "accept", "PopupScene": "0"} for name in ("t1", "t2")
    ]
    answer = await push(event | {"Event": "subscribe_msg_popup_event", "List": rows})
    assert (answer.status, answer.text) == (200, "success")
    assert await quota(caller.bot, "oM1") == {"t1": 1, "t2": 1}
    one = {"TemplateId": "t1", "SubscribeStatusString": "reject"}
    await push(event | {"Event": "subscribe_msg_change_event", "List": one})
    assert await quota(caller.bot, "oM1") == {"t1": 0, "t2": 1}


async def test_a_send_that_was_not_accepted_empties_the_quota_and_a_good_one_changes_nothing(connect, wire):
    caller = wire(await connect("plain"), "mini-program")
    await database.execute(
        "INSERT INTO subscribe_quota (app_id, openid, template_id, remaining, updated_at)"
        " VALUES ($1, 'oM1', 't1', 3, now()), ($1, 'oM1', 't2', 3, now())",
        caller.account.app_id,
    )
    for template, code in (("t1", 0), ("t2", 43101)):
        row = (
            f"<SubscribeMsgSentEvent><List><TemplateId>{template}</TemplateId><MsgID>1</MsgID><ErrorCode>{code}</ErrorCode>"
            "<ErrorStatus>x</ErrorStatus></List></SubscribeMsgSentEvent>"
        )
        await caller.plain(caller.event("oM1", "subscribe_msg_sent_event", extra=row))
    assert await quota(caller.bot, "oM1") == {"t1": 3, "t2": 0}


async def test_a_message_to_the_service_desk_is_passed_on_to_people(connect, wire):
    for mode in ("plain", "safe"):
        caller = wire(await connect(mode), "mini-program")
        xml = caller.text("oM1", "有人吗")
        answer = await (caller.plain(xml) if mode == "plain" else caller.safe(xml))
        inside = answer.text if mode == "plain" else caller.unsealed(answer)
        assert "<MsgType><![CDATA[transfer_customer_service]]></MsgType>" in inside
        assert "<ToUserName><![CDATA[oM1]]></ToUserName>" in inside


async def test_other_events_are_acknowledged(connect, wire):
    caller = wire(await connect("plain"), "mini-program")
    for name in ("user_enter_tempsession", "wxa_media_check", "user_info_modified"):
        assert (await caller.plain(caller.event("oM1", name))).text == "success"
    assert await database.fetchval("SELECT count(*) FROM chat_message") == 0


async def test_a_door_without_a_mini_program_has_no_address_for_it(serve, http):
    url = await serve(door.build(shop=door.Shop("x")))
    async with http.post(f"{url}/wechat/mini-program", data="x") as answer:
        assert answer.status == 404
