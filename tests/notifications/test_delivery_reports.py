"""Delivery reports pushed by Alibaba Cloud's stand-in over real HTTP: believed only after asking, and worth little to a stranger."""

import json
from datetime import timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

import webhooks
from core import clock
from core import db as database
from gateways.sms import reports
from notifications import addresses, delivery, delivery_reports
from tests.notifications import messaging
from tests.notifications.test_outside_wechat import later, phoned, post, stand_in

__all__ = ["post", "stand_in"]


class Mailed:
    """Stands where the mail server stands."""

    def __init__(self):
        self.letters = []

    async def send(self, mail):
        self.letters.append(mail)
        return "250 ok"


@pytest.fixture
async def door(stand_in):
    server = TestServer(webhooks.build({}, sms_reports=True))
    await server.start_server()
    stand_in.sms.reports.set_address(str(server.make_url("/aliyun-sms")))
    yield server
    await server.close()


async def push(door, body, **how):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with (
        aiohttp.ClientSession() as session,
        session.post(door.make_url("/aliyun-sms"), data=data, **how) as answer,
    ):
        return answer.status, (await answer.json())["code"]


async def rows():
    return [
        tuple(row) for row in await database.fetch("SELECT outcome, asks FROM delivery_report ORDER BY id")
    ]


def calls(stand_in):
    """How often the provider was asked."""
    return stand_in.world.faults.add({"op": "sms.details", "do": "delay", "seconds": 0.0, "times": 0})


async def went_out_but_not_there(stand_in, post, value=None):
    customer = await phoned()
    stand_in.world.faults.add({"op": "sms.send", "do": "undelivered", "value": value})
    assert await delivery.run(post) == {"sms": 1}
    return customer


async def test_one_that_did_not_arrive_is_told_by_the_next_channel_once(db, stand_in, post, door):
    from notifications.channels.email import Email

    mailed = Mailed()
    post = messaging.Sender().post(post.channels["sms"], Email(mailed, "茶"))
    customer = await went_out_but_not_there(stand_in, post)
    await addresses.put(customer.id, "email", "a@example.com", by="customer", confirmed_by="code")
    await stand_in.quiet()
    later(stand_in, minutes=2)
    channel = post.channels["sms"]
    assert await delivery_reports.ask(channel) == {"failed": 1}
    assert await delivery.run(post) == {"email": 1}
    for one in stand_in.world.courier.deliveries():
        stand_in.world.courier.resend(one.id)
    await stand_in.quiet()
    later(stand_in, minutes=2)
    assert await delivery_reports.ask(channel) == {} and await delivery.run(post) == {}
    assert len(mailed.letters) == len(stand_in.sms.all()) == 1
    assert await messaging.attempts() == [
        ("sms", "sent", stand_in.sms.all()[0].biz_id), ("sms", "refused", "UNDELIV"), ("email", "sent", ""),
    ]  # fmt: skip


async def test_one_whose_number_is_blocked_is_not_written_to_again(db, stand_in, post, door):
    customer = await went_out_but_not_there(stand_in, post, value="MOBILE_IN_BLACK")
    await stand_in.quiet()
    later(stand_in, minutes=2)
    assert await delivery_reports.ask(post.channels["sms"]) == {"failed": 1}
    assert await delivery.run(post) == {"inbox": 1}
    (kept,) = await addresses.of(customer.id)
    assert kept.refusal == "MOBILE_IN_BLACK"


async def test_a_forged_report_of_one_that_arrived_changes_nothing_and_is_asked_about_once(
    db, stand_in, post, door
):
    await phoned()
    await delivery.run(post)
    (sent,) = stand_in.sms.all()
    asked = calls(stand_in)
    forged = reports_of(sent)
    for _ in range(20):
        assert await push(door, [forged] * 50) == (200, 0)
        later(stand_in, minutes=2)
        await delivery_reports.ask(post.channels["sms"])
    assert asked.hits == 1 and await rows() == [("arrived", 1)]
    assert await messaging.ends() == ["sent"] and await delivery.run(post) == {}


def reports_of(sent, **changed):
    return {
        "phone_number": sent.phone, "send_time": sent.sent_at, "report_time": sent.sent_at, "success": False,
        "err_code": "UNDELIV", "err_msg": "", "sms_size": "1", "biz_id": sent.biz_id, "out_id": sent.out_id, **changed,
    }  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"out_id": "yucun-999999"},
        {"out_id": "somebody-1"},
        {"biz_id": "1^0"},
        {"phone_number": "13900000009"},
        {"success": True},
        {"success": "false"},
        {"send_time": "yesterday"},
        {"send_time": None},
        {"out_id": "yucun-1\0"},
        {"phone_number": "1" * 500},
        {"biz_id": {"a": 1}},
    ],
)
async def test_what_names_no_message_of_ours_costs_nothing(db, stand_in, post, door, changed):
    await phoned()
    await delivery.run(post)
    asked = calls(stand_in)
    assert await push(door, [reports_of(stand_in.sms.all()[0], **changed)] * 9) == (200, 0)
    later(stand_in, minutes=2)
    assert await delivery_reports.ask(post.channels["sms"]) == {} and asked.hits == 0 and await rows() == []


