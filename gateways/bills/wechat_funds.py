"""WeChat Pay's bill of funds 资金账单 (pay.weixin.qq.com, "申请资金账单"): every movement on the merchant's account.

Columns and names: "资金账单详细说明" (pay.weixin.qq.com/docs/merchant/products/bill-download/format-fundflow.html, 2024-11-25). 业务名称 is the group a
movement belongs to, 业务类型 what it is: the fee of a payment is 交易, 扣除交易手续费.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateways.bills import amounts, wechat_text
from gateways.bills.lines import BillUnreadable, Expected, FundLine, FundTotals, movement
from gateways.bills.reading import Bill, check_number, checked_time, picking, place
from gateways.bills.summary import Summary

_DIRECTIONS = {"收入": 1, "支出": -1}
_IN_OR_OUT = "充值/提现"
"""A group of what is neither paid nor refunded: only 业务类型 says whether money came from the merchant's bank or went there."""


def opened(path: Path, expected: Expected) -> Bill[FundLine, FundTotals]:
    """See ``bills.funds``."""
    kind = _Funds(expected)
    return Bill(wechat_text.opened(path, expected), wechat_text.Table(kind, expected), kind.totals)


class _Funds:
    """See ``wechat_text.Kind``."""

    FIRST, SUMS = "记账时间", "资金流水总笔数"
    FREE_TEXT: tuple[str, ...] = ()

    def __init__(self, expected: Expected) -> None:
        self.totals = FundTotals()
        self._day = expected.day.isoformat()

    def columns(self, names: Sequence[str], line_no: int) -> None:
        self._pick = picking(
            *(
                place(names, line_no, one)
                for one in (
                    self.FIRST,
                    "微信支付业务单号",
                    "资金流水单号",
                    "业务名称",
                    "业务类型",
                    "收支类型",
                )
            ),
            place(names, line_no, "收支金额（元）", "收支金额(元)", "收支金额"),
            place(names, line_no, "账户结余（元）", "账户结余(元)", "账户结余"),
        )

    def row(self, cells: Sequence[str], line_no: int) -> FundLine:
        at, trade_no, flow_no, group, kind, direction, text, left = self._pick(cells)
        try:
            amount_fen, balance_fen = amounts.fen(text) * _DIRECTIONS[direction], amounts.fen(left)
        except (ValueError, KeyError):
            raise BillUnreadable("amount", line_no, f"{direction} {text} {left}") from None
        if not checked_time(at, line_no).startswith(self._day):
            raise BillUnreadable("other_day", line_no, at)
        check_number(flow_no, line_no)
        check_number(trade_no, line_no)
        why = movement(kind if group == _IN_OR_OUT else f"{kind} {group}")
        line = FundLine(line_no, at, flow_no, trade_no, kind, why, amount_fen, balance_fen)
        self.totals.count(line)
        return line

    def compare(self, summary: Summary, line_no: int) -> None:
        totals = self.totals
        summary.compare_count(line_no, totals.income, "收入笔数")
        summary.compare_count(line_no, totals.outgo, "支出笔数")
        summary.compare(line_no, totals.income_fen * 1000, "收入金额")
        summary.compare(line_no, totals.out_fen * 1000, "支出金额")
