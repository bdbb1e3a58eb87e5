"""Who hears what: every command, in both languages, from people of every kind. Nothing of anybody's account for who is unknown or not served."""

import itertools
import re

from bot import commands
from core import db as database
from core import words
from tests import factories

OPEN = {"top_up", "bind", "hours", "person", "tickets", "thanks", "help"}
"""What somebody unknown is answered; everything else asks them to become known."""
FOR_BLOCKED = {"person", "tickets"}
TO_THE_LETTER = {
    "zh-CN": ("确认付款 1234 12.50", "暂停计划 12", "开发票 1234 个人 张三", "确认解绑"),
    "en": ("confirm 1234 12.50", "cancel plan 12", "invoice 1234 personal Zhang", "confirm unbind"),
}
PERSONAL = re.compile(r"88\.88|林小满|茶艺月课|T\d{15}|1[3-9]\d{9}")
NUMBERS = itertools.count(8_000_000_000_000_000)


def said(locale):
    """One text for each command, and those that are read to the letter; people last, because they have the chat then."""
    asked = {one.name: words.say(f"bot.ask.{one.name}", locale) for one in commands.COMMANDS}
    last = asked.pop("person")
    return asked | {text: text for text in TO_THE_LETTER[locale]} | {"person": last}


async def of_every_kind(bot_, arrive, join):
    """Openids by what their customers are: known to nobody, blocked, leaving, gone, and gone with all that told who they were."""
    people = {"stranger": await arrive(bot_), "erased": await join(bot_)}
    for state in ("blocked", "closing", "closed"):
        people[state] = await join(bot_, principal=8_888 if state == "blocked" else 0)
    for kind, phone in people.items():
        if phone.customer_id is not None:
            await factories.plan(phone.customer_id, 900)
            state = "closed" if kind == "erased" else kind
            await database.execute(
                "UPDATE customer SET name = '林小满', state = $2 WHERE id = $1", phone.customer_id, state
            )
    await database.execute("DELETE FROM identity WHERE customer_id = $1", people["erased"].customer_id)
    return {kind: phone.person.official_openid for kind, phone in people.items()}


def expected(kind, name, locale):
    """With what the answer begins; None: with anything but that they are not known, or not served."""
    if kind in ("closing", "closed"):
        return words.say("errors.account_closed", locale)
    if kind == "blocked":
        return None if name in FOR_BLOCKED else words.say("bot.greeting.blocked", locale)
    return None if name in OPEN else words.say("bot.greeting.stranger", locale, shop="一盏茶")


async def test_every_command_from_every_kind_of_person(connect, arrive, join, wire):
    bot_ = await connect("plain")
    people, caller = await of_every_kind(bot_, arrive, join), wire(bot_)
    tables = ("setting_change", "invoice_request", "bill_payment", "plan_event")
    before = [await database.fetchval(f"SELECT count(*) FROM {table}") for table in tables]
    for locale in words.LOCALES:
        unserved = {
            words.say(f"bot.greeting.{key}", locale, shop="一盏茶") for key in ("stranger", "blocked")
        }
        for name, text in said(locale).items():
            for kind, openid in people.items():
                answer = (await caller.plain(caller.text(openid, text, number=next(NUMBERS)))).content
                assert answer and not PERSONAL.search(answer), (kind, text, answer)
                wanted = expected(kind, name, locale)
                if wanted is None:
                    assert not any(answer.startswith(one) for one in unserved), (kind, text, answer)
                else:
                    assert answer.startswith(wanted), (kind, text, answer)
        for openid in people.values():
            await caller.plain(caller.text(openid, "返回", number=next(NUMBERS)))
    assert [await database.fetchval(f"SELECT count(*) FROM {table}") for table in tables] == before
    assert await database.fetchval("SELECT count(*) FROM chat_code") == 4, (
        "two for each of the two who are unknown"
    )
