"""Reading WeChat Pay's notifications (API v3, payment and refund notification). Nothing here calls out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateways import reading
from gateways.channel import BadNotification, PaymentNotice
from gateways.reading import JsonObject, Malformed
from gateways.wechat_pay import answers, sealed, trust

MAX_BODY_BYTES = 256 * 1024


def read(
    headers: Mapping[str, str], body: bytes, now: datetime, *, keyring: trust.Keyring, cipher: AESGCM
) -> PaymentNotice:
    """Verifies, then decrypts, then translates; see `WechatPay.read_notification`.

    Raises: BadNotification, and nothing else whatever comes in.
    """
    if len(body) > MAX_BODY_BYTES:
        raise BadNotification("too large")
    try:
        trust.check(_lower(headers), body, keyring=keyring, now=now, type_required=True)
        envelope = reading.json_object(body)
        if envelope.get("resource_type") != "encrypt-resource":
            raise Malformed("resource_type is not encrypt-resource")
        resource = reading.part(envelope, "resource")
        return _notice(envelope, resource, reading.json_object(sealed.opened(resource, cipher)))
    except trust.Untrusted as doubt:
        raise BadNotification(doubt.reason) from None
    except Malformed as fault:
        raise BadNotification(str(fault)) from None


def _notice(envelope: JsonObject, resource: JsonObject, content: JsonObject) -> PaymentNotice:
    event_id, event_type = reading.text(envelope, "id"), reading.text(envelope, "event_type")
    original_type = reading.optional_text(resource, "original_type")
    if event_type.startswith("TRANSACTION.") and original_type == "transaction":
        trade = answers.trade(content)
        return PaymentNotice(event_id, event_type, trade, None, trade.out_trade_no)
    if event_type.startswith("REFUND.") and original_type == "refund":
        refund = answers.refund(content, state_field="refund_status")
        return PaymentNotice(
            event_id, event_type, None, refund, reading.optional_text(content, "out_trade_no")
        )
    if event_type == "MCHTRANSFER.BILL.FINISHED":
        return PaymentNotice(event_id, event_type, None, None, None, answers.transfer(content))
    return PaymentNotice(event_id, event_type, None, None)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    lower: dict[str, str] = {}
    for name, value in headers.items():
        if lower.setdefault(name.lower(), value) != value and name.lower().startswith("wechatpay-"):
            raise trust.Untrusted("a signature header twice")
    return lower
