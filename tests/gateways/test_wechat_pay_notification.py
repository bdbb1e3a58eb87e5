from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from gateway_peers import (
    API_V3_KEY,
    PUBLIC_KEY_ID,
    certificate_of,
    certificate_pem,
    key_of,
    sealed,
    signed_by_wechat,
    wechat_settings,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict
from wechatpayv3 import utils as vendor

from core import clock
from gateways import wechat_pay
from gateways.channel import BadNotification, ChannelRefund, ChannelTrade, ChannelTransfer
from gateways.wechat_pay import notification, trust

TRANSACTION = {
    "transaction_id": "4200001585202211111234567890",
    "amount": {"payer_total": 19900, "total": 20000, "currency": "CNY", "payer_currency": "CNY"},
    "mchid": "1600000001",
    "trade_state": "SUCCESS",
    "bank_type": "OTHERS",
    "promotion_detail": [],
    "success_time": "2026-11-23T10:34:56+08:00",
    "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "out_trade_no": "T2611230000000000001",
    "appid": "wxd678efh567hg6787",
    "trade_state_desc": "支付成功",
    "trade_type": "JSAPI",
    "attach": "",
}
REFUND = {
    "mchid": "1600000001",
    "out_trade_no": "T2611230000000000001",
    "transaction_id": "4200001585202211111234567890",
    "out_refund_no": "R2611230000000000001",
    "refund_id": "50000000382019052709732678859",
    "refund_status": "SUCCESS",
    "success_time": "2026-11-23T11:00:00+08:00",
    "user_received_account": "支付用户零钱",
    "amount": {"total": 20000, "refund": 5000, "payer_total": 20000, "payer_refund": 5000},
}


def envelope(content, *, event_type="TRANSACTION.SUCCESS", original_type="transaction", **changes) -> bytes:
    plain = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    resource = {"original_type": original_type, **sealed(plain, original_type)}
    return json.dumps(
        {
            "id": "EV-2018022511223320873",
            "create_time": "2026-11-23T10:34:56+08:00",
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": resource,
            **changes,
        },
        ensure_ascii=False,
    ).encode()


def reader(**changes) -> wechat_pay.WechatPay:
    return wechat_pay.WechatPay(wechat_settings(**changes))


def read(body: bytes, headers=None, *, client=None):
    headers = signed_by_wechat(body) if headers is None else headers
    return (client or reader()).read_notification(headers, body, clock.now())


def test_a_payment_is_told_in_our_words():
    notice = read(envelope(TRANSACTION))
    assert (notice.event_id, notice.event_type) == ("EV-2018022511223320873", "TRANSACTION.SUCCESS")
    assert notice.refund is None and notice.out_trade_no == "T2611230000000000001"
    assert notice.trade == ChannelTrade(
        channel="wechat_pay",
        out_trade_no="T2611230000000000001",
        channel_trade_no="4200001585202211111234567890",
        state="paid",
        amount_fen=20000,  # what was ordered; the payer's part may be less by WeChat's coupons
        currency="CNY",
        app_id="wxd678efh567hg6787",
        merchant_id="1600000001",
        payer="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        paid_at=datetime(2026, 11, 23, 2, 34, 56, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("status", "state"), [("SUCCESS", "paid_back"), ("ABNORMAL", "abnormal"), ("CLOSED", "closed")]
)
def test_a_refund_is_told_as_a_refund(status, state):
    content = REFUND | {"refund_status": status}
    notice = read(envelope(content, event_type=f"REFUND.{status}", original_type="refund"))
    assert notice.trade is None and notice.out_trade_no == "T2611230000000000001"
    assert notice.refund == ChannelRefund(
        "R2611230000000000001", "50000000382019052709732678859", state, 5000
    )


def test_other_proven_events_are_neither_payment_nor_refund():
    notice = read(envelope({"x": 1}, event_type="COUPON.USE", original_type="coupon"))
    assert (notice.event_type, notice.trade, notice.refund) == ("COUPON.USE", None, None)


@pytest.mark.parametrize(
    ("said", "state"), [("SUCCESS", "paid"), ("FAIL", "failed"), ("CANCELLED", "cancelled")]
)
def test_a_finished_transfer_is_told_as_a_transfer(said, state):
    content = {
        "out_bill_no": "O2611230000000000001",
        "transfer_bill_no": "1330000071100999991182020050700019480001",
        "state": said,
        "mch_id": "1600000001",
        "transfer_amount": 2000,
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "fail_reason": "PAYEE_ACCOUNT_ABNORMAL" if said == "FAIL" else "",
    }
    notice = read(envelope(content, event_type="MCHTRANSFER.BILL.FINISHED", original_type="mch_payment"))
    assert notice.trade is None and notice.refund is None and notice.out_trade_no is None
    assert notice.transfer == ChannelTransfer(
        "O2611230000000000001", "1330000071100999991182020050700019480001", state, 2000, None,
        "PAYEE_ACCOUNT_ABNORMAL" if said == "FAIL" else None,
    )  # fmt: skip


def test_a_refund_dressed_as_a_payment_is_refused():
    with pytest.raises(BadNotification):
        read(envelope(REFUND))


def test_what_the_vendor_signs_we_accept():
    body = envelope(TRANSACTION)
    headers = signed_by_wechat(body)
    lines = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n{body.decode()}\n"
    headers["Wechatpay-Signature"] = vendor.rsa_sign(key_of("wechat"), lines)
    assert read(body, headers).trade.state == "paid"


@pytest.mark.parametrize("spelled", [str.lower, str.upper, str])
@pytest.mark.parametrize("kind", [dict, CIMultiDict])
def test_header_names_come_in_any_case(spelled, kind):
    body = envelope(TRANSACTION)
    headers = kind({spelled(name): value for name, value in signed_by_wechat(body).items()})
    assert read(body, headers).trade.state == "paid"


@pytest.mark.parametrize("name", ["Timestamp", "Nonce", "Serial", "Signature", "Signature-Type"])
def test_all_five_headers_are_needed_once(name):
    body = envelope(TRANSACTION)
    headers = signed_by_wechat(body)
    twice = CIMultiDict([*headers.items(), (f"wechatpay-{name}", "other")])
    del headers[f"Wechatpay-{name}"]
    for wrong in (headers, headers | {f"Wechatpay-{name}": ""}, twice):
        with pytest.raises(BadNotification):
            read(body, wrong)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"}, "signature type"),
        ({"Wechatpay-Serial": "PUB_KEY_ID_x"}, "unknown serial"),
        ({"Wechatpay-Serial": "7132D72A03E93CDDF8C03BBD1F37EEDF1234ABCD"}, "unknown serial"),
        ({"Wechatpay-Signature": "WECHATPAY/SIGNTEST/AAAA"}, "signature probe"),
        ({"Wechatpay-Signature": "AAAA"}, "wrong signature"),
        ({"Wechatpay-Signature": "不是签名"}, "wrong signature"),
        ({"Wechatpay-Nonce": "\udcff"}, "nonce is not text"),
        ({"Wechatpay-Nonce": "changed"}, "wrong signature"),
        ({"Wechatpay-Timestamp": "１７００００００００"}, "timestamp"),
        ({"Wechatpay-Timestamp": "9" * 5000}, "timestamp"),
        ({"Wechatpay-Timestamp": "-1"}, "timestamp"),
    ],
)
def test_a_wrong_header_is_refused_with_its_reason(change, reason):
    body = envelope(TRANSACTION)
    with pytest.raises(BadNotification, match=reason):
        read(body, signed_by_wechat(body) | change)


