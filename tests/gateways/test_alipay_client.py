"""Every way a call can end, against a peer that answers as recorded; the vendor-style SDK checks what we sign."""

from __future__ import annotations

import asyncio
import base64
import json
import urllib.parse
from datetime import UTC, datetime, timedelta

import alipay as sdk
import pytest
from gateway_peers import (
    a_refund,
    alipay_settings,
    an_order,
    key_of,
    private_pem,
    public_pem,
    signed_by_alipay,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from core import clock
from gateways import alipay, keys
from gateways.alipay import answers, envelope
from gateways.alipay.requests import SignedRequests
from gateways.alipay.trust import Keyring
from gateways.channel import (
    AlreadyPaid,
    Channel,
    ChannelRefund,
    ChannelRefused,
    RateLimited,
    ResultUnknown,
)
from gateways.reading import Malformed

NO = "T2611230000000000001"
REFUND_NO = "R2611230000000000001"
OK = {"code": "10000", "msg": "Success"}
QUERIED = OK | {
    "trade_no": "2026112322001400000000000001",
    "out_trade_no": NO,
    "trade_status": "TRADE_SUCCESS",
    "total_amount": "200.00",
    "receipt_amount": "200.00",
    "buyer_pay_amount": "200.00",
    "buyer_user_id": "2088102169481075",
    "buyer_open_id": "01501o8f93I3nJAGB1jG4ONtoKk",
    "buyer_logon_id": "159****5620",
    "send_pay_date": "2026-11-23 10:34:56",
    "fund_bill_list": [{"amount": "200.00", "fund_channel": "ALIPAYACCOUNT"}],
}
UNPAID = {key: value for key, value in QUERIED.items() if not key.startswith(("buyer", "send", "fund"))} | {
    "trade_status": "WAIT_BUYER_PAY",
    "buyer_pay_amount": "0.00",
}
REFUNDED = OK | {"trade_no": "2026", "out_trade_no": NO, "fund_change": "Y", "refund_fee": "80.00"}
REFUND_FOUND = OK | {
    "trade_no": "2026",
    "out_trade_no": NO,
    "out_request_no": REFUND_NO,
    "total_amount": "200.00",
    "refund_amount": "50.00",
    "refund_status": "REFUND_SUCCESS",
}
CALLS = {
    "alipay.trade.precreate": lambda client: client.prepare("precreate", an_order()),
    "alipay.trade.create": lambda client: client.prepare("create", an_order(payer="074a1CcTG1LelxKe4xQC")),
    "alipay.trade.query": lambda client: client.query(NO),
    "alipay.trade.close": lambda client: client.close(NO),
    "alipay.trade.refund": lambda client: client.refund(a_refund()),
    "alipay.trade.fastpay.refund.query": lambda client: client.query_refund(
        out_trade_no=NO, out_refund_no=REFUND_NO
    ),
}
GOOD = {
    "alipay.trade.precreate": OK | {"out_trade_no": NO, "qr_code": "https://qr.alipay.com/bax03431"},
    "alipay.trade.create": OK | {"out_trade_no": NO, "trade_no": "2026112322001"},
    "alipay.trade.query": QUERIED,
    "alipay.trade.close": OK | {"out_trade_no": NO},
    "alipay.trade.refund": REFUNDED,
    "alipay.trade.fastpay.refund.query": REFUND_FOUND,
}
every_method = pytest.mark.parametrize("method", CALLS)


def says(peer, method, content, **signing):
    body = signed_by_alipay(method, content, **signing)
    peer.answers = [(200, {"Content-Type": "text/html;charset=utf-8"}, body)]


def refuses(peer, method, sub_code, code="40004"):
    says(peer, method, {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "原因"})


def sent(peer) -> dict[str, str]:
    """Query and form of the last request together, as the gateway reads them."""
    request = peer.received[-1]
    pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(request.target).query, keep_blank_values=True)
    return dict(pairs + urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True))


def the_sdk() -> sdk.AliPay:
    """python-alipay-sdk in Alipay's place: it knows the app's public key and signs with Alipay's."""
    return sdk.AliPay(
        appid=alipay_settings().app_id,
        app_private_key_string=private_pem("alipay"),
        alipay_public_key_string=public_pem("app"),
    )


