"""The vendor's Python SDK (wechatpayv3) works against the stand-in without knowing it."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

MODES = ["public-key", "certificate"]


def sdk_for(sandbox, notify_url: str) -> WeChatPay:
    c = sandbox.credentials
    common = {
        "wechatpay_type": WeChatPayType.MINIPROG,
        "mchid": c.mch_id,
        "private_key": c.merchant_private_key_pem,
        "cert_serial_no": c.merchant_serial_no,
        "apiv3_key": c.api_v3_key,
        "appid": c.mini_app_id,
        "notify_url": notify_url,
        "timeout": 5,
    }
    if sandbox.world.settings.wechat_pay_mode == "public-key":
        key = {"public_key": c.wechat_pay_public_key_pem, "public_key_id": c.wechat_pay_public_key_id}
        sdk = WeChatPay(**common, **key)
        sdk._core._gate_way = sandbox.wechat_pay_url
        return sdk
    with tempfile.TemporaryDirectory() as folder:
        # The constructor wants a certificate before the address can be changed; afterwards it is fetched.
        (Path(folder) / "platform.pem").write_text(c.platform_certificates_pem[c.platform_serial_no])
        sdk = WeChatPay(**common, cert_dir=folder)
        sdk._core._gate_way, sdk._core._cert_dir = sandbox.wechat_pay_url, None
        sdk._core._update_certificates()
    assert [f"{one.serial_number:040X}" for one in sdk._core._certificates] == [c.platform_serial_no]
    return sdk


async def call(function, **arguments):
    status, text = await asyncio.to_thread(lambda: function(**arguments))
    return status, json.loads(text) if text else None


def payment_params(sdk: WeChatPay, app_id: str, prepay_id: str) -> dict[str, str]:
    stamp, nonce, package = str(int(time.time())), "n" * 32, f"prepay_id={prepay_id}"
    signature = sdk.sign([app_id, stamp, nonce, package])
    return {
        "timeStamp": stamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": signature,
    }


@pytest.mark.parametrize("mode", MODES)
async def test_a_person_pays_a_jsapi_order_and_the_merchant_is_told(start, merchant, ask, mode):
    sandbox = await start(wechat_pay_mode=mode)
    person = sandbox.world.people.arrive()
    sdk = await asyncio.to_thread(sdk_for, sandbox, merchant.url + "/notify")

    status, answer = await call(
        sdk.pay,
        description="充值 200 元",
        out_trade_no="T0000001",
        amount={"total": 20000, "currency": "CNY"},
        payer={"openid": person.mini_openid},
    )
    assert status == 200 and len(answer["prepay_id"]) == 36

    params = payment_params(sdk, sandbox.credentials.mini_app_id, answer["prepay_id"])
    phone = f"{sandbox.platform_url}/phone"
    status, sheet = await ask("POST", f"{phone}/people/{person.id}/wechat-pay/request-payment", params)
    assert (status, sheet["amount_fen"], sheet["description"]) == (201, 20000, "充值 200 元")
    assert await ask("POST", f"{phone}/sheets/{sheet['sheet_no']}/pay") == (
        200,
        {"errMsg": "requestPayment:ok"},
    )

    await sandbox.quiet()
    headers, body, _ = merchant.received[0]
    notice = sdk.callback(headers, body)
    assert notice["event_type"] == "TRANSACTION.SUCCESS"
    assert notice["resource"]["out_trade_no"] == "T0000001"
    assert notice["resource"]["amount"]["total"] == 20000
    assert notice["resource"]["payer"]["openid"] == person.mini_openid

    status, queried = await call(sdk.query, out_trade_no="T0000001")
    assert status == 200 and queried["trade_state"] == "SUCCESS"
    status, by_id = await call(sdk.query, transaction_id=queried["transaction_id"])
    assert by_id == queried


@pytest.mark.parametrize("mode", MODES)
async def test_closing_answers_with_a_signed_empty_body(start, mode):
    sandbox = await start(wechat_pay_mode=mode)
    sdk = await asyncio.to_thread(sdk_for, sandbox, "https://shop.example.com/notify")
    status, answer = await call(
        sdk.pay,
        description="茶",
        out_trade_no="T0000002",
        amount={"total": 1},
        pay_type=WeChatPayType.NATIVE,
    )
    assert status == 200 and answer["code_url"].startswith("weixin://wxpay/bizpayurl")
    assert await call(sdk.close, out_trade_no="T0000002") == (204, None)
    assert await call(sdk.close, out_trade_no="T0000002") == (204, None)
    status, answer = await call(sdk.query, out_trade_no="T0000002")
    assert answer["trade_state"] == "CLOSED"


@pytest.mark.parametrize("mode", MODES)
async def test_a_refund_is_accepted_then_paid_back_and_announced(start, merchant, mode):
    sandbox = await start(wechat_pay_mode=mode)
    person = sandbox.world.people.arrive()
    sdk = await asyncio.to_thread(sdk_for, sandbox, merchant.url + "/notify")
    _, answer = await call(
        sdk.pay,
        description="茶",
        out_trade_no="T0000003",
        amount={"total": 300},
        pay_type=WeChatPayType.NATIVE,
    )
    code = answer["code_url"].split("pr=")[1]
    sandbox.wechat_pay.cashier.pay(person, code)
    amount = {"refund": 100, "total": 300, "currency": "CNY"}
    arguments = {"out_refund_no": "R1", "out_trade_no": "T0000003", "amount": amount, "reason": "退"}
    status, accepted = await call(sdk.refund, **arguments)
    assert (status, accepted["status"]) == (200, "PROCESSING")
    await sandbox.quiet()
    status, again = await call(sdk.refund, **arguments)
    assert (again["refund_id"], again["status"]) == (accepted["refund_id"], "SUCCESS")
    status, queried = await call(sdk.query_refund, out_refund_no="R1")
    assert queried["status"] == "SUCCESS"

    notices = [sdk.callback(headers, body) for headers, body, _ in merchant.received]
    assert [notice["event_type"] for notice in notices] == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]
    assert notices[1]["resource"]["refund_status"] == "SUCCESS"
    assert notices[1]["resource"]["amount"]["refund"] == 100
    paid, refunded = sandbox.world.wallets.movements()
    assert (paid.amount_fen, refunded.amount_fen, refunded.out_refund_no) == (300, 100, "R1")


@pytest.mark.parametrize("mode", MODES)
async def test_orders_of_every_kind(start, merchant, mode):
    sandbox = await start(wechat_pay_mode=mode)
    person = sandbox.world.people.arrive()
    sdk = await asyncio.to_thread(sdk_for, sandbox, merchant.url + "/notify")
    order = {"description": "茶", "amount": {"total": 100, "currency": "CNY"}}
    scene = {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}}
    status, in_browser = await call(
        sdk.pay, **order, out_trade_no="T0000004", pay_type=WeChatPayType.H5, scene_info=scene
    )
    assert status == 200
    sandbox.wechat_pay.cashier.pay(
        person, sandbox.wechat_pay.cashier.open_h5(person, in_browser["h5_url"]).ticket
    )
    _, queried = await call(sdk.query, out_trade_no="T0000004")
    assert (queried["trade_state"], queried["trade_type"]) == ("SUCCESS", "MWEB")
    status, in_app = await call(sdk.pay, **order, out_trade_no="T0000005", pay_type=WeChatPayType.APP)
    assert status == 200 and in_app["prepay_id"]
    payer = {"openid": person.official_openid}
    status, in_account = await call(
        sdk.pay, **order, out_trade_no="T0000006", pay_type=WeChatPayType.JSAPI, payer=payer,
        appid=sandbox.credentials.official_app_id,
    )  # fmt: skip
    assert status == 200 and in_account["prepay_id"]
    status, refused = await call(sdk.pay, **order, out_trade_no="T0000004", pay_type=WeChatPayType.NATIVE)
    assert (status, refused["code"]) == (400, "ORDERPAID")


@pytest.mark.parametrize("mode", MODES)
async def test_a_stuck_refund_goes_to_a_card_whose_number_only_the_channel_reads(start, merchant, mode):
    sandbox = await start(wechat_pay_mode=mode)
    person = sandbox.world.people.arrive()
    sdk = await asyncio.to_thread(sdk_for, sandbox, merchant.url + "/notify")
    _, answer = await call(
        sdk.pay,
        description="茶",
        out_trade_no="T0000007",
        amount={"total": 300},
        pay_type=WeChatPayType.NATIVE,
    )
    sandbox.wechat_pay.cashier.pay(person, answer["code_url"].split("pr=")[1])
    sandbox.world.faults.add({"op": "wechat_pay.refund_settle", "do": "abnormal"})
    amount = {"refund": 100, "total": 300, "currency": "CNY"}
    _, refund = await call(sdk.refund, out_refund_no="R2", out_trade_no="T0000007", amount=amount)
    await sandbox.quiet()
    card = {"bank_type": "ICBC_DEBIT", "bank_account": "6222021234567890123", "real_name": person.nickname}
    which = {"refund_id": refund["refund_id"], "out_refund_no": "R2", "type": "USER_BANK_CARD"}
    status, sent = await call(sdk.abnormal_refund, **which, **card)
    assert (status, sent["status"], sent["channel"]) == (200, "PROCESSING", "OTHER_BANKCARD")
    await sandbox.quiet()
    events = [sdk.callback(headers, body)["event_type"] for headers, body, _ in merchant.received]
    assert events == ["TRANSACTION.SUCCESS", "REFUND.ABNORMAL", "REFUND.SUCCESS"]
    status, refused = await call(sdk.abnormal_refund, **which, bank_type="ICBC_DEBIT")
    assert (status, refused["code"]) == (400, "PARAM_ERROR")


@pytest.mark.parametrize("mode", MODES)
async def test_a_transfer_waits_for_the_person_and_is_told_when_it_arrived(start, merchant, mode):
    sandbox = await start(wechat_pay_mode=mode)
    person = sandbox.world.people.arrive()
    sdk = await asyncio.to_thread(sdk_for, sandbox, merchant.url + "/notify")
    transfer = {
        "transfer_scene_id": "1011",
        "openid": person.mini_openid,
        "transfer_amount": 200_000,
        "transfer_remark": "余额退还",
        "user_name": person.nickname,
        "transfer_scene_report_infos": [{"info_type": "赔付原因", "info_content": "预存款退款"}],
    }
    status, made = await call(sdk.mch_transfer_bills, out_bill_no="W0000001", **transfer)
    assert (status, made["state"]) == (200, "WAIT_USER_CONFIRM")
    sandbox.wechat_pay.transfers.confirm(person, made["package_info"])
    await sandbox.quiet()
    (headers, body, _), *_ = merchant.received
    notice = sdk.callback(headers, body)
    assert (notice["event_type"], notice["resource"]["state"]) == ("MCHTRANSFER.BILL.FINISHED", "SUCCESS")
    by_number = await call(sdk.mch_transfer_bills_query, out_bill_no="W0000001")
    by_theirs = await call(sdk.mch_transfer_bills_query, transfer_bill_no=made["transfer_bill_no"])
    assert by_number == by_theirs and by_number[1]["state"] == "SUCCESS"

    await call(sdk.mch_transfer_bills, out_bill_no="W0000002", **transfer)
    status, stopped = await call(sdk.mch_transfer_bills_cancel, out_bill_no="W0000002")
    assert (status, stopped["state"]) == (200, "CANCELING")
    await sandbox.quiet()
    status, ended = await call(sdk.mch_transfer_bills_query, out_bill_no="W0000002")
    assert ended["state"] == "CANCELLED"
    (sent,) = sandbox.world.wallets.movements()
    assert (sent.kind, sent.amount_fen, sent.person_id) == ("transferred", 200_000, person.id)


async def test_the_sdk_follows_a_change_of_certificate(start):
    sandbox = await start(wechat_pay_mode="certificate")
    sdk = await asyncio.to_thread(sdk_for, sandbox, "https://shop.example.com/notify")
    sandbox.wechat_pay.seal.rotate()
    status, _ = await call(sdk.query, out_trade_no="T0000009")
    assert status == 404
    status, _ = await call(
        sdk.pay,
        description="茶",
        out_trade_no="T0000009",
        amount={"total": 1},
        pay_type=WeChatPayType.NATIVE,
    )
    assert status == 200
    assert len(sdk._core._certificates) == 2
    sandbox.wechat_pay.seal.retire()
    assert (await call(sdk.close, out_trade_no="T0000009")) == (204, None)
