"""What WeChat Pay refuses, and how; every answer is signed."""

from __future__ import annotations

import time

import pytest


async def test_every_answer_is_signed_and_numbered(pay):
    good = await pay.send("POST", "/v3/pay/transactions/native", pay.native())
    bad = await pay.send("GET", f"/v3/pay/transactions/out-trade-no/NOSUCH1?mchid={pay.credentials.mch_id}")
    nowhere = await pay.send("GET", "/v3/nowhere")
    assert [answer.status for answer in (good, bad, nowhere)] == [200, 404, 404]
    assert all(pay.signature_is_right(answer) for answer in (good, bad, nowhere))
    assert good.headers["Request-ID"].endswith("-0") and bad.headers["Request-ID"].endswith("-268512771")
    assert good.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
    assert bad.body["code"] == "ORDER_NOT_EXIST"


@pytest.mark.parametrize(
    "change",
    [
        {"off_by_s": -400},
        {"off_by_s": 400},
        {"signature": "AAAA"},
        {"serial_no": "0" * 40},
        {"nonce_str": "another"},
        {"raw": b"{}"},
    ],
)
async def test_a_request_not_signed_by_the_merchant_just_now_is_refused(pay, change):
    change = dict(change)
    if off_by_s := change.pop(
        "off_by_s", 0
    ):  # from the moment of the test, which may come long after its collection
        change["at"] = int(time.time()) + off_by_s
    answer = await pay.send("POST", "/v3/pay/transactions/native", pay.native(), **change)
    assert (answer.status, answer.body["code"]) == (401, "SIGN_ERROR")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"extra": "x"}, "PARAM_ERROR"),
        ({"attach": ""}, "PARAM_ERROR"),
        ({"attach": None}, "PARAM_ERROR"),
        ({"description": ...}, "PARAM_ERROR"),
        ({"description": "长" * 128}, "PARAM_ERROR"),
        ({"out_trade_no": "short"}, "PARAM_ERROR"),
        ({"out_trade_no": "T" * 33}, "PARAM_ERROR"),
        ({"out_trade_no": "has space"}, "PARAM_ERROR"),
        ({"out_trade_no": "点心00001"}, "PARAM_ERROR"),
        ({"amount": {"total": 0}}, "PARAM_ERROR"),
        ({"amount": {"total": "100"}}, "PARAM_ERROR"),
        ({"amount": {"total": 1.5}}, "PARAM_ERROR"),
        ({"amount": {"total": 100, "currency": "USD"}}, "PARAM_ERROR"),
        ({"amount": {"total": 100, "fee": 1}}, "PARAM_ERROR"),
        ({"notify_url": "https://shop.example.com/notify?a=1"}, "PARAM_ERROR"),
        ({"notify_url": "shop.example.com/notify"}, "PARAM_ERROR"),
        ({"time_expire": "2026-11-23 10:00:00"}, "PARAM_ERROR"),
        ({"time_expire": "2020-01-01T00:00:00+08:00"}, "PARAM_ERROR"),
        ({"payer": {"openid": "o1"}}, "PARAM_ERROR"),
        ({"mchid": "1600000000"}, "PARAM_ERROR"),
        ({"appid": "wx0000000000000000"}, "APPID_MCHID_NOT_MATCH"),
    ],
)
async def test_bodies_are_read_strictly(pay, change, code):
    answer = await pay.send("POST", "/v3/pay/transactions/native", pay.native(**change))
    assert (answer.status, answer.body["code"]) == (400, code), answer.body


async def test_a_jsapi_order_needs_an_openid_of_the_same_app(pay):
    person = pay.sandbox.world.people.arrive()
    path = "/v3/pay/transactions/jsapi"
    missing = await pay.send("POST", path, pay.native())
    assert (missing.status, missing.body["code"]) == (400, "PARAM_ERROR")
    other_app = await pay.send("POST", path, pay.native(payer={"openid": person.official_openid}))
    assert (other_app.status, other_app.body["message"]) == (400, "appid和openid不匹配")
    official = pay.native(appid=pay.credentials.official_app_id, payer={"openid": person.official_openid})
    assert (await pay.send("POST", path, official)).status == 200