def assert_signed(params: dict[str, str]) -> None:
    # Requests are signed with sign_type; the SDK's verify() always drops it, so the text is made here.
    signed = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "sign")
    assert the_sdk()._verify(signed, params["sign"])


def test_it_is_a_channel():
    client = alipay.Alipay(alipay_settings())
    assert isinstance(client, Channel)
    assert (client.name, client.methods) == ("alipay", {"precreate", "wap", "page", "create"})


def test_settings_do_not_show_keys_and_bare_keys_will_do():
    assert "BEGIN" not in repr(alipay_settings())
    bare = "".join(private_pem("app").splitlines()[1:-1])
    bare_public = "".join(public_pem("alipay").splitlines()[1:-1])
    assert alipay.Alipay(alipay_settings(private_key=bare, alipay_public_key=bare_public))


# ── what we send ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_precreate_is_asked_for_as_documented(peer, alipay_client):
    clock.set_offset(timedelta(hours=5))
    says(peer, "alipay.trade.precreate", GOOD["alipay.trade.precreate"])
    expires_at = datetime(2026, 11, 23, 17, 30, 15, tzinfo=UTC)
    prepared = await alipay_client.prepare("precreate", an_order(expires_at=expires_at))
    assert (prepared.client, prepared.prepay_ref) == ({"qr_code": "https://qr.alipay.com/bax03431"}, None)
    request, params = peer.received[0], sent(peer)
    assert request.method == "POST"
    assert request.target.startswith("/gateway.do?")
    assert request.query["charset"] == "utf-8" and request.body.startswith(b"biz_content=")
    assert json.loads(params["biz_content"]) == {
        "out_trade_no": NO,
        "total_amount": "200.00",
        "subject": "充值 200 元",
        "time_expire": "2026-11-24 01:30:15",
        "product_code": "FACE_TO_FACE_PAYMENT",
    }
    assert "充值" in params["biz_content"]
    assert (params["app_id"], params["method"], params["format"], params["version"], params["sign_type"]) == (
        "2021000000000001",
        "alipay.trade.precreate",
        "JSON",
        "1.0",
        "RSA2",
    )
    assert params["notify_url"] == "https://shop.example.com/webhooks/alipay"
    stamp = datetime.strptime(params["timestamp"], "%Y-%m-%d %H:%M:%S")
    beijing = (clock.now() + timedelta(hours=8)).replace(tzinfo=None)
    assert abs((beijing - stamp).total_seconds()) < 5
    assert_signed(params)


async def test_letters_that_a_subject_may_not_hold_are_replaced(peer, alipay_client):
    says(peer, "alipay.trade.precreate", GOOD["alipay.trade.precreate"])
    await alipay_client.prepare("precreate", an_order(description="茶/咖啡=好&多" + "字" * 300))
    subject = json.loads(sent(peer)["biz_content"])["subject"]
    assert subject.startswith("茶 咖啡 好 多字") and len(subject) == 256


@pytest.mark.parametrize(
    ("payer", "mini_program", "buyer"),
    [
        ("074a1CcTG1LelxKe4xQC", None, {"buyer_open_id": "074a1CcTG1LelxKe4xQC"}),
        ("2088101117955611", "2021000000000077", {"buyer_id": "2088101117955611"}),
    ],
)
async def test_a_mini_programs_trade_names_its_buyer_and_the_mini_program(peer, payer, mini_program, buyer):
    settings = alipay_settings(gateway_url=f"{peer.url}/gateway.do", mini_program_app_id=mini_program)
    says(peer, "alipay.trade.create", GOOD["alipay.trade.create"])
    async with alipay.Alipay(settings) as client:
        prepared = await client.prepare("create", an_order(payer=payer))
    assert (prepared.client, prepared.prepay_ref) == ({"tradeNO": "2026112322001"}, "2026112322001")
    biz = json.loads(sent(peer)["biz_content"])
    assert (biz["product_code"], biz["op_app_id"]) == ("JSAPI_PAY", mini_program or settings.app_id)
    assert {name: value for name, value in biz.items() if name.startswith("buyer")} == buyer


async def test_a_mini_programs_trade_needs_its_buyer(alipay_client):
    with pytest.raises(ValueError, match="payer"):
        await alipay_client.prepare("create", an_order(payer=None))


