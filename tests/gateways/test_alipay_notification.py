from __future__ import annotations

import time
from datetime import UTC, datetime

import alipay as sdk
import pytest
from gateway_peers import alipay_settings, key_of, private_pem, public_pem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import clock
from gateways import alipay, keys
from gateways.alipay import notification
from gateways.channel import BadNotification, ChannelRefund, ChannelTrade

PAID = {
    "notify_time": "2026-11-23 10:34:57",
    "notify_type": "trade_status_sync",
    "notify_id": "2026112300222103456061510000000000",
    "app_id": "2021000000000001",
    "auth_app_id": "2021000000000001",
    "charset": "utf-8",
    "version": "1.0",
    "trade_no": "2026112322001400000000000001",
    "out_trade_no": "T2611230000000000001",
    "buyer_id": "2088102169481075",
    "buyer_logon_id": "159****5620",
    "seller_id": "2088000000000001",
    "seller_email": "shop@example.com",
    "trade_status": "TRADE_SUCCESS",
    "total_amount": "200.00",
    "receipt_amount": "200.00",
    "subject": "充值 200 元 + 赠送",
    "gmt_create": "2026-11-23 10:34:00",
    "gmt_payment": "2026-11-23 10:34:56",
    "fund_bill_list": '[{"amount":"200.00","fundChannel":"ALIPAYACCOUNT"}]',
}
REFUNDED = PAID | {
    "notify_id": "2026112300222103456061510000000001",
    "out_biz_no": "R2611230000000000001",
    "refund_fee": "80.00",
    "gmt_refund": "2026-11-23 11:00:00.123",
}


def signed(fields: dict[str, str], *, kept: bool = False, key: str = "alipay") -> list[tuple[str, str]]:
    """As Alipay signs: trade notices without sign_type (V1), some platform notices with it (`kept`, V2)."""
    fields = fields | {"sign_type": "RSA2"} if "sign_type" not in fields else fields
    names = sorted(name for name in fields if kept or name != "sign_type")
    text = "&".join(f"{name}={fields[name]}" for name in names)
    sign = keys.sign(key_of(key), text.encode("utf-8", "surrogatepass"))
    return [*fields.items(), ("sign", sign)]


_CLIENT = alipay.Alipay(alipay_settings())


def read(pairs):
    return _CLIENT.read_notification(pairs, clock.now())


@pytest.mark.parametrize("kept", [False, True])
def test_a_payment_is_told_in_our_words(kept):
    notice = read(signed(PAID, kept=kept))
    assert notice.event_id == "2026112300222103456061510000000000"
    assert notice.event_type == "trade_status_sync.TRADE_SUCCESS"
    assert notice.refund is None and notice.out_trade_no == "T2611230000000000001"
    assert notice.trade == ChannelTrade(
        channel="alipay",
        out_trade_no="T2611230000000000001",
        channel_trade_no="2026112322001400000000000001",
        state="paid",
        amount_fen=20000,
        currency="CNY",
        app_id="2021000000000001",
        merchant_id="2088000000000001",
        payer="2088102169481075",
        paid_at=datetime(2026, 11, 23, 2, 34, 56, tzinfo=UTC),
    )


def test_the_open_id_wins_as_payer():
    assert read(signed(PAID | {"buyer_open_id": "015abc"})).trade.payer == "015abc"


@pytest.mark.parametrize(
    ("status", "state"),
    [("WAIT_BUYER_PAY", "waiting"), ("TRADE_FINISHED", "paid"), ("TRADE_CLOSED", "closed")],
)
def test_other_states(status, state):
    unpaid = {key: value for key, value in PAID.items() if key != "gmt_payment"}
    assert read(signed(unpaid | {"trade_status": status})).trade.state == state


@pytest.mark.parametrize("status", ["TRADE_SUCCESS", "TRADE_CLOSED", "TRADE_FINISHED"])
def test_a_refund_told_to_the_payments_address_is_no_second_payment(status):
    notice = read(signed(REFUNDED | {"trade_status": status}))
    assert notice.trade is None and notice.out_trade_no == "T2611230000000000001"
    # refund_fee is the running total; this refund's own amount must be asked for
    assert notice.refund == ChannelRefund("R2611230000000000001", None, "paid_back", None)
    assert notice.event_type.endswith(".refund")


@pytest.mark.parametrize("gone", ["out_biz_no", "gmt_refund", "refund_fee"])
def test_a_refund_told_in_part_is_still_no_payment(gone):
    notice = read(signed({key: value for key, value in REFUNDED.items() if key != gone}))
    assert notice.trade is None and notice.out_trade_no
    assert (notice.refund is not None) == (gone == "refund_fee")


