"""The chat's words about messages: what one is told, no more offers, offers again with a consent that is written down."""

import asyncio

from bot import messages, settings
from bot.answering import Answering
from bot.official_account import OfficialAccount
from core import db as database
from notifications import preferences


async def test_offers_and_reminders_are_decided_in_the_chat(chats, join):
    phone = await join(chats)
    shown = await phone.ask("消息设置")
    assert "提醒：已打开" in shown and "优惠消息：不接收" in shown and "发送「接收优惠」即表示同意" in shown
    assert "已记录您的同意" in await phone.ask("接收优惠")
    assert "优惠消息：您已同意接收" in await phone.ask("消息设置")
    assert "已退订" in await phone.ask("退订")
    assert "no more offers" in await phone.ask("unsubscribe"), "twice does no harm"
    assert "已关闭提醒" in await phone.ask("关闭提醒")
    kept = await preferences.of(phone.customer_id)
    assert (kept.reminders, kept.marketing) == (False, False)
    assert "Reminders are on" in await phone.ask("turn on reminders")
    no, yes = await preferences.consents(phone.customer_id)
    assert (no.agreed, yes.agreed, yes.door) == (False, True, "chat")
    assert yes.wording.startswith("发送「接收优惠」即表示同意接收")


EVENT = """<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o1]]></FromUserName><CreateTime>1395658920</CreateTime>
<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>200163836</MsgID>
<Status><![CDATA[failed:user block]]></Status></xml>"""


def test_the_end_of_a_template_message_is_read_with_its_number():
    message = messages.read(messages.fields_of(EVENT.encode()))
    assert (message.event, message.event_key, message.text) == (
        "templatesendjobfinish",
        "200163836",
        "failed:user block",
    )


async def test_a_template_message_that_did_not_arrive_is_queued_again_by_the_event(db):
    await database.execute(
        "INSERT INTO outbox_message (customer_id, kind, dedup_key, params, state, channel, attempts, created_at, ended_at)"
        " VALUES (1, 'low_balance', 'x', '{}', 'sent', 'template', 1, now(), now())"
    )
    await database.execute(
        "INSERT INTO message_attempt (message_id, channel, result, code, note, at)"
        " SELECT id, 'template', 'sent', '200163836', '', now() FROM outbox_message"
    )
    account = settings.Account(app_id="wx-official", token="t", mode="plain")
    chats = OfficialAccount(account, settings.Shop("一盏茶"), Answering(settings.Patience()), None)
    message = messages.read(messages.fields_of(EVENT.encode()))
    for _ in range(2):
        assert await chats.respond(message, asyncio.get_running_loop().time() + 4) == "success"
    row = await database.fetchrow("SELECT state, refused_by FROM outbox_message")
    assert (row["state"], row["refused_by"]) == ("queued", ["template"])
