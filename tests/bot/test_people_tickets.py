"""Tickets from the chat and the mini-program; the mini-program's customer service; what is forgotten when a customer leaves."""

import asyncio
import contextvars

from billing import approvals, closings
from core import clock
from core import db as database
from members import chat_ties, duties, people, tickets
from notifications import delivery
from tests.bot import people as shop
from tests.world import new_key

SUPPORT = duties.Post("support")


async def test_a_complaint_has_a_number_an_answer_and_a_score(world):
    here, phone = await shop.writer(world)
    stranger, _ = await shop.writer(world, known=False)
    desk, other = await shop.hired(world, "li", SUPPORT), await shop.hired(world, "wang", SUPPORT)
    assert await here.says("我的投诉") == "您没有投诉或建议。要留下一条，请回复「投诉」或「建议」加上内容。"
    said = await here.says("投诉店员态度太差")
    assert said.startswith("您的投诉已记下，单号 F") and "投诉电话" not in await here.says("投诉电话是多少")
    await here.says("返回")
    assert "suggestion has been written down" in await here.says("Suggestion: open earlier")
    assert "反馈已记下" in await stranger.says("反馈：灯坏了")
    assert "待处理" in await stranger.says("我的反馈")
    key = new_key()
    body = {"kind": "feedback", "content": "茶很好"}
    made = [await phone.post("/tickets", body, key=key) for _ in range(2)]
    assert made[0].status == 201 and made[0].body == made[1].body
    mine = (await phone.get("/tickets")).body["items"]
    assert [one["kind"] for one in mine] == ["feedback", "suggestion", "complaint"]
    number, complaint = mine[0]["ticket_no"], mine[2]["ticket_no"]
    assert (await (await world.arrive()).get(f"/tickets/{number}")).code == "no_such_ticket"
    listed = (await desk.get("/tickets?state=open")).body["items"]
    assert len(listed) == 4 and len((await desk.get("/tickets?kind=complaint")).body["items"]) == 1
    took = await asyncio.gather(*(one.post(f"/tickets/{complaint}/take", key=None) for one in (desk, other)))
    assert sorted(one.code or "" for one in took) == ["", "ticket_taken"]
    if took[0].code:
        desk, other = other, desk
    assert (await other.post(f"/tickets/{complaint}/answer", {"text": "抱歉"})).code == "ticket_taken"
    key = new_key()
    answers = await asyncio.gather(
        *(desk.post(f"/tickets/{complaint}/answer", {"text": "抱歉，已处理"}, key=key) for _ in range(2))
    )
    assert {one.body["state"] for one in answers} == {"answered"}
    assert await database.fetchval("SELECT count(*) FROM outbox_message WHERE kind = 'ticket_answered'") == 1
    await delivery.run(world.runtime.outside.post)
    assert "抱歉，已处理" in await here.hears()
    assert "答复：抱歉，已处理" in await here.says("我的投诉")
    assert (
        await phone.post(f"/tickets/{complaint}/rating", {"score": 5}, key=None)
    ).code == "nothing_to_rate"
    assert (await desk.post(f"/tickets/{complaint}/close", key=None)).body["state"] == "closed"
    assert (await desk.post(f"/tickets/{complaint}/close", key=None)).status == 200
    assert (await desk.post(f"/tickets/{complaint}/answer", {"text": "又"})).code == "ticket_closed"
    await shop.deliver(world)
    assert "已办结" in await here.hears()
    assert "谢谢您的评价" in await here.says("3")
    assert (
        await phone.post(f"/tickets/{complaint}/rating", {"score": 5}, key=None)
    ).code == "nothing_to_rate"
    assert (await phone.post(f"/tickets/{complaint}/rating", {"score": 3}, key=None)).body["score"] == 3
    theirs = next(one["ticket_no"] for one in listed if one["customer_id"] is None)
    await desk.post(f"/tickets/{theirs}/answer", {"text": "已换灯"})
    await shop.deliver(world)
    assert "已换灯" in await stranger.hears()
    assert (await desk.get("/tickets/F1")).code == "no_such_ticket"
    await database.execute(
        "INSERT INTO ticket (ticket_no, kind, customer_id, content, locale, state, created_at)"
        " SELECT 'F' || n, 'feedback', $1, 'x', 'zh-CN', 'open', now() FROM generate_series(1, 18) n",
        here.customer_id,
    )
    await database.execute("UPDATE ticket SET state = 'closed', closed_at = now() WHERE ticket_no = 'F1'")
    elsewhere = contextvars.copy_context()  # a task of this transaction would be on its connection
    async with database.transaction():  # one place is left, and two want it at the same moment
        await tickets.make("feedback", "灯", customer_id=here.customer_id, chat=None, locale="zh-CN")
        second = asyncio.create_task(phone.post("/tickets", body), context=elsewhere)
        await asyncio.sleep(0.2)
    assert (await second).code == "too_many_tickets"
    assert (await phone.post("/tickets", body)).code == "too_many_tickets"
    assert "请等答复后再留" in await here.says("建议：早点开门")


