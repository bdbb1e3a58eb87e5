"""Reading Alipay's asynchronous notifications (opendocs.alipay.com, async notification of payment results)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateways import keys, reading
from gateways.alipay import answers
from gateways.alipay.settings import Settings
from gateways.alipay.trust import Keyring
from gateways.channel import BadNotification, ChannelRefund, ChannelTrade, PaymentNotice
from gateways.reading import Malformed

MAX_FIELDS = 100
MAX_LETTERS = 64 * 1024
WRONG_SIGNATURE = "wrong signature"

_TRADE = "trade_status_sync"


def read(
    form_pairs: Sequence[tuple[str, str]], now: datetime, *, settings: Settings, keyring: Keyring
) -> PaymentNotice:
    """Verifies, then checks the addressee, then translates; see `Alipay.read_notification`.

    Raises: BadNotification, and nothing else whatever comes in.
    """
    if (
        len(form_pairs) > MAX_FIELDS
        or sum(len(name) + len(value) for name, value in form_pairs) > MAX_LETTERS
    ):
        raise BadNotification("too large")
    fields = dict(form_pairs)
    if len(fields) != len(form_pairs):
        raise BadNotification("a field twice")
    if fields.get("sign_type") != "RSA2":
        raise BadNotification("sign_type")
    if not _signed(fields, keyring):
        raise BadNotification(WRONG_SIGNATURE)
    if fields.get("charset", "").lower() != "utf-8":
        raise BadNotification("charset")
    if fields.get("app_id") != settings.app_id:
        raise BadNotification("another app")
    try:
        return _notice(fields, settings)
    except Malformed as fault:
        raise BadNotification(str(fault)) from None


def _signed(fields: dict[str, str], keyring: Keyring) -> bool:
    # Trade notices are signed without sign_type (V1), some of the platform's with it (V2), and nothing says which.
    signature = fields.get("sign", "")
    for left_out in ({"sign", "sign_type"}, {"sign"}):
        names = sorted(fields.keys() - left_out)
        try:
            message = "&".join(f"{name}={fields[name]}" for name in names).encode()
        except UnicodeEncodeError:
            return False
        if any(keys.verified(key, message, signature) for key in keyring.all()):
            return True
    return False


def _notice(fields: dict[str, str], settings: Settings) -> PaymentNotice:
    event_id, notify_type = reading.text(fields, "notify_id"), reading.text(fields, "notify_type")
    if notify_type != _TRADE:
        return PaymentNotice(event_id, notify_type, None, None)
    if fields.get("seller_id") != settings.seller_id:
        raise Malformed("another seller")
    out_trade_no, trade_status = reading.text(fields, "out_trade_no"), reading.text(fields, "trade_status")
    event_type = f"{notify_type}.{trade_status}"
    # A refund is told to the payment's address under the payment's status; these two fields are all that differs.
    if fields.get("gmt_refund") or fields.get("refund_fee"):
        return PaymentNotice(event_id, f"{event_type}.refund", None, _refund(fields), out_trade_no)
    return PaymentNotice(event_id, event_type, _trade(fields, out_trade_no, trade_status), None, out_trade_no)


def _refund(fields: dict[str, str]) -> ChannelRefund | None:
    out_refund_no = reading.optional_text(fields, "out_biz_no")
    if out_refund_no is None or not fields.get("gmt_refund"):
        return None
    # refund_fee is the running total over all refunds of the trade, so this refund's own amount is not told.
    return ChannelRefund(out_refund_no, None, "paid_back", None)


def _trade(fields: dict[str, str], out_trade_no: str, trade_status: str) -> ChannelTrade:
    paid_at = reading.optional_text(fields, "gmt_payment")
    return ChannelTrade(
        channel=answers.CHANNEL,
        out_trade_no=out_trade_no,
        channel_trade_no=reading.text(fields, "trade_no"),
        state=answers.state(trade_status, was_paid=False),
        amount_fen=answers.fen(reading.text(fields, "total_amount")),
        currency=answers.CURRENCY,
        app_id=fields["app_id"],
        merchant_id=fields["seller_id"],
        payer=answers.payer(fields, "buyer_open_id", "buyer_id"),
        paid_at=None if paid_at is None else reading.beijing_instant(paid_at, "gmt_payment"),
    )
