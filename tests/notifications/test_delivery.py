"""Messages: queued once, delivered by the best way open, visibly dead in the end."""

import asyncio
from datetime import timedelta

import pytest

from core import clock, words
from core import db as database
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from notifications import delivery, endings, letters, outbox, quota, templates
from tests import factories
from tests.notifications import messaging
from tests.notifications.messaging import Sender

NOT_SENT = PlatformUnknown("no connection", maybe_executed=False)


async def alerted(*, accepts=1):
    customer = await messaging.reachable(accepts=accepts)
    await messaging.told(customer)
    return customer


async def state():
    row = await database.fetchrow("SELECT state, channel, attempts FROM outbox_message")
    return row["state"], row["channel"], row["attempts"]


async def accepts_left():
    return await database.fetchval("SELECT remaining FROM subscribe_quota")


async def test_an_accepted_template_is_sent_with_its_fields_and_uses_one_accept(db):
    await alerted()
    sender = Sender()
    assert await delivery.run(sender.post()) == {"subscribe": 1}
    (message,) = sender.sent
    assert message["openid"].startswith("openid-")
    assert message["values"] == {"amount1": "42.00元", "amount2": "50.00元", "thing3": "余额偏低，请及时充值"}
    assert (await state(), await accepts_left()) == (("sent", "subscribe", 1), 0)
    assert await delivery.run(sender.post()) == {}


async def test_without_an_accept_the_inbox_is_how_it_is_told(db):
    await alerted(accepts=0)
    sender = Sender()
    assert await delivery.run(sender.post()) == {"inbox": 1}
    assert sender.sent == [] and await state() == ("sent", "inbox", 1)


async def test_43101_empties_the_quota_and_is_never_retried(db):
    await alerted(accepts=3)
    sender = Sender(PlatformRefused(43101, "user refuse to accept the msg"))
    assert await delivery.run(sender.post()) == {"inbox": 1}
    assert await accepts_left() == 0 and await state() == ("sent", "inbox", 1)


async def test_another_refusal_gives_the_accept_back(db):
    await alerted()
    assert await delivery.run(Sender(PlatformRefused(47003, "argument invalid! thing3")).post()) == {
        "inbox": 1
    }
    assert await accepts_left() == 1


async def test_what_was_certainly_not_sent_is_tried_again_later_and_dies_visibly_in_the_end(db):
    await alerted(accepts=50)
    sender = Sender(*[NOT_SENT] * 500)
    assert await delivery.run(sender.post()) == {"retry": 1}
    assert await delivery.run(sender.post()) == {}, "not at once"
    for hour in range(1, 7 * 24 + 3):
        clock.set_offset(timedelta(hours=hour))
        await delivery.run(sender.post())
    assert (await state())[:2] == ("dead", None)
    assert await database.fetchval("SELECT last_error FROM outbox_message")
    assert await accepts_left() == 50


async def test_what_may_have_been_sent_is_not_sent_again_and_stays_in_the_inbox(db):
    customer = await alerted(accepts=2)
    sender = Sender(PlatformUnknown("time-out"))
    assert await delivery.run(sender.post()) == {"unknown": 1}
    assert await state() == ("sent", "subscribe", 1)
    assert "no answer" in await database.fetchval("SELECT last_error FROM outbox_message")
    assert await messaging.attempts() == [("subscribe", "unknown", "")]
    assert await accepts_left() == 1
    assert len(await outbox.page(customer.id)) == 1


async def test_two_workers_at_once_send_once(db):
    await alerted(accepts=2)
    sender = Sender()
    runs = await asyncio.gather(*(delivery.run(sender.post()) for _ in range(4)))
    assert sum(run["subscribe"] for run in runs) == 1 and len(sender.sent) == 1


