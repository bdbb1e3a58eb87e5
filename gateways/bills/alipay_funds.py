"""Alipay's bill of funds 账务明细 (bill_type ``signcustomer``): every movement on the merchant's account, fees as rows of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gateways.bills import alipay_text, amounts
from gateways.bills.lines import BillUnreadable, Expected, FundLine, FundTotals, movement
from gateways.bills.reading import Bill, check_number, checked_time, picking, place


def opened(path: Path, expected: Expected) -> Bill[FundLine, FundTotals]:
    """See ``bills.funds``."""
    kind = _Funds(expected)
    lines = alipay_text.opened(path, expected, "账务明细")
    return Bill(lines, alipay_text.Table(kind, expected), kind.totals)


class _Funds:
    """See ``alipay_text.Kind``."""

    FIRST = "账务流水号"

    def __init__(self, expected: Expected) -> None:
        self.totals = FundTotals()
        self._day = expected.day.isoformat()

    def columns(self, names: Sequence[str], line_no: int) -> alipay_text.Columns:
        def at(*spellings: str) -> int:
            return place(names, line_no, *spellings)

        happened = at("发生时间")
        self._pick = picking(
            *(
                at(self.FIRST),
                at("业务流水号"),
                happened,
                at("收入金额（+元）"),
                at("支出金额（-元）"),
                at("账户余额（元）"),
                at("业务类型"),
            ),
        )
        return alipay_text.Columns(len(names), at("商品名称"), (happened, happened))

    def row(self, cells: Sequence[str], line_no: int) -> FundLine:
        flow_no, trade_no, at, income, outgo, left, kind = self._pick(cells)
        try:
            amount_fen = abs(amounts.fen(income or "0")) - abs(amounts.fen(outgo or "0"))
            balance_fen = amounts.fen(left)
        except ValueError as wrong:
            raise BillUnreadable("amount", line_no, str(wrong)) from None
        if not checked_time(at, line_no).startswith(self._day):
            raise BillUnreadable("other_day", line_no, at)
        check_number(flow_no, line_no)
        check_number(trade_no, line_no)
        line = FundLine(line_no, at, flow_no, trade_no, kind, movement(kind), amount_fen, balance_fen)
        self.totals.count(line)
        return line

    def sums(self) -> Mapping[str, tuple[int, int]]:
        totals = self.totals
        return {"收入": (totals.income, totals.income_fen), "支出": (totals.outgo, totals.out_fen)}