async def test_a_ticket_whose_operator_was_let_go_is_another_s_to_finish(world):
    _, phone = await shop.writer(world)
    boss = await shop.hired(world, "boss", duties.Post("owner"))
    desk, other = await shop.hired(world, "li", SUPPORT), await shop.hired(world, "wang", SUPPORT)
    number = (await phone.post("/tickets", {"kind": "complaint", "content": "茶凉了"})).body["ticket_no"]
    await desk.post(f"/tickets/{number}/answer", {"text": "马上换一杯"})
    for act, body in (("take", {}), ("answer", {"text": "换好了"}), ("close", {})):
        refused = await other.post(f"/tickets/{number}/{act}", body)
        assert refused.code == "ticket_taken", act
    await boss.post(f"/operators/{(await desk.get('/me')).body['id']}/disable")
    taken = (await other.post(f"/tickets/{number}/take", key=None)).body
    assert (taken["operator_name"], taken["state"]) == ("店员wang", "answered"), "what was answered stays so"
    assert (await other.post(f"/tickets/{number}/answer", {"text": "换好了"})).body["answer"] == "换好了"
    assert await database.fetchval("SELECT count(*) FROM outbox_message WHERE kind = 'ticket_answered'") == 2
    assert (await other.post(f"/tickets/{number}/close", key=None)).body["state"] == "closed"


async def test_the_mini_programs_customer_service_answers_as_the_chat_does(world, caplog):
    chatting, _ = await shop.writer(world)
    here = shop.at_service_desk(chatting)
    await world.give(here.customer_id, 4_500)
    desk = await shop.hired(world, "li", SUPPORT)
    service = world.sandbox.platform.service_desk
    service.enter(here.person)
    assert "可以发送" in await here.hears()
    service.enter(here.person)
    assert await here.hears() == "", "greeted once a day"
    assert "45.00" in await here.says("余额")
    service.send_picture(here.person, "http://mmbiz.qpic.cn/a.jpg")
    assert (await here.hears()).startswith("抱歉，我看不懂图片")
    world.misbehave("platform.push", "duplicate")
    assert "已为您转接" in await here.says("人工")
    service.send_picture(here.person, "http://mmbiz.qpic.cn/b.jpg")
    assert await here.hears() == ""
    (one,) = (await desk.get("/conversations")).body["items"]
    assert (one["provider"], one["customer_id"]) == ("mini_program", here.customer_id)
    picture, asked = (await desk.get(f"/conversations/{one['id']}/messages")).body["items"]
    assert (picture["kind"], picture["picture_url"], asked["text"]) == (
        "image",
        "http://mmbiz.qpic.cn/b.jpg",
        "人工",
    )
    await desk.post(f"/conversations/{one['id']}/take", key=None)
    await desk.post(f"/conversations/{one['id']}/messages", {"text": "看到了"})
    await shop.deliver(world)
    assert await here.hears() == "看到了"
    assert "打分" in await here.says("返回")
    await database.execute("ALTER TABLE chat_outgoing RENAME TO outgoing_away")
    service.say(here.person, "明细")  # neither an answer nor an apology can be written down
    await world.quiet()
    await database.execute("ALTER TABLE outgoing_away RENAME TO chat_outgoing")
    assert "nobody could be told of trouble" in caplog.text and "unhandled fault" not in caplog.text
    # who dies before carrying leaves it to the clock
    world.misbehave("platform.custom_send", "429")
    assert "45.00" not in await here.says("余额")
    world.advance(seconds=11)
    await shop.deliver(world)
    assert "45.00" in await here.hears()
    assert await database.fetchval("SELECT count(*) FROM chat_outgoing WHERE state <> 'sent'") == 0