async def test_a_forged_day_first_does_not_keep_the_true_report_from_being_heard(db, stand_in, post, door):
    await went_out_but_not_there(stand_in, post)
    await stand_in.quiet()
    await database.execute("DELETE FROM delivery_report")
    sent = stand_in.sms.all()[0]
    for number in range(2 * delivery_reports.ASKS_MOST):
        forged = reports_of(sent, send_time=f"20{10 + number}-01-01 00:00:00")
        stranger = reports_of(sent, phone_number="13900000009")
        assert await push(door, [forged if number % 2 else stranger]) == (200, 0)
    await push(door, [stranger, reports_of(sent), stranger])
    later(stand_in, minutes=2)
    assert await delivery_reports.ask(post.channels["sms"]) == {"failed": 1} and await rows() == [
        ("failed", 1)
    ]


async def test_what_the_provider_does_not_know_yet_is_not_used_up_at_once(db, stand_in, post, door):
    await phoned()
    await delivery.run(post)
    sent = stand_in.sms.all()[0]

    class Unheard:
        async def whether_arrived(self, *asked):
            return delivery_reports.Answer("unheard")

    for _ in range(20):
        await push(door, [reports_of(sent)])
        await delivery_reports.ask(Unheard())
    assert await rows() == [(None, 1)]
    stand_in.world.clock.advance(360)
    clock.set_offset(clock.offset() + timedelta(minutes=6))
    assert await delivery_reports.ask(Unheard()) == {"unheard": 1}


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"[" * 100_000, b"\xff", b"[" + b" " * 300_000 + b"]", b'{"code":0}']
)
async def test_what_is_no_list_of_reports_is_refused(db, door, body):
    assert (await push(door, body))[0] == 400


async def test_a_whole_bodyful_of_forgeries_is_looked_up_at_once(db, stand_in, post, door):
    await phoned()
    await delivery.run(post)
    sent = stand_in.sms.all()[0]
    many = [reports_of(sent, out_id=f"yucun-{number}") for number in range(1_000_000, 1_000_900)]
    assert await push(door, [*many, 7, None, [], {}]) == (200, 0) and await rows() == []
    assert reports.read(json.dumps([reports_of(sent)] * 5_000).encode()).__len__() == reports.MOST


async def test_one_that_the_provider_does_not_know_yet_or_cannot_say_is_asked_about_a_few_times(
    db, stand_in, post, door
):
    await phoned()
    await delivery.run(post)
    sent = stand_in.sms.all()[0]
    asked = stand_in.world.faults.add({"op": "sms.details", "do": "code:isp.SYSTEM_ERROR", "times": 0})
    for _ in range(40):
        await push(door, [reports_of(sent)])
        later(stand_in, hours=2)
        await delivery_reports.ask(post.channels["sms"])
    assert asked.hits == delivery_reports.ASKS_MOST
    assert await rows() == [("unheard", delivery_reports.ASKS_MOST)] and await messaging.ends() == ["sent"]


async def test_a_report_quicker_than_our_own_record_is_asked_about_after_it(db, stand_in, post, door):
    await went_out_but_not_there(stand_in, post)
    await stand_in.quiet()
    await database.execute("DELETE FROM delivery_report")
    await database.execute("UPDATE outbox_message SET state = 'queued', channel = NULL, ended_at = NULL, trying = 'sms',"
                           " trying_at = $1, next_attempt_at = $1", clock.now() + timedelta(minutes=1))  # fmt: skip
    assert await push(door, [reports_of(stand_in.sms.all()[0])]) == (200, 0)
    assert await delivery_reports.ask(post.channels["sms"]) == {}
    later(stand_in, minutes=1)
    assert await delivery_reports.ask(post.channels["sms"]) == {"waiting": 1}
    later(stand_in, minutes=1)
    assert await delivery.run(post) == {"inbox": 1}, (
        "found to have failed when it was asked about as one in doubt"
    )
    later(stand_in, minutes=5)
    assert await delivery_reports.ask(post.channels["sms"]) == {"moot": 1}


async def test_two_who_ask_at_once_ask_once(db, stand_in, post, door):
    import asyncio

    await went_out_but_not_there(stand_in, post)
    await stand_in.quiet()
    asked = calls(stand_in)
    later(stand_in, minutes=2)
    runs = await asyncio.gather(*(delivery_reports.ask(post.channels["sms"]) for _ in range(4)))
    assert sum(run["failed"] for run in runs) == 1 and asked.hits == 1


def test_the_pages_own_example_is_read():
    """help.aliyun.com, document_detail/101867, but for a failure and without its stars."""
    pushed = b"""[{"phone_number" : "13811110000", "send_time" : "2017-01-01 00:00:00", "report_time" : "2017-01-01 00:00:00",
      "success" : false, "err_code" : "UNDELIV", "err_msg" : "...", "sms_size" : "1", "biz_id" : "12345", "out_id" : "67890"}]"""
    (one,) = reports.read(pushed)
    assert (one.reference, one.number, one.phone, one.sent_on.isoformat(), one.code) == (
        "67890", "12345", "13811110000", "2017-01-01", "UNDELIV",
    )  # fmt: skip
