"""Parcels: subscribed to, pushed, asked about where nothing is heard; every step once, in any order, and nothing for a stranger."""

import asyncio
from datetime import timedelta
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

import webhooks
from core import clock
from core import db as database
from gateways import logistics
from gateways.logistics.tracker import Push
from sandbox.app import Sandbox, Settings
from shop import tracking

CARRIER, NUMBER = "圆通速递", "YT9693083639795"


@pytest.fixture
async def stand_in():
    sandbox = await Sandbox.start(Settings(time_scale=0.001))
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def tracker(stand_in):
    """With the door of the pushes open."""
    given, urls = stand_in.credentials, {}

    class Here(logistics.Kuaidi100):
        async def subscribe(self, parcel):
            self._settings = logistics.Settings(
                given.logistics_customer, given.logistics_key, urls["callback"], stand_in.logistics_url
            )
            await super().subscribe(parcel)

    made = Here(
        logistics.Settings(
            given.logistics_customer, given.logistics_key, "http://nowhere", stand_in.logistics_url
        )
    )
    await made.open()
    server = TestServer(webhooks.build({}, tracker=made))
    await server.start_server()
    urls["callback"] = str(server.make_url("/kuaidi100"))
    made.url = urls["callback"]
    yield made
    await server.close()
    await made.close()


def later(stand_in, **time):
    step = timedelta(**time)
    stand_in.world.clock.advance(step.total_seconds())
    clock.set_offset(clock.offset() + step)


async def trail():
    found = await tracking.trails([(CARRIER, NUMBER), (CARRIER, "nobody's")])
    assert set(found) <= {(CARRIER, NUMBER)}
    return found.get((CARRIER, NUMBER))


async def texts():
    return [step.text for step in (await trail()).steps]


async def test_a_parcel_is_subscribed_to_and_followed_until_it_is_signed_for(db, stand_in, tracker):
    for _ in range(2):
        await tracking.watch(CARRIER, NUMBER, phone="+86 138 0000 5678")
    assert await database.fetchval("SELECT phone_end FROM parcel") == "5678"
    assert await tracking.run(tracker) == {"subscribed": 1}
    assert await tracking.run(tracker) == {}
    for state, text in (("1", "已揽收"), ("0", "运输中"), ("5", "派件中"), ("3", "已签收，签收人：本人")):
        later(stand_in, minutes=30)
        stand_in.logistics.move("yuantong", NUMBER, state, text)
        await stand_in.quiet()
    for one in stand_in.world.courier.deliveries():
        stand_in.world.courier.resend(one.id)
    await stand_in.quiet()
    kept = await trail()
    assert (kept.state, kept.ended_at is not None) == ("signed", True)
    assert await texts() == ["已签收，签收人：本人", "派件中", "运输中", "已揽收"], (
        "each once, however often it is pushed"
    )
    later(stand_in, days=2)
    assert await tracking.run(tracker) == {}


async def test_where_nothing_is_pushed_the_clock_asks(db, stand_in, tracker):
    await tracking.watch(CARRIER, NUMBER)
    await tracking.run(tracker)
    stand_in.world.faults.add({"op": "logistics.push.queue", "do": "lose", "times": 0})
    stand_in.logistics.move("yuantong", NUMBER, "1", "已揽收")
    await stand_in.quiet()
    assert (await trail()).steps == ()
    later(stand_in, hours=6, minutes=1)
    assert await tracking.run(tracker) == {"asked": 1}
    assert await texts() == ["已揽收"]
    later(stand_in, hours=1)
    assert await tracking.run(tracker) == {}


async def test_late_and_out_of_order_a_push_adds_its_steps_and_turns_nothing_back(db, stand_in, tracker):
    await tracking.watch(CARRIER, NUMBER)
    await tracking.run(tracker)
    stand_in.world.faults.add({"op": "logistics.push.queue", "do": "lose", "times": 2})
    stand_in.logistics.move("yuantong", NUMBER, "1", "已揽收")
    later(stand_in, hours=1)
    stand_in.logistics.move("yuantong", NUMBER, "3", "已签收")
    await stand_in.quiet()
    last, first = stand_in.world.courier.deliveries()[::-1][:2]
    for one in (last, first):
        stand_in.world.courier.resend(one.id)
        await stand_in.quiet()
    assert (await trail()).state == "signed" and await texts() == ["已签收", "已揽收"]


