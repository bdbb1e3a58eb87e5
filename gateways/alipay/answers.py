"""Alipay's words in ours: trust, trades, and what its codes mean (opendocs.alipay.com, common and business codes)."""

from __future__ import annotations

import re
from typing import Final

from core import money
from gateways import keys, reading
from gateways.alipay import envelope
from gateways.alipay.trust import Keyring
from gateways.channel import (
    ChannelError,
    ChannelRefused,
    ChannelTrade,
    RateLimited,
    ResultUnknown,
    TradeState,
)
from gateways.reading import JsonObject, Malformed

CHANNEL: Final = "alipay"
CURRENCY: Final = "CNY"

DONE = "10000"
USER_PAYING = "10003"

TRADE_MISSING = "ACQ.TRADE_NOT_EXIST"
TRADE_PAID = "ACQ.TRADE_HAS_SUCCESS"
TRADE_CLOSED = frozenset({"ACQ.TRADE_HAS_CLOSE", "ACQ.TRADE_HAS_CLOSED"})
WRONG_STATE = frozenset(
    {"ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID", "ACQ.REASON_ILLEGAL_STATUS"}
)

_NUMBER = re.compile(r"[0-9a-f]{32}", re.ASCII)
_LIMITED = "40005"
_DEFINITE = frozenset({"20001", "40001", "40002", "40003", "40004", "40006"})


class UnknownCertificate(Malformed):
    """The answer is signed with a certificate that we do not have."""

    def __init__(self, number: str) -> None:
        super().__init__("signed with an unknown certificate")
        self.number = number


def proven(raw: bytes, method: str, keyring: Keyring) -> JsonObject:
    """The response to `method` in an answer, once Alipay's signature over its raw bytes is checked.

    Raises:
        UnknownCertificate: learn it and come again.
        Malformed: not signed, wrongly signed, or not an answer to this method.
    """
    found = envelope.members(raw)
    response = _response(found, method)
    if b"sign" not in found:
        # So the gateway answers where it does not know who asks; nobody can tell it from a forgery.
        raise Malformed(f"not signed: {_codes(reading.json_object(response))}")
    number = _text(found, "alipay_cert_sn") if b"alipay_cert_sn" in found else None
    key = keyring.key(number)
    if key is None:
        if number is None or _NUMBER.fullmatch(number) is None:
            raise Malformed("no certificate named")
        raise UnknownCertificate(number)
    if not keys.verified(key, response, _text(found, "sign")):
        raise Malformed("wrong signature")
    return reading.json_object(response)


def unproven(raw: bytes, method: str) -> JsonObject:
    """The same without the check, for the one answer whose content proves itself.

    Raises: Malformed.
    """
    return reading.json_object(_response(envelope.members(raw), method))


def _response(found: dict[bytes, bytes], method: str) -> bytes:
    response = found.get(method.replace(".", "_").encode() + b"_response") or found.get(b"error_response")
    if response is None:
        raise Malformed("no response to the method")
    return response


def _text(found: dict[bytes, bytes], name: str) -> str:
    # A JSON string; some of the gateway's writers escape its slashes.
    return reading.text(reading.json_object(b'{"it":' + found[name.encode()] + b"}"), "it")


def _codes(content: JsonObject) -> str:
    """What went wrong, for the log: letters, digits and marks only, as nobody vouches for it."""
    codes = f"{_word(content, 'code')} {_word(content, 'sub_code')}"
    return "".join(letter for letter in codes if letter.isascii() and (letter.isalnum() or letter in " ._-"))[
        :80
    ]


def failure(content: JsonObject) -> ChannelError:
    """What a proven answer with another code than 10000 means."""
    code, sub_code = _word(content, "code"), _word(content, "sub_code")
    message = _word(content, "sub_msg") or _word(content, "msg")
    if bill_missing(sub_code):
        return ChannelRefused(sub_code, message)
    if code == _LIMITED or sub_code.endswith(("call-limited", "RATE_LIMIT")):
        return RateLimited(sub_code or code, message)
    # isp.* are faults on Alipay's side (isp.unknow-error), wherever they stand.
    if (
        code not in _DEFINITE
        or sub_code.endswith("SYSTEM_ERROR")
        or sub_code.startswith(("isp.", "aop.unknow"))
    ):
        return ResultUnknown(f"{code} {sub_code}".rstrip())
    return ChannelRefused(sub_code or code, message)


def bill_missing(sub_code: str) -> bool:
    """Whether Alipay says that there is no such bill: isp.bill_not_exist in life, other names in the documentation."""
    return any(name in sub_code.upper() for name in ("BILL_NOT_EXIST", "NO_BILL_DATA"))


def trade(content: JsonObject, *, app_id: str, seller_id: str) -> ChannelTrade:
    """A trade as alipay.trade.query tells it. Whose trade it is, the answer does not say: whose query it was.

    Raises: Malformed.
    """
    paid_at = reading.optional_text(content, "send_pay_date")
    return ChannelTrade(
        channel=CHANNEL,
        out_trade_no=reading.text(content, "out_trade_no"),
        channel_trade_no=reading.text(content, "trade_no"),
        state=state(reading.text(content, "trade_status"), was_paid=paid_at is not None),
        amount_fen=fen(reading.text(content, "total_amount")),
        currency=CURRENCY,
        app_id=app_id,
        merchant_id=seller_id,
        payer=payer(content, "buyer_open_id", "buyer_user_id"),
        paid_at=None if paid_at is None else reading.beijing_instant(paid_at, "send_pay_date"),
    )


def missing_trade(*, out_trade_no: str, app_id: str, seller_id: str) -> ChannelTrade:
    """The answer about a number that Alipay does not know (yet)."""
    return ChannelTrade(CHANNEL, out_trade_no, None, "missing", 0, CURRENCY, app_id, seller_id, None, None)


def state(trade_status: str, *, was_paid: bool) -> TradeState:
    """TRADE_CLOSED is both "nobody paid in time" and "all of it went back"; only a time of payment tells which.

    Raises: Malformed.
    """
    match trade_status:
        case "WAIT_BUYER_PAY":
            return "waiting"
        case "TRADE_SUCCESS" | "TRADE_FINISHED":
            return "paid"
        case "TRADE_CLOSED":
            return "refunded" if was_paid else "closed"
    raise Malformed("trade_status is not known")


def fen(yuan: str) -> int:
    """Yuan text as fen, exactly; nothing finer than a fen, nothing negative.

    Raises: Malformed.
    """
    try:
        amount_fen = money.fen_from_yuan(yuan)
    except ValueError:
        raise Malformed("not an amount") from None
    if amount_fen < 0:
        raise Malformed("a negative amount")
    return amount_fen


def payer(content: JsonObject, *names: str) -> str | None:
    """The first of `names` that says who paid: the app's open id, else the old 2088… number."""
    return next((found for name in names if (found := reading.optional_text(content, name))), None)


def _word(content: JsonObject, name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""
