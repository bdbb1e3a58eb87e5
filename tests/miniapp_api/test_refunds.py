"""Top-up refunds from the phone to the channel and back, through the sandbox's real protocols and its faults."""

import pytest

from billing import refunds
from tests.world import new_key

CHANNELS = {"wechat_pay": "jsapi", "alipay": "precreate"}


async def topped_up(world, channel="wechat_pay", amount_fen=10_000, phone=None):
    phone = phone or await world.arrive()
    made = (await phone.top_up(channel, CHANNELS[channel], amount_fen=amount_fen)).body
    assert (await phone.pay(made["payment"])).status == 200
    await world.quiet()
    return phone, made["top_up_no"]


async def ask_for(phone, number, amount_fen=None, key=None):
    answer = await phone.post(
        f"/top-ups/{number}/refunds", {"amount_fen": amount_fen, "reason": "用不完了"}, key=key or new_key()
    )
    assert answer.status == 201, answer
    return answer.body


async def newest(phone):
    return (await phone.get("/refunds")).body["items"][0]


def sent_back(world, phone):
    """What the person really got back from the channels."""
    return sum(
        one.amount_fen
        for one in world.sandbox.world.wallets.movements()
        if one.kind == "refunded" and one.person_id == phone.person_id
    )


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_top_up_goes_back_by_its_channel_and_the_notice_settles_it(world, channel):
    phone, number = await topped_up(world, channel)
    offer = (await phone.get(f"/top-ups/{number}/refund-offer")).body
    assert (offer["refundable_fen"], offer["by_right"], offer["tender"]) == (10_000, True, channel)
    part = (await phone.get(f"/top-ups/{number}/refund-offer?amount_fen=2500")).body
    assert (part["amount_fen"], part["refundable_fen"]) == (2_500, 10_000)
    key = new_key()
    asked = await ask_for(phone, number, 2_500, key=key)
    assert (
        await ask_for(phone, number, 2_500, key=key) | {"state": ""} == asked | {"state": ""}
        or asked["ended_at"] is None
    )
    assert (await phone.balance())["principal_fen"] == 7_500
    await world.quiet()
    done = await newest(phone)
    assert (done["state"], done["parts"][0]["state"], sent_back(world, phone)) == ("paid", "paid", 2_500)
    await ask_for(phone, number)
    await world.quiet()
    assert sent_back(world, phone) == 10_000 and (await phone.balance())["principal_fen"] == 0
    kinds = [one["kind"] for one in (await phone.get("/messages")).body["items"]]
    assert kinds.count("top_up_refund_paid") == 2


@pytest.mark.parametrize(
    "fault", ["timeout", "500_after", "500_before", "429", "drop_connection", "bad_signature"]
)
async def test_whatever_goes_wrong_on_the_way_the_money_goes_back_once(world, fault):
    phone, number = await topped_up(world)
    world.misbehave("wechat_pay.refund", fault, seconds=0.2)
    world.misbehave("wechat_pay.notify", "drop", times=3)
    await ask_for(phone, number, 4_000)
    await world.quiet()
    for _ in range(8):
        if (await newest(phone))["state"] == "paid":
            break
        world.advance(minutes=5)
        await refunds.poll(world.runtime.outside.channels)
        await world.quiet()
    assert (await newest(phone))["state"] == "paid"
    assert sent_back(world, phone) == 4_000


async def test_duplicate_and_late_notices_settle_once(world):
    phone, number = await topped_up(world)
    world.misbehave("wechat_pay.notify", "duplicate", times=2)
    await ask_for(phone, number, 3_000)
    await ask_for(phone, number, 2_000)
    await world.quiet()
    await refunds.poll(world.runtime.outside.channels)
    assert [one["state"] for one in (await phone.get("/refunds")).body["items"]] == ["paid", "paid"]
    assert sent_back(world, phone) == 5_000


async def test_a_refund_the_channel_closes_returns_and_one_it_is_stuck_with_waits_for_a_person(world):
    phone, number = await topped_up(world)
    desk = await world.operator()
    world.misbehave("wechat_pay.refund_settle", "closed")
    closed = await ask_for(phone, number, 1_000)
    await world.quiet()
    assert (await newest(phone))["state"] == "failed"
    assert (await phone.balance())["principal_fen"] == 10_000
    world.misbehave("wechat_pay.refund_settle", "abnormal")
    again = (await desk.post(f"/refunds/{closed['refund_no']}/retry")).body
    await world.quiet()
    stuck = (await desk.get(f"/refunds/{again['refund_no']}")).body
    assert (stuck["refund"]["state"], stuck["refund"]["parts"][0]["state"]) == ("open", "abnormal")
    (lot,) = stuck["lots"][stuck["refund"]["parts"][0]["part_no"]]
    assert (lot["amount_fen"], lot["source"]) == (-1_000, f"top_up:{number}")
    assert {one["kind"] for one in (await desk.get("/alerts?state=open")).body["items"]} == {
        "refund_abnormal"
    }
    assert (await desk.post(f"/refunds/{again['refund_no']}/to-balance")).body["state"] == "failed"
    assert (await phone.balance())["principal_fen"] == 10_000 and sent_back(world, phone) == 0


