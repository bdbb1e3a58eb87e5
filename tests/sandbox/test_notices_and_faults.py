"""Notifications are repeated as in life, and the faults of the plan strike once each."""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest

from sandbox.wechat_pay.notices import PAUSES_S


async def paid_order(pay):
    person = pay.sandbox.world.people.arrive()
    body = pay.native()
    code_url = (await pay.send("POST", "/v3/pay/transactions/native", body)).body["code_url"]
    cashier = pay.sandbox.wechat_pay.cashier
    cashier.pay(person, cashier.open_by_scan(person, code_url).ticket)
    return body


async def test_a_notification_is_repeated_until_accepted_and_signed_anew(pay, merchant):
    merchant.answers = [(500, ""), (301, ""), (401, "")]
    merchant.default_answer = (204, "")
    await paid_order(pay)
    await pay.sandbox.quiet()
    assert len(merchant.received) == 4
    assert len({json.loads(body)["id"] for _, body, _ in merchant.received}) == 1
    assert len({headers["Wechatpay-Nonce"] for headers, _, _ in merchant.received}) == 4
    (delivery,) = pay.sandbox.world.courier.deliveries()
    assert (delivery.state, [one["accepted"] for one in delivery.tries]) == ("accepted", [False] * 3 + [True])


async def test_after_fifteen_repetitions_it_is_given_up(start, merchant, http):
    from sandbox_merchant import SigningMerchant

    assert sum(PAUSES_S) == 24 * 3600 + 4 * 60
    sandbox = await start(time_scale=0.00001)
    merchant.default_answer = (500, "")
    await paid_order(SigningMerchant(sandbox, http, merchant.url + "/notify"))
    await sandbox.quiet()
    assert len(merchant.received) == 16
    assert sandbox.world.courier.deliveries()[0].state == "given_up"


async def test_moving_the_world_clock_makes_repetitions_due(start, merchant, http, ask):
    from sandbox_merchant import SigningMerchant

    sandbox = await start(time_scale=1.0)
    merchant.answers = [(500, "")]
    await paid_order(SigningMerchant(sandbox, http, merchant.url + "/notify"))
    await sandbox.quiet()
    assert len(merchant.received) == 1
    assert (await ask("POST", f"{sandbox.platform_url}/world/clock", {"advance_s": 15}))[1]["offset_s"] == 15
    await sandbox.quiet()
    assert len(merchant.received) == 2
    status, _ = await ask("POST", f"{sandbox.platform_url}/world/clock", {"advance_s": -1})
    assert status == 422


async def test_an_answer_after_five_seconds_counts_as_none(start, merchant, http):
    from sandbox_merchant import SigningMerchant

    sandbox = await start(answer_timeout_s=0.1)
    merchant.pause_s = 0.3
    await paid_order(SigningMerchant(sandbox, http, merchant.url + "/notify"))
    while not (tries := sandbox.world.courier.deliveries()[0].tries):
        await asyncio.sleep(0.01)
    assert tries[0]["note"] == "no answer in time"


