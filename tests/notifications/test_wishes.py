"""What customers want: quiet hours, switched-off reminders, no marketing without a yes, not too much, nothing stale or untrue."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest

from app import message_lines
from core import clock
from core import db as database
from ledger import proof
from notifications import delivery, letterbox, outbox, policy, preferences, quiet, truth
from tests import factories
from tests.notifications import messaging
from tests.notifications.messaging import Sender

NIGHT = policy.Policy(quiet_from=time(22), quiet_until=time(8))
IN_THE_CHAT = policy.Policy(channels={**policy.Policy().channels, "marketing": ("customer_service", "sms")})
KINDS = ("low_balance", "topped_up", "birthday", "payment_due")


def at(hour, minute=0, day=24):
    """The clock shows this time of day in the shop, on a day of November 2026."""
    wanted = datetime(2026, 11, day, hour, minute, tzinfo=clock.zone())
    clock.set_offset(wanted.astimezone(UTC) - datetime.now(UTC))


async def wishes(customer, *, wording="同意", **chosen):
    return await preferences.put(
        customer.id, preferences.Preferences(**chosen), wording=wording, door="counter", by="operator:1"
    )


async def test_reminders_wait_for_the_morning_and_money_does_not(db):
    policy.use(NIGHT)
    at(22, 0)
    customer = await messaging.reachable(accepts=5)
    await messaging.told(customer)
    await messaging.told(customer, "topped_up")
    sender = Sender()
    post = sender.post(kinds=KINDS)
    assert await delivery.run(post) == {"held": 1, "subscribe": 1}
    for hour, day in ((23, 24), (0, 25), (7, 25)):
        at(hour, 59, day)
        assert await delivery.run(post) == {}
    at(8, 0, 25)
    assert await delivery.run(post) == {"subscribe": 1}
    assert await messaging.ends("attempts") == [1, 1]


async def test_a_customers_own_quiet_hours_come_on_top(db):
    policy.use(NIGHT)
    customer = await messaging.reachable(accepts=5)
    await wishes(customer, quiet_from_minute=8 * 60, quiet_until_minute=10 * 60 + 30)
    sender = Sender()
    at(21, 59)
    await messaging.told(customer)
    assert await delivery.run(sender.post()) == {"subscribe": 1}
    at(22, 5)
    await messaging.told(customer, key="2")
    assert await delivery.run(sender.post()) == {"held": 1}
    at(10, 29, 25)
    assert await delivery.run(sender.post()) == {}
    at(10, 30, 25)
    assert await delivery.run(sender.post()) == {"subscribe": 1}


async def test_quiet_hours_that_begin_under_way_hold_what_has_not_left(db):
    policy.use(NIGHT)
    customers = [await messaging.reachable(accepts=1, follows=True, wrote=True) for _ in range(2)]
    at(21, 59)
    for customer in customers:
        await messaging.told(customer)

    class Late(Sender):
        async def send_subscribe_message(self, **message):
            at(22, 1)
            raise messaging_refused

    from gateways.wechat.platform import PlatformRefused

    messaging_refused = PlatformRefused(43101, "no")
    sender = Late()
    assert await delivery.run(sender.post()) == {"held": 2} and sender.sent == []


async def test_no_marketing_without_a_yes_and_none_after_a_no(db):
    policy.use(IN_THE_CHAT)
    customer = await messaging.reachable(follows=True, wrote=True)
    sender = Sender()
    await messaging.told(customer, "birthday", key="1")
    assert await outbox.page(customer.id) == []
    assert await delivery.run(sender.post()) == {"void": 1}
    await wishes(customer, marketing=True)
    await messaging.told(customer, "birthday", key="2")
    assert await delivery.run(sender.post()) == {"customer_service": 1}
    await wishes(customer, marketing=False)
    await messaging.told(customer, "missed", key="3")
    assert await delivery.run(sender.post()) == {"void": 1}
    assert await messaging.ends("reason") == ["not_agreed", None, "not_agreed"]
    said = await preferences.consents(customer.id)
    assert [(one.agreed, one.wording, one.door) for one in said] == [
        (False, "同意", "counter"),
        (True, "同意", "counter"),
    ]
    assert len(await outbox.page(customer.id)) == 1


async def test_a_word_in_the_chat_changes_one_wish_and_takes_back_no_other(db):
    """Somebody switches reminders off in the chat while the mini-program takes back the yes to marketing."""
    customer = await factories.customer()
    for _ in range(10):
        await wishes(customer, marketing=True)
        await asyncio.gather(
            wishes(customer, marketing=False, channels=["email"]),
            preferences.change(customer.id, reminders=False, wording="优惠", door="chat", by="customer:1"),
        )
        kept = await preferences.of(customer.id)
        assert (kept.marketing, kept.channels) == (False, ["email"])
    assert len(await preferences.consents(customer.id, limit=99)) == 20, "nobody said yes in the chat"


async def test_who_takes_back_a_yes_is_not_asked_about_quiet_hours(db):
    """The shop has chosen others since, which leave nothing of the day beside the customer's own."""
    customer = await factories.customer()
    await wishes(customer, marketing=True, quiet_from_minute=8 * 60, quiet_until_minute=22 * 60)
    policy.use(NIGHT)
    await preferences.change(customer.id, marketing=False, wording="退订", door="chat", by="customer:1")
    assert (await preferences.of(customer.id)).marketing is False


