"""WeChat Pay's bill of funds 资金账单 (pay.weixin.qq.com, "申请资金账单"): every movement on the merchant's account."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateways.bills import amounts
from gateways.bills.files import TextLines
from gateways.bills.lines import BillUnreadable, Expected, FundLine, FundTotals
from gateways.bills.reading import Bill, Pick, check_number, check_rows, checked_time, header, picking, place
from gateways.bills.summary import Summary

_FIRST, _SUMS = "记账时间", "资金流水总笔数"
_DIRECTIONS = {"收入": 1, "支出": -1}
_FEES = ("手续费", "服务费")


def opened(path: Path, expected: Expected) -> Bill[FundLine, FundTotals]:
    """See ``bills.funds``."""
    lines = TextLines(
        path, is_wanted=lambda name: name.lower().endswith(".csv"), max_bytes=expected.max_bytes
    )
    layout = _Funds(expected)
    return Bill(lines, layout, layout.totals)


class _Funds:
    def __init__(self, expected: Expected) -> None:
        self.totals = FundTotals()
        self._expected = expected
        self._day = expected.day.isoformat()
        self._names: list[str] = []
        self._pick: Pick | None = None
        self._summary: Summary | None = None

    def rows(self, lines: Sequence[str], line_no: int) -> list[FundLine]:
        """See ``reading.Layout``."""
        found: list[FundLine] = []
        for number, line in enumerate(lines, line_no):
            if line[:1] == "`" and self._pick is not None and self._summary is None:
                found.append(self._row(line, number))
            elif line and not line.isspace():
                self._other(line, number)
        check_rows(self.totals.rows, self._expected, line_no)
        return found

    def end(self) -> None:
        """See ``reading.Layout``."""
        if self._pick is None:
            raise BillUnreadable("no_header")
        if self._summary is None or not self._summary.is_complete:
            raise BillUnreadable("cut_short")

    def _row(self, line: str, line_no: int) -> FundLine:
        cells = line[1:].rstrip("\r").split(",`")
        if len(cells) != len(self._names):
            raise BillUnreadable("columns", line_no, f"{len(cells)} / {len(self._names)}")
        assert self._pick is not None
        at, trade_no, flow_no, kind, direction, text = self._pick(cells)
        try:
            amount_fen, sign = amounts.fen(text), _DIRECTIONS[direction]
        except (ValueError, KeyError):
            raise BillUnreadable("amount", line_no, f"{direction} {text}") from None
        if not checked_time(at, line_no).startswith(self._day):
            raise BillUnreadable("other_day", line_no, at)
        check_number(flow_no, line_no)
        check_number(trade_no, line_no)
        is_fee = any(word in kind for word in _FEES)
        add(self.totals, amount_fen * sign, is_fee=is_fee)
        return FundLine(line_no, at, flow_no, trade_no, kind, amount_fen * sign, is_fee)

    def _other(self, line: str, line_no: int) -> None:
        names = header(line)
        if self._pick is None:
            if _FIRST not in names:
                raise BillUnreadable("no_header", line_no, line)
            self._names = names
            self._pick = picking(
                *(
                    place(names, line_no, one)
                    for one in (_FIRST, "微信支付业务单号", "资金流水单号", "业务名称", "收支类型")
                ),
                place(names, line_no, "收支金额（元）", "收支金额"),
            )
        elif self._summary is None:
            if _SUMS not in names:
                raise BillUnreadable("columns", line_no, line)
            self._summary = Summary(names)
        elif not self._summary.is_complete:
            self._summary.take(line, line_no)
            self._compare(self._summary, line_no)
        else:
            raise BillUnreadable("after_the_end", line_no, line)

    def _compare(self, summary: Summary, line_no: int) -> None:
        totals = self.totals
        summary.compare_count(line_no, totals.rows, _SUMS)
        summary.compare_count(line_no, totals.income, "收入笔数")
        summary.compare_count(line_no, totals.outgo, "支出笔数")
        summary.compare(line_no, totals.income_fen * 1000, "收入金额")
        summary.compare(line_no, totals.out_fen * 1000, "支出金额")


def add(totals: FundTotals, amount_fen: int, *, is_fee: bool) -> None:
    """Counts one movement."""
    if amount_fen >= 0:
        totals.income += 1
        totals.income_fen += amount_fen
    else:
        totals.outgo += 1
        totals.out_fen -= amount_fen
    if is_fee:
        totals.fee_fen -= amount_fen
