"""Every way a call can end, against a peer that answers as recorded."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from gateway_peers import (
    PUBLIC_KEY_ID,
    a_refund,
    an_order,
    certificate_of,
    certificate_pem,
    sealed,
    wechat_settings,
)

from core import clock
from gateways import wechat_pay
from gateways.channel import (
    AlreadyPaid,
    Channel,
    ChannelRefund,
    ChannelRefused,
    RateLimited,
    ResultUnknown,
)

NO = "T2611230000000000001"
QUERIED = {
    "amount": {"currency": "CNY", "payer_currency": "CNY", "payer_total": 20000, "total": 20000},
    "appid": "wxd678efh567hg6787",
    "attach": "",
    "bank_type": "OTHERS",
    "mchid": "1600000001",
    "out_trade_no": NO,
    "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "promotion_detail": [],
    "success_time": "2026-11-23T10:34:56+08:00",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "trade_type": "JSAPI",
    "transaction_id": "4200001585202211111234567890",
}
UNPAID = {
    "amount": {"payer_currency": "CNY", "total": 20000},
    "appid": "wxd678efh567hg6787",
    "mchid": "1600000001",
    "out_trade_no": NO,
    "promotion_detail": [],
    "trade_state": "NOTPAY",
    "trade_state_desc": "订单未支付",
}
REFUNDED = {
    "refund_id": "50000000382019052709732678859",
    "out_refund_no": "R2611230000000000001",
    "transaction_id": "4200001585202211111234567890",
    "out_trade_no": NO,
    "channel": "ORIGINAL",
    "user_received_account": "支付用户零钱",
    "create_time": "2026-11-23T11:00:00+08:00",
    "status": "PROCESSING",
    "amount": {"total": 20000, "refund": 5000, "payer_total": 20000, "payer_refund": 5000, "currency": "CNY"},
}

CALLS = {
    "jsapi": lambda client: client.prepare("jsapi", an_order()),
    "native": lambda client: client.prepare("native", an_order()),
    "query": lambda client: client.query(NO),
    "close": lambda client: client.close(NO),
    "refund": lambda client: client.refund(a_refund()),
    "query_refund": lambda client: client.query_refund(out_trade_no=NO, out_refund_no="R2611230000000000001"),
}
GOOD = {
    "jsapi": {"prepay_id": "wx26112410445"},
    "native": {"code_url": "weixin://wxpay/bizpayurl/up?pr=x"},
    "query": QUERIED,
    "refund": REFUNDED,
    "query_refund": REFUNDED,
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def test_it_is_a_channel():
    client = wechat_pay.WechatPay(wechat_settings())
    assert isinstance(client, Channel)
    assert (client.name, client.methods) == ("wechat_pay", {"jsapi", "native", "h5"})


async def test_a_jsapi_order_is_asked_for_as_documented(peer, wechat_client):
    peer.answer_signed({"prepay_id": "wx26112410445"})
    order = an_order(expires_at=datetime(2026, 11, 23, 17, 30, 15, 999, tzinfo=UTC))
    prepared = await wechat_client.prepare("jsapi", order)
    assert prepared.prepay_ref == "wx26112410445"
    assert prepared.client["package"] == "prepay_id=wx26112410445"
    assert prepared.client["paySign"] not in repr(prepared)
    asked = peer.received[0]
    assert (asked.method, asked.target) == ("POST", "/v3/pay/transactions/jsapi")
    assert asked.json == {
        "appid": "wxd678efh567hg6787",
        "mchid": "1600000001",
        "description": "充值 200 元",
        "out_trade_no": NO,
        "notify_url": "https://shop.example.com/webhooks/wechat-pay",
        "time_expire": "2026-11-24T01:30:15+08:00",
        "amount": {"total": 20000, "currency": "CNY"},
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    }
    assert asked.headers["Wechatpay-Serial"] == PUBLIC_KEY_ID
    assert asked.headers["Accept"] == "application/json"
    assert asked.headers["Content-Type"] == "application/json"


async def test_a_native_order_names_no_payer_and_cuts_a_long_description(peer, wechat_client):
    peer.answer_signed({"code_url": "weixin://wxpay/bizpayurl/up?pr=x"})
    prepared = await wechat_client.prepare("native", an_order(description="字" * 200))
    assert (prepared.client, prepared.prepay_ref) == ({"code_url": "weixin://wxpay/bizpayurl/up?pr=x"}, None)
    assert "payer" not in peer.received[0].json and len(peer.received[0].json["description"]) == 127


async def test_wrong_uses_are_our_bugs(wechat_client):
    with pytest.raises(ValueError, match="openid"):
        await wechat_client.prepare("jsapi", an_order(payer=None))
    with pytest.raises(ValueError, match="method"):
        await wechat_client.prepare("wap", an_order())


async def test_a_paid_order_is_told_with_everything_the_desk_compares(peer, wechat_client):
    peer.answer_signed(QUERIED)
    trade = await wechat_client.query(NO)
    assert (trade.state, trade.amount_fen, trade.currency) == ("paid", 20000, "CNY")
    assert (trade.app_id, trade.merchant_id) == ("wxd678efh567hg6787", "1600000001")
    assert trade.payer == "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    assert trade.paid_at == datetime(2026, 11, 23, 2, 34, 56, tzinfo=UTC)
    assert peer.received[0].target == f"/v3/pay/transactions/out-trade-no/{NO}?mchid=1600000001"
    assert peer.received[0].body == b""


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("NOTPAY", "waiting"),
        ("USERPAYING", "waiting"),
        ("CLOSED", "closed"),
        ("REVOKED", "closed"),
        ("PAYERROR", "failed"),
    ],
)
async def test_states_of_unpaid_orders(peer, wechat_client, theirs, ours):
    peer.answer_signed(UNPAID | {"trade_state": theirs})
    trade = await wechat_client.query(NO)
    assert (trade.state, trade.channel_trade_no, trade.paid_at) == (ours, None, None)


async def test_an_unpaid_order_may_be_told_without_amount(peer, wechat_client):
    peer.answer_signed({key: value for key, value in UNPAID.items() if key != "amount"})
    assert (await wechat_client.query(NO)).amount_fen == 0


async def test_after_any_refund_the_order_was_still_paid(peer, wechat_client):
    peer.answer_signed(QUERIED | {"trade_state": "REFUND"})
    trade = await wechat_client.query(NO)
    assert (trade.state, trade.amount_fen) == ("refunded", 20000) and trade.paid_at


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"])
async def test_an_unknown_number_is_an_answer(peer, wechat_client, code):
    peer.refuse(404, code)
    trade = await wechat_client.query(NO)
    assert (trade.state, trade.out_trade_no, trade.channel_trade_no) == ("missing", NO, None)


async def test_the_internal_number_tells_what_the_code_does_not(peer, wechat_client):
    peer.refuse(400, "INVALID_REQUEST", request_id="08F78BA8CA-268512771")
    assert (await wechat_client.query(NO)).state == "missing"
    peer.answers.clear()
    peer.refuse(400, "INVALID_REQUEST", request_id="08F78BA8CA-268449538")
    with pytest.raises(AlreadyPaid):
        await wechat_client.close(NO)


async def test_closing_needs_a_signed_empty_204(peer, wechat_client):
    peer.answer_signed(b"", status=204)
    await wechat_client.close(NO)
    assert peer.received[0].json == {"mchid": "1600000001"}
    assert peer.received[0].target == f"/v3/pay/transactions/out-trade-no/{NO}/close"
    peer.answers = [(204, {}, b"")]
    with pytest.raises(ResultUnknown, match="signature"):
        await wechat_client.close(NO)


@pytest.mark.parametrize("code", ["ORDER_CLOSED", "ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"])
async def test_closing_what_is_closed_or_unknown_is_done(peer, wechat_client, code):
    peer.refuse(400, code)
    await wechat_client.close(NO)


@pytest.mark.parametrize("code", ["ORDERPAID", "ORDER_PAID"])
async def test_closing_or_preparing_a_paid_order_says_so(peer, wechat_client, code):
    peer.refuse(400, code)
    for call in ("close", "jsapi", "native"):
        with pytest.raises(AlreadyPaid) as paid:
            await CALLS[call](wechat_client)
        assert paid.value.out_trade_no == NO


async def test_a_refund_is_asked_for_as_documented_and_accepted(peer, wechat_client):
    peer.answer_signed(REFUNDED)
    refund = await wechat_client.refund(a_refund())
    assert refund == ChannelRefund("R2611230000000000001", "50000000382019052709732678859", "accepted", 5000)
    assert peer.received[0].json == {
        "out_trade_no": NO,
        "out_refund_no": "R2611230000000000001",
        "notify_url": "https://shop.example.com/webhooks/wechat-pay",
        "amount": {"refund": 5000, "total": 20000, "currency": "CNY"},
        "reason": "余额退款",
    }


async def test_a_refund_without_reason_leaves_the_field_out(peer, wechat_client):
    peer.answer_signed(REFUNDED)
    await wechat_client.refund(a_refund(reason=""))
    assert "reason" not in peer.received[0].json


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("PROCESSING", "accepted"), ("SUCCESS", "paid_back"), ("ABNORMAL", "abnormal"), ("CLOSED", "closed")],
)
async def test_states_of_refunds(peer, wechat_client, theirs, ours):
    peer.answer_signed(REFUNDED | {"status": theirs})
    assert (await CALLS["query_refund"](wechat_client)).state == ours


async def test_an_unknown_refund_is_missing(peer, wechat_client):
    peer.refuse(404, "RESOURCE_NOT_EXISTS")
    assert await CALLS["query_refund"](wechat_client) == ChannelRefund(
        "R2611230000000000001", None, "missing", None
    )


async def test_a_refund_of_an_unknown_order_is_refused(peer, wechat_client):
    peer.refuse(404, "RESOURCE_NOT_EXISTS")
    with pytest.raises(ChannelRefused) as refused:
        await CALLS["refund"](wechat_client)
    assert (refused.value.code, refused.value.message) == ("RESOURCE_NOT_EXISTS", "原因")


@every_call
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "PARAM_ERROR"),
        (400, "INVALID_REQUEST"),
        (401, "SIGN_ERROR"),
        (403, "NO_AUTH"),
        (403, "OUT_TRADE_NO_USED"),
        (403, "NOT_ENOUGH"),
        (403, "ACCOUNT_ERROR"),
        (404, "MCH_NOT_EXISTS"),
        (400, "APPID_MCHID_NOT_MATCH"),
    ],
)
async def test_final_errors_are_refusals(peer, wechat_client, call, status, code):
    peer.refuse(status, code)
    with pytest.raises(ChannelRefused) as refused:
        await call(wechat_client)
    assert refused.value.code == code


@every_call
@pytest.mark.parametrize(
    ("status", "code"), [(429, "FREQUENCY_LIMITED"), (403, "FREQUENCY_LIMITED"), (429, "RATELIMIT_EXCEEDED")]
)
async def test_too_often_is_not_no(peer, wechat_client, call, status, code):
    peer.refuse(status, code)
    with pytest.raises(RateLimited):
        await call(wechat_client)


@every_call
async def test_a_429_without_words_is_still_too_often(peer, wechat_client, call):
    peer.answers = [(429, {}, b"<html>")]
    with pytest.raises(RateLimited):
        await call(wechat_client)


@every_call
@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b'{"code":"SYSTEM_ERROR","message":"x"}'),
        (502, {}, b"<html>bad gateway</html>"),
        (503, {}, b'{"code":"PARAM_ERROR","message":"a 5xx says nothing final"}'),
        (400, {}, b'{"code":"SYSTEM_ERROR","message":"x"}'),
        (400, {}, b'{"code":"BANK_ERROR","message":"x"}'),
        (403, {}, b"<html>some proxy</html>"),
        (404, {}, b""),
        (302, {"Location": "/"}, b""),
        (202, {}, b"{}"),
        (200, {}, b"{}"),
        (200, {}, b""),
        "drop",
    ],
)
async def test_everything_doubtful_is_unknown(peer, wechat_client, call, answer):
    peer.answers = [answer]
    with pytest.raises(ResultUnknown):
        await call(wechat_client)


@every_call
async def test_silence_is_unknown(peer, call):
    async def never(_request):
        await asyncio.sleep(5)

    peer.answers = [never]
    settings = wechat_settings(base_urls=(peer.url,), total_timeout_s=0.5)
    async with wechat_pay.WechatPay(settings) as client:
        with pytest.raises(ResultUnknown):
            await call(client)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("spoil", ["probe", "unsigned", "stale", "stranger", "changed"])
async def test_a_2xx_with_a_doubtful_signature_is_unknown(peer, wechat_client, name, spoil):
    status, content = (204, b"") if name == "close" else (200, json.dumps(GOOD[name]).encode())
    signing = {
        "stale": {"at": clock.now() - timedelta(seconds=303)},
        "stranger": {"key": "stranger"},
    }.get(spoil, {})
    peer.answer_signed(content, status=status, **signing)
    honest = peer.answers.pop()

    async def spoilt(request):
        status, headers, body = await honest(request)
        if spoil == "probe":
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + "A" * 300
        elif spoil == "unsigned":
            headers = {}
        elif spoil == "changed":
            headers["Wechatpay-Nonce"] = "another"
        return status, headers, body

    peer.answers = [spoilt]
    with pytest.raises(ResultUnknown, match="signature"):
        await CALLS[name](wechat_client)


async def test_an_answer_may_lack_the_signature_type(peer, wechat_client):
    peer.answer_signed(QUERIED)
    honest = peer.answers.pop()

    async def without(request):
        status, headers, body = await honest(request)
        del headers["Wechatpay-Signature-Type"]
        return status, headers, body

    peer.answers = [without]
    assert (await wechat_client.query(NO)).state == "paid"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("jsapi", {}),
        ("native", {"code_url": 1}),
        ("query", QUERIED | {"trade_state": "NEW"}),
        ("query", QUERIED | {"out_trade_no": "T2611230000000000002"}),
        ("query", QUERIED | {"amount": {"total": "20000"}}),
        ("refund", REFUNDED | {"status": "CLOSE"}),
        ("refund", REFUNDED | {"out_refund_no": "R2"}),
        ("query_refund", REFUNDED | {"out_trade_no": "T2"}),
        ("query_refund", []),
    ],
)
async def test_a_proven_answer_that_makes_no_sense_is_unknown(peer, wechat_client, name, content):
    peer.answer_signed(content)
    with pytest.raises(ResultUnknown):
        await CALLS[name](wechat_client)


async def test_the_backup_host_is_asked_under_the_same_number(start_peer):
    main, backup = await start_peer(), await start_peer()
    main.answers = ["drop"]
    backup.answer_signed(REFUNDED)
    async with wechat_pay.WechatPay(wechat_settings(base_urls=(main.url, backup.url))) as client:
        assert (await client.refund(a_refund())).state == "accepted"
    assert main.received[0].body == backup.received[0].body
    assert main.received[0].headers["Authorization"] != backup.received[0].headers["Authorization"]


# ── certificate mode ────────────────────────────────────────────────────────────────────────────────────


def listed(*certificates) -> dict:
    return {
        "data": [
            {
                "serial_no": f"{each.serial_number:040X}",
                "effective_time": "2025-06-08T10:34:56+08:00",
                "expire_time": "2030-12-08T10:34:56+08:00",
                "encrypt_certificate": sealed(certificate_pem(each).encode(), "certificate"),
            }
            for each in certificates
        ]
    }


OLD = ("platform", 0x1A << 152)
NEW = ("platform2", 0x2B << 152)


def signed_as(which) -> dict:
    return {"key": which[0], "serial": f"{which[1]:040X}"}


@pytest.fixture
async def certificate_client(peer):
    settings = wechat_settings(public_key_id=None, public_key_pem=None, base_urls=(peer.url,))
    async with wechat_pay.WechatPay(settings) as client:
        yield client


async def test_the_first_call_fetches_the_certificates_once(peer, certificate_client):
    assert certificate_client.uses_certificates
    peer.answer_signed(listed(certificate_of(OLD[0], serial=OLD[1])), **signed_as(OLD))
    peer.answer_signed(QUERIED, **signed_as(OLD))
    states = await asyncio.gather(*(certificate_client.query(NO) for _ in range(5)))
    assert {trade.state for trade in states} == {"paid"}
    assert [each.target for each in peer.received].count("/v3/certificates") == 1
    assert "Wechatpay-Serial" not in peer.received[0].headers
    assert peer.received[1].headers["Wechatpay-Serial"] == f"{OLD[1]:040X}"


async def test_rotation_replaces_the_certificates(peer, certificate_client):
    old, new = (certificate_of(name, serial=serial) for name, serial in (OLD, NEW))
    peer.answer_signed(listed(old), **signed_as(OLD))
    peer.answer_signed(QUERIED, **signed_as(NEW))
    with pytest.raises(ResultUnknown, match="unknown serial"):
        await certificate_client.query(NO)
    peer.answers.clear()
    peer.answer_signed(listed(old, new), **signed_as(OLD))
    peer.answer_signed(QUERIED, **signed_as(NEW))
    await certificate_client.refresh_certificates()
    assert (await certificate_client.query(NO)).state == "paid"
    peer.answers.clear()
    peer.answer_signed(listed(new), **signed_as(OLD))  # the old key vouches for the new one
    peer.answer_signed(QUERIED, **signed_as(OLD))
    await certificate_client.refresh_certificates()
    with pytest.raises(ResultUnknown, match="unknown serial"):
        await certificate_client.query(NO)


@pytest.mark.parametrize("content", [{}, {"data": []}, {"data": [1]}, {"data": [{"encrypt_certificate": 1}]}])
async def test_an_unreadable_list_leaves_the_known_certificates(peer, certificate_client, content):
    peer.answer_signed(listed(certificate_of(OLD[0], serial=OLD[1])), **signed_as(OLD))
    await certificate_client.refresh_certificates()
    peer.answers.clear()
    peer.answer_signed(content, **signed_as(OLD))
    with pytest.raises(ResultUnknown):
        await certificate_client.refresh_certificates()
    peer.answers.clear()
    peer.answer_signed(QUERIED, **signed_as(OLD))
    assert (await certificate_client.query(NO)).state == "paid"


async def test_a_list_signed_by_nobody_we_can_name_is_not_believed(peer, certificate_client):
    peer.answer_signed(listed(certificate_of(OLD[0], serial=OLD[1])), **signed_as(NEW))
    with pytest.raises(ResultUnknown, match="signature"):
        await certificate_client.refresh_certificates()


async def test_a_list_sealed_with_another_key_is_not_believed(peer, certificate_client):
    content = listed(certificate_of(OLD[0], serial=OLD[1]))
    pem = certificate_pem(certificate_of(OLD[0], serial=OLD[1])).encode()
    content["data"][0]["encrypt_certificate"] = sealed(pem, "certificate", "another key of thirty-two bytes!")
    peer.answer_signed(content, **signed_as(OLD))
    with pytest.raises(ResultUnknown, match="opened"):
        await certificate_client.refresh_certificates()


async def test_in_public_key_mode_no_certificate_is_asked_for(peer, wechat_client):
    assert not wechat_client.uses_certificates
    peer.answer_signed(QUERIED)
    await wechat_client.query(NO)
    assert [each.target.split("?")[0] for each in peer.received] == [
        f"/v3/pay/transactions/out-trade-no/{NO}"
    ]


async def test_who_waits_for_certificates_that_cannot_be_fetched_is_told_with_the_first(
    peer, certificate_client
):
    peer.refuse(500, "SYSTEM_ERROR")
    asked = await asyncio.gather(*(certificate_client.query(NO) for _ in range(5)), return_exceptions=True)
    assert {type(one) for one in asked} == {ResultUnknown}
    assert [each.target for each in peer.received] == ["/v3/certificates"]
