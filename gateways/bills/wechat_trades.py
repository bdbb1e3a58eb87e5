"""WeChat Pay's bill of trades 交易账单 (pay.weixin.qq.com, "申请交易账单"; bill_type ALL, SUCCESS or REFUND).

A header, a row for each payment and refund, a header of sums, a row of sums. Every cell has a back-tick in front and none is quoted,
so a row is cut at a comma *and* back-tick: names of goods may have commas. Columns differ by kind and year and are found by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateways.bills import amounts
from gateways.bills.files import TextLines
from gateways.bills.lines import BillLine, BillUnreadable, Expected, Totals
from gateways.bills.reading import (
    Bill,
    check_number,
    check_rows,
    checked_time,
    header,
    picking,
    place,
    place_if_any,
)
from gateways.bills.summary import Summary

_FIRST, _SUMS = "交易时间", "总交易单数"
_FREE_TEXT = ("商品名称", "商户数据包")
"""What these hold comes from people; a comma and back-tick in them makes a row too long."""
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
    lines = TextLines(
        path, is_wanted=lambda name: name.lower().endswith(".csv"), max_bytes=expected.max_bytes
    )
    layout = _Trades(expected)
    return Bill(lines, layout, layout.totals)


class _Trades:
    """The layout, and where in the file we are: before the header, among rows, at the sums, behind them."""

    def __init__(self, expected: Expected) -> None:
        self.totals = Totals()
        self._expected = expected
        self._day = expected.day.isoformat()
        self._columns: _Columns | None = None
        self._summary: Summary | None = None
        self._fen = amounts.remembering(amounts.fen)
        self._milli = amounts.remembering(amounts.milli_fen)

    def rows(self, lines: Sequence[str], line_no: int) -> list[BillLine]:
        """See ``reading.Layout``."""
        found: list[BillLine] = []
        for number, line in enumerate(lines, line_no):
            if line[:1] == "`" and self._columns is not None and self._summary is None:
                found.append(self._row(line, number))
            elif line and not line.isspace():
                self._other(line, number)
        check_rows(self.totals.rows, self._expected, line_no)
        return found

    def end(self) -> None:
        """See ``reading.Layout``."""
        if self._columns is None:
            raise BillUnreadable("no_header")
        if self._summary is None or not self._summary.is_complete:
            raise BillUnreadable("cut_short")

    def _row(self, line: str, line_no: int) -> BillLine:
        columns = self._columns
        assert columns is not None
        cells = line[1:].rstrip("\r").split(",`")
        if len(cells) != columns.count:
            cells = columns.fitted(cells, line_no)
        at, merchant_id, trade_no, payment_no, method, state, currency, amount, fee = columns.common(cells)
        try:
            amount_fen, fee_milli = self._fen(amount), self._milli(fee)
        except ValueError as wrong:
            raise BillUnreadable("amount", line_no, str(wrong)) from None
        if merchant_id != self._expected.merchant_id:
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
                line_no, "refund", at, trade_no, payment_no, channel_no, refund_no, refund_fen, fee_milli, told, method
            )  # fmt: skip
        if not at.startswith(self._day):
            raise BillUnreadable("other_day", line_no, at)
        totals.payments += 1
        totals.payment_fen += amount_fen
        return BillLine(
            line_no, "payment", at, trade_no, payment_no, "", "", amount_fen, fee_milli, "paid", method
        )  # fmt: skip

    def _given_back(self, cells: Sequence[str], line_no: int) -> tuple[str, str, int, str]:
        columns = self._columns
        if columns is None or columns.refund is None:
            raise BillUnreadable("columns", line_no, "商户退款单号")
        channel_no, refund_no, applied, state = columns.refund(cells)
        try:
            refund_fen = self._fen(applied)
        except ValueError as wrong:
            raise BillUnreadable("amount", line_no, str(wrong)) from None
        channel_no, refund_no = ("" if number in _NONE else number for number in (channel_no, refund_no))
        check_number(channel_no, line_no)
        check_number(refund_no, line_no)
        return refund_no, channel_no, refund_fen, _REFUND_STATES.get(state, "abnormal")

    def _other(self, line: str, line_no: int) -> None:
        names = header(line)
        if self._columns is None:
            if _FIRST not in names:
                raise BillUnreadable("no_header", line_no, line)
            self._columns = _Columns(names, line_no)
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
        summary.compare(line_no, totals.payment_fen * 1000, "订单总金额", "总交易额")
        summary.compare(line_no, totals.refund_fen * 1000, "申请退款总金额", "总退款金额")
        summary.compare(line_no, totals.fee_milli, "手续费总金额")


class _Columns:
    """Where the columns stand. ``common`` and ``refund`` pick a row's cells; ``refund`` is None where there are no refunds."""

    def __init__(self, names: Sequence[str], line_no: int) -> None:
        def at(*spellings: str) -> int:
            return place(names, line_no, *spellings)

        self.count = len(names)
        self.common = picking(
            *(
                at(_FIRST),
                at("商户号"),
                at("微信订单号"),
                at("商户订单号"),
                at("交易类型"),
                at("交易状态"),
                at("货币种类"),
            ),
            *(at("订单金额", "总金额", "应结订单金额"), at("手续费")),
        )
        refund_no = place_if_any(names, "商户退款单号")
        self.refund = None if refund_no is None else picking(
            *(at("微信退款单号"), refund_no, at("申请退款金额", "退款金额"), at("退款状态")),
        )  # fmt: skip
        free = [names.index(name) for name in _FREE_TEXT if name in names]
        self._free = range(min(free), max(free) + 1) if free else range(0)

    def fitted(self, cells: list[str], line_no: int) -> list[str]:
        """A row with too many cells, because somebody wrote a comma and back-tick, as one with as many as there are columns.

        Raises:
            BillUnreadable: it has too few, or the free texts do not stand side by side.
        """
        surplus = len(cells) - self.count
        if surplus < 0 or not self._free or len(self._free) > len(_FREE_TEXT):
            raise BillUnreadable("columns", line_no, f"{len(cells)} / {self.count}")
        begins, ends = self._free.start, self._free.stop + surplus
        texts = cells[begins:ends]
        return [*cells[:begins], ",`".join(texts[: surplus + 1]), *texts[surplus + 1 :], *cells[ends:]]
