"""Every command in both languages and both modes through the real endpoint, asked for as people write it (``utterances/dev.tsv``). A new
command is found here without an utterance until it has one of each language."""

import itertools
import re

import pytest

import bot as door
from billing import statements
from bot import commands
from bot.asker import Asker
from core import db as database
from core import words
from members import customers
from tests.bot.utterances import labelled

CHINESE = re.compile("[㐀-鿿]")
NUMBERS = itertools.count(7_000_000_000_000_000)


def said():
    """By command and language one way of asking for it that is understood."""
    found = {}
    for label in labelled("dev"):
        asked = commands.find(label.text)
        if asked is not None and asked.command is commands.BY_NAME.get(label.intent):
            found.setdefault((label.intent, "zh-CN" if CHINESE.search(label.text) else "en"), label.text)
    return found


def test_every_command_has_an_utterance_in_both_languages_that_asks_for_it():
    wanted = {(command.name, locale) for command in commands.COMMANDS for locale in words.LOCALES}
    assert not wanted - said().keys()


@pytest.mark.parametrize("mode", ["plain", "safe"])
async def test_every_command_is_answered_through_the_endpoint(connect, join, arrive, wire, mode):
    bot = await connect(mode)
    phone, stranger, caller = await join(bot, principal=20000, bonus=500), await arrive(bot), wire(bot)
    trouble = {words.say("bot.trouble", locale) for locale in words.LOCALES}
    before = await database.fetchval("SELECT count(*) FROM chat_message")
    many = 0

    async def ask(person, text):
        xml = caller.text(person.official_openid, text, number=next(NUMBERS))
        if mode == "plain":
            return (await caller.plain(xml)).content
        answer = caller.unsealed(await caller.safe(xml))
        return re.search(r"<Content><!\[CDATA\[(.*?)\]\]></Content>", answer, re.S)[1]

    for (name, locale), text in said().items():
        for person in (phone.person, stranger.person):
            told = await ask(person, text)
            if name == "person":
                assert await ask(person, "返回"), "the bot has the chat again"
                many += 1
            many += 1
            assert told and told not in trouble, (name, locale, text)
            assert len(told.encode()) <= 2048, (name, locale)
            is_chinese = CHINESE.search(re.sub('[「“"].*?[」”"]|一盏茶', "", told)) is not None
            assert is_chinese == (locale == "zh-CN"), (name, locale, told)
    assert await database.fetchval("SELECT count(*) FROM chat_message WHERE reply <> ''") == before + many


async def test_questions_change_nothing(db):
    """What is said to be a question is answered by a transaction that may not write."""
    customer = await customers.create(name="小红")
    held = await statements.balance(customer.id)
    shop = door.Shop("一盏茶")
    for (name, locale), text in said().items():
        found = commands.find(text)
        if found.command.is_question:
            asker = Asker(customer, locale, shop, found.asked, balance=held)
            async with database.transaction():
                await database.execute("SET TRANSACTION READ ONLY")
                assert await found.command.answer(asker), name
