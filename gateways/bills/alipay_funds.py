"""Alipay's bill of funds 账务明细 (bill_type ``signcustomer``): every movement on the merchant's account, fees as rows of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateways.bills import alipay_text, amounts
from gateways.bills.lines import BillUnreadable, Expected, FundLine, FundTotals
from gateways.bills.reading import Bill, Pick, check_number, check_rows, checked_time, header, picking, place
from gateways.bills.wechat_funds import add

_FIRST = "账务流水号"
_FEES = ("收费", "服务费", "手续费")


def opened(path: Path, expected: Expected) -> Bill[FundLine, FundTotals]:
    """See ``bills.funds``."""
    layout = _Funds(expected)
    return Bill(alipay_text.opened(path, expected, "账务明细"), layout, layout.totals)


class _Funds:
    def __init__(self, expected: Expected) -> None:
        self.totals = FundTotals()
        self._expected = expected
        self._day = expected.day.isoformat()
        self._frame = alipay_text.Frame(expected)
        self._count = 0
        self._free = 0
        self._anchor = 0
        self._pick: Pick | None = None

    def rows(self, lines: Sequence[str], line_no: int) -> list[FundLine]:
        """See ``reading.Layout``."""
        found: list[FundLine] = []
        for number, line in enumerate(lines, line_no):
            if line[:1] == "#":
                self._frame.take(line, number)
            elif not line or line.isspace():
                continue
            elif self._frame.has_ended:
                raise BillUnreadable("after_the_end", number, line)
            elif self._pick is None:
                self._header(line, number)
            else:
                found.append(self._row(line, number))
        check_rows(self.totals.rows, self._expected, line_no)
        return found

    def end(self) -> None:
        """See ``reading.Layout``."""
        if self._pick is None:
            raise BillUnreadable("no_header")
        self._frame.end()
        ours = {
            "收入": (self.totals.income, self.totals.income_fen),
            "支出": (self.totals.outgo, self.totals.out_fen),
        }
        for said, (count, amount_fen) in ours.items():
            told, text = self._frame.totals.get(said, (count, None))
            if told != count or (text is not None and abs(amounts.fen(text)) != amount_fen):
                raise BillUnreadable("summary", found=f"{said} {told} {text}")

    def _header(self, line: str, line_no: int) -> None:
        names = header(line)
        if _FIRST not in names:
            raise BillUnreadable("no_header", line_no, line)

        def at(*spellings: str) -> int:
            return place(names, line_no, *spellings)

        self._count, self._free, self._anchor = len(names), at("商品名称"), at("发生时间")
        self._pick = picking(
            *(
                at(_FIRST),
                at("业务流水号"),
                self._anchor,
                at("收入金额（+元）"),
                at("支出金额（-元）"),
                at("业务类型"),
            ),
        )

    def _row(self, line: str, line_no: int) -> FundLine:
        cells = alipay_text.cells_of(line, self._count, self._free, (self._anchor, self._anchor), line_no)
        assert self._pick is not None
        flow_no, trade_no, at, income, outgo, kind = self._pick(cells)
        try:
            amount_fen = abs(amounts.fen(income or "0")) - abs(amounts.fen(outgo or "0"))
        except ValueError as wrong:
            raise BillUnreadable("amount", line_no, str(wrong)) from None
        if not checked_time(at, line_no).startswith(self._day):
            raise BillUnreadable("other_day", line_no, at)
        check_number(flow_no, line_no)
        check_number(trade_no, line_no)
        is_fee = any(word in kind for word in _FEES)
        add(self.totals, amount_fen, is_fee=is_fee)
        return FundLine(line_no, at, flow_no, trade_no, kind, amount_fen, is_fee)