@pytest.mark.parametrize("do", ["bad_signature", "unsigned", "wrong_number"])
async def test_what_is_not_provably_of_the_aggregator_or_of_another_parcel_changes_nothing(
    db, stand_in, tracker, do
):
    await tracking.watch(CARRIER, NUMBER)
    await tracking.run(tracker)
    stand_in.world.faults.add({"op": "logistics.push", "do": do, "times": 1})
    stand_in.logistics.move("yuantong", NUMBER, "3", "已签收")
    await stand_in.quiet(within_s=0.5)
    refused = stand_in.world.courier.deliveries()[-1].tries[0]
    assert not refused["accepted"] and ("401" in refused["note"] or "404" in refused["note"])
    await stand_in.quiet()
    assert (await trail()).state == "signed", "the repeat, which is in order, is taken"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/1", b""), ("/1", b"param=%7B%7D"), ("/1", b"x" * 600_000), ("/1", b"\xff\xfe"), ("/1", b"&" * 5_000), ("/999", b"param=1&sign=2"),
        ("/0", b""), ("/" + "9" * 30, b""), ("/x", b""),
    ],
)  # fmt: skip
async def test_a_stranger_is_refused(db, tracker, path, body):
    async with aiohttp.ClientSession() as session:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        async with session.post(tracker.url + path, data=body, headers=headers) as answer:
            assert answer.status in (400, 401, 404)


async def test_a_parcel_nobody_watches_is_not_taken_though_it_is_proven(db, tracker):
    from gateways.logistics import kuaidi100

    param = '{"status":"polling","lastResult":{"nu":"YT9693083639795","state":"3","data":[]}}'
    form = urlencode({"param": param, "sign": kuaidi100.signature(param, tracker._salt(77))})
    async with aiohttp.ClientSession() as session:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        async with session.post(f"{tracker.url}/77", data=form, headers=headers) as answer:
            assert answer.status == 404


async def test_several_workers_share_the_parcels_and_ask_once(db, stand_in, tracker):
    for number in range(6):
        await tracking.watch(CARRIER, f"YT00000{number}")
    runs = await asyncio.gather(*(tracking.run(tracker) for _ in range(3)))
    assert sum(run["subscribed"] for run in runs) == 6 == len(stand_in.logistics.subscribed())


async def test_one_given_up_is_subscribed_to_again_after_half_an_hour_and_not_for_ever(db, stand_in, tracker):
    await tracking.watch(CARRIER, NUMBER)
    for _ in range(3):
        assert await tracking.run(tracker) == {"subscribed": 1}
        stand_in.logistics.give_up("yuantong", NUMBER)
        await stand_in.quiet()
        assert await tracking.run(tracker) == {}
        later(stand_in, minutes=36)
    assert await tracking.run(tracker) == {"silent": 1}
    stand_in.logistics.move("yuantong", NUMBER, "0", "运输中")
    later(stand_in, hours=2)
    assert await tracking.run(tracker) == {"asked": 1}


async def test_what_the_aggregator_refuses_is_asked_about_and_an_unknown_carrier_is_left(
    db, stand_in, tracker
):
    await tracking.watch("我家的车", "CAR-0001")
    await tracking.watch("顺丰速运", "SF1234567890")
    assert await tracking.run(tracker) == {"over": 1, "refused": 1}
    later(stand_in, minutes=36)
    assert await tracking.run(tracker) == {"refused": 1}
    assert "408" in await database.fetchval("SELECT trouble FROM parcel WHERE carrier = 'shunfeng'")
    later(stand_in, days=46)
    assert await tracking.run(tracker) == {"over": 1}


@pytest.mark.parametrize("op", ["poll", "query"])
async def test_an_aggregator_that_is_away_is_asked_again(db, stand_in, tracker, op):
    await tracking.watch(CARRIER, NUMBER)
    if op == "query":
        await tracking.run(tracker)
        later(stand_in, hours=7)
    stand_in.world.faults.add({"op": f"logistics.{op}", "do": "500_before"})
    stand_in.logistics.move("yuantong", NUMBER, "0", "运输中")
    await stand_in.quiet()
    later(stand_in, hours=7)
    assert await tracking.run(tracker) == {"silent": 1}
    later(stand_in, hours=2, minutes=1)
    assert await tracking.run(tracker) == ({"subscribed": 1} if op == "poll" else {"asked": 1})


async def test_without_an_aggregator_nothing_is_asked(db):
    await tracking.watch(CARRIER, NUMBER)
    assert await tracking.run(None) == {} and (await trail()).state is None


async def test_a_push_names_its_number_in_whatever_case(db):
    await tracking.watch(CARRIER, NUMBER.lower())
    parcel = await database.fetchval("SELECT id FROM parcel")
    assert await tracking.take(parcel, Push(NUMBER.lower(), None))
    assert await tracking.take(parcel, Push(NUMBER, None))
    assert not await tracking.take(parcel, Push("YT0", None))
