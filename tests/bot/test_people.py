"""People in chats: handing over, answering, giving back; two at once, late, refused, without an answer."""

import asyncio
import contextvars
import uuid
from datetime import UTC, datetime, time, timedelta

import pytest

from core import clock
from core import db as database
from gateways.wechat.platform import PlatformUnknown
from members import chat, chat_outgoing, duties, people, people_clock, people_desk, people_rules
from tests import factories
from tests.bot import people as shop
from tests.world import new_key

SUPPORT = duties.Post("support")


async def taken(world, here, desk, text="人工"):
    """A conversation that somebody has asked for and an operator has taken."""
    await here.says(text)
    number = (await desk.get("/conversations")).body["items"][0]["id"]
    assert (await desk.post(f"/conversations/{number}/take", key=None)).status == 200
    return number


async def test_a_chat_goes_to_people_and_comes_back(world):
    here, _ = await shop.writer(world)
    await world.give(here.customer_id, 12_300)
    desk, other = await shop.hired(world, "li", SUPPORT), await shop.hired(world, "wang", SUPPORT)
    assert "123.00" in await here.says("余额")
    assert "已为您转接" in await here.says("我要投诉")
    assert await here.says("余额") == "", "the bot is quiet: it is said to people"
    (waiting,) = (await desk.get("/conversations?state=waiting")).body["items"]
    assert (waiting["reason"], waiting["customer_id"], waiting["replies_left"]) == (
        "complaint",
        here.customer_id,
        5,
    )
    url = f"/conversations/{waiting['id']}"
    took = await asyncio.gather(desk.post(f"{url}/take", key=None), other.post(f"{url}/take", key=None))
    assert sorted(answer.code or "" for answer in took) == ["", "conversation_taken"]
    if took[0].code:
        desk, other = other, desk
    assert (await desk.post(f"{url}/take", key=None)).status == 200, "one's own again"
    whole = (await desk.get(url)).body
    assert whole["customer"]["balance"]["available_fen"] == 12_300
    assert [one["said"] for one in whole["context"]["before"]] == ["余额"], "and not that they follow"
    assert whole["context"]["intent"] == "person" and "123.00" in whole["context"]["before"][-1]["answered"]
    key, said = new_key(), {"text": "您好，我来帮您"}
    twins = await asyncio.gather(*(desk.post(f"{url}/messages", said, key=key) for _ in range(3)))
    assert {answer.status for answer in twins} == {201} and len({answer.body["id"] for answer in twins}) == 1
    assert twins[0].body["delivery"] == "queued"
    assert (await desk.post(f"{url}/messages", {"text": "另一句"}, key=key)).code == "idempotency_key_reused"
    assert (await other.post(f"{url}/messages", said)).code == "conversation_not_yours"
    assert (await desk.post(f"{url}/messages", {})).code == "nothing_to_say"
    assert (await desk.post(f"{url}/messages", {"text": "😀" * 600})).code == "reply_too_long"
    await asyncio.gather(*(shop.deliver(world) for _ in range(3)))
    assert await here.hears() == "您好，我来帮您", "three workers, one message"
    said_so_far = (await desk.get(f"{url}/messages")).body["items"]
    assert [(one["author"], one["text"], one["delivery"]) for one in said_so_far] == [
        ("operator", "您好，我来帮您", "sent"), ("customer", "余额", None), ("customer", "我要投诉", None),
    ]  # fmt: skip
    assert len((await desk.get(f"{url}/messages?limit=2")).body["items"]) == 2
    assert "您好" not in str(await database.fetch("SELECT asked FROM operator_act")), (
        "kept in the conversation only"
    )
    await here.says("好的")
    seen = {"last_message_id": said_so_far[0]["id"]}
    assert (await desk.post(f"{url}/close", seen, key=None)).code == "unread_message"
    seen = {"last_message_id": (await desk.get(url)).body["last_message_id"]}
    assert (await other.post(f"{url}/close", seen, key=None)).code == "conversation_not_yours"
    assert [(await desk.post(f"{url}/close", seen, key=None)).status for _ in range(2)] == [204, 204]
    await shop.deliver(world)
    assert "回复 1–5" in await here.hears()
    assert "谢谢您的评价" in await here.says("4分")
    assert "谢谢您的评价" not in await here.says("5"), "it is recorded once"
    assert "123.00" in await here.says("余额")
    assert (await desk.post(f"{url}/messages", said)).code == "conversation_closed"
    assert (await desk.get("/conversations")).body["items"] == []
    assert (await desk.get("/conversations?state=closed")).body["items"][0]["closed_by"] == "operator"
    assert (await desk.get("/satisfaction")).code == "not_your_duty"
    boss = await shop.hired(world, "boss", duties.Post("owner"))
    (served,) = (await boss.get("/satisfaction")).body["operators"]
    assert (served["average"], served["scores"], served["asked"]) == (4.0, [0, 0, 0, 1, 0], 1)


