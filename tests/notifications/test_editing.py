"""Operators put messages into words: previews, the platforms' limits, versions, and what customers then read."""

import asyncio

import pytest

from core import db as database
from core import words
from notifications import delivery, editing, kinds, limits, policy, templates, wordings
from tests.notifications import messaging
from tests.notifications.messaging import Sender

SUBSCRIBE = {
    "template_id": "tpl-1",
    "page": "pages/a",
    "fields": {"thing1": "{title}", "amount2": "{amount}", "time3": "{time}"},
}


def wrong(kind, channel, content, locale="zh-CN"):
    with pytest.raises(editing.WordingWrong) as refused:
        shown = editing.preview(kind, channel, locale, content)
        for field in shown.fields:
            if field.wrong:
                raise editing.WordingWrong(field=field.name, limit=field.wrong)
    return refused.value.params["field"]


def test_a_preview_is_filled_in_with_an_example_or_with_what_is_given():
    shown = editing.preview("deducted", "subscribe", "zh-CN", SUBSCRIBE)
    assert [(one.name, one.text, one.wrong) for one in shown.fields][:2] == [
        ("fields.thing1", "茶艺月课", None),
        ("fields.amount2", "123.45元", None),
    ]
    given = {"title": "很长很长很长很长很长很长很长很长很长很长的名字", "amount_fen": 5}
    shown = editing.preview(
        "deducted", "customer_service", "en", {"text": "{title} {amount_fen:yuan}"}, given
    )
    assert shown.fields[0].text.endswith("名字 0.05")


@pytest.mark.parametrize(
    ("channel", "content", "field"),
    [
        ("subscribe", {**SUBSCRIBE, "template_id": "?"}, "template_id"),
        ("subscribe", {**SUBSCRIBE, "page": "/pages/a"}, "page"),
        ("subscribe", {**SUBSCRIBE, "fields": {}}, "fields"),
        ("subscribe", {**SUBSCRIBE, "fields": {"wish1": "{title}"}}, "fields.wish1"),
        ("subscribe", {**SUBSCRIBE, "fields": {"thing1": "{unknown}"}}, "fields.thing1"),
        ("subscribe", {**SUBSCRIBE, "fields": {"thing1": "{"}}, "fields.thing1"),
        ("subscribe", {**SUBSCRIBE, "fields": {"thing1": "{title.__class__}"}}, "fields.thing1"),
        ("subscribe", {**SUBSCRIBE, "fields": {"amount2": "{title}"}}, "fields.amount2"),
        ("template", {**SUBSCRIBE, "fields": {"date1": "明天"}}, "fields.date1"),
        ("template", {**SUBSCRIBE, "fields": {"phrase1": "{title}{title}"}}, "fields.phrase1"),
        ("customer_service", {"text": "字" * 700}, "text"),
        ("customer_service", {"text": " "}, "text"),
        ("customer_service", {"body": "x"}, "body"),
        ("sms", {"template_code": "SMS 1", "params": {}}, "template_code"),
        ("sms", {"template_code": "SMS_1", "sign_name": "店", "params": {}}, "sign_name"),
        ("sms", {"template_code": "SMS_1", "params": {"a": "{title}" * 10}}, "params.a"),
        ("sms", {"template_code": "SMS_1", "params": {"a": "{title}"}, "text": "${b}"}, "text"),
        ("sms", {"template_code": "SMS_1", "params": {"a": "{title}"}, "text": "字" * 498}, "text"),
        ("email", {"subject": "字" * 101, "body": "x"}, "subject"),
        ("email", {"subject": "a\nBcc: b", "body": "x"}, "subject"),
        ("email", {"subject": "a"}, "body"),
        ("inbox", {"title": "字" * 41, "body": "x"}, "title"),
        ("inbox", {"title": "x", "body": "字" * 501}, "body"),
    ],
)
def test_each_platforms_limits_name_the_field(channel, content, field):
    assert wrong("deducted", channel, content) == field