async def test_a_desktop_page_goes_back_where_the_order_says():
    client = alipay.Alipay(alipay_settings(return_url="https://shop.example.com/paid"))
    prepared = await client.prepare("page", an_order(return_url="https://shop.example.com/back?no=1"))
    params = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(prepared.client["url"]).query))
    assert params["method"] == "alipay.trade.page.pay"
    assert params["return_url"] == "https://shop.example.com/back?no=1"
    biz = json.loads(params["biz_content"])
    assert biz["product_code"] == "FAST_INSTANT_TRADE_PAY" and "quit_url" not in biz
    assert_signed(params)


async def test_who_is_in_the_mini_program(peer, alipay_client):
    method = "alipay.system.oauth.token"
    says(peer, method, {"open_id": "074a1CcTG1LelxKe4xQC", "access_token": "authusrB1"})
    assert await alipay_client.open_id_of("4b203fe6c11548bcabd8da5bb087a83b") == "074a1CcTG1LelxKe4xQC"
    params = sent(peer)
    assert (params["grant_type"], params["code"]) == (
        "authorization_code",
        "4b203fe6c11548bcabd8da5bb087a83b",
    )
    assert "biz_content" not in params
    assert_signed(params)
    says(peer, method, {"user_id": "2088101117955611", "access_token": "authusrB1"})
    assert await alipay_client.open_id_of("x") == "2088101117955611"
    for nobody in ({"access_token": "authusrB1"}, {"open_id": "no token, no code"}):
        says(peer, method, nobody)
        with pytest.raises(ResultUnknown):
            await alipay_client.open_id_of("x")
    refuses(peer, method, "isv.code-invalid", code="40002")
    with pytest.raises(ChannelRefused, match="code-invalid"):
        await alipay_client.open_id_of("x")


async def test_a_wap_order_is_a_signed_url_and_no_call():
    settings = alipay_settings(
        return_url="https://shop.example.com/paid?a=1&b=二", quit_url="https://shop.example.com/"
    )
    client = alipay.Alipay(settings)
    prepared = await client.prepare("wap", an_order())
    url = urllib.parse.urlsplit(prepared.client["url"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://openapi.alipay.com/gateway.do"
    params = dict(urllib.parse.parse_qsl(url.query, strict_parsing=True))
    assert params["method"] == "alipay.trade.wap.pay"
    assert params["return_url"] == "https://shop.example.com/paid?a=1&b=二"
    biz = json.loads(params["biz_content"])
    assert (biz["product_code"], biz["quit_url"]) == ("QUICK_WAP_WAY", "https://shop.example.com/")
    assert_signed(params)


@settings(deadline=None)
@given(description=st.text(min_size=1), reason=st.text())
def test_whatever_the_text_what_is_sent_is_what_is_signed(description, reason):
    requests = SignedRequests(alipay_settings(), Keyring(alipay_settings()))
    try:
        (description + reason).encode()
    except UnicodeEncodeError:
        return
    query, body = requests.query_and_body("alipay.trade.refund", {"a": description, "b": reason})
    params = dict(urllib.parse.parse_qsl(f"{query}&{body.decode()}", strict_parsing=True))
    assert_signed(params)
    assert json.loads(params["biz_content"]) == {"a": description, "b": reason}


async def test_wrong_uses_are_our_bugs(alipay_client):
    with pytest.raises(ValueError, match="yuan only"):
        await alipay_client.prepare("wap", an_order(currency="USD"))
    with pytest.raises(ValueError, match="method"):
        await alipay_client.prepare("jsapi", an_order())


# ── what we are told ────────────────────────────────────────────────────────────────────────────────────


async def test_a_paid_trade_is_told_with_everything_the_desk_compares(peer, alipay_client):
    says(peer, "alipay.trade.query", QUERIED)
    trade = await alipay_client.query(NO)
    assert (trade.state, trade.amount_fen, trade.currency) == ("paid", 20000, "CNY")
    assert trade.channel_trade_no == "2026112322001400000000000001"
    assert (trade.app_id, trade.merchant_id) == ("2021000000000001", "2088000000000001")
    assert trade.payer == "01501o8f93I3nJAGB1jG4ONtoKk"
    assert trade.paid_at == datetime(2026, 11, 23, 2, 34, 56, tzinfo=UTC)
    assert json.loads(sent(peer)["biz_content"]) == {"out_trade_no": NO}
    assert_signed(sent(peer))


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (UNPAID, "waiting"),
        (UNPAID | {"code": "10003"}, "waiting"),
        (UNPAID | {"trade_status": "TRADE_CLOSED"}, "closed"),
        (QUERIED | {"trade_status": "TRADE_CLOSED"}, "refunded"),
        (QUERIED | {"trade_status": "TRADE_FINISHED"}, "paid"),
    ],
)
async def test_states_of_trades(peer, alipay_client, content, state):
    says(peer, "alipay.trade.query", content)
    assert (await alipay_client.query(NO)).state == state


