"""Refunds at WeChat Pay (API v3, "申请退款", "查询退款", "发起异常退款")."""

from __future__ import annotations

from typing import Literal

from gateways.channel import BankCard, ChannelRefund, ChannelRefused, RefundOrder, ResultUnknown
from gateways.reading import JsonObject, understood
from gateways.wechat_pay import answers
from gateways.wechat_pay.calls import Calls, quoted

_REFUNDS = "/v3/refund/domestic/refunds"
_REASON_LETTERS = 80


async def apply(calls: Calls, order: RefundOrder) -> ChannelRefund:
    """See `channel.Channel.refund`."""
    amount: dict[str, object] = {
        "refund": order.amount_fen,
        "total": order.total_fen,
        "currency": order.currency,
    }
    if calls.settings.refund_from_available:
        amount["from"] = [{"account": "AVAILABLE", "amount": order.amount_fen}]
    fields: dict[str, object] = {
        "out_trade_no": order.out_trade_no,
        "out_refund_no": order.out_refund_no,
        "notify_url": calls.settings.notify_url,
        "amount": amount,
    }
    if order.reason:
        fields["reason"] = order.reason[:_REASON_LETTERS]
    return _read(await calls.ask("POST", _REFUNDS, fields), order.out_refund_no)


async def query(calls: Calls, *, out_trade_no: str, out_refund_no: str) -> ChannelRefund:
    """See `channel.Channel.query_refund`."""
    try:
        content = await calls.ask("GET", f"{_REFUNDS}/{quoted(out_refund_no)}")
    except ChannelRefused as refused:
        if refused.code not in answers.ORDER_MISSING:
            raise
        return ChannelRefund(out_refund_no, None, "missing", None)
    if content.get("out_trade_no") not in (None, out_trade_no):
        raise ResultUnknown("the answer is about another order")
    return _read(content, out_refund_no)


async def apply_abnormal(
    calls: Calls, out_refund_no: str, channel_refund_no: str, to: BankCard | Literal["merchant"]
) -> ChannelRefund:
    """See `WechatPay.apply_abnormal_refund`."""
    fields: dict[str, object] = {"out_refund_no": out_refund_no, "type": "MERCHANT_BANK_CARD"}
    if isinstance(to, BankCard):
        await calls.ready()
        fields |= {
            "type": "USER_BANK_CARD",
            "bank_type": to.bank_type,
            "bank_account": calls.sealed_for_wechat_pay(to.account_no),
            "real_name": calls.sealed_for_wechat_pay(to.real_name),
        }
    target = f"{_REFUNDS}/{quoted(channel_refund_no)}/apply-abnormal-refund"
    return _read(await calls.ask("POST", target, fields), out_refund_no)


def _read(content: JsonObject, out_refund_no: str) -> ChannelRefund:
    with understood():
        refund = answers.refund(content, state_field="status")
    if refund.out_refund_no != out_refund_no:
        raise ResultUnknown("the answer is about another refund")
    return refund