@pytest.mark.parametrize(
    ("keyword", "good", "bad"),
    [
        ("thing1", "字" * 20, "字" * 21), ("number2", "-12.50", "12a"), ("letter3", "abc", "a1"), ("symbol4", "!!", "a"),
        ("character_string5", "A-1", "茶"), ("time6", "15:01", "25时"), ("time6", "2019年10月1日 15:01", "昨天"),
        ("time6", "15:01~16:00", "15:01~"), ("date7", "2019-10-01", "10月"), ("date7", "2019年10月1日 15:01", "15:01"),
        ("amount8", "¥50.00元", "五十元"), ("amount8", "50", "12345678901"), ("phone_number9", "+86-13800000001", "a"),
        ("car_number10", "粤A8Z888挂", "粤A8Z888挂12"), ("name11", "小林", "林" * 11), ("phrase12", "已付款", "已经付款了吧"),
        ("const13", "随便", ""),
    ],
)  # fmt: skip
def test_the_types_of_keywords_are_those_of_the_platform(keyword, good, bad):
    assert limits.wrong(keyword, good) is None and limits.wrong(keyword, bad)


@pytest.mark.parametrize("kind", kinds.KINDS)
@pytest.mark.parametrize("locale", words.LOCALES)
def test_what_the_house_says_fits_everywhere(kind, locale):
    sample = editing.sample(kind)
    tip = templates.Template(
        "t", {"thing1": "tip", "amount2": "amount", "amount3": "balance", "time4": "time"}
    )
    for keyword, value in templates.fill(tip, kind, sample, locale).items():
        assert limits.wrong(keyword, value) is None
    assert limits.wrong("thing1", words.say(f"messages.{kind}.tip", "zh-CN")) is None
    reading = templates.read(kind, sample, locale)
    assert len(reading.title) <= limits.TITLE_CHARS and len(reading.body.encode()) <= limits.TEXT_BYTES


def test_a_short_message_says_how_many_it_is_paid_as():
    content = {"template_code": "SMS_1", "params": {"a": "{title}"}}
    assert editing.preview("deducted", "sms", "zh-CN", content).pieces is None
    for text, pieces in (("字" * 66, 1), ("字" * 67, 2), ("字" * 130, 2), ("字" * 131, 3)):
        assert editing.preview("deducted", "sms", "zh-CN", {**content, "text": text}).pieces == pieces


async def test_versions_are_kept_and_null_goes_back_to_the_house(db):
    policy.use(policy.Policy(reminders_per_day=100))
    customer = await messaging.reachable(accepts=9, template_id="tpl-1")
    await messaging.quota.accepted("wx-mini", f"openid-{customer.id}", messaging.TEMPLATE.template_id)
    place = ("low_balance", "subscribe", "zh-CN")
    saved = [await editing.save(*place, {**SUBSCRIBE, "page": f"p{n}"}, by=f"operator:{n}") for n in (1, 2)]
    assert [one.version for one in saved] == [1, 2]
    sender = Sender()
    await messaging.told(customer, key="1")
    await delivery.run(sender.post())
    assert (sender.sent[0]["template_id"], sender.sent[0]["page"]) == ("tpl-1", "p2")
    assert sender.sent[0]["values"]["amount2"] == "50.00元"
    assert (await editing.save(*place, {**SUBSCRIBE, "page": "p2"}, by="operator:3")).version == 2, (
        "nothing changes"
    )
    await editing.save(*place, None, by="operator:1")
    await messaging.told(customer, key="2")
    await delivery.run(sender.post())
    assert sender.sent[1]["template_id"] == messaging.TEMPLATE.template_id
    assert [one.version for one in await wordings.history(*place)] == [3, 2, 1]
    assert [one.content for one in await wordings.latest()] == [None]


async def test_two_who_save_at_once_make_two_versions(db):
    made = await asyncio.gather(
        *(
            editing.save("deducted", "email", "en", {"subject": f"s{n}", "body": "b"}, by="operator:1")
            for n in range(3)
        )
    )
    assert sorted(one.version for one in made) == [1, 2, 3]
    assert await database.fetchval("SELECT count(*) FROM message_template") == 3


@pytest.mark.parametrize(
    "place", [("wish", "sms", "en"), ("deducted", "pigeon", "en"), ("deducted", "sms", "fr")]
)
async def test_there_is_no_such_place(db, place):
    with pytest.raises(editing.NoSuchWording):
        await editing.save(*place, None, by="operator:1")