async def test_an_old_user_number_will_do_as_payer(peer, alipay_client):
    says(peer, "alipay.trade.query", {k: v for k, v in QUERIED.items() if k != "buyer_open_id"})
    assert (await alipay_client.query(NO)).payer == "2088102169481075"


async def test_a_trade_nobody_has_opened_is_missing_and_closing_it_is_done(peer, alipay_client):
    refuses(peer, "alipay.trade.query", "ACQ.TRADE_NOT_EXIST")
    trade = await alipay_client.query(NO)
    assert (trade.state, trade.amount_fen, trade.channel_trade_no) == ("missing", 0, None)
    refuses(peer, "alipay.trade.close", "ACQ.TRADE_NOT_EXIST")
    await alipay_client.close(NO)


async def test_closing(peer, alipay_client):
    says(peer, "alipay.trade.close", GOOD["alipay.trade.close"])
    await alipay_client.close(NO)
    refuses(peer, "alipay.trade.close", "ACQ.TRADE_HAS_CLOSE")
    await alipay_client.close(NO)
    refuses(peer, "alipay.trade.close", "ACQ.TRADE_HAS_SUCCESS")
    with pytest.raises(AlreadyPaid):
        await alipay_client.close(NO)


@pytest.mark.parametrize(
    ("trade", "outcome"),
    [
        (QUERIED, AlreadyPaid),
        (QUERIED | {"trade_status": "TRADE_CLOSED"}, AlreadyPaid),
        (UNPAID | {"trade_status": "TRADE_CLOSED"}, None),
        (UNPAID, ChannelRefused),
    ],
)
async def test_not_in_a_state_to_be_closed_means_ask(peer, alipay_client, trade, outcome):
    refuses(peer, "alipay.trade.close", "ACQ.TRADE_STATUS_ERROR")
    refusal = peer.answers[0]
    says(peer, "alipay.trade.query", trade)
    peer.answers.insert(0, refusal)
    if outcome is None:
        await alipay_client.close(NO)
    else:
        with pytest.raises(outcome):
            await alipay_client.close(NO)


async def test_preparing_a_paid_number_says_so(peer, alipay_client):
    refuses(peer, "alipay.trade.precreate", "ACQ.TRADE_HAS_SUCCESS")
    with pytest.raises(AlreadyPaid):
        await alipay_client.prepare("precreate", an_order())


@pytest.mark.parametrize(
    ("fund_change", "state"), [("Y", "paid_back"), ("N", "accepted"), (None, "accepted")]
)
async def test_a_refund_names_its_own_amount_not_the_running_total(peer, alipay_client, fund_change, state):
    says(peer, "alipay.trade.refund", REFUNDED | {"fund_change": fund_change})
    assert await alipay_client.refund(a_refund()) == ChannelRefund(REFUND_NO, None, state, 5000)
    assert json.loads(sent(peer)["biz_content"]) == {
        "out_trade_no": NO,
        "out_request_no": REFUND_NO,
        "refund_amount": "50.00",
        "refund_reason": "余额退款",
    }
    assert "notify_url" not in sent(peer)


async def test_a_refund_is_paid_back_only_when_the_query_says_so(peer, alipay_client):
    method = "alipay.trade.fastpay.refund.query"
    says(peer, method, REFUND_FOUND)
    assert await CALLS[method](alipay_client) == ChannelRefund(REFUND_NO, None, "paid_back", 5000)
    for content in (OK, REFUND_FOUND | {"refund_status": ""}):
        says(peer, method, content)
        assert (await CALLS[method](alipay_client)).state == "missing"
    refuses(peer, method, "ACQ.TRADE_NOT_EXIST")
    assert (await CALLS[method](alipay_client)).state == "missing"