async def test_the_same_number_is_placed_again_only_with_the_same_content(pay):
    path, body = "/v3/pay/transactions/native", pay.native()
    first = await pay.send("POST", path, body)
    again = await pay.send("POST", path, body)
    assert first.status == again.status == 200 and first.body != again.body
    changed = await pay.send("POST", path, body | {"amount": {"total": 101}})
    assert (changed.status, changed.body["code"]) == (400, "INVALID_REQUEST")
    assert changed.headers["Request-ID"].endswith("-268498688")


async def test_paid_and_closed_numbers_cannot_be_used_again(pay):
    person = pay.sandbox.world.people.arrive()
    path, body = "/v3/pay/transactions/native", pay.native()
    code_url = (await pay.send("POST", path, body)).body["code_url"]
    sheet = pay.sandbox.wechat_pay.cashier.open_by_scan(person, code_url)
    pay.sandbox.wechat_pay.cashier.pay(person, sheet.ticket)
    assert (await pay.send("POST", path, body)).body["code"] == "ORDERPAID"
    close = f"/v3/pay/transactions/out-trade-no/{body['out_trade_no']}/close"
    refused = await pay.send("POST", close, {"mchid": pay.credentials.mch_id})
    assert (refused.status, refused.body["code"]) == (400, "ORDER_PAID")

    other = pay.native()
    await pay.send("POST", path, other)
    close = f"/v3/pay/transactions/out-trade-no/{other['out_trade_no']}/close"
    closed = await pay.send("POST", close, {"mchid": pay.credentials.mch_id})
    assert (closed.status, closed.raw) == (204, b"") and pay.signature_is_right(closed)
    assert (await pay.send("POST", path, other)).body["code"] == "ORDER_CLOSED"


async def refund(pay, body, **change):
    order = {
        "out_trade_no": body["out_trade_no"],
        "out_refund_no": "R1",
        "amount": {"refund": 60, "total": 100, "currency": "CNY"},
    }
    return await pay.send("POST", "/v3/refund/domestic/refunds", order | change)


async def test_refunds_never_exceed_what_was_paid(pay):
    person = pay.sandbox.world.people.arrive()
    body = pay.native()
    code_url = (await pay.send("POST", "/v3/pay/transactions/native", body)).body["code_url"]
    assert (await refund(pay, body)).body["code"] == "RESOURCE_NOT_EXISTS"
    cashier = pay.sandbox.wechat_pay.cashier
    cashier.pay(person, cashier.open_by_scan(person, code_url).ticket)
    first = await refund(pay, body)
    assert (first.status, first.body["status"]) == (200, "PROCESSING")
    assert (await refund(pay, body)).body["refund_id"] == first.body["refund_id"]
    amount = {"refund": 41, "total": 100, "currency": "CNY"}
    assert (await refund(pay, body, amount=amount)).body["code"] == "INVALID_REQUEST"
    assert (await refund(pay, body, out_refund_no="R2", amount=amount)).body["code"] == "INVALID_REQUEST"
    amount["refund"] = 40
    assert (await refund(pay, body, out_refund_no="R2", amount=amount)).status == 200
    await pay.sandbox.quiet()
    assert [m.amount_fen for m in pay.sandbox.world.wallets.movements()] == [100, 60, 40]
    queried = await pay.send("GET", "/v3/refund/domestic/refunds/R2")
    assert queried.body["status"] == "SUCCESS"


@pytest.mark.parametrize(("do", "state"), [("abnormal", "ABNORMAL"), ("closed", "CLOSED")])
async def test_a_refund_can_end_badly(pay, merchant, do, state):
    person = pay.sandbox.world.people.arrive()
    body = pay.native()
    code_url = (await pay.send("POST", "/v3/pay/transactions/native", body)).body["code_url"]
    cashier = pay.sandbox.wechat_pay.cashier
    cashier.pay(person, cashier.open_by_scan(person, code_url).ticket)
    pay.sandbox.world.faults.add({"op": "wechat_pay.refund_settle", "do": do})
    await refund(pay, body, notify_url=merchant.url + "/refund")
    await pay.sandbox.quiet()
    assert (await pay.send("GET", "/v3/refund/domestic/refunds/R1")).body["status"] == state
    assert len(pay.sandbox.world.wallets.movements()) == 1
    assert f'"event_type":"REFUND.{state}"' in merchant.received[1][1].decode()