async def test_what_a_worker_frozen_beyond_its_lease_records_is_ignored_and_nothing_is_sent_twice(db):
    await alerted(accepts=2)
    sending, gate = asyncio.Event(), asyncio.Event()

    class Frozen(Sender):
        async def send_subscribe_message(self, **message):
            sending.set()
            await gate.wait()
            await super().send_subscribe_message(**message)

    sleeper, other = Frozen(), Sender()
    frozen = asyncio.create_task(delivery.run(sleeper.post()))
    await sending.wait()
    assert await messaging.ends("trying") == ["subscribe"]
    clock.set_offset(letters.LEASE + timedelta(seconds=1))
    assert await delivery.run(other.post()) == {"unknown": 1}
    gate.set()
    assert await frozen == {}
    assert len(sleeper.sent) == 1 and other.sent == []
    assert await state() == ("sent", "subscribe", 2)
    assert await messaging.ends("last_error") == [None], "that it may have arrived is certain now"


async def test_what_a_channel_took_from_a_worker_frozen_beyond_its_lease_counts_as_sent(db):
    """Another has claimed the message meanwhile and is about to send it, or is asking; it sends nothing and records nothing."""
    await alerted(accepts=2)
    sending, gate = asyncio.Event(), asyncio.Event()

    class Frozen(Sender):
        async def send_subscribe_message(self, **message):
            sending.set()
            await gate.wait()
            await super().send_subscribe_message(**message)

    sleeper, lease = Frozen(), letters.uuid.uuid4()
    frozen = asyncio.create_task(delivery.run(sleeper.post()))
    await sending.wait()
    assert await messaging.ends("trying") == ["subscribe"]
    clock.set_offset(letters.LEASE + timedelta(seconds=1))
    (letter,) = await letters.claim(lease, limit=9, app_id=factories.APP_ID, official_app_id=None)
    gate.set()
    assert await frozen == {"subscribe": 1}
    assert await messaging.ends() == ["sent"] and len(sleeper.sent) == 1
    assert await letters.begin(lease, {letter.id: "subscribe"}) == set()
    assert await letters.record(lease, [endings.held(letter, clock.now())]) == set()
    assert await letters.record(lease, [endings.sent(letter, "email")]) == set(), "it has one end"
    assert (await state())[:2] == ("sent", "subscribe") and await messaging.ends("lease_token") == [None]
    clock.set_offset(timedelta(hours=1))
    assert await delivery.run(sleeper.post()) == {}


async def test_what_a_frozen_worker_does_not_know_for_certain_stays_anothers_to_say(db):
    await alerted(accepts=1)
    lease, other = letters.uuid.uuid4(), letters.uuid.uuid4()
    (letter,) = await letters.claim(lease, limit=9, app_id=factories.APP_ID, official_app_id=None)
    clock.set_offset(letters.LEASE + timedelta(seconds=1))
    await letters.claim(other, limit=9, app_id=factories.APP_ID, official_app_id=None)
    for end in (
        endings.sent(letter, "inbox"),
        endings.perhaps(letter, "subscribe", ""),
        endings.void(letter, "x"),
    ):
        assert await letters.record(lease, [end]) == set()
    assert await messaging.ends() == ["queued"] and await messaging.ends("lease_token") == [other]


async def test_a_worker_frozen_before_it_sends_leaves_its_messages_to_others(db):
    await alerted(accepts=2)
    lease, other = letters.uuid.uuid4(), Sender()
    (letter,) = await letters.claim(lease, limit=9, app_id=factories.APP_ID, official_app_id=None)
    clock.set_offset(letters.LEASE + timedelta(seconds=1))
    assert await delivery.run(other.post()) == {"subscribe": 1}
    assert await letters.begin(lease, {letter.id: "subscribe"}) == set()
    assert await letters.record(lease, [endings.sent(letter, "inbox")]) == set()
    assert (await state())[:2] == ("sent", "subscribe")


@pytest.mark.parametrize("kind", outbox.KINDS)
@pytest.mark.parametrize("locale", words.LOCALES)
def test_every_kind_reads_well_in_both_languages(kind, locale):
    params = {
        "amount_fen": 12_345, "bonus_fen": 500, "available_fen": 4_200, "threshold_fen": 5_000, "title": "茶艺月课",
        "reason": "补偿", "at": "2026-11-23T02:00:00+00:00", "count": 97, "tier_zh": "级", "tier_en": "Tier", "name": "券", "text": "春茶到店",
        "until": "2026-12-01T02:00:00+00:00",
    }  # fmt: skip
    reading = templates.read(kind, params, locale)
    assert reading.title and "{" not in reading.body and "yuan" not in reading.body
    assert (_FACT.get((kind, locale)) or _FACT.get(kind) or "123.45") in reading.body


