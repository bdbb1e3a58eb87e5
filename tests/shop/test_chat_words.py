"""What operators teach the chat, at the desk: what is refused, twice at once, seen whole by every process, forgotten in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from billing import stores
from bot.explaining import HouseWords
from core import clock
from core import db as database
from shop import (
    chat_answers,
    chat_edition,
    chat_synonyms,
    chat_texts,
    chat_unanswered,
    open_days,
    opening_hours,
)
from tests import factories

HOUSE = HouseWords()


async def teach(word, concept="TOPUP", **more):
    return await chat_synonyms.add(HOUSE, 1, word, concept, **{"key": factories.key(), **more})


async def answer(*keywords, match="exact", text="好的", key=None, unanswered_id=None, **more):
    wish = chat_answers.Wish(match=match, keywords=keywords, text_zh=text, **more)
    return await chat_answers.add(HOUSE, 1, wish, unanswered_id=unanswered_id, key=key or factories.key())


async def test_a_word_is_taught_once_and_means_one_thing(db):
    await stores.put("xihu", name="西湖店")
    key = factories.key()
    made = [await teach(" 加点ＭＩ米 ".replace("ＭＩ", ""), key=key, store="xihu") for _ in range(2)]
    assert made[0] == made[1] and (made[0].word, made[0].store) == ("加点米", "xihu")
    with pytest.raises(chat_synonyms.KeyReused):
        await teach("添点米", key=key)
    for word, concept, refusal in (
        ("加点米", "TOPUP", chat_synonyms.SynonymTaken), ("加點米", "BALANCE", chat_synonyms.SynonymTaken),
        ("余额", "TOPUP", chat_synonyms.SynonymMeansSomething), ("上个月", "TOPUP", chat_synonyms.SynonymMeansSomething),
        ("还剩多少钱", "TOPUP", chat_synonyms.SynonymMeansSomething), ("小料", "NOTHING", chat_synonyms.NoSuchConcept),
        ("料", "TOPUP", chat_synonyms.SynonymNotAWord), ("ab", "TOPUP", chat_synonyms.SynonymNotAWord),
        ("小料5", "TOPUP", chat_synonyms.SynonymNotAWord), ("小料" * 11, "TOPUP", chat_synonyms.SynonymNotAWord),
        ("小 料!", "TOPUP", chat_synonyms.SynonymNotAWord),
    ):  # fmt: skip
        with pytest.raises(refusal):
            await teach(word, concept)
    with pytest.raises(chat_synonyms.NoSuchStore):
        await teach("小料", store="none")
    with pytest.raises(chat_synonyms.NoSuchUnanswered):
        await teach("小料", unanswered_id=404)
    assert [one.word for one in await chat_synonyms.page()] == ["加点米"], "what was refused left nothing"
    with pytest.raises(chat_synonyms.NoSuchSynonym):
        await chat_synonyms.change(HOUSE, 1, 404, "小料", "TOPUP")
    with pytest.raises(chat_synonyms.NoSuchSynonym):
        await chat_synonyms.remove(404)
    changed = await chat_synonyms.change(HOUSE, 2, made[0].id, "加点米", "BALANCE")
    assert (changed.concept, changed.store, changed.saved_by) == ("BALANCE", None, "operator:2")


async def test_of_many_who_teach_one_word_at_once_one_does(db):
    for code in ("a", "b", "c", "d"):
        await stores.put(code, name=code)
    ended = await asyncio.gather(
        *(teach("加点米", concept, store=code) for code, concept in zip("abcd", ["TOPUP", "BALANCE"] * 2, strict=True)),
        *(answer("停车", text=str(number)) for number in range(4)),
        return_exceptions=True,
    )  # fmt: skip
    assert sorted(type(one).__name__ for one in ended) == [
        "KeywordAnswer", "KeywordTaken", "KeywordTaken", "KeywordTaken", "Synonym", "SynonymTaken", "SynonymTaken", "SynonymTaken",
    ]  # fmt: skip
    edition = await chat_edition.read()
    assert (edition.no, len(edition.synonyms), len(edition.answers)) == (2, 1, 1), "a refusal is no edition"


async def test_a_process_sees_a_change_whole_and_soon_and_does_not_ask_for_each_message(db):
    often, seldom = chat_edition.Kept(every_s=0.0), chat_edition.Kept(every_s=3600.0)
    assert (await often.now()).no == (await seldom.now()).no == 0
    word, said = await teach("加点米"), await answer("停车", text="TOPUP")
    assert (await often.now()).no == 2 and (await seldom.now()).no == 0
    assert await seldom.now() is await seldom.now()

    async def change_both(concept):
        async with database.transaction():  # a change in two tables: nobody may see one half of it
            await chat_synonyms.change(HOUSE, 1, word.id, "加点米", concept)
            wish = chat_answers.Wish(match="exact", keywords=("停车",), text_zh=concept)
            await chat_answers.change(HOUSE, 1, said.id, wish)

    async def look():
        for _ in range(40):
            edition = await often.now()
            assert edition.synonyms["加点米"] == edition.answers[0].text_zh

    async def write():
        for number in range(6):
            await change_both(("TOPUP", "BALANCE")[number % 2])

    await asyncio.gather(write(), look(), look())
    last = await often.now()
    assert last.synonyms == {"加点米": "BALANCE"} and last.no == 14
    await chat_synonyms.remove(word.id)
    await chat_answers.remove(said.id)
    assert ((await often.now()).synonyms, (await often.now()).answers) == ({}, ())


async def test_answers_are_refused_that_could_not_be_given(db):
    now = clock.now()
    for wish, refusal in (
        ({"text": "{balance}"}, chat_answers.TextUnfillable), ({"text": "{shop:yuan}"}, chat_answers.TextUnfillable),
        ({"text": "{shop.__class__}"}, chat_answers.TextUnfillable), ({"text": "{"}, chat_answers.TextUnfillable),
        ({"text": "好" * 683}, chat_answers.TextTooLong), ({"text": "好" * 640 + "{shop}"}, chat_answers.TextTooLong),
        ({"text_en": "{hours}" + "a" * 1409}, chat_answers.TextTooLong),
        ({"from_at": now, "until_at": now}, chat_answers.AnswerPeriodWrong), ({"store": "none"}, chat_answers.NoSuchStore),
        ({"unanswered_id": 404}, chat_answers.NoSuchUnanswered),
    ):  # fmt: skip
        with pytest.raises(refusal):
            await answer("停车", **wish)
    for keyword, match, refusal in (
        ("余额", "exact", chat_answers.KeywordIsAsked), ("How much money", "exact", chat_answers.KeywordIsAsked),
        ("??", "exact", None), ("。", "exact", chat_answers.KeywordWrong), ("停", "contains", chat_answers.KeywordWrong),
        ("停车" * 11, "exact", chat_answers.KeywordWrong),
    ):  # fmt: skip
        if refusal is not None:
            with pytest.raises(refusal):
                await answer(keyword, match=match)
    assert await chat_answers.page() == []
    made = await answer("停车", "停車", "PARKING！", text="好" * 682)
    assert made.keywords == ["停车", "parking"]
    with pytest.raises(chat_answers.KeywordTaken):
        await answer("Parking")
    later = await answer("停车", from_at=now + timedelta(days=2), active=False)
    await chat_answers.change(
        HOUSE, 1, made.id, chat_answers.Wish(match="exact", keywords=("停车",), text_zh="到明天", until_at=now + timedelta(days=1))
    )  # fmt: skip
    on = chat_answers.Wish(
        match="exact", keywords=("停车",), text_zh="后天起", from_at=now + timedelta(days=2)
    )
    assert (await chat_answers.change(HOUSE, 1, later.id, on)).active, "one after the other is no conflict"
    with pytest.raises(chat_answers.NoSuchAnswer):
        await chat_answers.change(HOUSE, 1, 404, on)
    with pytest.raises(chat_answers.NoSuchAnswer):
        await chat_answers.remove(404)
    assert [one.id for one in await chat_answers.page(after=(0, made.id))] == [later.id]
    with pytest.raises(chat_texts.TextTooLong):
        chat_texts.check("好" * 682, room=200)


def test_a_keyword_of_letters_is_found_as_a_word_only():
    found = chat_edition.Answer(1, "contains", ("wifi", "停车"), "x", "", None, None, 0)
    for text, fits in (
        ("the wifi code?", True),
        ("wifis", False),
        ("mywifi", False),
        ("店里wifi多少", True),
        ("哪儿停车", True),
    ):
        assert bool(chat_answers.fitting([found], "contains", text, clock.now())) is fits, text
    now = clock.now()
    assert chat_answers.fitting([found], "exact", "wifi", now) == []
    for begins, ends, fits in (
        (now, None, True),
        (None, now, False),
        (now + timedelta(seconds=1), None, False),
        (None, now + timedelta(seconds=1), True),
    ):
        timed = replace(found, from_at=begins, until_at=ends)
        assert bool(chat_answers.fitting([timed], "contains", "wifi", now)) is fits


async def test_what_was_not_understood_is_counted_without_numbers_and_forgotten_in_time(db):
    for text in (
        "我的电话是138 0013 8000哦",
        "我的电话是13912345678哦",
        "我的电话是一三八零零一三八零零零哦",
    ):
        await chat_unanswered.count(HOUSE.plain(text))
    await chat_unanswered.count(HOUSE.plain("发到 someone@example.com 或 https://example.com/x?id=1"))
    await chat_unanswered.count(HOUSE.plain("我的openid oABC123456789xyz 和身份证11010519900307123X"))
    for nothing in ("123456789", "。。。", "13800138000", "😀", "12"):
        await chat_unanswered.count(HOUSE.plain(nothing))
    await asyncio.gather(*(chat_unanswered.count("有wifi吗") for _ in range(5)))
    first, second, *rest = await chat_unanswered.ranked()
    assert (first.text, first.times) == ("有wifi吗", 5)
    assert (second.text, second.times) == ("我的电话是[号码]哦", 3)
    assert {one.text for one in rest} == {"发到 [邮箱] 或 [链接]", "我的openid [号码] 和身份证[号码]"}
    assert [one.id for one in await chat_unanswered.ranked(after=(3, second.last_at, second.id))] == [
        one.id for one in rest
    ]
    assert [await chat_unanswered.dismiss(1, second.id) for _ in range(2)][1].state == "dismissed"
    made = await answer("有wifi吗", unanswered_id=first.id)
    assert (await chat_unanswered.ranked(state="taught"))[0].id == first.id
    await chat_unanswered.count("有wifi吗")
    assert (await chat_unanswered.ranked(state="taught"))[0].times == 6, (
        "a process that has not heard yet opens nothing again"
    )
    await chat_answers.remove(made.id)
    clock.set_offset(timedelta(minutes=2))
    await chat_unanswered.count("有wifi吗")
    assert (await chat_unanswered.ranked())[0].id == first.id, "it has no answer any more"
    with pytest.raises(chat_unanswered.NoSuchUnanswered):
        await chat_unanswered.dismiss(1, 404)
    clock.set_offset(timedelta(days=60))
    await chat_unanswered.count("有wifi吗")
    clock.set_offset(timedelta(days=91))
    assert await chat_unanswered.forget_old() == 3
    assert [one.times for one in await chat_unanswered.ranked()] == [8]


WEEK = (((540, 1260),),) * 5 + (((600, 840), (1020, 1560)),) * 2


def test_hours_of_a_day_and_a_moment():
    hours = open_days.Hours(WEEK, ((720, 1080),), {date(2026, 10, 10): open_days.Day((), "盘点")})
    open_days.check(hours)
    at = lambda text: datetime.fromisoformat(f"{text}+08:00")  # noqa: E731
    for moment, until, opens in (
        ("2026-11-26T08:00", None, "2026-11-26T09:00"), ("2026-11-26T09:00", "2026-11-26T21:00", "2026-11-27T09:00"),
        ("2026-11-26T21:00", None, "2026-11-27T09:00"), ("2026-11-29T01:30", "2026-11-29T02:00", "2026-11-29T10:00"),
        ("2026-11-29T02:00", None, "2026-11-29T10:00"), ("2026-11-28T23:00", "2026-11-29T02:00", "2026-11-29T10:00"),
        ("2026-10-01T12:30", "2026-10-01T18:00", "2026-10-02T12:00"),  # National Day
        ("2026-10-10T12:00", None, "2026-10-11T10:00"),  # a Saturday worked instead, and closed all the same
    ):  # fmt: skip
        assert hours.open_until(at(moment)) == (until and at(until)), moment
        assert hours.opens_next(at(moment)) == at(opens), moment
    always = open_days.Hours((((0, 1440),),) * 7)
    assert always.open_until(at("2026-11-26T08:00")) > at("2026-11-27T08:00")
    assert open_days.Hours(((),) * 7).opens_next(at("2026-11-26T08:00")) is None


@pytest.mark.parametrize(
    "spans",
    [((60, 60),), ((120, 60),), ((0, 60), (30, 90)), ((0, 1500), (1500, 1560)), ((0, 1441),), ((1440, 1500),), ((0, 1),) * 5, ((-1, 5),)],
)  # fmt: skip
def test_hours_that_cannot_be_are_refused(spans):
    for hours in (
        open_days.Hours((spans, *[()] * 6)), open_days.Hours(((),) * 7, spans), open_days.Hours(((),) * 7, None, {date(2026, 1, 1): open_days.Day(spans)}),
        open_days.Hours(((),) * 6), open_days.Hours((((600, 1500),), ((30, 600),), *[()] * 5)),
    ):  # fmt: skip
        with pytest.raises(open_days.HoursWrong):
            open_days.check(hours)


async def test_hours_are_kept_by_store(db):
    await stores.put("xihu", name="西湖店")
    hours = open_days.Hours(WEEK, (), {date(2026, 12, 31): open_days.Day(((540, 1080),), "早关", "early")})
    for store in (None, "xihu"):
        with pytest.raises(opening_hours.NoOpeningHours):
            await opening_hours.get(store)
        await opening_hours.put(1, store, hours)
        assert await opening_hours.get(store) == hours
    with pytest.raises(opening_hours.NoSuchStore):
        await opening_hours.put(1, "none", hours)
    edition = await chat_edition.read()
    assert (edition.no, len(edition.hours), list(edition.stores.values())) == (2, 2, ["西湖店"])
    await opening_hours.remove("xihu")
    assert list((await chat_edition.read()).hours) == [0]