async def test_who_wants_the_bot_back_says_so_and_who_is_not_known_is_served_too(world):
    here, _ = await shop.writer(world, known=False)
    desk = await shop.hired(world, "li", SUPPORT)
    await asyncio.gather(*(here.says(text) for text in ("人工", "找人工", "人工客服")))
    assert await database.fetchval("SELECT count(*) FROM conversation") == 1
    assert await database.fetchval("SELECT count(*) FROM conversation_message") == 3
    world.sandbox.platform.chat.tap_menu(here.person, {"type": "click", "key": "help"})
    assert "您可以发送" in await here.hears(), "a tap is for the bot"
    assert (await here.says("返回")) == "好的，我回来了，发送「帮助」看我能做什么。"
    assert "没有看懂" in await here.says("阿巴阿巴") and "人工" in await here.says("阿巴阿巴")
    number = await taken(world, here, desk)
    assert (await desk.get(f"/conversations/{number}")).body["customer"] is None
    await desk.post(f"/conversations/{number}/messages", {"text": "请问您是哪位？"})
    assert "打分" in await here.says("机器人")
    assert await database.fetchval("SELECT count(*) FROM satisfaction") == 1
    for missing in ("/conversations/999", "/conversations/999/messages"):
        assert (await desk.get(missing)).code == "no_such_conversation"


async def test_what_the_customer_writes_while_an_operator_closes_is_heard_by_one_of_the_two(world):
    here, _ = await shop.writer(world)
    desk = await shop.hired(world, "li", SUPPORT)
    me = (await desk.get("/me")).body["id"]
    chat = people.Chat(
        "official_account", world.sandbox.credentials.official_app_id, here.person.official_openid
    )
    for round_no in range(6):
        number = await taken(world, here, desk)
        newest = (await desk.get(f"/conversations/{number}")).body["last_message_id"]

        async def write():
            async with database.transaction():
                return await people.hear(chat, here.customer_id, people.Said("还有一件事"), wants_back=False)

        async def close(number=number, newest=newest):
            try:
                await people_desk.close(me, number, seen=newest, within=None)
            except people_desk.UnreadMessage:
                return "open"
            return "closed"

        jobs = [asyncio.create_task(each()) for each in ((write, close) if round_no % 2 else (close, write))]
        await asyncio.wait(jobs)
        heard, ended = (job.result() for job in (jobs if round_no % 2 else jobs[::-1]))
        state = await database.fetchval("SELECT state FROM conversation WHERE id = $1", number)
        kept = await database.fetchval(
            "SELECT count(*) FROM conversation_message WHERE conversation_id = $1 AND text = '还有一件事'",
            number,
        )
        assert (heard is not None, kept, state == "closed") in {(True, 1, False), (False, 0, True)}, (
            heard,
            ended,
            kept,
            state,
        )
        assert (ended == "closed") == (state == "closed")
        await database.execute(
            "UPDATE conversation SET state = 'closed', closed_at = now(), closed_by = 'operator', due_at = NULL WHERE state <> 'closed'"
        )