@pytest.mark.parametrize(("age_s", "accepted"), [(-297, True), (297, True), (-303, False), (303, False)])
def test_the_window_is_five_minutes_either_way(age_s, accepted):
    body = envelope(TRANSACTION)
    headers = signed_by_wechat(body, at=clock.now() - timedelta(seconds=age_s))
    if accepted:
        assert read(body, headers).trade
    else:
        with pytest.raises(BadNotification, match="window"):
            read(body, headers)


def test_exactly_five_minutes_is_too_old():
    body, now = envelope(TRANSACTION), clock.now().replace(microsecond=0)
    headers = signed_by_wechat(body, at=now - timedelta(seconds=300))
    with pytest.raises(BadNotification, match="window"):
        reader().read_notification(headers, body, now)


def test_a_changed_body_is_refused_before_it_is_opened():
    body = envelope(TRANSACTION)
    headers = signed_by_wechat(body)
    with pytest.raises(BadNotification, match="wrong signature"):
        read(body.replace(b"EV-2018", b"EV-2019"), headers)


def test_an_unknown_serial_causes_no_call(monkeypatch):
    client = reader(public_key_id=None, public_key_pem=None)

    async def call(*_args, **_kwargs):
        raise AssertionError("called out")

    monkeypatch.setattr(client._calls.caller, "send", call)
    with pytest.raises(BadNotification, match="unknown serial"):
        read(envelope(TRANSACTION), client=client)


def test_during_a_migration_either_key_may_sign():
    certificate = certificate_of("platform")
    client = reader(platform_certificates_pem=(certificate_pem(certificate),))
    body = envelope(TRANSACTION)
    serial = f"{certificate.serial_number:040X}"
    for headers in (
        signed_by_wechat(body),
        signed_by_wechat(body, key="platform", serial=serial),
        signed_by_wechat(body, key="platform", serial=serial.lower()),
    ):
        assert read(body, headers, client=client).trade.state == "paid"
    for crossed in (
        signed_by_wechat(body, key="wechat", serial=serial),
        signed_by_wechat(body, key="platform", serial=PUBLIC_KEY_ID),
    ):
        with pytest.raises(BadNotification, match="wrong signature"):
            read(body, crossed, client=client)


