"""Kuaidi100's wire against its stand-in: signatures, refusals, what is unreadable, and pushes with and without their salt."""

import contextlib
import hashlib
import json

import pytest

from gateways import logistics
from gateways.logistics import carriers, kuaidi100
from sandbox.app import Sandbox, Settings

NUMBER = "YT9693083639795"


@pytest.fixture
async def stand_in():
    sandbox = await Sandbox.start(Settings(time_scale=0.001))
    yield sandbox
    await sandbox.stop()


@contextlib.asynccontextmanager
async def calling(stand_in, **wrong):
    given = stand_in.credentials
    client = logistics.Kuaidi100(
        logistics.Settings(
            wrong.get("customer", given.logistics_customer), wrong.get("key", given.logistics_key),
            "http://127.0.0.1:9/webhooks/kuaidi100", stand_in.logistics_url,
        )
    )  # fmt: skip
    await client.open()
    yield client
    await client.close()


def parcel(carrier="圆通速递", number=NUMBER, phone=None):
    return logistics.Parcel(7, carrier, number, phone)


def test_the_signature_is_the_sdks():
    """github.com/kuaidi100-api/java-demo, SignUtils.querySign: md5Hex(param + key + customer) in upper case."""
    param = '{"com":"yuantong","num":"YT9693083639795"}'
    assert (
        kuaidi100.signature(param, "key", "customer")
        == hashlib.md5((param + "keycustomer").encode(), usedforsecurity=False).hexdigest().upper()
    )


async def test_every_step_of_a_parcel_is_read(stand_in):
    stand_in.logistics.move("yuantong", NUMBER, "1", "【杭州市】已揽收")
    stand_in.world.clock.advance(3600)
    stand_in.logistics.move("yuantong", NUMBER, "5", "【杭州市】派件中")
    async with calling(stand_in) as client:
        track = await client.query(parcel())
        assert (track.state, [one.state for one in track.events]) == (
            "delivering",
            ["delivering", "collected"],
        )
        assert track.events[1].text == "【杭州市】已揽收" and track.events[1].area == "浙江,杭州市"
        assert (track.events[0].at - track.events[1].at).total_seconds() == 3600
        with pytest.raises(logistics.TrackerUnknown):
            await client.query(parcel())  # locked for half an hour


async def test_what_nobody_has_scanned_yet_is_nothing_yet(stand_in):
    async with calling(stand_in) as client:
        with pytest.raises(logistics.NothingYet):
            await client.query(parcel())


@pytest.mark.parametrize(
    ("asked", "wrong", "code"),
    [
        (parcel(), {"key": "guessed"}, "503"),
        (parcel(), {"customer": "somebody"}, "601"),
        (parcel("某某快递"), {}, "701"),
        (parcel("nobodyknows"), {}, "701"),
        (parcel(number="短"), {}, "700"),
        (parcel("顺丰速运", "SF1234567890"), {}, "408"),
    ],
)
async def test_what_is_refused_for_good_says_why(stand_in, asked, wrong, code):
    async with calling(stand_in, **wrong) as client:
        with pytest.raises(logistics.TrackerRefused) as refused:
            await client.query(asked)
        assert refused.value.code == code


async def test_a_carrier_that_asks_for_a_phone_number_is_given_its_end(stand_in):
    stand_in.logistics.move("shunfeng", "SF1234567890", "0", "运输中")
    async with calling(stand_in) as client:
        track = await client.query(parcel("顺丰速运", "SF1234567890", "5678"))
        assert track.state == "in_transit"
        await client.subscribe(parcel("顺丰速运", "SF1234567890", "5678"))


async def test_subscribing_twice_is_harmless_and_a_wrong_key_is_not(stand_in):
    async with calling(stand_in) as client:
        await client.subscribe(parcel())
        await client.subscribe(parcel())
    (one,) = stand_in.logistics.subscribed()
    assert one.callback_url.endswith("/webhooks/kuaidi100/7") and len(one.salt) == 32
    async with calling(stand_in, key="guessed") as client:
        with pytest.raises(logistics.TrackerRefused):
            await client.subscribe(parcel())


@pytest.mark.parametrize("do", ["500_before", "500_after", "drop_connection", "garbage", "429", "code:502"])
@pytest.mark.parametrize("op", ["poll", "query"])
async def test_no_usable_answer_is_not_known(stand_in, op, do):
    stand_in.world.faults.add({"op": f"logistics.{op}", "do": do})
    async with calling(stand_in) as client:
        with pytest.raises(logistics.TrackerUnknown):
            await (client.subscribe(parcel()) if op == "poll" else client.query(parcel()))


def pushed(client, parcel_id=7, **changed):
    content = {
        "status": "polling", "message": "",
        "lastResult": {
            "nu": NUMBER, "com": "yuantong", "state": "0",
            "data": [{"time": "2026-11-26 10:00:00", "ftime": "2026-11-26 10:00:00", "context": "运输中", "status": "在途"}],
        },
        **changed,
    }  # fmt: skip
    param = json.dumps(content, ensure_ascii=False)
    return {"param": param, "sign": kuaidi100.signature(param, client._salt(parcel_id))}


async def test_a_push_is_proven_by_its_parcels_salt(stand_in):
    async with calling(stand_in) as client:
        form = pushed(client)
        assert client.read_push(7, form).track.state == "in_transit"
        assert client.read_push(7, {**form, "sign": form["sign"].lower()}).tracking_no == NUMBER
        for wrong in ({"sign": ""}, {"sign": "0" * 32}, {"sign": "签" * 9}, {"param": form["param"] + " "}):
            with pytest.raises(logistics.BadPush):
                client.read_push(7, {**form, **wrong})
        with pytest.raises(logistics.BadPush):
            client.read_push(8, form)
        with pytest.raises(logistics.BadPush):
            client.read_push(7, {})


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "?"},
        {"status": ["polling"]},
        {"lastResult": None},
        {"lastResult": {"nu": "", "data": []}},
        {"lastResult": {"nu": NUMBER, "data": [1]}},
        {"lastResult": {"nu": NUMBER, "data": "x"}},
        {"lastResult": {"nu": NUMBER, "data": [{"time": "gestern", "context": "x"}]}},
        {"lastResult": {"nu": NUMBER, "data": [{"time": "2026-11-26 10:00:00", "context": "\0"}]}},
        {"lastResult": {"nu": NUMBER, "data": [{"time": "2026-11-26 10:00:00"}]}},
    ],
)
async def test_a_proven_push_of_another_shape_is_refused_too(stand_in, changed):
    async with calling(stand_in) as client:
        with pytest.raises(logistics.BadPush):
            client.read_push(7, pushed(client, **changed))


async def test_a_parcel_given_up_has_no_track(stand_in):
    async with calling(stand_in) as client:
        empty = {"nu": NUMBER, "com": "yuantong", "state": "0", "data": []}
        push = client.read_push(7, pushed(client, status="abort", message="3天查询无记录", lastResult=empty))
        assert (push.track, push.is_given_up, push.message) == (None, True, "3天查询无记录")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("顺丰速运", "shunfeng"), (" 圆通 ", "yuantong"), ("sf", "shunfeng"), ("ems", "ems"), ("zhongtong", "zhongtong"),
        ("某某快递", None), ("", None), ("Weird Co", None), ("a" * 31, None),
    ],
)  # fmt: skip
def test_carriers_are_known_by_name_and_by_code(written, code):
    assert carriers.code_of(written) == code