@pytest.mark.parametrize("do", ["signtest", "bad_signature", "stale", "wrong_serial", "wrong_amount", "drop"])
async def test_a_spoilt_notification_is_followed_by_a_good_one(pay, merchant, do):
    pay.sandbox.world.faults.add({"op": "wechat_pay.notify", "do": do})
    merchant.answers = [(401, "")] if do != "drop" else []
    await paid_order(pay)
    await pay.sandbox.quiet()
    assert len(merchant.received) == (1 if do == "drop" else 2)
    first = merchant.received[0][0]
    if do == "signtest":
        assert first["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    if do == "stale":
        assert time.time() - int(first["Wechatpay-Timestamp"]) > 300


async def test_duplicates_and_lost_notifications(pay, merchant, ask):
    world = f"{pay.sandbox.platform_url}/world"
    await ask("POST", f"{world}/faults", {"op": "wechat_pay.notify", "do": "duplicate"})
    await paid_order(pay)
    await pay.sandbox.quiet()
    assert len(merchant.received) == 2
    await ask("POST", f"{world}/faults", {"op": "wechat_pay.notify.queue", "do": "lose"})
    await paid_order(pay)
    await pay.sandbox.quiet()
    assert len(merchant.received) == 2
    _, found = await ask("GET", f"{world}/deliveries?state=lost")
    assert len(found["items"]) == 1
    await ask("POST", f"{world}/deliveries/{found['items'][0]['id']}/resend")
    await pay.sandbox.quiet()
    assert len(merchant.received) == 3


@pytest.mark.parametrize(
    ("do", "status", "placed"), [("500_before", 500, False), ("500_after", 500, True), ("429", 429, False)]
)
async def test_failing_answers_with_and_without_the_order_placed(pay, do, status, placed):
    pay.sandbox.world.faults.add({"op": "wechat_pay.native", "do": do})
    body = pay.native()
    assert (await pay.send("POST", "/v3/pay/transactions/native", body)).status == status
    query = f"/v3/pay/transactions/out-trade-no/{body['out_trade_no']}?mchid={pay.credentials.mch_id}"
    assert (await pay.send("GET", query)).status == (200 if placed else 404)
    assert (await pay.send("POST", "/v3/pay/transactions/native", body)).status == 200


@pytest.mark.parametrize(("do", "placed"), [("drop_connection", True), ("drop_before", False)])
async def test_a_connection_that_breaks(pay, do, placed):
    pay.sandbox.world.faults.add({"op": "wechat_pay.*", "do": do})
    body = pay.native()
    with pytest.raises(aiohttp.ClientError):
        await pay.send("POST", "/v3/pay/transactions/native", body)
    query = f"/v3/pay/transactions/out-trade-no/{body['out_trade_no']}?mchid={pay.credentials.mch_id}"
    assert (await pay.send("GET", query)).status == (200 if placed else 404)


@pytest.mark.parametrize("do", ["signtest", "bad_signature"])
async def test_good_answers_with_wrong_signatures(pay, do):
    pay.sandbox.world.faults.add({"op": "wechat_pay.native", "do": do})
    spoilt = await pay.send("POST", "/v3/pay/transactions/native", pay.native())
    good = await pay.send("POST", "/v3/pay/transactions/native", pay.native())
    assert [pay.signature_is_right(answer) for answer in (spoilt, good)] == [False, True]


async def test_rules_are_seeded_skipped_counted_and_cleared(sandbox, ask):
    world = f"{sandbox.platform_url}/world/faults"
    sandbox.world.faults.declare("a.b", {"x"})
    rules = [{"op": "a.*", "do": "x", "times": 0, "probability": 0.5}]
    patterns = []
    for _ in range(2):
        await ask("DELETE", world)
        await ask("POST", world, {"seed": 7, "rules": rules})
        patterns.append([sandbox.world.faults.take("a.b") is not None for _ in range(20)])
    assert patterns[0] == patterns[1] and 0 < sum(patterns[0]) < 20
    await ask("DELETE", world)
    await ask("POST", world, {"op": "a.b", "do": "x", "skip": 1, "times": 2})
    assert [sandbox.world.faults.take("a.b") is not None for _ in range(4)] == [False, True, True, False]
    assert (await ask("POST", world, {"op": "a.b", "do": "x", "no_such": 1}))[0] == 422
    assert (await ask("POST", world, {"op": "a.b", "do": "typo"}))[0] == 422
    assert (await ask("POST", world, {"op": "nowhere.*", "do": "x"}))[0] == 422


async def test_a_broad_rule_is_not_used_up_by_operations_that_cannot_follow_it(pay, merchant):
    pay.sandbox.world.faults.add({"op": "wechat_pay.*", "do": "signtest", "skip": 1})
    await paid_order(pay)
    await pay.sandbox.quiet()
    assert merchant.received[0][0]["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")


async def test_stamps_from_before_a_clock_move_stay_good_for_a_moment(pay):
    pay.sandbox.world.clock.advance(86400)
    early = await pay.send("POST", "/v3/pay/transactions/native", pay.native(), at=int(time.time()))
    pay.sandbox.world.clock._last_move = (-100.0, 0.0)
    late = await pay.send("POST", "/v3/pay/transactions/native", pay.native(), at=int(time.time()))
    assert [early.status, late.status] == [200, 401]
