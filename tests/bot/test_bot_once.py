"""Each message is acted on once and answered in time, whatever the network and the database do."""

import asyncio

import asyncpg
import pytest

import bot as door
from bot.answering import Answering
from core import db as database
from members import conversations

HELD = "INSERT INTO chat_message (app_id, dedup_key, openid, kind, content, received_at) VALUES ($1, $2, '', '', '', now())"


async def kept():
    return await database.fetchval("SELECT count(*) FROM chat_message")


async def entries():
    return await database.fetchval("SELECT count(*) FROM identity")


async def test_a_repeat_gets_the_same_reply_although_the_balance_has_changed(chats, join, wire):
    phone, caller = await join(chats, principal=20000), wire(chats)
    push = caller.plain if chats.mode == "plain" else caller.safe
    before = await kept()
    answers = []
    for number in range(3):
        answers.append(await push(caller.text(phone.person.official_openid, "余额"), nonce=f"n{number}"))
        await database.execute("UPDATE customer SET locale = 'en'")
    texts = {answer.content if chats.mode == "plain" else caller.unsealed(answer) for answer in answers}
    assert len({text[text.index("可用") : text.index("赠送")] for text in texts}) == 1
    assert await kept() == before + 1


async def test_twins_at_the_same_time_are_answered_alike_and_kept_once(chats, join, wire):
    phone, caller = await join(chats, principal=20000), wire(chats)
    push = caller.plain if chats.mode == "plain" else caller.safe
    before = await kept()
    xml = caller.text(phone.person.official_openid, "余额")
    answers = await asyncio.gather(*(push(xml, nonce=f"n{number}") for number in range(8)))
    assert {answer.status for answer in answers} == {200}
    texts = [answer.content if chats.mode == "plain" else caller.unsealed(answer) for answer in answers]
    assert all("可用余额：200.00 元" in text for text in texts)
    assert await kept() == before + 1


async def test_the_same_text_sent_twice_by_a_person_is_two_messages(chats, join):
    phone = await join(chats, principal=100)
    before = await kept()
    assert await phone.ask("余额") == await phone.ask("余额")
    assert await kept() == before + 2


async def test_a_platform_that_delivers_twice_shows_one_answer(chats, join, platform):
    phone = await join(chats, principal=100)
    platform.world.faults.add({"op": "platform.push", "do": "duplicate"})
    assert (await phone.ask("余额")).startswith("可用余额：1.00 元")
    assert "--" not in await phone.hear()


async def test_events_are_told_apart_by_sender_second_and_content(connect, wire):
    caller = wire(await connect("plain"))
    click = "<EventKey><![CDATA[balance]]></EventKey>"
    other = "<EventKey><![CDATA[orders]]></EventKey>"
    for openid, at, key in (
        ("oA1", 1, click), ("oA1", 1, click), ("oA1", 2, click), ("oA1", 1, other), ("oA2", 1, click),
    ):  # fmt: skip
        assert (await caller.plain(caller.event(openid, "CLICK", at=at, extra=key))).status == 200
    assert await kept() == 4


async def test_message_numbers_of_two_accounts_do_not_collide(connect, wire):
    bot = await connect("plain")
    received = conversations.Received("wx-other", "message:1", "oA1", "text", "x")
    assert (await conversations.once(received, said("elsewhere"))).is_new
    caller = wire(bot)
    assert "「余额」" in (await caller.plain(caller.text("oA1", "帮助", number=1))).content


def said(text):
    async def act():
        return text

    return act


async def test_what_fails_leaves_nothing_so_that_the_next_delivery_acts(db):
    received = conversations.Received("wx1", "message:1", "oA1", "text", "余额")
    done = []

    async def fail():
        await database.execute("INSERT INTO identity (provider, app_id, subject, follows, created_at)"
                               " VALUES ('official_account', 'wx1', 'oA1', true, now())")  # fmt: skip
        raise RuntimeError("killed here")

    async def act():
        done.append(1)
        return "好"

    with pytest.raises(RuntimeError):
        await conversations.once(received, fail)
    assert (await kept(), await entries()) == (0, 0)
    assert await conversations.once(received, act) == conversations.Answered("好", is_new=True)
    assert await conversations.once(received, act) == conversations.Answered("好", is_new=False)
    assert done == [1]


async def test_a_twin_waits_for_the_first_and_acts_only_if_it_failed(db):
    received = conversations.Received("wx1", "message:1", "oA1", "text", "余额")
    acted, working, go_on = [], asyncio.Event(), asyncio.Event()

    async def slow():
        acted.append("first")
        working.set()
        await go_on.wait()
        if fails:
            raise RuntimeError
        return "first"

    async def quick():
        acted.append("twin")
        return "twin"

    for fails, expected in ((True, "twin"), (False, "first")):
        await database.execute("DELETE FROM chat_message")
        acted.clear()
        working.clear()
        go_on.clear()
        first = asyncio.create_task(conversations.once(received, slow))
        await working.wait()
        twin = asyncio.create_task(conversations.once(received, quick))
        await asyncio.sleep(0.1)
        assert acted == ["first"]
        go_on.set()
        await asyncio.gather(first, return_exceptions=True)
        assert (await twin).reply == expected
        assert acted == (["first", "twin"] if fails else ["first"])


