"""Short messages and e-mail as ways to a customer: addresses, templates, unknown ends, and a pace for all workers."""

import asyncio
import time
from datetime import timedelta

import pytest
import redis.asyncio

from core import clock
from core import db as database
from gateways import mail, sms
from notifications import addresses, delivery, letterbox, wordings
from notifications.channels.email import Email
from notifications.channels.sms import ShortMessages
from notifications.pace import Pace
from sandbox.app import Sandbox, Settings
from tests import factories
from tests.notifications import messaging
from tests.notifications.messaging import Sender

PHONE = "13800000001"


@pytest.fixture
async def stand_in():
    sandbox = await Sandbox.start(Settings(time_scale=0.001))
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def post(stand_in):
    given = stand_in.credentials
    client = sms.Aliyun(
        sms.Settings(given.sms_key_id, given.sms_secret, stand_in.sms_url), total_timeout_s=10.0
    )
    await client.open()
    yield Sender().post(ShortMessages(client, given.sms_sign_name))
    await client.close()


def later(stand_in, **time):
    step = timedelta(**time)
    stand_in.world.clock.advance(step.total_seconds())
    clock.set_offset(clock.offset() + step)


async def phoned():
    content = {"template_code": "SMS_1001", "params": {"balance": "{balance}", "amount": "{amount}"}}
    await wordings.save("low_balance", "sms", "zh-CN", content, by="operator:1")
    customer = await factories.customer()
    await addresses.put(customer.id, "sms", f"+86 {PHONE}", by="customer", confirmed_by="code")
    await messaging.told(customer)
    return customer


async def test_a_short_message_goes_out_by_the_operators_template(db, stand_in, post):
    await phoned()
    assert await delivery.run(post) == {"sms": 1}
    assert [one.content for one in stand_in.sms.all()] == [
        "【一盏茶】您的可用余额只剩42.00元，已低于50.00元，请及时充值。"
    ]


@pytest.mark.parametrize("do", ["500_after", "drop_connection", "garbage"])
async def test_one_that_was_sent_without_an_answer_is_found_and_not_sent_again(db, stand_in, post, do):
    await phoned()
    stand_in.world.faults.add({"op": "sms.send", "do": do})
    assert await delivery.run(post) == {"retry": 1}
    later(stand_in, minutes=1)
    assert await delivery.run(post) == {"sms": 1}
    assert len(stand_in.sms.all()) == 1 and await messaging.ends() == ["sent"]


async def test_one_that_was_not_sent_is_sent_when_the_provider_has_not_heard_of_it_for_long(
    db, stand_in, post
):
    await phoned()
    stand_in.world.faults.add({"op": "sms.send", "do": "500_before"})
    assert await delivery.run(post) == {"retry": 1}
    later(stand_in, minutes=5)
    assert await delivery.run(post) == {"retry": 1}, "its records may be late"
    later(stand_in, minutes=6)
    assert await delivery.run(post) == {"sms": 1}
    assert len(stand_in.sms.all()) == 1


async def test_the_second_attempt_is_asked_about_for_ten_minutes_of_its_own(db, stand_in, post):
    await phoned()
    stand_in.world.faults.add({"op": "sms.send", "do": "500_before"})
    assert await delivery.run(post) == {"retry": 1}
    later(stand_in, minutes=11)
    stand_in.world.faults.add({"op": "sms.send", "do": "500_after"})
    assert await delivery.run(post) == {"retry": 1} and len(stand_in.sms.all()) == 1
    later(stand_in, minutes=1)
    stand_in.world.faults.add({"op": "sms.details", "do": "invisible"})
    assert await delivery.run(post) == {"retry": 1}, "the provider's records may be late again"
    later(stand_in, minutes=1)
    assert await delivery.run(post) == {"sms": 1}
    assert len(stand_in.sms.all()) == 1


