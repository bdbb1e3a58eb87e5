"""WeChat Pay's bill of trades 交易账单 (pay.weixin.qq.com, "申请交易账单"; bill_type ALL, SUCCESS or REFUND)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateways.bills import amounts, wechat_text
from gateways.bills.lines import BillLine, BillUnreadable, Expected, Totals
from gateways.bills.reading import Bill, Pick, check_number, checked_time, picking, place, place_if_any
from gateways.bills.summary import Summary

_REFUND_STATES = {
    "SUCCESS": "paid_back",
    "": "paid_back",
    "PROCESSING": "accepted",
    "CHANGE": "abnormal",
    "FAIL": "closed",
    "FAILED": "closed",
}
_NONE = frozenset(("", "0"))


def opened(path: Path, expected: Expected) -> Bill[BillLine, Totals]:
    """See ``bills.trades``."""
    kind = _Trades(expected)
    return Bill(wechat_text.opened(path, expected), wechat_text.Table(kind, expected), kind.totals)


class _Trades:
    """See ``wechat_text.Kind``."""

    FIRST, SUMS = "交易时间", "总交易单数"
    FREE_TEXT: tuple[str, ...] = ("商品名称", "商户数据包")

    def __init__(self, expected: Expected) -> None:
        self.totals = Totals()
        self._merchant_id = expected.merchant_id
        self._day = expected.day.isoformat()
        self._refund: Pick | None = None
        self._fen = amounts.remembering(amounts.fen)
        self._milli = amounts.remembering(amounts.milli_fen)

    def columns(self, names: Sequence[str], line_no: int) -> None:
        def at(*spellings: str) -> int:
            return place(names, line_no, *spellings)

        self._common = picking(
            *(
                at(self.FIRST),
                at("商户号"),
                at("微信订单号"),
                at("商户订单号"),
                at("交易状态"),
                at("货币种类"),
            ),
            *(at("订单金额", "总金额", "应结订单金额"), at("手续费")),
        )
        refund_no = place_if_any(names, "商户退款单号")
        if refund_no is not None:  # a file of payments alone has none
            self._refund = picking(
                at("微信退款单号"), refund_no, at("申请退款金额", "退款金额"), at("退款状态")
            )

    def row(self, cells: Sequence[str], line_no: int) -> BillLine:
        at, merchant_id, trade_no, payment_no, state, currency, amount, fee = self._common(cells)
        try:
            amount_fen, fee_milli = self._fen(amount), self._milli(fee)
        except ValueError as wrong:
            raise BillUnreadable("amount", line_no, str(wrong)) from None
        if merchant_id != self._merchant_id:
            raise BillUnreadable("other_merchant", line_no, merchant_id)
        if currency != "CNY":
            raise BillUnreadable("currency", line_no, currency)
        at = checked_time(at, line_no)
        check_number(trade_no, line_no)
        check_number(payment_no, line_no)
        totals = self.totals
        totals.fee_milli += fee_milli
        if state != "SUCCESS":
            refund_no, channel_no, refund_fen, told = self._given_back(cells, line_no)
            totals.refunds += 1
            totals.refund_fen += refund_fen
            return BillLine(
                line_no, "refund", at, trade_no, payment_no, channel_no, refund_no, refund_fen, fee_milli, told
            )  # fmt: skip
        if not at.startswith(self._day):
            raise BillUnreadable("other_day", line_no, at)
        totals.payments += 1
        totals.payment_fen += amount_fen
        return BillLine(
            line_no, "payment", at, trade_no, payment_no, "", "", amount_fen, fee_milli, "paid"
        )  # fmt: skip

    def _given_back(self, cells: Sequence[str], line_no: int) -> tuple[str, str, int, str]:
        if self._refund is None:
            raise BillUnreadable("columns", line_no, "商户退款单号")
        channel_no, refund_no, applied, state = self._refund(cells)
        try:
            refund_fen = self._fen(applied)
        except ValueError as wrong:
            raise BillUnreadable("amount", line_no, str(wrong)) from None
        channel_no, refund_no = ("" if number in _NONE else number for number in (channel_no, refund_no))
        check_number(channel_no, line_no)
        check_number(refund_no, line_no)
        return refund_no, channel_no, refund_fen, _REFUND_STATES.get(state, "abnormal")

    def compare(self, summary: Summary, line_no: int) -> None:
        totals = self.totals
        summary.compare(line_no, totals.payment_fen * 1000, "订单总金额", "总交易额")
        summary.compare(line_no, totals.refund_fen * 1000, "申请退款总金额", "总退款金额")
        summary.compare(line_no, totals.fee_milli, "手续费总金额")