def test_other_kinds_of_notice_are_neither_payment_nor_refund():
    notice = read(signed({**PAID, "notify_type": "dut_user_sign"}, kept=True))
    assert (notice.event_type, notice.trade, notice.refund) == ("dut_user_sign", None, None)


def test_what_the_sdk_signs_we_accept_and_what_we_accept_the_sdk_verifies():
    vendor = sdk.AliPay(
        appid="2021000000000001",
        app_private_key_string=private_pem("alipay"),
        alipay_public_key_string=public_pem("alipay"),
    )
    text = "&".join(f"{name}={value}" for name, value in sorted(PAID.items()))
    pairs = [*PAID.items(), ("sign_type", "RSA2"), ("sign", vendor._sign(text))]
    assert read(pairs).trade.state == "paid"
    ours = dict(signed(PAID))
    assert vendor.verify({key: value for key, value in ours.items() if key != "sign"}, ours["sign"])


def test_the_order_of_fields_does_not_matter_and_nothing_given_is_changed():
    pairs = signed(PAID)
    backwards = tuple(reversed(pairs))
    assert read(backwards).trade == read(pairs).trade
    assert backwards == tuple(reversed(pairs))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"app_id": "2021000000000002"}, "another app"),
        ({"seller_id": "2088000000000002"}, "another seller"),
        ({"seller_id": ""}, "another seller"),
        ({"charset": "GBK"}, "charset"),
        ({"charset": ""}, "charset"),
        ({"sign_type": "RSA"}, "sign_type"),
        ({"total_amount": "200.001"}, "amount"),
        ({"total_amount": "-200.00"}, "negative"),
        ({"total_amount": "２００.00"}, "amount"),
        ({"total_amount": ""}, "total_amount"),
        ({"trade_status": "NEW"}, "trade_status"),
        ({"out_trade_no": ""}, "out_trade_no"),
        ({"trade_no": "\x00"}, "trade_no"),
        ({"notify_id": ""}, "notify_id"),
        ({"gmt_payment": "2026-02-30 10:00:00"}, "gmt_payment"),
    ],
)
def test_a_proven_notice_that_is_not_for_us_or_unreadable_is_refused(changes, reason):
    with pytest.raises(BadNotification, match=reason):
        read(signed(PAID | changes))


def test_a_changed_or_strange_signature_is_refused():
    pairs = signed(PAID)
    changed = [(name, "2000.00" if name == "total_amount" else value) for name, value in pairs]
    added = [*pairs, ("gmt_refund", "")]
    for wrong in (changed, added, signed(PAID, key="stranger"), [*PAID.items(), ("sign_type", "RSA2")]):
        with pytest.raises(BadNotification, match="wrong signature"):
            read(wrong)


@pytest.mark.parametrize("sign", ["", "%", "AAAA", "密", "\udcff", "A" * 5000])
def test_a_signature_that_is_none_is_refused(sign):
    with pytest.raises(BadNotification):
        read([*PAID.items(), ("sign_type", "RSA2"), ("sign", sign)])


def test_a_field_given_twice_is_refused():
    with pytest.raises(BadNotification, match="twice"):
        read([*signed(PAID), ("total_amount", "200.00")])


def test_too_much_is_refused_unread():
    for pairs in (
        [(str(n), "") for n in range(notification.MAX_FIELDS + 1)],
        [("a", "x" * notification.MAX_LETTERS)],
    ):
        with pytest.raises(BadNotification, match="too large"):
            read(pairs)


any_text = st.text(max_size=60) | st.binary(max_size=30).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)
names = st.sampled_from([*sorted(REFUNDED), "sign", "sign_type"]) | any_text
_fuzz = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _only_bad_notification(pairs) -> None:
    begun = time.thread_time()  # not what others do on the machine
    try:
        read(pairs)
    except BadNotification as bad:
        assert 0 < len(bad.reason) < 80
    assert time.thread_time() - begun < 3.0


@_fuzz
@given(pairs=st.lists(st.tuples(names, any_text), max_size=30))
def test_whatever_comes_in_only_bad_notification_comes_out(pairs):
    _only_bad_notification(pairs)


@_fuzz
@given(
    base=st.sampled_from([PAID, REFUNDED]),
    changes=st.dictionaries(names.filter(lambda name: name != "sign"), any_text, max_size=4),
    kept=st.booleans(),
)
def test_properly_signed_oddities_are_refused_or_understood(base, changes, kept):
    _only_bad_notification(signed(base | changes, kept=kept))
