"""alipay.trade.refund and its query: money back at once, once per out_request_no."""

from __future__ import annotations

from typing import Any

from sandbox.alipay.trades import Trade, Trades, fen, yuan
from sandbox.alipay.wire import business
from sandbox.clock import beijing_text
from sandbox.world import World

Body = dict[str, Any]


def refund(world: World, trades: Trades, content: Body) -> Body:
    """`fund_change` Y when money moved by this very call. Raises: AlipayError."""
    trade = trades.find(content)
    if "refund_amount" not in content:
        raise business("INVALID_PARAMETER", "参数有误：refund_amount")
    amount_fen = fen(content["refund_amount"])
    if amount_fen < 1:
        raise business("INVALID_PARAMETER", "参数有误：refund_amount")
    out_request_no = str(content.get("out_request_no") or "")
    if not out_request_no:
        if amount_fen != trade.total_fen:
            raise business("INVALID_PARAMETER", "参数有误：部分退款时out_request_no必填")
        out_request_no = trade.out_trade_no
    known = _known(trade, out_request_no)
    if known is not None:
        if known["amount_fen"] != amount_fen:
            raise business("DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
        return _shown(world, trade, "N")
    if trade.paid_at is None or trade.state not in ("TRADE_SUCCESS", "TRADE_FINISHED", "TRADE_CLOSED"):
        raise business("REASON_TRADE_STATUS_INVALID", "交易状态不合法")
    if trade.state == "TRADE_FINISHED":
        raise business("TRADE_HAS_FINISHED", "交易已完结")
    if trade.refunded_fen + amount_fen > trade.total_fen:
        raise business("REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
    trades.pay_back(trade, out_request_no, amount_fen, reason=str(content.get("refund_reason", "")))
    return _shown(world, trade, "Y")


def query(trades: Trades, content: Body) -> Body:
    """`refund_status` only once the money is back; a bare success otherwise. Raises: AlipayError."""
    trade = trades.find(content)
    if not content.get("out_request_no"):
        raise business("INVALID_PARAMETER", "参数有误：out_request_no")
    known = _known(trade, str(content["out_request_no"]))
    if known is None:
        return {}
    return {
        "trade_no": trade.trade_no,
        "out_trade_no": trade.out_trade_no,
        "out_request_no": known["out_request_no"],
        "total_amount": yuan(trade.total_fen),
        "refund_amount": yuan(int(known["amount_fen"])),
        "refund_status": "REFUND_SUCCESS",
        "gmt_refund_pay": beijing_text(float(known["at"])),
    }


def _known(trade: Trade, out_request_no: str) -> dict[str, Any] | None:
    return next((one for one in trade.refunds if one["out_request_no"] == out_request_no), None)


def _shown(world: World, trade: Trade, fund_change: str) -> Body:
    shown: Body = {
        "trade_no": trade.trade_no,
        "out_trade_no": trade.out_trade_no,
        "fund_change": fund_change,
        "refund_fee": yuan(trade.refunded_fen),
        "send_back_fee": yuan(trade.refunded_fen),
    }
    person = world.people.get(trade.buyer_person_id or "")
    if person is not None:
        shown["buyer_logon_id"] = person.alipay_logon_id
        shown["buyer_user_id"] = person.alipay_user_id
        shown["buyer_open_id"] = person.alipay_open_id
    return shown