@pytest.mark.broken_books
async def test_the_proof_finds_marketing_that_nobody_agreed_to(db):
    customer = await factories.customer()
    await wishes(customer, marketing=True)
    assert not await proof.check()
    await wishes(customer, marketing=False)
    await database.execute("UPDATE message_preference SET marketing = true")
    assert [one.invariant for one in await proof.check()] == ["I13"]


async def test_marketing_is_never_a_subscribe_message(db):
    customer = await messaging.reachable(accepts=3, follows=True, wrote=True)
    await wishes(customer, marketing=True)
    await messaging.told(customer, "birthday")
    sender = Sender()
    assert await delivery.run(sender.post(kinds=KINDS)) == {"inbox": 1} and sender.sent == []


async def test_switched_off_reminders_are_void_and_money_is_told(db):
    customer = await messaging.reachable(accepts=3)
    await wishes(customer, reminders=False)
    await messaging.told(customer)
    await messaging.told(customer, "topped_up")
    assert await delivery.run(Sender().post(kinds=KINDS)) == {"void": 1, "subscribe": 1}
    assert await messaging.ends("reason") == ["switched_off", None]


async def test_only_the_channels_a_customer_wants_in_their_order(db):
    customer = await messaging.reachable(accepts=3, follows=True, wrote=True)
    await wishes(customer, channels=["customer_service", "subscribe"])
    await messaging.told(customer)
    assert await delivery.run(Sender().post()) == {"customer_service": 1}
    await wishes(customer, channels=[])
    await messaging.told(customer, "topped_up")
    assert await delivery.run(Sender().post(kinds=KINDS)) == {"inbox": 1}


async def test_so_many_reminders_a_day_whoever_sends_them(db):
    policy.use(policy.Policy(reminders_per_day=3))
    customer = await messaging.reachable(accepts=50)
    for number in range(12):
        await messaging.told(customer, key=number)
    posts = [Sender() for _ in range(4)]
    await asyncio.gather(*(delivery.run(sender.post()) for sender in posts))
    assert sum(len(sender.sent) for sender in posts) == 3
    assert sorted(await messaging.ends("channel")) == ["inbox"] * 9 + ["subscribe"] * 3
    clock.set_offset(timedelta(days=1, minutes=1))
    await messaging.told(customer, key="tomorrow")
    assert await delivery.run(Sender().post()) == {"subscribe": 1}


async def test_one_offer_a_week_and_the_rest_is_not_sent(db):
    policy.use(IN_THE_CHAT)
    customer = await messaging.reachable(follows=True, wrote=True)
    await wishes(customer, marketing=True)
    for key in ("1", "2"):
        await messaging.told(customer, "birthday", key=key)
    assert await delivery.run(Sender().post()) == {"customer_service": 1, "void": 1}
    assert sorted(filter(None, await messaging.ends("reason"))) == ["too_often"]


async def test_nothing_goes_out_before_its_time_or_after_it(db):
    customer = await messaging.reachable(accepts=5)
    now = clock.now()
    await messaging.told(customer, key="1", not_before=now + timedelta(hours=2))
    await messaging.told(customer, key="2", stale_after=now + timedelta(hours=1))
    assert len(await outbox.page(customer.id)) == 1
    clock.set_offset(timedelta(hours=1))
    assert await delivery.run(Sender().post()) == {"void": 1}
    clock.set_offset(timedelta(hours=2))
    assert await delivery.run(Sender().post()) == {"subscribe": 1}
    assert await messaging.ends("reason") == [None, "stale"]
    assert len(await outbox.page(customer.id)) == 1


async def test_what_is_no_longer_true_is_not_said(db):
    customer = await messaging.reachable(accepts=5)
    await messaging.told(customer)
    await factories.topped_up(customer.id, 6_000)
    sender = Sender()
    assert await delivery.run(sender.post()) == {"void": 1, "inbox": 1}
    assert "recovered" in await messaging.ends("reason") and sender.sent == []


