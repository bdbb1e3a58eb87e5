"""The desk for conversations: who waits, taking, answering once, handing on, giving back; and what is new, told as it happens."""

import asyncio
import re

import aiohttp
import pytest

from members import duties
from tests.bot import people as shop

SUPPORT = duties.Post("support")


@pytest.fixture
async def waiting(world):
    """Somebody who has asked for a person; the number of the conversation is 1."""
    here, _ = await shop.writer(world)
    await world.give(here.customer_id, 12_300)
    await here.says("余额")
    await here.says("我要投诉")
    return here


async def talk(browser, number=1):
    page = await browser.get(f"/conversations/{number}")
    assert page.status == 200, page.words
    return page


async def do(browser, deed, page, **values):
    token = re.search(r'name="_csrf" value="(\w+)"', page.text)[1]
    return await browser.post(f"/conversations/1/{deed}", {"_csrf": token, **values})


async def test_a_conversation_is_taken_answered_once_and_given_back(hired, waiting):
    browser = await hired(SUPPORT)
    page = await browser.get("/conversations")
    assert "1 位顾客在等人接待" in page.words
    page = await do(browser, "take", await talk(browser))
    assert page.status == 200 and "还可回复 5 条" in page.words
    assert "¥123.00" in page.words and "我要投诉" in page.words
    sent = {**page.hidden, "text": "您好，\r\n我来 <b>帮您</b>"}
    for _ in range(2):
        page = await browser.post("/conversations/1/reply", sent)
        assert page.status == 200 and page.text.count("您好，<br>我来 &lt;b&gt;帮您&lt;/b&gt;") == 1
    page = await browser.post("/conversations/1/reply", {**page.hidden, "text": "😀" * 600})
    assert page.status == 422 and "😀😀" in page.text and 'id="reply-fault"' in page.text
    last = page.hidden["last_message_id"]
    await waiting.says("还有一件事")
    page = await do(browser, "close", page, last_message_id=last)
    assert page.status == 409 and "还有一件事" in page.text
    page = await do(browser, "close", page, last_message_id=page.hidden["last_message_id"])
    assert page.url.endswith("/console/conversations") and "已完成" in page.words
    page = await browser.get("/conversations?state=closed")
    assert "/console/conversations/1" in page.text


async def test_it_is_handed_to_a_colleague_who_then_answers(hired, waiting):
    first, second = await hired(SUPPORT), await hired(SUPPORT, login="wang")
    page = await do(first, "take", await talk(first))
    (number,) = re.findall(r'value="operator:(\d+)"', page.text)
    assert 'name="text"' not in (await talk(second)).text, "only who has it answers"
    await do(first, "hand-over", page, to=f"operator:{number}")
    assert 'name="text"' not in (await talk(first)).text
    page = await talk(second)
    page = await browser_reply(second, page, "接着说")
    assert "接着说" in page.text
    await do(second, "hand-over", page, to="store:")
    assert "等待接待" in (await talk(second)).words


async def browser_reply(browser, page, text):
    return await browser.post("/conversations/1/reply", {**page.hidden, "text": text})


@pytest.mark.parametrize("odd", ["²", "٣", "9" * 30, "x"])
async def test_what_is_no_number_is_refused(hired, waiting, odd):
    browser = await hired(SUPPORT)
    page = await do(browser, "take", await talk(browser))
    for deed, sent in (
        ("reply", {"canned_id": odd}),
        ("hand-over", {"to": f"operator:{odd}"}),
        ("close", {"last_message_id": odd}),
    ):
        assert (await browser.post(f"/conversations/1/{deed}", {**page.hidden, **sent})).status in (
            404,
            409,
            422,
        )
    for query in ({"open": odd}, {"after": odd}):
        stream = await browser.session.get(f"{browser.base}/live/conversations", params=query)
        assert stream.status == 200
        stream.close()
    assert (await browser.get("/trend", params={"days": odd})).status == 403


async def test_a_canned_answer_is_filled_in_and_can_be_sent_as_it_is(hired, waiting):
    browser = await hired(SUPPORT)
    await browser.submit("/do/canned_answers_add", title="问好", text="您好，我是{operator}")
    page = await do(browser, "take", await talk(browser))
    assert 'data-text="您好，我是店长小周"' in page.text
    (number,) = re.findall(r'<option value="(\d+)" data-text', page.text)
    page = await browser.post("/conversations/1/reply", {**page.hidden, "text": "", "canned_id": number})
    assert page.status == 200 and "您好，我是店长小周</p>" in page.text


async def test_who_has_the_desk_open_is_told_what_is_new_once(hired, waiting, world):
    browser = await hired(SUPPORT)
    page = await do(browser, "take", await talk(browser))
    (address,) = re.findall(r'sse-connect="/console([^"]+)"', page.text)
    stream = await browser.session.get(
        browser.base + address.replace("&amp;", "&"),
        headers={"Accept": "text/event-stream"},
        timeout=aiohttp.ClientTimeout(total=60),
    )
    async with asyncio.timeout(30):
        await waiting.says("在吗")
        told = [await event(stream) for _ in range(3)]
        assert [kind for kind, _, _ in told[:1]] == ["list"]
        words = next(one for one in told if one[0] in ("words", "log"))
        assert words[1].count("在吗") == 1
    stream.close()
    again = await browser.session.get(
        browser.base + address.replace("&amp;", "&"),
        headers={"Accept": "text/event-stream", "Last-Event-ID": words[2]},
        timeout=aiohttp.ClientTimeout(total=60),
    )
    async with asyncio.timeout(30):
        await waiting.says("没事了")
        while (found := await event(again))[0] != "words":
            pass
    assert "没事了" in found[1] and "在吗" not in found[1]
    again.close()


async def event(stream):
    """The next event: kind, data and number."""
    fields = {}
    async for raw in stream.content:
        line = raw.decode().rstrip("\n")
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            return fields["event"], fields["data"], fields.get("id")
    return None


async def test_what_is_another_stores_is_not_found(hired, waiting):
    boss = await hired()
    await boss.submit("/do/stores_put?code=xihu", name="西湖店", state="open")
    elsewhere = await hired(duties.Post("cashier", "xihu"), login="wang")
    assert (await elsewhere.get("/conversations/1")).status == 404
    assert "在等人接待" in (await elsewhere.get("/conversations")).words


async def test_what_was_not_understood_is_taught_from_where_it_is_listed(hired, world):
    here, _ = await shop.writer(world)
    await here.says("你们这儿停车方便吗")
    browser = await hired()
    page = await browser.get("/chat/unanswered")
    assert "停车方便" in page.words
    (address,) = re.findall(r'href="/console(/chat/teach[^"]+)"', page.text)
    page = await browser.get(address.replace("&amp;", "&"))
    assert page.status == 200 and "停车方便" in page.words
    (action,) = re.findall(r'action="/console(/do/chat_words_add_answer[^"]+)"', page.text)
    sent = {**page.hidden, "match": "contains", "keywords": "停车方便", "text_zh": "请走东门。"}
    page = await browser.post(action.replace("&amp;", "&"), sent)
    assert page.status == 200, page.words
    assert "停车方便" not in (await browser.get("/chat/unanswered")).words
    page = await browser.submit("/do/chat_words_explain", text="加点米一百", word="加点米", concept="TOPUP")
    assert "会理解为：充值" in page.words