async def test_what_may_have_been_sent_does_not_die_and_is_not_replayed(db, stand_in, post):
    await phoned()
    stand_in.world.faults.add({"op": "sms.send", "do": "500_after"})
    assert await delivery.run(post) == {"retry": 1}
    stand_in.world.faults.add({"op": "sms.details", "do": "code:isv.ACCOUNT_ABNORMAL", "times": 100})
    runs = []
    for _ in range(9):
        later(stand_in, days=1)
        runs.append(await delivery.run(post))
    assert {"unknown": 1} in runs and await messaging.ends() == ["sent"]
    assert await letterbox.replay_all(by="operator:1") == 0
    assert await delivery.run(post) == {} and len(stand_in.sms.all()) == 1


async def test_those_in_doubt_are_asked_about_at_once(db, stand_in, post):
    for _ in range(3):
        await phoned()
    stand_in.world.faults.add({"op": "sms.send", "do": "500_after", "times": 3})
    assert await delivery.run(post) == {"retry": 3}
    later(stand_in, minutes=1)
    stand_in.world.faults.add({"op": "sms.details", "do": "delay", "seconds": 3.0, "times": 3})
    began = time.monotonic()
    assert await delivery.run(post) == {"sms": 3}
    assert time.monotonic() - began < 8, "one after the other would take nine seconds"


async def test_a_dead_workers_short_message_is_asked_about_by_the_next(db, stand_in, post):
    await phoned()
    worker = asyncio.create_task(delivery.run(post))
    while not stand_in.sms.all():
        await asyncio.sleep(0.002)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    await database.execute("UPDATE outbox_message SET state = 'queued', channel = NULL, ended_at = NULL, trying = 'sms',"
                           " trying_at = $1, next_attempt_at = $1", clock.now())  # fmt: skip
    assert await delivery.run(post) == {"sms": 1}
    assert len(stand_in.sms.all()) == 1


async def test_a_limit_waits_and_a_wrong_number_is_given_up(db, stand_in, post):
    customer = await phoned()
    stand_in.world.faults.add({"op": "sms.send", "do": "code:isv.BUSINESS_LIMIT_CONTROL"})
    assert await delivery.run(post) == {"retry": 1}
    stand_in.world.faults.add({"op": "sms.send", "do": "code:isv.MOBILE_NUMBER_ILLEGAL"})
    later(stand_in, minutes=1)
    assert await delivery.run(post) == {"inbox": 1}
    (kept,) = await addresses.of(customer.id)
    assert kept.refusal == "isv.MOBILE_NUMBER_ILLEGAL"
    await messaging.told(customer, key="2")
    assert await delivery.run(post) == {"inbox": 1} and stand_in.sms.all() == []
    await addresses.put(customer.id, "sms", "13800000002", by="customer", confirmed_by="code")
    await messaging.told(customer, key="3")
    assert await delivery.run(post) == {"sms": 1}


class Mailbox:
    """Stands where the mailer stands; the real wire is tested in tests/gateways/test_mail.py."""

    def __init__(self, *moods):
        self.moods, self.letters = list(moods), []

    async def send(self, letter):
        if self.moods and (mood := self.moods.pop(0)) is not None:
            raise mood
        self.letters.append(letter)
        return "250 OK"


async def mailed(box, locale="zh-CN"):
    customer = await factories.customer()
    await database.execute("UPDATE customer SET locale = $2 WHERE id = $1", customer.id, locale)
    await addresses.put(customer.id, "email", "Xiaolin@Example.com ", by="customer", confirmed_by="code")
    await messaging.told(customer)
    return customer, Sender().post(Email(box, "一盏茶"))


async def test_a_letter_reads_as_the_catalogue_or_as_operators_have_it(db):
    box = Mailbox()
    customer, post = await mailed(box, "en")
    assert await delivery.run(post) == {"email": 1}
    assert box.letters[0].subject == "一盏茶 · Low balance" and "¥42.00" in box.letters[0].body
    content = {"subject": "{title}: {available_fen:yuan}", "body": "Hello\n{tip}"}
    await wordings.save("low_balance", "email", "en", content, by="operator:1")
    await messaging.told(customer, key="2")
    await delivery.run(post)
    assert (box.letters[1].subject, box.letters[1].body) == ("茶: 42.00", "Hello\nPlease top up soon")