def test_an_expired_certificate_signs_nothing():
    certificate = certificate_of("platform", days=-1)
    client = reader(platform_certificates_pem=(certificate_pem(certificate),))
    body = envelope(TRANSACTION)
    headers = signed_by_wechat(body, key="platform", serial=f"{certificate.serial_number:040X}")
    with pytest.raises(BadNotification, match="unknown serial"):
        read(body, headers, client=client)


@pytest.mark.parametrize(
    "changes",
    [
        {"resource_type": "plain"},
        {"resource": None},
        {"resource": []},
        {"id": None},
        {"event_type": 1},
        {"resource": {"algorithm": "AEAD_AES_256_GCM", "nonce": "", "ciphertext": ""}},
        {"resource": {"algorithm": "AEAD_AES_256_GCM", "nonce": "a", "ciphertext": "!"}},
        {"resource": {"algorithm": "AEAD_AES_256_GCM", "nonce": "a" * 12, "ciphertext": "AAAA"}},
        {"resource": sealed(b"{}", "transaction") | {"algorithm": "plain"}},
        {"resource": sealed(b"{}", "transaction", "another key of thirty-two bytes!")},
    ],
)
def test_a_signed_envelope_of_another_shape_is_refused(changes):
    with pytest.raises(BadNotification):
        read(envelope(TRANSACTION, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"trade_state": "PAID"},
        {"amount": None},
        {"amount": {"total": "20000"}},
        {"amount": {"total": 200.0}},
        {"amount": {"total": -1}},
        {"transaction_id": None},
        {"out_trade_no": ""},
        {"out_trade_no": "T\x00"},
        {"appid": None},
        {"payer": "o"},
        {"success_time": "yesterday"},
        {"success_time": "2026-11-23T10:34:56"},
    ],
)
def test_a_payment_with_an_unreadable_field_is_refused(changes):
    with pytest.raises(BadNotification):
        read(envelope(TRANSACTION | changes))


def test_a_notification_too_large_is_refused_unread():
    with pytest.raises(BadNotification, match="too large"):
        read(b"x" * (notification.MAX_BODY_BYTES + 1), {})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
header_values = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.sampled_from([PUBLIC_KEY_ID, "WECHATPAY2-SHA256-RSA2048", "WECHATPAY/SIGNTEST/", "0"]),
)
header_names = st.sampled_from(
    [f"Wechatpay-{name}" for name in ("Timestamp", "Nonce", "Serial", "Signature", "Signature-Type")]
) | st.text(max_size=10)

_CLIENT = reader()
_fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _only_bad_notification(body: bytes, headers) -> None:
    begun = time.thread_time()  # not what others do on the machine
    try:
        read(body, headers, client=_CLIENT)
    except BadNotification as bad:
        assert 0 < len(bad.reason) < 80
    assert time.thread_time() - begun < 3.0


@_fuzz
@given(body=st.binary(max_size=500), headers=st.dictionaries(header_names, header_values))
def test_whatever_comes_in_only_bad_notification_comes_out(body, headers):
    _only_bad_notification(body, headers)


@_fuzz
@given(body=st.binary(max_size=500), change=st.dictionaries(header_names, header_values, max_size=2))
def test_garbage_that_is_properly_signed_is_refused_too(body, change):
    _only_bad_notification(body, signed_by_wechat(body) | change)


@_fuzz
@given(
    key=st.sampled_from(["id", "event_type", "resource_type", "resource", "summary"]),
    value=json_values,
    name=st.sampled_from(sorted(TRANSACTION)),
    inner=json_values,
)
def test_signed_envelopes_with_odd_values_are_refused_or_understood(key, value, name, inner):
    content = TRANSACTION | {name: inner}
    for body in (envelope(content), envelope(content, **{key: value})):
        _only_bad_notification(body, signed_by_wechat(body))


@_fuzz
@given(plain=st.binary(max_size=300) | json_values.map(lambda value: json.dumps(value).encode()))
def test_sealed_garbage_is_refused(plain):
    body = envelope(plain)
    _only_bad_notification(body, signed_by_wechat(body))


def test_deep_nesting_is_refused_quickly():
    for body in (b'{"a":' * 40_000, b"[" * 200_000, envelope(b'{"a":' * 20_000)):
        _only_bad_notification(body, signed_by_wechat(body))


def test_the_keyring_follows_rotation():
    old, new = certificate_of("platform"), certificate_of("platform2", serial=0x2B << 152)
    keyring = trust.Keyring(certificates=[old])
    now = clock.now()
    assert keyring.key(f"{old.serial_number:040X}", now)
    keyring.replace_certificates([old, new])
    assert keyring.key(f"{old.serial_number:X}", now) and keyring.key(f"{new.serial_number:X}", now)
    keyring.replace_certificates([new])
    assert keyring.key(f"{old.serial_number:X}", now) is None
    assert keyring.preferred_serial(now) == f"{new.serial_number:040X}"
    assert AESGCM(API_V3_KEY.encode())
