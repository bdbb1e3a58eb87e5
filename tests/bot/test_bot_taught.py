"""What operators have taught, through the real endpoint: words, answers by keyword, opening hours, and what was not understood."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import replace
from datetime import date, datetime

import pytest

import bot
from billing import stores, workdays
from bot import opening_asked, taught
from bot.explaining import HouseWords
from bot.understanding import understand
from core import clock
from core import db as database
from shop import chat_answers, chat_scenes, chat_synonyms, chat_unanswered, open_days, opening_hours
from tests import factories

HOUSE = HouseWords()
WEEK = open_days.Hours((((540, 1260),),) * 5 + (((600, 1560),),) * 2, ((720, 1080),))


@pytest.fixture
async def quick(connect):
    """The bot, looking after what it was taught at each message."""
    return await connect("safe", patience=bot.Patience(taught_s=0.0))


def at(text):
    clock.stand_at(datetime.fromisoformat(f"{text}+08:00"))


async def say(match, *keywords, text, **more):
    wish = chat_answers.Wish(match=match, keywords=keywords, text_zh=text, **more)
    await chat_answers.add(HOUSE, 1, wish, key=factories.key())


async def test_a_word_and_answers_are_in_force_at_the_next_look(quick, join, arrive):
    phone, visitor = await join(quick, principal=100), await arrive(quick)
    assert (await phone.ask("加料")).startswith("抱歉，没有看懂")
    await chat_synonyms.add(HOUSE, 1, "加料", "TOPUP", key=factories.key())
    assert "套餐" in await phone.ask("加料")
    assert (await phone.ask("余额")).startswith("可用余额：1.00 元")
    await say(
        "contains", "停车", "parking", text="{shop}东门可以停车", text_en="Park at the east gate of {shop}"
    )
    await say("exact", "wifi", text="密码在小票上")
    await say("exact", "帮助", text="这里是{shop}", place=1)
    assert await phone.ask("你们哪儿停车") == "一盏茶东门可以停车"
    assert await visitor.ask("parking please") == "Park at the east gate of 一盏茶"
    assert await phone.ask("停车要扣余额吗") != "一盏茶东门可以停车", "what is understood is answered"
    assert await phone.tap("wifi") == "密码在小票上", "a menu button may have a keyword"
    assert (await phone.ask("WIFI？"), await phone.ask("帮助")) == ("密码在小票上", "这里是一盏茶")
    assert (await phone.ask("wifi密码是我的手机号13912345678吗")).startswith("抱歉")
    assert [one.text for one in await chat_unanswered.ranked()] == ["wifi密码是我的手机号[号码]吗", "加料"]


async def test_when_the_shop_is_open_is_answered_for_the_day_that_is_meant(quick, arrive):
    phone = await arrive(quick)
    at("2025-11-27T10:00")
    assert "还没有登记" in await phone.ask("几点关门")
    await opening_hours.put(1, None, WEEK)
    today = "今天 2025-11-27 周四：09:00–21:00"
    assert await phone.ask("几点关门") == f"{today}\n现在营业中，21:00 关门。"
    assert await phone.ask("今天开门吗") == f"{today}\n现在营业中，21:00 关门。"
    assert await phone.ask("are you open tomorrow?") == "Tomorrow 2025-11-28 Fri: 09:00–21:00"
    assert await phone.ask("周六营业到几点") == "后天 2025-11-29 周六：10:00–次日02:00"
    assert await phone.ask("下周四开门吗") == "2025-12-04 周四：09:00–21:00"
    assert (await phone.ask("营业时间")).split("\n")[2:] == [
        "平时的营业时间：", "周一至周五：09:00–21:00", "周六至周日：10:00–次日02:00", "法定节假日：12:00–18:00",
    ]  # fmt: skip
    at("2025-11-30T01:00")
    assert (await phone.ask("现在还开着吗")).endswith("现在营业中，02:00 关门。"), (
        "Saturday's hours, on Sunday"
    )
    at("2025-09-29T22:00")
    assert (await phone.ask("打烊了吗")).endswith("现在已打烊，明天 09:00 开门。")
    assert (await phone.ask("国庆放假吗")).split("\n")[0] == "后天 2025-10-01 周三：12:00–18:00（法定节假日）"
    await stores.put("xihu", name="西湖店")
    closed = open_days.Hours(((),) * 7, None, {clock.today(): open_days.Day(((60, 120),), "夜宵", "late")})
    await opening_hours.put(1, "xihu", closed)
    named, day, now = (await phone.ask("西湖店几点关门")).split("\n")
    assert (named, day, now) == ("【西湖店】", "今天 2025-09-29 周一：01:00–02:00（夜宵）", "现在已打烊。")
    await opening_hours.put(1, "xihu", replace(closed, days={clock.today(): open_days.Day(((1080, 1470),))}))
    named, day, now = (await phone.ask("西湖店几点关门")).split("\n")
    assert (day, now) == ("今天 2025-09-29 周一：18:00–次日00:30", "现在营业中，00:30 关门。")


async def test_who_comes_by_a_code_is_welcomed_by_it_and_counted_once(quick, visit, platform):
    await stores.put("xihu", name="西湖店")
    await opening_hours.put(1, "xihu", WEEK)
    made = await code(
        quick, store="xihu", welcome_zh="欢迎来到{store}，今天 {hours_today}", welcome_en="Welcome to {store}"
    )
    plain = await code(quick, title="门口")
    await say("contains", "停车", text="西湖店在地下", store="xihu")
    await say("contains", "停车", text="请停路边", place=9)
    at("2025-11-27T10:00")
    phone, other = visit(quick), visit(quick)
    platform.world.faults.add({"op": "platform.push", "do": "duplicate"})
    assert (await phone.follow(made.scene)).startswith("欢迎来到西湖店，今天 09:00–21:00\n第一次来的话")
    assert (await phone.follow(made.scene)).startswith("欢迎来到西湖店"), "a follower who scans again"
    assert (await other.follow(plain.scene)).startswith("您好，欢迎关注一盏茶！")
    assert (await phone.ask("哪儿停车"), await other.ask("哪儿停车")) == ("西湖店在地下", "请停路边")
    await opening_hours.put(1, None, open_days.Hours(((),) * 7))
    assert (await phone.ask("几点关门")).startswith("【西湖店】") and "现在已打烊" in await other.ask(
        "几点关门"
    )
    told = [await chat_scenes.get(one.id) for one in (made, plain)]
    assert [(one.scans, one.people, one.followed) for one in told] == [(2, 1, 1), (1, 1, 1)]


async def test_while_the_database_does_not_say_what_was_known_is_answered_by(db):
    known = taught.Taught(look_every_s=0.0, patience_s=2.0)
    await chat_synonyms.add(HOUSE, 1, "加料", "TOPUP", key=factories.key())
    assert (await known.now()).edition.synonyms == {"加料": "TOPUP"}
    new, elsewhere = taught.Taught(patience_s=2.0), contextvars.copy_context()
    async with database.transaction():
        await database.execute("LOCK TABLE chat_edition IN ACCESS EXCLUSIVE MODE")
        asked = [asyncio.create_task(one.now(), context=elsewhere.copy()) for one in (known, known, new)]
        lessons = await asyncio.gather(*asked)
    assert [dict(one.edition.synonyms) for one in lessons] == [{"加料": "TOPUP"}, {"加料": "TOPUP"}, {}]
    assert (await new.now()).edition.synonyms == {"加料": "TOPUP"}


async def code(bot_, **wish):
    return await chat_scenes.add(
        bot_.app_id, 1, chat_scenes.Wish(**{"title": "桌", **wish}), key=factories.key()
    )


def test_the_days_that_are_meant_lie_ahead():
    today = date(2025, 11, 27)

    def asked(text, day=today):
        return opening_asked.days(understand(text, today=day), day)

    for text, days in (
        ("几点关门", []), ("后天开门吗", [29]), ("大后天开门吗", [30]), ("周末开门吗", [29, 30]), ("周四开门吗", [27]), ("星期天开门吗", [30]),
        ("are you open on sunday", [30]), ("are you open tonight", [27]), ("11月28号开门吗", [28]), ("open the day after tomorrow?", [29]),
    ):  # fmt: skip
        assert [day.day for day in asked(text).days] == days, text
    assert asked("12月25日营业吗").days == (date(2025, 12, 25),), "not last year's"
    assert asked("2月29日营业吗").days in ((), (date(2024, 2, 29),))
    assert asked("下周一营业吗").days == (date(2025, 12, 1),) and asked(
        "next friday, are you open?"
    ).days == (date(2025, 12, 5),)
    assert asked("元旦营业吗").days[0] == date(2026, 1, 1)
    last = date(workdays.known_through(), 12, 30)
    assert (asked("元旦营业吗", last).days, asked("元旦营业吗", last).holiday) == ((), "元旦")
    assert asked("chinese new year opening hours").holiday == "春节"