@pytest.mark.parametrize(
    ("mood", "run", "refused"),
    [
        (mail.MailRefused(550, "no such user", is_address=True), {"inbox": 1}, True),
        (mail.MailRefused(554, "spam"), {"inbox": 1}, False),
        (mail.MailLater(451, "later"), {"retry": 1}, False),
        (mail.MailUnknown("cut"), {"unknown": 1}, False),
    ],
)
async def test_what_a_mail_server_says(db, mood, run, refused):
    box = Mailbox(mood)
    customer, post = await mailed(box)
    assert await delivery.run(post) == run and box.letters == []
    assert ((await addresses.of(customer.id))[0].refusal is not None) is refused


@pytest.mark.parametrize(
    ("channel", "given", "kept"),
    [
        ("sms", "138 0000-0001", "13800000001"), ("sms", "008613800000001", "13800000001"), ("sms", "+85290000000", "+85290000000"),
        ("email", " a.b@Example.COM", "a.b@example.com"), ("email", "x@茶.cn", "x@xn--cl1a.cn"),
    ],
)  # fmt: skip
def test_addresses_are_kept_in_one_form(channel, given, kept):
    assert addresses.usable(channel, given) == kept


@pytest.mark.parametrize(
    ("channel", "given"),
    [("sms", "12800000001"), ("sms", "1380000000"), ("sms", "+0123456789"), ("sms", ""), ("email", "a@b"), ("email", "a b@c.de"),
     ("email", "a@b.de\nBcc: x@y.de"), ("email", "")],
)  # fmt: skip
def test_what_is_no_address_is_refused(channel, given):
    with pytest.raises(addresses.AddressNotUsable):
        addresses.usable(channel, given)


async def test_all_workers_together_keep_the_pace(redis_url, monkeypatch):
    monkeypatch.setattr(
        "notifications.pace._REDIS_TIMEOUT_S", 10.0
    )  # it does answer, on a busy machine later
    connections = [redis.asyncio.Redis.from_url(redis_url) for _ in range(3)]
    paces = [Pace(one, {"sms": 40}, workers=3) for one in connections]
    began = time.monotonic()
    taken = await asyncio.gather(*(pace.take("sms", 60, patience_s=0.05) for pace in paces))
    if time.monotonic() - began < 0.9:  # within one window, unless the machine stood still
        assert sum(taken) == 40
    assert await paces[0].take("email", 1_000, patience_s=0) == 1_000, "a channel without a rate"
    for one in connections:
        await one.aclose()


async def test_without_redis_each_worker_keeps_to_its_part():
    nowhere = redis.asyncio.Redis(host="127.0.0.1", port=9)
    paces = [Pace(nowhere, {"sms": 40}, workers=4) for _ in range(4)]
    began = time.monotonic()
    taken = await asyncio.gather(*(pace.take("sms", 40, patience_s=0) for pace in paces))
    if time.monotonic() - began < 0.9:
        assert taken == [10, 10, 10, 10]
    assert await Pace(None, {"sms": 2}, workers=8).take("sms", 5, patience_s=0) == 1
    await nowhere.aclose()


async def test_what_is_beyond_the_pace_waits_and_does_not_count_as_tried(db):
    customers = [await messaging.reachable(accepts=1) for _ in range(8)]
    for customer in customers:
        await messaging.told(customer)
    sender = Sender()
    slow = sender.post(pace=Pace(None, {"subscribe": 1}))
    counts = await delivery.run(slow)
    assert counts["subscribe"] + counts["held"] == 8 and 1 <= counts["subscribe"] <= 4
    assert await database.fetchval("SELECT sum(remaining) FROM subscribe_quota") == counts["held"]
    clock.set_offset(timedelta(minutes=1))
    assert (await delivery.run(sender.post()))["subscribe"] == counts["held"]
    assert set(await messaging.ends("attempts")) == {1}
