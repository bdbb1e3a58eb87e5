"""Wordings with what their customers read beside them, the way of a message, tickets, opening hours."""

import re

from console import hours
from core import db
from members import tickets
from notifications import outbox
from tests import factories
from tests.world import new_key

INBOX = "/message-wordings/edit?kind=deducted&channel=inbox&locale=zh-CN"
SUBSCRIBE = "/message-wordings/edit?kind=deducted&channel=subscribe&locale=zh-CN"


async def test_a_wording_is_looked_at_and_saved_and_what_is_too_long_is_said_at_its_field(hired):
    browser = await hired()
    page = await browser.get("/message-kinds")
    assert "已扣款" in page.words
    page = await browser.get(INBOX)
    assert "扣费成功" in page.text and "系统自带" in page.words
    sent = {**page.hidden, "title": "扣" * 41, "body": "扣了 {amount_fen:yuan} <b>元</b>"}
    part = await browser.post(INBOX, {**sent, "do": "preview"}, headers={"HX-Request": "true"})
    assert "扣了 123.45 &lt;b&gt;元&lt;/b&gt;" in part.text
    assert re.search(r'id="fault-title" hx-swap-oob="true">≤ 40 字<', part.text), part.text
    page = await browser.post(INBOX, {**sent, "do": "save"})
    assert page.status == 422 and "≤ 40 字" in page.text
    page = await browser.post(INBOX, {**sent, "title": "扣款", "do": "save"})
    assert page.status == 200 and "已完成" in page.words and "系统自带的文案；" not in page.words
    page = await browser.get(SUBSCRIBE)
    fields = {"template_id": "T1", "fields.0.name": "thing1", "fields.0.text": "很" * 21}
    page = await browser.post(SUBSCRIBE, {**page.hidden, **fields, "do": "save"})
    assert re.search(r'id="fault-fields-0">≤ 20 字<', page.text)
    assert (await browser.get(SUBSCRIBE.replace("deducted", "nothing"))).status == 404


async def test_a_dead_message_tells_its_way_and_is_sent_again(hired):
    browser, customer = await hired(), await factories.customer()
    said = {"amount_fen": 1, "reason": "r", "available_fen": 1}
    await outbox.tell([outbox.Message(customer.id, "adjusted", "x", said)])
    number = await db.fetchval(
        "UPDATE outbox_message SET state = 'dead', next_attempt_at = NULL, ended_at = now(), last_error = 'out' RETURNING id"
    )
    assert "out" in (await browser.get("/messages?state=dead")).words
    page = await browser.get(f"/messages/{number}")
    assert page.status == 200, page.words
    (action,) = re.findall(r'action="/console(/do/messages_replay[^"]+)"', page.text)
    page = await browser.post(action.replace("&amp;", "&"), page.hidden)
    assert page.url.endswith(f"/messages/{number}") and "messages_replay" not in page.text
    assert await db.fetchval("SELECT state FROM outbox_message WHERE id = $1", number) == "queued"


async def test_a_ticket_is_answered_on_its_page(hired):
    browser, customer = await hired(), await factories.customer()
    ticket = await tickets.create(customer.id, "complaint", "奶茶<i>凉了", locale="zh-CN", key=new_key())
    page = await browser.get(f"/tickets/{ticket.ticket_no}")
    assert "奶茶&lt;i&gt;凉了" in page.text
    (action,) = re.findall(r'action="/console(/do/tickets_answer[^"]+)"', page.text)
    for _ in range(2):
        answered = await browser.post(action.replace("&amp;", "&"), {**page.hidden, "text": "给您换一杯"})
        assert answered.status == 200, answered.words
    page = await browser.get(f"/tickets/{ticket.ticket_no}")
    assert "店长小周 答复" in page.words and "给您换一杯" in page.words
    assert await db.fetchval("SELECT count(*) FROM outbox_message WHERE kind = 'ticket_answered'") == 1


async def test_a_week_of_opening_hours_is_written_on_one_page(hired):
    browser = await hired()
    page = await browser.get("/opening-hours")
    assert "还没有填写营业时间" in page.words
    week = {f"day-{number}": "9:00-12:00, 13:30–21:00" for number in range(7)}
    sent = {**page.hidden, **week, "day-6": "休息", "holidays": "", "days": "2027-01-01 休息 元旦/New Year"}
    page = await browser.post("/opening-hours", {**sent, "day-5": "看心情"})
    assert page.status == 422 and 'id="day-5-fault"' in page.text and "看心情" in page.text
    page = await browser.post("/opening-hours", sent)
    assert page.status == 200 and "已完成" in page.words
    assert 'value="09:00-12:00, 13:30-21:00"' in page.text and 'value="休息"' in page.text
    assert "2027-01-01 休息 元旦/New Year" in page.text


def test_hours_are_read_as_people_write_them():
    body, faults = hours.read({"day-0": "18:00-02:00", "days": "2027-05-01 10:00-16:00 短班\nnonsense"})
    assert body["weekly"][0] == [{"opens": "18:00", "closes": "02:00"}]
    assert body["weekly"][1] == [] and body["holidays"] is None and faults == {"days"}
    assert body["days"][0]["note_zh"] == "短班"