async def test_who_asks_while_a_conversation_ends_has_a_new_one(world):
    here, _ = await shop.writer(world)
    desk = await shop.hired(world, "li", SUPPORT)
    number = await taken(world, here, desk)
    chat = people.Chat(
        "official_account", world.sandbox.credentials.official_app_id, here.person.official_openid
    )

    async def ask():
        async with database.transaction():
            return await people.ask_for(
                chat, here.customer_id, people.Said("人工"), reason="asked", context={}, locale="zh-CN"
            )

    elsewhere = contextvars.copy_context()  # a task of this transaction would be on its connection
    async with database.transaction():
        await database.fetchval("SELECT 1 FROM conversation WHERE id = $1 FOR NO KEY UPDATE", number)
        asking = asyncio.create_task(ask(), context=elsewhere)
        await asyncio.sleep(0.2)  # it waits for the row
        await people.close(number, by="operator")
    assert (await asking).acknowledge, "nobody who asks for people is left without a word"
    (waiting,) = (await desk.get("/conversations")).body["items"]
    assert waiting["id"] != number and waiting["state"] == "waiting"


async def test_what_nobody_answers_is_given_back_unless_an_answer_comes_first(world):
    here, _ = await shop.writer(world)
    desk = await shop.hired(world, "li", SUPPORT)
    await here.says("人工")
    assert "尽快回复" not in await here.says("在吗"), "it was told when it asked"
    assert await people_clock.give_back() == 0
    world.advance(minutes=31)
    gave = await asyncio.gather(*(people_clock.give_back() for _ in range(3)))
    assert sum(gave) == 1
    await shop.deliver(world)
    assert (await here.hears()).startswith("抱歉，刚才没有人能回复您")
    (unanswered,) = (await desk.get("/conversations?state=closed&unanswered=true")).body["items"]
    assert unanswered["closed_by"] == "clock" and unanswered["unanswered_since"]
    me = (await desk.get("/me")).body["id"]
    outcomes = set()
    for round_no in range(4):
        number = await taken(world, here, desk)
        await database.execute("UPDATE conversation SET due_at = $1 WHERE id = $2", clock.now(), number)

        async def answer(number=number):
            return await people_desk.reply(me, number, text="来了", within=None, key=new_key())

        jobs = [people_clock.give_back(), answer()]
        await asyncio.gather(*(jobs if round_no % 2 else jobs[::-1]), return_exceptions=True)
        row = await database.fetchrow(
            "SELECT state, (SELECT count(*) FROM conversation_message m WHERE m.conversation_id = c.id AND author = 'operator') AS answers"
            " FROM conversation c WHERE id = $1",
            number,
        )
        outcomes.add(tuple(row))
        await people_desk.close(me, number, seen=2**40, within=None)
    assert outcomes <= {("closed", 0), ("with_operator", 1)}
    await database.execute(
        "UPDATE chat_outgoing SET state = 'sent', next_attempt_at = NULL, ended_at = now() WHERE state = 'queued'"
    )
    number = await taken(world, here, desk)
    await desk.post(f"/conversations/{number}/messages", {"text": "还有别的吗？"})
    world.advance(minutes=121)
    assert await people_clock.give_back() == 1
    assert await database.fetchval("SELECT closed_by FROM conversation WHERE id = $1", number) == "clock"
    assert (
        await database.fetchval("SELECT count(*) FROM satisfaction WHERE conversation_id = $1", number) == 1
    )


async def test_the_platforms_window_and_number_are_told_of_each_answer(world):
    here, _ = await shop.writer(world)
    desk = await shop.hired(world, "li", SUPPORT)
    world.advance(minutes=2)  # what following allows is over
    number = await taken(world, here, desk)
    for count in range(6):
        await desk.post(f"/conversations/{number}/messages", {"text": f"第{count}句"})
    assert (await desk.get(f"/conversations/{number}")).body["replies_left"] == 0
    await shop.deliver(world)
    assert (await here.hears()).split("\n--\n") == [f"第{count}句" for count in range(5)], "in their order"
    world.advance(hours=49)
    await database.execute("UPDATE conversation SET due_at = $1", clock.now() + timedelta(hours=1))
    desk = await shop.signed_in(world, "li")  # a session lasts half a day
    await desk.post(f"/conversations/{number}/messages", {"text": "晚了"})
    await shop.deliver(world)
    late, sixth = (await desk.get(f"/conversations/{number}/messages?limit=2")).body["items"]
    assert (sixth["delivery"], sixth["reason"], sixth["code"]) == ("refused", "quota_used", "45047")
    assert (late["delivery"], late["reason"], late["code"]) == ("refused", "window_over", "45015")


