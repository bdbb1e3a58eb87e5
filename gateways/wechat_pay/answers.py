"""WeChat Pay's words in ours: trades, refunds, and what its errors mean (API v3, error codes of each endpoint)."""

from __future__ import annotations

from typing import Final

from gateways import reading
from gateways.channel import (
    ChannelError,
    ChannelRefund,
    ChannelRefused,
    ChannelTrade,
    ChannelTransfer,
    RateLimited,
    RefundState,
    ResultUnknown,
    TradeState,
    TransferState,
)
from gateways.http import Answer
from gateways.reading import JsonObject, Malformed

CHANNEL: Final = "wechat_pay"

ALREADY_PAID = frozenset({"ORDERPAID", "ORDER_PAID"})
ORDER_MISSING = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS", "NOT_FOUND"})
ORDER_CLOSED = frozenset({"ORDER_CLOSED", "ORDERCLOSED"})

_LIMITED = frozenset({"FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "RATELIMIT_EXCEEDED"})
_UNKNOWN = frozenset({"SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR", "USERPAYING"})

# The number after the last "-" of Request-ID is exact where the code is a catch-all such as INVALID_REQUEST.
_BY_INTERNAL_NUMBER = {
    "268512771": "ORDER_NOT_EXIST",
    "268449538": "ORDERPAID",
    "268498689": "ORDERPAID",
    "268447840": "FREQUENCY_LIMITED",
}

_TRADE_STATES: dict[str, TradeState] = {
    "SUCCESS": "paid",
    "REFUND": "refunded",
    "NOTPAY": "waiting",
    "USERPAYING": "waiting",
    "ACCEPT": "waiting",
    "CLOSED": "closed",
    "REVOKED": "closed",
    "PAYERROR": "failed",
}

_REFUND_STATES: dict[str, RefundState] = {
    "SUCCESS": "paid_back",
    "PROCESSING": "accepted",
    "ABNORMAL": "abnormal",
    "CLOSED": "closed",
}

_TRANSFER_STATES: dict[str, TransferState] = {
    "ACCEPTED": "accepted",
    "PROCESSING": "accepted",
    "WAIT_USER_CONFIRM": "waiting",
    "TRANSFERING": "sending",
    "SUCCESS": "paid",
    "FAIL": "failed",
    "CANCELING": "cancelling",
    "CANCELLED": "cancelled",
}


def trade(content: JsonObject) -> ChannelTrade:
    """A transaction, from a query's answer or out of a notification.

    Raises: Malformed.
    """
    state = _TRADE_STATES.get(reading.text(content, "trade_state"))
    if state is None:
        raise Malformed("trade_state is not known")
    amount_fen, currency = _amount(content, required=state in ("paid", "refunded"))
    paid_at = reading.optional_text(content, "success_time")
    number = reading.text if state == "paid" else reading.optional_text
    return ChannelTrade(
        channel=CHANNEL,
        out_trade_no=reading.text(content, "out_trade_no"),
        channel_trade_no=number(content, "transaction_id"),
        state=state,
        amount_fen=amount_fen,
        currency=currency,
        app_id=reading.text(content, "appid"),
        merchant_id=reading.text(content, "mchid"),
        payer=_payer(content),
        paid_at=None if paid_at is None else reading.instant(paid_at, "success_time"),
    )


def missing_trade(*, out_trade_no: str, app_id: str, mch_id: str) -> ChannelTrade:
    """The answer about a number that WeChat Pay does not know."""
    return ChannelTrade(CHANNEL, out_trade_no, None, "missing", 0, "CNY", app_id, mch_id, None, None)


def refund(content: JsonObject, *, state_field: str) -> ChannelRefund:
    """A refund; the state stands under `status` in answers and under `refund_status` in notifications.

    Raises: Malformed.
    """
    state = _REFUND_STATES.get(reading.text(content, state_field))
    if state is None:
        raise Malformed(f"{state_field} is not known")
    return ChannelRefund(
        out_refund_no=reading.text(content, "out_refund_no"),
        channel_refund_no=reading.optional_text(content, "refund_id"),
        state=state,
        amount_fen=reading.whole(reading.part(content, "amount"), "refund"),
    )


def transfer(content: JsonObject) -> ChannelTransfer:
    """A transfer to a customer, from an answer or out of a notification; a new one's answer names no amount.

    Raises: Malformed.
    """
    state = _TRANSFER_STATES.get(reading.text(content, "state"))
    if state is None:
        raise Malformed("state is not known")
    amount_fen = None if content.get("transfer_amount") is None else reading.whole(content, "transfer_amount")
    return ChannelTransfer(
        out_bill_no=reading.text(content, "out_bill_no"),
        channel_bill_no=reading.optional_text(content, "transfer_bill_no"),
        state=state,
        amount_fen=amount_fen,
        package_info=reading.optional_text(content, "package_info"),
        reason=reading.optional_text(content, "fail_reason"),
    )


def missing_transfer(out_bill_no: str) -> ChannelTransfer:
    """The answer about a number that WeChat Pay does not know."""
    return ChannelTransfer(out_bill_no, None, "missing", None)


def failure(answer: Answer) -> ChannelError:
    """What an answer other than the promised 2xx means: no, not now, or nobody knows."""
    code, message = _error_words(answer.body)
    internal_no = answer.headers.get("request-id", "").rpartition("-")[2]
    code = _BY_INTERNAL_NUMBER.get(internal_no, code)
    if answer.status == 429:
        return RateLimited(code or "429", message)
    # A page of some proxy in between carries no code, and says nothing about what WeChat Pay did.
    if not 400 <= answer.status < 500 or not code or code in _UNKNOWN:
        return ResultUnknown(f"HTTP {answer.status} {code}".rstrip())
    if code in _LIMITED:
        return RateLimited(code, message)
    return ChannelRefused(code, message)


def _error_words(body: bytes) -> tuple[str, str]:
    try:
        content = reading.json_object(body)
        return reading.text(content, "code"), reading.optional_text(content, "message") or ""
    except Malformed:
        return "", ""


def _amount(content: JsonObject, *, required: bool) -> tuple[int, str]:
    if content.get("amount") is None and not required:
        return 0, "CNY"
    amount = reading.part(content, "amount")
    return reading.whole(amount, "total"), reading.optional_text(amount, "currency") or "CNY"


def _payer(content: JsonObject) -> str | None:
    if content.get("payer") is None:
        return None
    return reading.optional_text(reading.part(content, "payer"), "openid")
