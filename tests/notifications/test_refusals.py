"""Message campaigns: what every refusal of the platform does to a message, and nobody is told anything twice."""

import asyncio
import random
from datetime import timedelta

import pytest

from core import clock
from core import db as database
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from notifications import delivery, kinds, letterbox, policy, wordings
from tests.notifications import messaging
from tests.notifications.messaging import Sender

NEVER = (40003, 40037, 41030, 43101, 43107, 45168, 47003, 43004, 43117, 45015, 45047, 48001)
LATER = (43108, 45009, 45011, 40001, 42001, 40014, 40125, 40164, 40243)


async def worded():
    """Operators have put low balances into words for the official account."""
    content = {"template_id": "tpl-official", "fields": {"thing1": "{tip}", "amount2": "{balance}"}}
    await wordings.save("low_balance", "template", "zh-CN", content, by="operator:1")


@pytest.mark.parametrize("errcode", NEVER)
async def test_a_final_refusal_falls_to_the_next_channel(db, errcode):
    await worded()
    await messaging.told(await messaging.reachable(accepts=1, follows=True, wrote=True))
    sender = Sender(PlatformRefused(errcode, "no"))
    assert await delivery.run(sender.post()) == {"template": 1}
    assert [one["channel"] for one in sender.sent] == ["template"]
    assert await messaging.attempts() == [
        ("subscribe", "refused", str(errcode)),
        ("template", "sent", "4000"),
    ]
    assert await database.fetchval("SELECT remaining FROM subscribe_quota") == (0 if errcode == 43101 else 1)


async def test_refused_by_one_after_the_other_the_inbox_is_left(db):
    await worded()
    await messaging.told(await messaging.reachable(accepts=1, follows=True, wrote=True))
    sender = Sender(*(PlatformRefused(code, "no") for code in (43101, 43004, 45047)))
    assert await delivery.run(sender.post()) == {"inbox": 1} and sender.sent == []
    assert [one[:2] for one in await messaging.attempts()] == [
        ("subscribe", "refused"),
        ("template", "refused"),
        ("customer_service", "refused"),
    ]


@pytest.mark.parametrize("errcode", LATER)
async def test_a_refusal_for_now_is_tried_again_and_the_accept_is_kept(db, errcode):
    await messaging.told(await messaging.reachable(accepts=1))
    sender = Sender(PlatformRefused(errcode, "later"))
    assert await delivery.run(sender.post()) == {"retry": 1}
    assert await database.fetchval("SELECT remaining FROM subscribe_quota") == 1
    clock.set_offset(timedelta(minutes=5))
    assert await delivery.run(sender.post()) == {"subscribe": 1}


async def test_a_channel_that_does_not_answer_for_long_is_helped_by_the_next(db):
    await worded()
    await messaging.told(await messaging.reachable(accepts=1, follows=True))

    class Half(Sender):
        async def send_subscribe_message(self, **message):
            raise PlatformUnknown("no connection", maybe_executed=False)

    runs = []
    for minutes in range(0, 40, 10):
        clock.set_offset(timedelta(minutes=minutes))
        runs.append(dict(await delivery.run(Half().post())))
    assert runs == [{"retry": 1}, {"retry": 1}, {"template": 1}, {}]


async def test_a_template_message_without_an_answer_is_repeated_under_its_number_and_then_left(db):
    await worded()
    await messaging.told(await messaging.reachable(follows=True))
    sender = Sender(PlatformUnknown("time-out"))
    assert await delivery.run(sender.post()) == {"retry": 1}
    clock.set_offset(timedelta(minutes=2))
    assert await delivery.run(sender.post()) == {"template": 1}
    (message,) = sender.sent
    assert message["client_msg_id"] == "yucun-1"

    await messaging.told(await messaging.reachable(follows=True))
    assert await delivery.run(Sender(PlatformUnknown("time-out")).post()) == {"retry": 1}
    clock.set_offset(timedelta(minutes=20))
    late = Sender()
    assert await delivery.run(late.post()) == {"unknown": 1} and late.sent == []
    assert await messaging.ends("channel") == ["template", "template"]


