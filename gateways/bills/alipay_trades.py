"""Alipay's bill of trades 业务明细 (``alipay.data.dataservice.bill.downloadurl.query``, bill_type ``trade``).

A refund's row repeats the numbers of its payment and has its own in 退款批次号/请求号; the signs of its amounts differ between files, so
the kind of row decides. 服务费 is what Alipay keeps, negative in most files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateways.bills import alipay_text, amounts
from gateways.bills.lines import BillLine, BillUnreadable, Expected, Totals
from gateways.bills.reading import Bill, Pick, check_number, check_rows, checked_time, header, picking, place

_FIRST = "支付宝交易号"
_TITLE = "商品名称"


def opened(path: Path, expected: Expected) -> Bill[BillLine, Totals]:
    """See ``bills.trades``."""
    layout = _Trades(expected)
    return Bill(alipay_text.opened(path, expected, "业务明细"), layout, layout.totals)


class _Trades:
    def __init__(self, expected: Expected) -> None:
        self.totals = Totals()
        self._expected = expected
        self._day = expected.day.isoformat()
        self._frame = alipay_text.Frame(expected)
        self._count = 0
        self._pick: Pick | None = None
        self._free = 0
        self._anchors = (0, 0)
        self._received = {"payment": 0, "refund": 0}
        self._fen = amounts.remembering(amounts.fen)
        self._milli = amounts.remembering(amounts.milli_fen)

    def rows(self, lines: Sequence[str], line_no: int) -> list[BillLine]:
        """See ``reading.Layout``."""
        found: list[BillLine] = []
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
        counts = {"payment": self.totals.payments, "refund": self.totals.refunds}
        for said, kind in (("交易", "payment"), ("退款", "refund")):
            count, received = self._frame.totals.get(said, (counts[kind], None))
            if count != counts[kind] or (
                received is not None and abs(amounts.fen(received)) != self._received[kind]
            ):
                raise BillUnreadable("summary", found=f"{said} {count} {received}")

    def _header(self, line: str, line_no: int) -> None:
        names = header(line)
        if _FIRST not in names:
            raise BillUnreadable("no_header", line_no, line)

        def at(*spellings: str) -> int:
            return place(names, line_no, *spellings)

        self._count, self._free = len(names), at(_TITLE)
        self._anchors = (at("创建时间"), at("完成时间"))
        self._pick = picking(
            *(
                at(_FIRST),
                at("商户订单号"),
                at("业务类型"),
                self._anchors[1],
                at("订单金额（元）", "订单金额"),
            ),
            *(
                at("商家实收（元）", "商户实收（元）"),
                at("退款批次号/请求号", "退款批次号"),
                at("服务费（元）", "服务费"),
            ),
        )

    def _row(self, line: str, line_no: int) -> BillLine:
        cells = alipay_text.cells_of(line, self._count, self._free, self._anchors, line_no)
        assert self._pick is not None
        trade_no, payment_no, said, at, amount, received, refund_no, fee = self._pick(cells)
        try:
            amount_fen, received_fen, fee_milli = (
                abs(self._fen(amount)),
                abs(self._fen(received)),
                abs(self._milli(fee or "0")),
            )
        except ValueError as wrong:
            raise BillUnreadable("amount", line_no, str(wrong)) from None
        at = checked_time(at, line_no)
        for number in (trade_no, payment_no, refund_no):
            check_number(number, line_no)
        is_refund = said == "退款" or (said != "交易" and amount.startswith("-"))
        kind = "refund" if is_refund else "payment"
        self._received[kind] += received_fen
        totals = self.totals
        if is_refund:
            totals.refunds += 1
            totals.refund_fen += amount_fen
            totals.fee_milli -= fee_milli
            return BillLine(
                line_no, kind, at, trade_no, payment_no, "", refund_no, amount_fen, -fee_milli, "paid_back", said
            )  # fmt: skip
        if not at.startswith(self._day):
            raise BillUnreadable("other_day", line_no, at)
        totals.payments += 1
        totals.payment_fen += amount_fen
        totals.fee_milli += fee_milli
        return BillLine(line_no, kind, at, trade_no, payment_no, "", "", amount_fen, fee_milli, "paid", said)