_FACT = {
    "low_balance": "42.00", "missed": "42.00", "standing_changed": "茶艺月课", "standing_waits": "2026-11-23", "standing_missed": "97",
    "booking_made": "2026-11-23 10:00", "booking_cancelled": "2026-11-23 10:00", "booking_ahead": "2026-11-23 10:00",
    "chat_tied": "2026-11-23 10:00", "chat_untied": "2026-11-23 10:00", "points_expiring": "2026-11-23 10:00", "coupon_issued": "2026-12-01 10:00", "offer": "春茶到店",
    "ticket_answered": "春茶到店",
    ("tier_up", "zh-CN"): "「级」", ("tier_down", "zh-CN"): "「级」", ("tier_over", "zh-CN"): "「级」", ("birthday", "zh-CN"): "生日快乐",
    ("tier_up", "en"): "Tier", ("tier_down", "en"): "Tier", ("tier_over", "en"): "Tier", ("birthday", "en"): "Happy birthday",
}  # fmt: skip
"""What a message must name where it is no amount."""


def test_a_long_thing_is_cut_to_what_the_platform_takes():
    template = templates.Template("t", {"thing1": "title", "time2": "time"})
    filled = templates.fill(
        template, "deducted", {"title": "很长的名字" * 9, "at": "2026-11-23T02:00:00+00:00"}, "zh-CN"
    )
    assert len(filled["thing1"]) == 20 and filled["time2"] == "2026-11-23 10:00"


async def test_a_message_that_cannot_be_put_into_words_keeps_no_others_waiting_and_dies_in_the_end(db):
    customer = await alerted(accepts=2)
    await database.execute('UPDATE outbox_message SET params = \'{"available_fen": "many"}\'')
    params = {"available_fen": 1, "threshold_fen": 2, "at": clock.now()}
    await outbox.tell([outbox.Message(customer.id, "low_balance", "low:2", params)])
    sender = Sender()
    assert await delivery.run(sender.post()) == {"retry": 1, "subscribe": 1}
    assert len(sender.sent) == 1
    for hours in range(1, 10):
        clock.set_offset(timedelta(hours=hours))
        await quota.accepted(factories.APP_ID, f"openid-{customer.id}", messaging.TEMPLATE.template_id)
        await delivery.run(sender.post())
    states = [row[0] for row in await database.fetch("SELECT state FROM outbox_message ORDER BY id")]
    assert states == ["dead", "sent"]


class SlowSender(Sender):
    """Takes most of a lease for each message."""

    async def send_subscribe_message(self, **message):
        await super().send_subscribe_message(**message)
        clock.set_offset(clock.offset() + timedelta(seconds=45))


async def test_a_worker_slower_than_its_lease_puts_the_rest_back_and_sends_nothing_twice(db):
    customer = await alerted(accepts=4)
    params = {"available_fen": 1, "threshold_fen": 2, "at": clock.now()}
    for number in range(3):
        await outbox.tell([outbox.Message(customer.id, "low_balance", f"low:more:{number}", params)])
    slow = SlowSender()
    runs = [await delivery.run(slow.post()) for _ in range(5)]
    assert [run["subscribe"] for run in runs] == [1, 1, 1, 1, 0] and runs[0]["held"] == 3
    assert len(slow.sent) == 4 and await accepts_left() == 0


def test_a_top_up_without_bonus_does_not_speak_of_one():
    params = {
        "amount_fen": 10_000,
        "bonus_fen": 0,
        "available_fen": 16_400,
        "at": "2026-11-23T02:00:00+00:00",
    }
    assert templates.read("topped_up", params).body == "您已充值 100.00 元，可用余额 164.00 元。"
    assert "bonus" not in templates.read("topped_up", params, "en").body
    assert "赠送 5.00 元" in templates.read("topped_up", {**params, "bonus_fen": 500}).body
