"""What is counted and logged of pushed messages: how they ended, and nothing of who wrote or what."""

import logging
from collections import Counter

import bot as door
from app import metrics
from billing import figures
from core import db as database
from core.http import logs

SECRET = "我的身份证).\n是110101199003070011"


async def test_outcomes_are_counted_and_logs_name_nobody(connect, join, wire, caplog):
    caplog.set_level(logging.INFO)
    bot = await connect("plain")
    phone, caller = await join(bot, principal=20000), wire(bot)
    me, before = phone.person.official_openid, Counter(door.outcomes.counted())
    assert (await caller.plain(caller.text(me, "余额", number=1))).status == 200
    assert (await caller.plain(caller.text(me, "余额", number=1))).status == 200
    assert (await caller.plain(caller.text(me, "余额", number=2), token="guess")).status == 403
    assert (await caller.plain(f"<xml>{SECRET}{me}</xml>")).status == 400
    await database.execute("ALTER TABLE chat_message RENAME TO chat_message_away")
    try:
        for number, text in ((3, "余额"), (4, SECRET)):  # a question and what is claimed first
            assert "抱歉，系统繁忙" in (await caller.plain(caller.text(me, text, number=number))).content
    finally:
        await database.execute("ALTER TABLE chat_message_away RENAME TO chat_message")
    await database.execute(f"ALTER TABLE chat_message ADD CONSTRAINT broken CHECK (content <> '{SECRET}')")
    try:
        await caller.plain(caller.text(me, SECRET, number=5))
    finally:
        await database.execute("ALTER TABLE chat_message DROP CONSTRAINT broken")
    counted = Counter(door.outcomes.counted()) - before
    assert counted == {"answered": 1, "repeated": 1, "refused": 2, "failed": 3}
    told = metrics.text(await figures.now(), counted).decode()
    assert 'yucun_chat_messages_total{outcome="failed",process="' in told
    lines = [logs.JsonLines().format(record) for record in caplog.records]
    assert any("could not be answered" in line for line in lines)
    for line in lines:
        assert me not in line and "身份证" not in line and "110101199003070011" not in line, line