async def test_an_outage_of_three_days_is_caught_up_with_what_still_holds(db):
    """Nobody can be reached for three days: what happened to money is told then, once; what has become untrue or stale is not."""
    policy.use(NIGHT)
    at(12)
    poor, rich = [await messaging.reachable(accepts=9) for _ in range(2)]
    for customer in (poor, rich):
        await messaging.told(customer)
        await messaging.told(customer, "topped_up")
        await messaging.told(customer, "payment_due", stale_after=clock.now() + timedelta(days=1))
    from gateways.wechat.platform import PlatformUnknown

    class Dead(Sender):
        async def send_subscribe_message(self, **_):
            raise PlatformUnknown("no connection", maybe_executed=False)

    for hour in range(0, 72, 3):
        at((12 + hour) % 24, 1, 24 + (12 + hour) // 24)
        assert "subscribe" not in await delivery.run(Dead().post(kinds=KINDS))
    await factories.topped_up(rich.id, 9_000)
    await database.execute(
        "UPDATE outbox_message SET state = 'sent', next_attempt_at = NULL, ended_at = now() WHERE dedup_key LIKE 'top_up:%'"
    )
    at(15, 0, 27)
    sender = Sender()
    await delivery.run(sender.post(kinds=KINDS))
    assert len(sender.sent) == 3
    rows = await database.fetch(
        "SELECT kind, customer_id, state, reason FROM outbox_message WHERE dedup_key NOT LIKE 'top_up:%' ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        ("low_balance", poor.id, "sent", None), ("topped_up", poor.id, "sent", None), ("payment_due", poor.id, "void", "stale"),
        ("low_balance", rich.id, "void", "recovered"), ("topped_up", rich.id, "sent", None), ("payment_due", rich.id, "void", "stale"),
    ]  # fmt: skip


async def test_a_check_that_fails_keeps_its_messages_back_and_no_others(db):
    customer = await messaging.reachable(accepts=5)
    await messaging.told(customer, "payment_due")
    await messaging.told(customer, "topped_up")

    async def broken(_waiting):
        raise RuntimeError("no answer")

    before = truth._checks.get("payment_due")
    truth.register("payment_due", broken)
    try:
        assert await delivery.run(Sender().post(kinds=KINDS)) == {"retry": 1, "subscribe": 1}
    finally:
        truth._checks.pop("payment_due") if before is None else truth.register("payment_due", before)


async def test_dead_messages_are_listed_and_sent_again(db):
    customer = await messaging.reachable(accepts=2)
    await messaging.told(customer)
    await database.execute(
        "UPDATE outbox_message SET state = 'dead', next_attempt_at = NULL, ended_at = now(), last_error = 'out'"
    )
    (dead,) = await letterbox.page(state="dead")
    assert dead.error == "out"
    with pytest.raises(letterbox.NoSuchMessage):
        await letterbox.replay(99, by="operator:1")
    both = await asyncio.gather(
        *(letterbox.replay(dead.id, by="operator:1") for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in both) == ["MessageNotDead", "NoneType"]
    assert await delivery.run(Sender().post()) == {"subscribe": 1}
    _, attempts = await letterbox.one(dead.id)
    assert [(one.result, one.code) for one in attempts] == [("replayed", "operator:1"), ("sent", "")]
    assert await letterbox.replay_all(by="cli") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_from_minute": 60},
        {"quiet_from_minute": 60, "quiet_until_minute": 60},
        {"quiet_from_minute": 8 * 60, "quiet_until_minute": 22 * 60},
    ],
)
async def test_quiet_hours_leave_some_of_the_day(db, wrong):
    policy.use(NIGHT)
    customer = await factories.customer()
    with pytest.raises(preferences.QuietHoursWrong):
        await wishes(customer, **wrong)
    with pytest.raises(preferences.ChannelsWrong):
        await wishes(customer, channels=["pigeon"])
    with pytest.raises(preferences.ConsentNotWorded):
        await wishes(customer, marketing=True, wording=" ")


@pytest.mark.parametrize(
    ("hour", "minute", "ends"),
    [
        (21, 59, None),
        (22, 0, (25, 8, 0)),
        (23, 30, (25, 8, 0)),
        (0, 0, (24, 8, 0)),
        (7, 59, (24, 8, 0)),
        (8, 0, None),
    ],
)
def test_quiet_hours_over_midnight(hour, minute, ends):
    now = datetime(2026, 11, 24, hour, minute, 30 if ends else 0, tzinfo=clock.zone())
    until = quiet.until(now, [quiet.Hours(22 * 60, 8 * 60)])
    wanted = None if ends is None else datetime(2026, 11, *ends, tzinfo=clock.zone())
    assert until == wanted


async def test_the_command_lists_dead_messages_and_puts_them_in_the_queue_again(db):
    assert await message_lines.dead(limit=9) == ["没有发送失败的消息 · no message is dead"]
    for key in ("1", "2"):
        await messaging.told(await messaging.reachable(), key=key)
    await database.execute(
        "UPDATE outbox_message SET state = 'dead', next_attempt_at = NULL, ended_at = now(), last_error = 'out'"
    )
    second, first = await message_lines.dead(limit=9)
    assert first.endswith("\tlow_balance\t×0\tout") and first.split("\t")[0] < second.split("\t")[0]
    assert "is in the queue again" in (await message_lines.replay(int(first.split("\t")[0])))[0]
    assert await message_lines.replay_all() == ["1 条消息已放回待发 · 1 messages are in the queue again"]
    assert await messaging.ends() == ["queued", "queued"]
