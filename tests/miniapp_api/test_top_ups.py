import asyncio

import pytest

from core import db
from tests.world import new_key


@pytest.mark.parametrize(
    ("channel", "method", "needs"),
    [
        ("wechat_pay", "jsapi", {"timeStamp", "nonceStr", "package", "signType", "paySign"}),
        ("wechat_pay", "native", {"code_url"}),
        ("wechat_pay", "h5", {"h5_url"}),
        ("alipay", "precreate", {"qr_code"}),
        ("alipay", "wap", {"url"}),
    ],
)
async def test_a_paid_top_up_is_credited_with_its_bonus(world, channel, method, needs):
    phone = await world.arrive()
    package_id = await world.package(pay_fen=20_000, bonus_fen=2_000)
    made = await phone.top_up(channel, method, package_id=package_id)
    assert made.status == 201, made
    assert (made.body["state"], made.body["pay_fen"], made.body["bonus_fen"]) == ("pending", 20_000, 2_000)
    assert needs <= made.body["payment"]["client"].keys()
    await phone.pay(made.body["payment"])
    await world.quiet()
    seen = (await phone.get(f"/top-ups/{made.body['top_up_no']}")).body
    assert (seen["state"], seen["payment"]["state"]) == ("credited", "paid")
    balance = await phone.balance()
    assert (balance["principal_fen"], balance["bonus_fen"]) == (20_000, 2_000)


async def test_the_same_key_gives_the_same_top_up_and_another_key_another(world):
    phone, key = await world.arrive(), new_key()
    first = await phone.top_up(amount_fen=100, key=key)
    again = await phone.top_up(amount_fen=100, key=key)
    assert first.body == again.body
    other = await phone.top_up(amount_fen=100)
    assert other.body["top_up_no"] != first.body["top_up_no"]
    refused = await phone.top_up(amount_fen=200, key=key)
    assert (refused.status, refused.code) == (409, "idempotency_key_reused")
    assert len(await phone.all("/top-ups")) == 2


async def test_clicking_twice_at_once_makes_one_top_up(world):
    phone, key = await world.arrive(), new_key()
    answers = await asyncio.gather(*(phone.top_up(amount_fen=100, key=key) for _ in range(4)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["payment"]["payment_no"] for answer in answers}) == 1


async def test_two_customers_may_use_the_same_key(world):
    key = new_key()
    answers = [await (await world.arrive()).top_up(amount_fen=100, key=key) for _ in range(2)]
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["top_up_no"] for answer in answers}) == 2


async def test_a_key_is_required_and_has_a_shape(world):
    phone = await world.arrive()
    body = {"amount_fen": 100, "channel": "wechat_pay", "method": "jsapi"}
    assert (await phone.post("/top-ups", body, key=None)).code == "idempotency_key_required"
    for wrong in ("short", "has space", "x" * 65):
        assert (await phone.post("/top-ups", body, key=wrong)).code == "invalid_idempotency_key"


@pytest.mark.parametrize(
    ("terms", "status", "code"),
    [
        ({}, 422, "package_or_amount"),
        ({"package_id": 1, "amount_fen": 100}, 422, "package_or_amount"),
        ({"package_id": 404}, 404, "no_such_package"),
        ({"amount_fen": 500_001}, 422, "top_up_amount_out_of_range"),
        ({"amount_fen": 0}, 422, "invalid_request"),
        ({"amount_fen": 100, "method": "wap"}, 422, "no_such_channel"),
        ({"amount_fen": 100, "channel": "cash"}, 422, "invalid_request"),
    ],
)
async def test_top_ups_that_cannot_be_are_refused(world, terms, status, code):
    phone = await world.arrive()
    refused = await phone.top_up(**terms)
    assert (refused.status, refused.code) == (status, code), refused
    assert await phone.all("/top-ups") == []


async def test_nobody_may_hold_more_than_the_law_allows(world):
    phone = await world.arrive()
    await world.give(phone.customer_id, 99_950)
    refused = await phone.top_up(amount_fen=100)
    assert (refused.status, refused.code) == (409, "balance_limit")
    assert "1000.00" in refused.body["message"]


async def test_when_the_channel_does_not_answer_the_same_key_is_good_for_another_try(world):
    phone, key = await world.arrive(), new_key()
    world.misbehave("wechat_pay.jsapi", "500_after", times=1)
    unknown = await phone.top_up(amount_fen=100, key=key)
    assert (unknown.status, unknown.code) == (503, "channel_unavailable")
    made = await phone.top_up(amount_fen=100, key=key)
    assert made.status == 201, made
    assert len(await phone.all("/top-ups")) == 1
    await phone.pay(made.body["payment"])
    await world.quiet()
    assert (await phone.balance())["principal_fen"] == 100


async def test_a_lost_notification_is_made_up_for_by_asking(world):
    phone = await world.arrive()
    world.misbehave("wechat_pay.notify.queue", "lose")
    made = await phone.top_up(amount_fen=100)
    await phone.pay(made.body["payment"])
    await world.quiet()
    path = f"/top-ups/{made.body['top_up_no']}"
    assert (await phone.get(path)).body["state"] == "pending"
    assert (await phone.post(f"{path}/check")).body["state"] == "credited"
    assert (await phone.post(f"{path}/check")).body["state"] == "credited"
    assert (await phone.balance())["principal_fen"] == 100


async def test_checking_an_unpaid_top_up_leaves_it_pending_until_it_is_closed(world):
    phone = await world.arrive()
    made = await phone.top_up(amount_fen=100)
    path = f"/top-ups/{made.body['top_up_no']}/check"
    assert (await phone.post(path)).body["state"] == "pending"
    world.advance(minutes=31)
    assert (await phone.post(path)).body["state"] == "closed"
    assert (await phone.open(made.body["payment"])).status == 422  # closed at the channel as well