@every_method
@pytest.mark.parametrize(
    ("code", "sub_code"),
    [
        ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"),
        ("40004", "ACQ.CONTEXT_INCONSISTENT"),
        ("40004", "ACQ.INVALID_PARAMETER"),
        ("40002", "isv.invalid-signature"),
        ("40001", "isv.missing-method"),
        ("40006", "isv.insufficient-isv-permissions"),
        ("20001", "aop.invalid-auth-token"),
    ],
)
async def test_final_errors_are_refusals(peer, alipay_client, method, code, sub_code):
    refuses(peer, method, sub_code, code)
    with pytest.raises(ChannelRefused) as refused:
        await CALLS[method](alipay_client)
    assert (refused.value.code, refused.value.message) == (sub_code, "原因")


@every_method
@pytest.mark.parametrize(
    ("code", "sub_code"),
    [("40005", "isv.app-call-limited"), ("40004", "isv.method-call-limited"), ("40005", "")],
)
async def test_too_often_is_not_no(peer, alipay_client, method, code, sub_code):
    refuses(peer, method, sub_code, code)
    with pytest.raises(RateLimited):
        await CALLS[method](alipay_client)


@every_method
@pytest.mark.parametrize(
    ("code", "sub_code"),
    [
        ("40004", "ACQ.SYSTEM_ERROR"),
        ("40004", "aop.ACQ.SYSTEM_ERROR"),
        ("20000", "isp.unknow-error"),
        ("20000", "aop.unknow-error"),
        ("40004", "isp.unknown"),
        ("99999", "ACQ.NEW"),
    ],
)
async def test_system_errors_are_unknown(peer, alipay_client, method, code, sub_code):
    refuses(peer, method, sub_code, code)
    with pytest.raises(ResultUnknown):
        await CALLS[method](alipay_client)


@pytest.mark.parametrize("method", [name for name in CALLS if name != "alipay.trade.query"])
async def test_user_paying_is_unknown_where_it_is_no_answer(peer, alipay_client, method):
    refuses(peer, method, "", "10003")
    with pytest.raises(ResultUnknown):
        await CALLS[method](alipay_client)


@every_method
@pytest.mark.parametrize(
    "answer",
    [
        (
            200,
            {},
            b'{"error_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-app-id"}}',
        ),
        (200, {}, b'{"alipay_trade_query_response":{"code":"10000"}}'),
        (200, {}, b""),
        (200, {}, b"<html>"),
        (500, {}, b"oops"),
        (403, {}, b"<html>"),
        (302, {"Location": "/"}, b""),
        "drop",
    ],
)
async def test_everything_unsigned_is_unknown(peer, alipay_client, method, answer):
    peer.answers = [answer]
    with pytest.raises(ResultUnknown):
        await CALLS[method](alipay_client)


async def test_silence_is_unknown(peer):
    async def never(_request):
        await asyncio.sleep(5)

    peer.answers = [never]
    settings = alipay_settings(gateway_url=f"{peer.url}/gateway.do", total_timeout_s=0.5)
    async with alipay.Alipay(settings) as client:
        with pytest.raises(ResultUnknown):
            await client.refund(a_refund())


async def test_429_is_too_often(peer, alipay_client):
    peer.answers = [(429, {}, b"")]
    with pytest.raises(RateLimited):
        await alipay_client.refund(a_refund())


@every_method
async def test_a_wrong_signature_is_unknown(peer, alipay_client, method):
    says(peer, method, GOOD[method], key="stranger")
    with pytest.raises(ResultUnknown, match="wrong signature"):
        await CALLS[method](alipay_client)
    body = signed_by_alipay(method, GOOD[method]).replace(b"Success", b"success")
    peer.answers = [(200, {}, body)]
    with pytest.raises(ResultUnknown, match="wrong signature"):
        await CALLS[method](alipay_client)


@every_method
async def test_the_answer_to_another_method_is_unknown(peer, alipay_client, method):
    says(peer, "alipay.trade.pay", GOOD[method])
    with pytest.raises(ResultUnknown):
        await CALLS[method](alipay_client)