async def test_what_may_have_arrived_is_never_sent_again_and_what_did_not_leave_is(world):
    here, _ = await shop.writer(world)
    desk = await shop.hired(world, "li", SUPPORT)
    number = await taken(world, here, desk)
    app_id = world.sandbox.credentials.official_app_id

    class Moody:
        def __init__(self, *moods):
            self.moods, self.sent = list(moods), []

        async def send_customer_message(self, openid, text):
            self.sent.append(text)
            mood = self.moods.pop(0) if self.moods else None
            if isinstance(mood, asyncio.Event):
                await mood.wait()
            elif mood is not None:
                raise mood

    async def told():
        rows = (await desk.get(f"/conversations/{number}/messages?limit=1")).body["items"]
        return rows[0]["delivery"]

    url = f"/conversations/{number}/messages"
    await desk.post(url, {"text": "一"})
    busy = Moody(PlatformUnknown("busy", maybe_executed=False), PlatformUnknown("time-out"))
    await chat_outgoing.run({app_id: busy})
    assert await told() == "queued"
    world.advance(seconds=11)
    await chat_outgoing.run({app_id: busy})
    assert (await told(), busy.sent) == ("unknown", ["一", "一"])
    await chat_outgoing.run({app_id: busy})
    assert busy.sent == ["一", "一"], "it may have arrived"
    # the worker dies between the sending and its record; another comes
    await desk.post(url, {"text": "二"})
    gate = asyncio.Event()
    frozen, other = Moody(gate), Moody()
    dying = asyncio.create_task(chat_outgoing.run({app_id: frozen}))
    while not frozen.sent:
        await asyncio.sleep(0.005)
    await desk.post(url, {"text": "三"})
    await chat_outgoing.run({app_id: other})
    assert other.sent == [], "one person's texts keep their order"
    world.advance(seconds=61)
    await chat_outgoing.run({app_id: other})
    assert other.sent == ["三"]
    rows = (await desk.get(url)).body["items"]
    assert [row["delivery"] for row in rows[:3]] == ["sent", "unknown", "unknown"]
    gate.set()
    await dying
    rows = (await desk.get(url)).body["items"]
    assert [row["delivery"] for row in rows[:3]] == ["sent", "sent", "unknown"], (
        "the late record makes it certain"
    )


async def test_who_writes_is_found_without_going_through_all_customers(db):
    await database.execute("""
        WITH made AS (INSERT INTO customer (name, locale, state, created_at)
                      SELECT '顾客' || n, 'zh-CN', 'active', now() FROM generate_series(1, 2000) n RETURNING id)
        INSERT INTO identity (provider, app_id, subject, customer_id, follows, created_at)
        SELECT 'official_account', 'wx', 'o' || id, id, true, now() FROM made
    """)
    async with database.transaction():
        await database.execute("ANALYZE customer, identity")
        await database.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await database.execute(f"PREPARE persons AS {chat._PERSONS}")
        plan = await database.fetch("EXPLAIN EXECUTE persons('official_account', 'wx', '{o1,o2}')")
        await database.execute("DEALLOCATE persons")
    assert not any("Seq Scan on customer" in row[0] for row in plan), plan


async def test_what_was_carried_is_not_read_again_every_two_seconds(db):
    arguments = clock.now(), ["a"], None, 20, uuid.uuid4(), clock.now()
    async with database.transaction():
        await database.execute("SET LOCAL enable_seqscan = off")
        for sql, given in ((chat_outgoing._CLAIM, arguments), (chat_outgoing._LOST, arguments[:1])):
            plan = [row[0] for row in await database.fetch(f"EXPLAIN {sql}", *given)]
            assert any("chat_outgoing_due" in line for line in plan), plan
            assert not any("Seq Scan" in line for line in plan), plan