async def test_what_was_said_is_forgotten_when_a_customer_leaves(world):
    here, phone = await shop.writer(world)
    desk = await shop.hired(world, "li", SUPPORT)
    await here.says("秘密一")
    await here.says("人工")
    number = (await desk.get("/conversations")).body["items"][0]["id"]
    await desk.post(f"/conversations/{number}/take", key=None)
    await desk.post(f"/conversations/{number}/messages", {"text": "秘密二"})
    await phone.post("/tickets", {"kind": "complaint", "content": "秘密三"})
    complaint = (await phone.get("/tickets")).body["items"][0]["ticket_no"]
    await desk.post(f"/tickets/{complaint}/answer", {"text": "秘密四"})
    # the same chat was a former customer's once: what was said then is not theirs to have forgotten
    await database.execute(
        "INSERT INTO conversation (provider, app_id, openid, customer_id, state, reason, context, locale, opened_at, closed_at, closed_by)"
        " SELECT provider, app_id, openid, 999, 'closed', 'asked', '{\"said\": \"former\"}', locale, now(), now(), 'customer' FROM conversation"
    )
    approval = await closings.request(1, here.customer_id, reason="顾客要求", key=new_key())
    await approvals.approve(2, approval, key=new_key())
    for table in (
        "conversation",
        "conversation_message",
        "chat_outgoing",
        "chat_message",
        "ticket",
        "operator_act",
        "outbox_message",
    ):
        rows = await database.fetch(f"SELECT t::text FROM {table} t")
        assert rows and "秘密" not in str(rows), table
    assert "former" in await database.fetchval(
        "SELECT context::text FROM conversation WHERE customer_id = 999"
    )
    row = await database.fetchrow("SELECT state, closed_by FROM conversation WHERE customer_id <> 999")
    assert tuple(row) == ("closed", "leaving")
    assert await database.fetchval("SELECT state FROM ticket") == "closed"
    assert await shop.deliver(world) == 0, "nothing is carried to who has left"
    assert (await desk.get("/conversations")).body["items"] == []


async def test_a_chat_that_is_let_go_is_over_for_people_and_forgotten_with_who_had_it(world):
    here, _ = await shop.writer(world)
    await world.give(here.customer_id, 4_500)
    desk = await shop.hired(world, "li", SUPPORT)
    app_id, openid = world.sandbox.credentials.official_app_id, here.person.official_openid
    assert "45.00" in await here.says("余额")
    await here.says("人工")
    number = (await desk.get("/conversations")).body["items"][0]["id"]
    await desk.post(f"/conversations/{number}/take", key=None)
    async with database.transaction():  # what a message read a moment ago does not take it from its customer
        await people.hear(
            people.Chat("official_account", app_id, openid), None, people.Said("秘密"), wants_back=False
        )
    assert (await desk.get(f"/conversations/{number}")).body["customer_id"] == here.customer_id
    await database.execute(
        "INSERT INTO chat_outgoing (app_id, openid, text, state, attempts, created_at, ended_at) VALUES ($1, $2, '秘密', 'sent', 1, $3, $3)",
        app_id, openid, clock.now(),
    )  # fmt: skip
    chat = (await chat_ties.of(here.customer_id))[0].id
    await chat_ties.let_go(here.customer_id, chat, by="operator:1", key=new_key())
    assert (
        await desk.post(f"/conversations/{number}/messages", {"text": "秘密"})
    ).code == "conversation_closed"
    assert "还没认出您" in await here.says("余额"), "the bot has it, and knows nobody there"
    row = await database.fetchrow("SELECT customer_id, closed_by FROM conversation")
    assert tuple(row) == (here.customer_id, "leaving")
    # opened by who had read whose chat it was before it was let go
    await here.says("人工")
    await database.execute("UPDATE conversation SET customer_id = $1", here.customer_id)
    assert "还没认出您" in await here.says("余额")
    assert await database.fetchval("SELECT count(*) FROM conversation WHERE state <> 'closed'") == 0
    approval = await closings.request(1, here.customer_id, reason="顾客要求", key=new_key())
    await approvals.approve(2, approval, key=new_key())
    replies = str(await database.fetch("SELECT content, reply FROM chat_message WHERE openid = $1", openid))
    assert "45.00" not in replies and "还没认出您" in replies, "until it was let go, not after"
    for table in ("conversation_message", "chat_outgoing"):
        texts = await database.fetch(f"SELECT text FROM {table}")
        assert texts and "秘密" not in str(texts), table