async def test_after_seven_days_the_shop_decides(world):
    phone, number = await topped_up(world)
    world.advance(days=8)
    await phone.sign_in()
    desk = await world.operator()
    asked = await ask_for(phone, number)
    assert (asked["state"], sent_back(world, phone)) == ("requested", 0)
    (waiting,) = (await desk.get("/refunds?state=requested")).body["items"]
    assert (waiting["refund_no"], waiting["rule"]) == (asked["refund_no"], "pro_rata")
    assert (await desk.post(f"/refunds/{asked['refund_no']}/approve")).status == 200
    await world.quiet()
    assert (await newest(phone))["state"] == "paid" and sent_back(world, phone) == 10_000
    again = await desk.post(f"/refunds/{asked['refund_no']}/reject")
    assert (again.status, again.code) == (409, "refund_state_forbids")


async def test_refusals_speak_plainly(world):
    phone, number = await topped_up(world)
    other = await world.arrive()
    assert (await other.get(f"/top-ups/{number}/refund-offer")).code == "no_such_top_up_to_refund"
    assert (await other.post(f"/top-ups/{number}/refunds")).status == 404
    too_much = await phone.post(f"/top-ups/{number}/refunds", {"amount_fen": 10_001})
    assert (too_much.status, too_much.body["message"]) == (409, "这笔充值现在最多可退 100.00 元")
    assert (await phone.post(f"/top-ups/{number}/refunds", {"amount_fen": 0})).status == 422


async def test_a_bill_paid_by_balance_and_channel_is_refunded_both_ways_by_an_operator(world):
    phone = await world.arrive()
    desk = await world.operator()
    await world.give(phone.customer_id, 1_000)
    order = (
        await phone.post("/orders", {"lines": [{"sku_id": await world.sku(price_fen=2_800), "quantity": 1}]})
    ).body
    started = await phone.post(
        f"/orders/{order['order_no']}/combined-payments", {"channel": "wechat_pay", "method": "jsapi"}
    )
    assert started.status == 201, started
    assert (await phone.pay(started.body["payment"])).status == 200
    await world.quiet()
    made = await desk.post(f"/bills/{order['bill_no']}/refunds", {"amount_fen": 2_000, "reason": "少做一杯"})
    assert made.status == 201, made
    await world.quiet()
    refund = (await desk.get(f"/refunds/{made.body['refund']['refund_no']}")).body["refund"]
    assert refund["state"] == "paid"
    assert sum(part["amount_fen"] for part in refund["parts"]) == 2_000
    await phone.post(f"/orders/{order['order_no']}/cancel", key=None)
    world.advance(minutes=2)
    await refunds.poll(world.runtime.outside.channels)
    await world.quiet()
    assert (await phone.balance())["principal_fen"] + sent_back(world, phone) == 2_800
    assert (
        await desk.post(f"/bills/{order['bill_no']}/refunds", {"amount_fen": 1, "reason": "再退"})
    ).code == ("nothing_to_refund")


async def test_the_counter_pays_what_an_operator_sends_there(world):
    phone, number = await topped_up(world)
    desk = await world.operator()
    made = await desk.post(
        f"/top-ups/{number}/refunds", {"at_counter": True, "amount_fen": 500, "reason": "现金"}
    )
    refund_no = made.body["refund"]["refund_no"]
    assert (await desk.post(f"/refunds/{refund_no}/paid-out")).body["state"] == "paid"
    assert (await phone.balance())["principal_fen"] == 9_500 and sent_back(world, phone) == 0


async def test_consent_to_the_agreement_in_force_is_needed_and_stays_readable(world):
    phone, desk = await world.arrive(), await world.operator()
    assert (await phone.get("/agreement")).code == "no_such_agreement"
    first = await desk.post("/agreements", {"version": "2026-10", "text": "第一版"}, key=None)
    assert first.status == 201 and len(first.body["text_hash"]) == 64
    assert (await phone.top_up(amount_fen=100)).code == "agreement_required"
    made = await phone.top_up(amount_fen=100, agreement_version="2026-10")
    assert made.status == 201
    await desk.post("/agreements", {"version": "2026-11", "text": "第二版\n更清楚"}, key=None)
    outdated = await phone.top_up(amount_fen=100, agreement_version="2026-10")
    assert (outdated.status, outdated.code) == (409, "agreement_outdated")
    assert (await phone.get("/agreement")).body["text"] == "第二版\n更清楚"
    agreed = (await phone.get(f"/top-ups/{made.body['top_up_no']}/agreement")).body
    assert (agreed["version"], agreed["text"], agreed["channel"], agreed["text_hash"]) == (
        "2026-10", "第一版", "mini_program", first.body["text_hash"],
    )  # fmt: skip
    assert (await (await world.arrive()).get(f"/top-ups/{made.body['top_up_no']}/agreement")).status == 404
    taken = await desk.post("/agreements", {"version": "2026-10", "text": "改过的"}, key=None)
    assert (taken.status, taken.code) == (409, "agreement_version_taken")
    assert [one["version"] for one in (await desk.get("/agreements")).body["items"]] == ["2026-11", "2026-10"]