@pytest.fixture
async def standstill(database_url):
    """Nobody can read the accounts until the task that holds them is told so."""
    holders = []

    async def hold(begun):
        connection = await asyncpg.connect(database_url)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE account IN ACCESS EXCLUSIVE MODE")
                begun.set()
                await asyncio.Event().wait()
        finally:
            await connection.close()

    async def start():
        begun = asyncio.Event()
        holders.append(asyncio.create_task(hold(begun)))
        await begun.wait()
        return holders[-1]

    yield start
    for holder in holders:
        holder.cancel()
    await asyncio.gather(*holders, return_exceptions=True)


async def over(still):
    still.cancel()
    await asyncio.wait([still])


async def until(is_so):
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.02)


async def heard(phone):
    """What the account says, once it says something."""
    async with asyncio.timeout(60):
        while not (said := await phone.hear()):
            await asyncio.sleep(0.02)
    return said


@pytest.mark.parametrize("mode", ["plain", "safe"])
async def test_a_late_answer_is_acknowledged_and_follows_as_a_message(connect, join, mode, standstill):
    bot = await connect(mode, patience=door.Patience(answer_s=0.3))
    phone = await join(bot, principal=20000)
    still = await standstill()
    assert await phone.ask("余额") == "", "it is acknowledged while there is no answer yet"
    await over(still)
    assert (await heard(phone)).startswith("可用余额：200.00 元")
    assert await database.fetchval("SELECT reply FROM chat_message ORDER BY id DESC LIMIT 1") == ""


async def test_a_repeat_of_a_late_answer_says_nothing_twice(connect, join, wire, standstill):
    bot = await connect("plain", patience=door.Patience(answer_s=0.3))
    phone, caller = await join(bot, principal=20000), wire(bot)
    still = await standstill()
    xml = caller.text(phone.person.official_openid, "余额")
    assert (await caller.plain(xml)).text == "success"
    assert (await caller.plain(xml)).text == "success"
    await over(still)
    said = await heard(phone)
    assert (await caller.plain(xml)).text == "success"
    assert (said + await phone.hear()).count("可用余额") == 1


async def test_an_answer_that_never_comes_is_given_up_with_an_apology(connect, join, standstill):
    bot = await connect("plain", patience=door.Patience(answer_s=0.2, follow_up_s=3.0))
    phone = await join(bot, principal=20000)
    still = await standstill()
    assert await phone.ask("余额") == ""
    assert await heard(phone) == "抱歉，系统繁忙，请稍后再发一次。"
    await over(still)
    assert (await phone.ask("余额") or await heard(phone)).startswith("可用余额")


async def test_a_fault_of_ours_is_an_apology_and_the_next_delivery_is_answered(connect, join, wire):
    bot = await connect("plain")
    phone, caller = await join(bot, principal=20000), wire(bot)
    xml = caller.text(phone.person.official_openid, "余额")
    await database.execute("ALTER TABLE account RENAME TO account_away")
    try:
        answer = await caller.plain(xml)
    finally:
        await database.execute("ALTER TABLE account_away RENAME TO account")
    assert (answer.status, answer.content) == (200, "抱歉，系统繁忙，请稍后再发一次。")
    assert (await caller.plain(xml)).content.startswith("可用余额：200.00 元")


async def test_too_many_late_answers_are_given_up_instead_of_piling_up(db, monkeypatch):
    monkeypatch.setattr("bot.answering.MOST_LATE", 2)
    answering = Answering(door.Patience(answer_s=0.1))
    loop = asyncio.get_running_loop()

    async def hang():
        await asyncio.sleep(60)
        return "never"

    async def ask(number):
        received = conversations.Received("wx1", f"message:{number}", "oA1", "text", "")
        return await answering.answer(received, hang, by=loop.time() + 0.1, apology="")

    assert await asyncio.gather(*(ask(number) for number in range(5))) == [""] * 5
    await until(lambda: len(answering._tasks) <= 2)
    assert len(answering._tasks) == 2
    monkeypatch.setattr("bot.answering._CLOSING_S", 0.1)
    await answering.close()
    await until(lambda: not answering._tasks)


async def test_work_is_given_up_in_its_time_also_where_nobody_waits_for_it(db):
    answering = Answering(door.Patience(answer_s=5.0, follow_up_s=0.2))
    by = asyncio.get_running_loop().time() + 5.0

    async def hang():
        await asyncio.sleep(60)
        return "never"

    def ask(number):
        received = conversations.Received("wx1", f"message:{number}", "oA1", "text", "")
        return answering.answer(received, hang, by=by, apology="sorry")

    assert await ask(1) == "sorry"  # within the time for a reply
    left = asyncio.create_task(ask(2))
    await until(lambda: answering._tasks)
    left.cancel()
    await asyncio.sleep(0)
    (work,) = answering._tasks
    assert await work == "sorry"


@pytest.mark.parametrize("mode", ["plain", "safe"])
async def test_the_balance_path_calls_nobody_outside(connect, join, mode, monkeypatch):
    phone = await join(await connect(mode), principal=20000)

    async def no_call(*_args, **_options):
        raise AssertionError("an outgoing call")

    monkeypatch.setattr("gateways.wechat.platform.Platform.ask", no_call, raising=False)
    monkeypatch.setattr("gateways.wechat.tokens.AccessTokens.ask", no_call)
    assert (await phone.ask("余额")).startswith("可用余额：200.00 元")