async def test_money_that_does_not_match_is_shown_as_quarantined(world):
    phone = await world.arrive()
    world.misbehave("wechat_pay.notify", "wrong_amount")
    made = await phone.top_up(amount_fen=100)
    await phone.pay(made.body["payment"])
    await world.quiet()
    assert (await phone.get(f"/top-ups/{made.body['top_up_no']}")).body["state"] == "quarantined"
    assert (await phone.balance())["balance_fen"] == 0


async def test_anothers_top_up_does_not_exist(world):
    owner, other = await world.arrive(), await world.arrive()
    made = await owner.top_up(amount_fen=100)
    path = f"/top-ups/{made.body['top_up_no']}"
    for refused in (await other.get(path), await other.post(f"{path}/check")):
        assert (refused.status, refused.code) == (404, "no_such_top_up")
    assert await other.all("/top-ups") == []


async def test_jsapi_needs_an_openid_of_the_mini_program(world):
    phone = await world.arrive()
    await db.execute("UPDATE identity SET app_id = 'wx-former' WHERE customer_id = $1", phone.customer_id)
    refused = await phone.top_up(amount_fen=100)
    assert (refused.status, refused.code) == (409, "payer_unknown")
    assert (await phone.top_up("wechat_pay", "native", amount_fen=100)).status == 201


@pytest.mark.parametrize(("channel", "method"), [("wechat_pay", "jsapi"), ("alipay", "wap")])
async def test_an_unpaid_top_up_is_cancelled_and_cannot_be_paid_any_more(world, channel, method):
    phone = await world.arrive()
    made = await phone.top_up(channel, method, amount_fen=60_000)
    if channel == "alipay":
        assert (
            await phone.open(made.body["payment"])
        ).status == 201  # there is a trade since the cashier was opened
    assert (await phone.top_up(amount_fen=60_000)).code == "balance_limit"
    path = f"/top-ups/{made.body['top_up_no']}/cancel"
    for _ in range(2):
        assert (await phone.post(path)).body["state"] == "closed"
    assert (await phone.open(made.body["payment"])).status == 422
    assert (await phone.top_up(amount_fen=60_000)).status == 201
    assert (await (await world.arrive()).post(path)).code == "no_such_top_up"


async def test_a_code_that_nobody_has_scanned_cannot_be_closed_and_stays_until_its_time_is_over(world):
    phone = await world.arrive()
    made = await phone.top_up("alipay", "precreate", amount_fen=100)
    cancelled = await phone.post(f"/top-ups/{made.body['top_up_no']}/cancel")
    assert (cancelled.status, cancelled.body["state"]) == (200, "pending")
    await phone.pay(made.body["payment"])
    await world.quiet()
    assert (await phone.balance())["principal_fen"] == 100


async def test_a_paid_top_up_is_credited_by_the_wish_to_cancel_it(world):
    phone = await world.arrive()
    world.misbehave("wechat_pay.notify.queue", "lose")
    made = await phone.top_up(amount_fen=100)
    await phone.pay(made.body["payment"])
    assert (await phone.post(f"/top-ups/{made.body['top_up_no']}/cancel")).body["state"] == "credited"
    assert (await phone.balance())["principal_fen"] == 100


async def test_a_customer_changes_from_wechat_to_alipay_and_back_on_the_same_top_up(world):
    phone = await world.arrive()
    made = await phone.top_up("wechat_pay", "jsapi", amount_fen=1000, client="mini_program")
    path = f"/top-ups/{made.body['top_up_no']}"
    asked = {"channel": "alipay", "method": "wap", "client": "mobile_browser"}
    changed = await phone.post(f"{path}/pay", asked)
    assert (changed.status, changed.body["payment"]["channel"], changed.body["state"]) == (
        200,
        "alipay",
        "pending",
    )
    with pytest.raises(AssertionError, match="订单已关闭"):
        await phone.pay(made.body["payment"])
    assert (await phone.pay(changed.body["payment"])).status == 200
    await world.quiet()
    seen = (await phone.get(path)).body
    assert (seen["state"], seen["payment"]["state"], seen["payment"]["channel"]) == (
        "credited",
        "paid",
        "alipay",
    )
    tried = (await phone.get(f"{path}/attempts")).body["items"]
    assert [(one["channel"], one["state"], one["left_at"] is None) for one in tried] == [
        ("alipay", "paid", True), ("wechat_pay", "closed", False),
    ]  # fmt: skip
    refused = await phone.post(f"{path}/pay", asked)
    assert (refused.status, refused.code) == (409, "top_up_ended")
    assert (await (await world.arrive()).post(f"{path}/pay", asked)).code == "no_such_top_up"


async def test_an_h5_address_is_given_anew_when_it_works_no_more(world):
    phone = await world.arrive()
    made = await phone.top_up("wechat_pay", "h5", amount_fen=1000, client="mobile_browser", key="the-one-key")
    first = made.body["payment"]
    world.advance(seconds=360)
    with pytest.raises(AssertionError, match="订单已过期"):
        await phone.pay(first)
    again = await phone.top_up(
        "wechat_pay", "h5", amount_fen=1000, client="mobile_browser", key="the-one-key"
    )
    assert again.body["payment"]["payment_no"] == first["payment_no"]
    assert again.body["payment"]["client"] != first["client"]
    assert (await phone.pay(again.body["payment"])).status == 200
    await world.quiet()
    assert (await phone.balance())["principal_fen"] == 1000