async def test_after_time_expire_nobody_can_pay(pay, ask):
    person = pay.sandbox.world.people.arrive()
    soon = time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(time.time() + 8 * 3600 + 300))
    body = pay.native(time_expire=soon)
    code_url = (await pay.send("POST", "/v3/pay/transactions/native", body)).body["code_url"]
    await ask("POST", f"{pay.sandbox.platform_url}/world/clock", {"advance_s": 301})
    scan = f"{pay.sandbox.platform_url}/phone/people/{person.id}/wechat-pay/scan"
    status, answer = await ask("POST", scan, {"code_url": code_url})
    assert (status, answer["errMsg"]) == (422, "requestPayment:fail 订单已过期")
    query = f"/v3/pay/transactions/out-trade-no/{body['out_trade_no']}?mchid={pay.credentials.mch_id}"
    assert (await pay.send("GET", query)).body["trade_state"] == "NOTPAY"
    await ask("POST", f"{pay.sandbox.platform_url}/world/clock", {"advance_s": 8 * 86400})
    assert (await pay.send("GET", query)).body["trade_state"] == "CLOSED"


async def test_the_pay_sheet_checks_who_pays_and_what_the_merchant_signed(pay, ask):
    payer, other = pay.sandbox.world.people.arrive(), pay.sandbox.world.people.arrive()
    body = pay.native(payer={"openid": payer.mini_openid})
    prepay_id = (await pay.send("POST", "/v3/pay/transactions/jsapi", body)).body["prepay_id"]
    params = pay.client_params(prepay_id)
    phone = f"{pay.sandbox.platform_url}/phone"

    async def open_as(person, params):
        status, answer = await ask("POST", f"{phone}/people/{person.id}/wechat-pay/request-payment", params)
        return status, answer.get("errMsg", "")

    assert await open_as(other, params) == (
        422,
        "requestPayment:fail 下单账号与支付账号不一致，请核实后再支付",
    )
    forged = params | {"nonceStr": "changed"}
    assert await open_as(payer, forged) == (422, "requestPayment:fail 支付验证签名失败")
    other_app = pay.client_params(prepay_id, pay.credentials.official_app_id)
    assert (await open_as(payer, other_app))[0] == 422
    assert (await open_as(payer, {}))[0] == 422
    status, sheet = await ask("POST", f"{phone}/people/{payer.id}/wechat-pay/request-payment", params)
    assert status == 201
    cancelled = await ask("POST", f"{phone}/sheets/{sheet['sheet_no']}/cancel")
    assert cancelled == (200, {"errMsg": "requestPayment:fail cancel"})
    assert (await ask("POST", f"{phone}/sheets/{sheet['sheet_no']}/pay"))[0] == 404
    assert pay.sandbox.world.wallets.movements() == []


async def test_an_h5_link_lives_five_minutes(pay, ask):
    person = pay.sandbox.world.people.arrive()
    scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    path = "/v3/pay/transactions/h5"
    assert (await pay.send("POST", path, pay.native())).status == 400
    h5_url = (await pay.send("POST", path, pay.native(scene_info=scene))).body["h5_url"]
    open_h5 = f"{pay.sandbox.platform_url}/phone/people/{person.id}/wechat-pay/open-h5"
    assert (await ask("POST", open_h5, {"h5_url": h5_url}))[0] == 201
    pay.sandbox.world.clock.advance(301)
    assert (await ask("POST", open_h5, {"h5_url": h5_url}))[0] == 422


async def test_in_public_key_mode_there_are_no_platform_certificates(pay):
    answer = await pay.send("GET", "/v3/certificates")
    assert (answer.status, answer.body["code"]) == (404, "RESOURCE_NOT_EXISTS")