async def test_a_signed_error_response_is_believed(peer, alipay_client):
    raw = '{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-method","sub_msg":"x"}'
    sign = keys.sign(key_of("alipay"), raw.encode())
    peer.answers = [(200, {}, f'{{"error_response":{raw},"sign":"{sign}"}}'.encode())]
    with pytest.raises(ChannelRefused, match="invalid-method"):
        await alipay_client.query(NO)


@pytest.mark.parametrize(
    ("method", "content"),
    [
        ("alipay.trade.precreate", OK),
        ("alipay.trade.query", OK),
        ("alipay.trade.query", QUERIED | {"total_amount": "200.001"}),
        ("alipay.trade.query", QUERIED | {"total_amount": "-1.00"}),
        ("alipay.trade.query", QUERIED | {"total_amount": "2e2"}),
        ("alipay.trade.query", QUERIED | {"trade_status": "NEW"}),
        ("alipay.trade.query", QUERIED | {"out_trade_no": "T2"}),
        ("alipay.trade.query", QUERIED | {"send_pay_date": "2026-11-31 10:00:00"}),
        ("alipay.trade.fastpay.refund.query", REFUND_FOUND | {"out_request_no": "R2"}),
        ("alipay.trade.fastpay.refund.query", REFUND_FOUND | {"refund_amount": None}),
    ],
)
async def test_a_proven_answer_that_makes_no_sense_is_unknown(peer, alipay_client, method, content):
    says(peer, method, content)
    with pytest.raises(ResultUnknown):
        await CALLS[method](alipay_client)


# ── the signed bytes ────────────────────────────────────────────────────────────────────────────────────


def proven(raw: bytes):
    return answers.proven(raw, "alipay.trade.query", Keyring(alipay_settings()))


@pytest.mark.parametrize(
    "inner",
    [
        '{"code":"10000","subject":"} , \\"sign\\":\\"x\\" {"}',
        '{"code":"10000","subject":"a\\\\"}',
        '{ "code" : "10000" , "list" : [ { "a" : "]" } , [ ] ] , "n" : -1.5e3 , "t" : true }',
        '{"code":"10000","url":"https:\\/\\/qr.alipay.com\\/x"}',
        '{"code":"10000","subject":"充值 {余额} 🍵"}',
        "{}",
    ],
)
def test_braces_and_quotes_inside_strings_do_not_mislead(inner):
    signature = the_sdk()._sign(inner)
    for text in (
        f'{{"alipay_trade_query_response":{inner},"sign":"{signature}"}}',
        f'{{"sign":"{signature}","alipay_trade_query_response":{inner}}}',
        f' {{ "alipay_trade_query_response" : {inner} ,\n"alipay_cert_sn":"c1", "sign":"{signature}" }} ',
        '{{"alipay_trade_query_response":{},"sign":"{}"}}'.format(inner, signature.replace("/", "\\/")),
    ):
        assert proven(text.encode()) == json.loads(inner)


@settings(deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
    ascii_only=st.booleans(),
)
def test_the_cut_is_where_json_says(value, ascii_only):
    raw = json.dumps({"x": value}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found = envelope.members(b'{"r":' + raw + b',"sign":"s"}')
    assert found == {b"r": raw, b"sign": b'"s"'}


@settings(deadline=None)
@given(raw=st.binary() | st.text('{}[]",:\\ as').map(str.encode))
def test_any_other_bytes_are_malformed(raw):
    for each in (raw, b'{"a":' + raw):
        try:
            found = envelope.members(each)
        except Malformed:
            continue
        assert all(value in each for value in found.values())


@pytest.mark.parametrize(
    "raw",
    [
        b'{"sign":"a","sign":"b"}',
        b'{"r":{}}{"sign":"a"}',
        b'{"r":{},}',
        b'{"r":',
        b'{"r":{"a":1',
        b"[]",
        b'{"r":"' + b"\\" * 300_001,
        b'{"r":' + b"[" * 300_000,
        b'{"r":' + b'"a",' * 5,
    ],
)
def test_torn_or_doubled_answers_are_malformed(raw):
    with pytest.raises(Malformed):
        envelope.members(raw)


def test_a_signature_that_is_no_signature_is_malformed():
    for sign in ('""', "1", "null", '"%%%"', json.dumps(base64.b64encode(b"x").decode())):
        with pytest.raises(Malformed):
            proven(f'{{"alipay_trade_query_response":{{}},"sign":{sign}}}'.encode())
