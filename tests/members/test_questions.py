"""Questions: answered first and kept afterwards, in sets; a repeat gets what was kept, whichever way the first delivery went."""

import asyncio
import time

import asyncpg
import pytest

from core import db as database
from members import conversations

KEPT = "SELECT dedup_key, reply FROM chat_message ORDER BY dedup_key"


def received(number, app_id="wx1"):
    return conversations.Received(app_id, f"message:{number}", "oA1", "text", "余额")


def saying(text, said=None):
    async def answer():
        if said is not None:
            said.append(text)
        return text

    return answer


async def failing():
    raise RuntimeError("no answer")


async def test_a_repeat_of_a_question_gets_the_kept_reply_and_one_that_failed_is_answered_anew(db):
    with pytest.raises(RuntimeError):
        await conversations.asked(received(1), failing)
    assert await database.fetch(KEPT) == []
    first = await conversations.asked(received(1), saying("200 元"))
    again = await conversations.asked(received(1), saying("100 元"))
    assert (first, again) == (
        conversations.Answered("200 元", is_new=True),
        conversations.Answered("200 元", is_new=False),
    )
    assert (await conversations.asked(received(1, "wx2"), saying("elsewhere"))).is_new


async def test_a_question_and_an_act_know_of_each_other(db):
    acted = []
    await conversations.asked(received(1), saying("question"))
    assert await conversations.once(received(1), saying("act", acted)) == conversations.Answered(
        "question", is_new=False
    )
    await conversations.once(received(2), saying("act", acted))
    assert (await conversations.asked(received(2), saying("question"))).reply == "act"
    assert acted == ["act"]


async def test_many_at_once_are_kept_once_each_and_twins_get_the_same_words(db):
    found = await asyncio.gather(
        *(conversations.asked(received(n % 50), saying(f"{n}")) for n in range(200)),
        *(conversations.once(received(n), saying(f"act {n}")) for n in range(0, 50, 7)),
    )
    kept = {row["dedup_key"]: row["reply"] for row in await database.fetch(KEPT)}
    assert len(kept) == 50
    for n in range(200):
        assert found[n].reply == kept[f"message:{n % 50}"]
    assert sum(one.is_new for one in found) == 50


async def test_a_twin_that_takes_its_time_holds_up_nobody_else(db, database_url):
    elsewhere = await asyncpg.connect(database_url)
    try:
        held = elsewhere.transaction()
        await held.start()
        await elsewhere.execute(
            "INSERT INTO chat_message (app_id, dedup_key, openid, kind, content, reply, received_at)"
            " VALUES ('wx1', 'message:1', 'oA1', 'text', '', 'acted', now())"
        )
        began = time.perf_counter()
        questions = [asyncio.create_task(conversations.asked(received(n), saying("q"))) for n in range(1, 9)]
        await asyncio.wait(questions[1:])
        assert time.perf_counter() - began < 3
        assert not questions[0].done()
        await held.commit()
        assert await questions[0] == conversations.Answered("acted", is_new=False)
        assert all(one.result().is_new for one in questions[1:])
    finally:
        await elsewhere.close()


async def test_a_question_within_a_transaction_does_not_hasten_its_commit(db):
    async with database.transaction():
        assert (await conversations.asked(received(1), saying("q"))).is_new
        assert await database.fetchval("SHOW synchronous_commit") == "on"
    assert len(await database.fetch(KEPT)) == 1