async def test_what_may_have_gone_out_does_not_become_void_when_its_time_is_over(db):
    await worded()
    customer = await messaging.reachable(follows=True)
    await messaging.told(customer, stale_after=clock.now() + timedelta(minutes=1))
    sender = Sender(PlatformUnknown("time-out"))
    assert await delivery.run(sender.post()) == {"retry": 1}
    clock.set_offset(timedelta(minutes=2))
    assert await delivery.run(sender.post()) == {"unknown": 1} and sender.sent == []
    assert await messaging.ends() == ["sent"] and await messaging.ends("channel") == ["template"]


async def test_who_did_not_write_lately_is_not_written_to(db):
    customer = await messaging.reachable(follows=True, wrote=True)
    await messaging.told(customer, key="1")
    sender = Sender()
    assert await delivery.run(sender.post()) == {"customer_service": 1}
    assert "42.00" in sender.sent[0]["text"]
    clock.set_offset(timedelta(hours=49))
    await messaging.told(customer, key="2")
    assert await delivery.run(sender.post()) == {"inbox": 1} and len(sender.sent) == 1


async def test_a_campaign_with_every_mood_of_the_platform_and_four_workers_tells_nobody_twice(db):
    """Workers die in the middle (their tasks are cancelled), others go on; in the end every message has ended."""
    policy.use(policy.Policy(reminders_per_day=100))
    await worded()
    moods = random.Random(7)
    for number in range(60):
        await messaging.told(
            await messaging.reachable(accepts=number % 3, follows=number % 2 == 0, wrote=number % 5 == 0)
        )
    said = []

    class Moody(Sender):
        async def _send(self, channel, message):
            await asyncio.sleep(moods.random() / 100)
            mood = moods.random()
            if mood < 0.35:
                raise PlatformRefused(moods.choice(NEVER + LATER), "no")
            if mood < 0.45:
                raise PlatformUnknown("no connection", maybe_executed=False)
            said.append((message["openid"].split("-")[1], channel, message.get("client_msg_id")))
            if mood < 0.6:
                raise PlatformUnknown("time-out")

        async def send_template_message(self, **message):
            await self._send("template", message)
            return "4000"

    post, minutes = Moody().post(), 0
    while "queued" in await messaging.ends():
        minutes += 2 if minutes < 20 else 120
        assert minutes < 100 * 24 * 60, "it goes on for ever"
        clock.set_offset(timedelta(minutes=minutes))
        workers = [asyncio.create_task(delivery.run(post)) for _ in range(4)]
        if minutes < 12:
            await asyncio.sleep(moods.random() / 30)
            workers[0].cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    told = {}
    for customer, channel, number in said:
        assert told.setdefault(customer, (channel, number)) == (channel, number), "told by two channels"
    # a repeat under the same number of ours is one message: the platform drops the second
    plain = [one for one in said if one[1] != "template"]
    assert len(plain) == len(set(plain))
    assert set(await messaging.ends()) == {"sent"}


@pytest.mark.parametrize("kind", sorted(kinds.REMINDERS | kinds.MARKETING))
def test_what_is_not_transactional_says_so(kind):
    assert (
        kinds.class_of(kind) in ("reminder", "marketing") and kinds.class_of("topped_up") == "transactional"
    )


async def test_a_template_message_that_did_not_arrive_after_all_is_told_by_the_next_channel(db):
    await worded()
    await messaging.told(await messaging.reachable(follows=True, wrote=True))
    sender = Sender()
    assert await delivery.run(sender.post()) == {"template": 1}
    told = [await letterbox.template_not_arrived("4000", "failed:user block") for _ in range(2)]
    assert told == [True, False], "the platform says so twice"
    assert not await letterbox.template_not_arrived("4001", "failed:user block")
    assert await delivery.run(sender.post()) == {"customer_service": 1}
    assert await messaging.attempts() == [
        ("template", "sent", "4000"),
        ("template", "refused", ""),
        ("customer_service", "sent", ""),
    ]
