"""Alipay's bill of trades 业务明细 (``alipay.data.dataservice.bill.downloadurl.query``, bill_type ``trade``).

A refund's row repeats the numbers of its payment and has its own in 退款批次号/请求号; the signs of its amounts differ between files, so
the kind of row decides. 服务费 is what Alipay keeps, negative in most files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gateways.bills import alipay_text, amounts
from gateways.bills.lines import BillLine, BillUnreadable, Expected, Totals
from gateways.bills.reading import Bill, check_number, checked_time, picking, place


def opened(path: Path, expected: Expected) -> Bill[BillLine, Totals]:
    """See ``bills.trades``."""
    kind = _Trades(expected)
    lines = alipay_text.opened(path, expected, "业务明细")
    return Bill(lines, alipay_text.Table(kind, expected), kind.totals)


class _Trades:
    """See ``alipay_text.Kind``."""

    FIRST = "支付宝交易号"

    def __init__(self, expected: Expected) -> None:
        self.totals = Totals()
        self._day = expected.day.isoformat()
        self._received = {"payment": 0, "refund": 0}
        self._fen = amounts.remembering(amounts.fen)
        self._milli = amounts.remembering(amounts.milli_fen)

    def columns(self, names: Sequence[str], line_no: int) -> alipay_text.Columns:
        def at(*spellings: str) -> int:
            return place(names, line_no, *spellings)

        ended = at("完成时间")
        self._pick = picking(
            *(
                at(self.FIRST),
                at("商户订单号"),
                at("业务类型"),
                ended,
                at("订单金额（元）", "订单金额"),
            ),
            *(
                at("商家实收（元）", "商户实收（元）"),
                at("退款批次号/请求号", "退款批次号"),
                at("服务费（元）", "服务费"),
            ),
        )
        return alipay_text.Columns(len(names), at("商品名称"), (at("创建时间"), ended))

    def row(self, cells: Sequence[str], line_no: int) -> BillLine:
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
                line_no, kind, at, trade_no, payment_no, "", refund_no, amount_fen, -fee_milli, "paid_back"
            )
        if not at.startswith(self._day):
            raise BillUnreadable("other_day", line_no, at)
        totals.payments += 1
        totals.payment_fen += amount_fen
        totals.fee_milli += fee_milli
        return BillLine(line_no, kind, at, trade_no, payment_no, "", "", amount_fen, fee_milli, "paid")

    def sums(self) -> Mapping[str, tuple[int, int]]:
        totals = self.totals
        return {
            "交易": (totals.payments, self._received["payment"]),
            "退款": (totals.refunds, self._received["refund"]),
        }