async def test_handing_on_opening_and_canned_answers(world):
    here, _ = await shop.writer(world)
    boss, desk = (
        await shop.hired(world, "boss", duties.Post("owner")),
        await shop.hired(world, "li", SUPPORT),
    )
    for code in ("xihu", "binjiang"):
        await boss.put(f"/stores/{code}", {"name": code})
    clerk, cashier = (
        await shop.hired(world, "wang", duties.Post("clerk")),
        await shop.hired(world, "zhao", duties.Post("cashier", "xihu")),
    )
    ids = {
        who: (await client.get("/me")).body["id"]
        for who, client in (("clerk", clerk), ("cashier", cashier), ("boss", boss))
    }
    assert (await clerk.get("/conversations")).code == "not_your_duty"
    key = new_key()
    opened = await desk.post(f"/customers/{here.customer_id}/conversations", {}, key=key)
    assert (opened.status, opened.body["state"], opened.body["reason"]) == (201, "with_operator", "operator")
    assert (opened.body["writable_until"], opened.body["replies_left"]) == (None, 0), (
        "they have only followed"
    )
    number = opened.body["id"]
    assert (await desk.post(f"/customers/{here.customer_id}/conversations", {}, key=key)).body["id"] == number
    assert (await boss.post(f"/customers/{here.customer_id}/conversations", {})).code == "conversation_taken"
    assert (await desk.post("/customers/999999/conversations", {})).code == "no_such_customer"
    nobody = (await factories.customer()).id
    assert (await desk.post(f"/customers/{nobody}/conversations", {})).code == "no_chat_to_open"
    await database.execute(
        "INSERT INTO identity (customer_id, provider, app_id, subject, follows, created_at) VALUES ($1, 'official_account', 'wx', 'o', true, now())",
        nobody,
    )
    await database.execute("UPDATE customer SET state = 'closed' WHERE id = $1", nobody)
    answer = await desk.post(f"/customers/{nobody}/conversations", {})
    assert answer.code == "no_chat_to_open", "who has left is left alone"
    url = f"/conversations/{number}"
    assert await here.says("在") == ""
    assert (
        await desk.post(f"{url}/hand-over", {"operator_id": ids["clerk"]}, key=None)
    ).code == "operator_cannot_answer"
    assert (
        await desk.post(f"{url}/hand-over", {"operator_id": ids["cashier"]}, key=None)
    ).code == "operator_cannot_answer"
    assert (await desk.post(f"{url}/hand-over", {"store": "nowhere"}, key=None)).code == "no_such_post_store"
    assert (await cashier.get(url)).code == "no_such_conversation"
    assert (await desk.post(f"{url}/hand-over", {"store": "xihu"}, key=None)).status == 204
    assert (await desk.post(f"{url}/hand-over", {"store": "xihu"}, key=None)).code == "conversation_not_yours"
    assert (await cashier.post(f"{url}/take", key=None)).status == 200
    elsewhere = await shop.hired(world, "qian", duties.Post("cashier", "binjiang"))
    for path in (url, f"{url}/messages"):
        assert (await elsewhere.get(path)).code == "no_such_conversation"
    for path, body in (
        (f"{url}/take", {}),
        (f"{url}/messages", {"text": "x"}),
        (f"{url}/hand-over", {}),
        (f"{url}/close", {"last_message_id": 1}),
    ):
        assert (await elsewhere.post(path, body)).code == "no_such_conversation", path
    assert (await elsewhere.get("/conversations")).body["items"] == []
    assert (
        await elsewhere.post(f"/customers/{here.customer_id}/conversations", {"store": "xihu"})
    ).code == "not_your_store"
    assert [one["id"] for one in (await cashier.get("/conversations?mine=true")).body["items"]] == [number]
    await _canned_answers_are_theirs_or_the_shops(world, url, desk, cashier)
    assert (await cashier.post(f"{url}/hand-over", {"operator_id": ids["boss"]}, key=None)).status == 204
    assert (await boss.get(url)).body["operator_id"] == ids["boss"]
    await boss.post(f"{url}/hand-over", {"operator_id": ids["cashier"]}, key=None)
    assert (await desk.post(f"{url}/take", key=None)).code == "conversation_taken"
    await boss.post(f"/operators/{ids['cashier']}/disable")
    assert (await desk.post(f"{url}/take", key=None)).status == 200, "who had it was let go"


