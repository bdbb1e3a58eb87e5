"""Who hears what: every command, in both languages, from people of every kind. Nothing of anybody's account for who is unknown or not served."""

import re

from bot import commands
from core import db as database
from core import words
from tests import factories

OPEN = {"top_up", "bind", "hours", "person", "thanks", "help"}
"""What somebody unknown is answered; everything else asks them to become known."""
TO_THE_LETTER = {
    "zh-CN": ("确认付款 1234 12.50", "暂停计划 12", "开发票 1234 个人 张三", "确认解绑"),
    "en": ("confirm 1234 12.50", "cancel plan 12", "invoice 1234 personal Zhang", "confirm unbind"),
}
PERSONAL = re.compile(r"88\.88|林小满|茶艺月课|T\d{15}|1[3-9]\d{9}")


def said(locale):
    """One text for each command, and those that are read to the letter."""
    return {one.name: words.say(f"bot.ask.{one.name}", locale) for one in commands.COMMANDS} | {
        text: text for text in TO_THE_LETTER[locale]
    }


async def test_every_command_from_every_kind_of_person(connect, arrive, join):
    bot_ = await connect("plain")
    people = {"stranger": await arrive(bot_), "erased": await join(bot_)}
    for state in ("blocked", "closing", "closed"):
        people[state] = await join(bot_, principal=8_888 if state == "blocked" else 0)
    for kind, phone in people.items():
        if phone.customer_id is None:
            continue
        await factories.plan(phone.customer_id, 900)
        await database.execute("UPDATE customer SET name = '林小满' WHERE id = $1", phone.customer_id)
        state = "closed" if kind == "erased" else kind
        await database.execute("UPDATE customer SET state = $2 WHERE id = $1", phone.customer_id, state)
    gone = people["erased"].customer_id
    await database.execute(
        "DELETE FROM identity WHERE customer_id = $1 AND provider = 'official_account'", gone
    )
    await database.execute("UPDATE identity SET union_id = NULL WHERE customer_id = $1", gone)
    before = await database.fetchval("SELECT count(*) FROM setting_change")
    for locale in words.LOCALES:
        unknown = words.say("bot.greeting.stranger", locale, shop="一盏茶")
        for name, text in said(locale).items():
            for kind, phone in people.items():
                answer = await phone.ask(text)
                assert answer and not PERSONAL.search(answer), (kind, text, answer)
                if kind in ("stranger", "erased"):
                    assert answer.startswith(unknown) != (name in OPEN), (kind, text, answer)
                elif kind == "blocked":
                    assert answer == words.say("bot.greeting.blocked", locale), (kind, text, answer)
                else:
                    assert answer == words.say("errors.account_closed", locale), (kind, text, answer)
        for kind, phone in people.items():
            menu = await phone.tap("balance")
            assert menu and not PERSONAL.search(menu), (kind, menu)
    assert await database.fetchval("SELECT count(*) FROM setting_change") == before
    assert await database.fetchval("SELECT count(*) FROM invoice_request") == 0
    codes = await database.fetchval("SELECT count(*) FROM chat_code")
    assert codes == 4, "two for each of the two who are unknown"