async def _canned_answers_are_theirs_or_the_shops(world, url, desk, cashier):
    hello = {"title": "问好", "text": "{customer}您好，我是{shop}的{operator}。"}
    assert (
        await cashier.post("/canned-answers", {**hello, "text": "{nobody}"})
    ).code == "canned_answer_wrong"
    own = (await cashier.post("/canned-answers", hello)).body
    assert (await cashier.post("/shop-canned-answers", hello)).code == "not_your_duty"
    shops = (await desk.post("/shop-canned-answers", {**hello, "title": "共用"})).body
    assert [one["id"] for one in (await cashier.get("/canned-answers")).body["items"]] == [
        own["id"],
        shops["id"],
    ]
    assert [one["id"] for one in (await desk.get("/canned-answers")).body["items"]] == [shops["id"]]
    assert (await desk.put(f"/canned-answers/{own['id']}", hello)).code == "no_such_canned_answer"
    assert (await cashier.put(f"/canned-answers/{shops['id']}", hello)).code == "no_such_canned_answer"
    said = (await cashier.post(f"{url}/messages", {"canned_id": own["id"]})).body["text"]
    assert said.endswith(f"您好，我是{world.runtime.settings.shop.name}的店员zhao。") and "{" not in said
    assert (await cashier.ask("DELETE", f"/canned-answers/{own['id']}")).status == 204
    assert (await cashier.post(f"{url}/messages", {"canned_id": own["id"]})).code == "no_such_canned_answer"


@pytest.mark.parametrize(
    ("rules", "at", "there", "next_at"),
    [
        (people_rules.Rules(), datetime(2026, 11, 26, 3, tzinfo=UTC), True, None),
        (people_rules.Rules(time(9), time(21)), datetime(2026, 11, 26, 0, 30, tzinfo=UTC), False, datetime(2026, 11, 26, 1, tzinfo=UTC)),
        (people_rules.Rules(time(9), time(21)), datetime(2026, 11, 26, 13, tzinfo=UTC), False, datetime(2026, 11, 27, 1, tzinfo=UTC)),
        (people_rules.Rules(time(9), time(21), frozenset({1})), datetime(2026, 11, 26, 4, tzinfo=UTC), False, datetime(2026, 11, 30, 1, tzinfo=UTC)),
        (people_rules.Rules(time(20), time(2), frozenset({4})), datetime(2026, 11, 26, 17, tzinfo=UTC), True, None),
        (people_rules.Rules(time(20), time(2), frozenset({4})), datetime(2026, 11, 26, 19, tzinfo=UTC), False, datetime(2026, 12, 3, 12, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_opening_hours(rules, at, there, next_at):
    assert rules.are_there(at) == there
    assert rules.there_next(at) == (at if there else next_at)
    assert rules.answer_by(at) == (at if there else next_at) + timedelta(minutes=30)


async def test_outside_opening_hours_it_is_said_once_when_people_come(world):
    here, _ = await shop.writer(world)
    today = clock.now().astimezone(clock.zone())
    opens = (today + timedelta(hours=2)).time().replace(second=0, microsecond=0)
    people_rules.use(
        people_rules.Rules(opens, (today + timedelta(hours=3)).time().replace(second=0, microsecond=0))
    )
    said = await here.says("人工")
    assert said.startswith("现在店里没有人值守") and f"{opens:%H:%M}" in said
    assert await here.says("那我等") == ""
    world.advance(minutes=40)
    assert await people_clock.give_back() == 0, "the time counts from when people come"
