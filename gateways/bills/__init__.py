"""Bill files 对账单: one day of a channel's books, read row by row in bounded memory.

``trades`` reads what was paid and given back, ``funds`` what moved on the merchant's account at the channel. Nothing of a file is
believed before its end: the rows are counted and added up on the way, and have to come to what the file says of itself.

    with bills.trades("wechat_pay", path, expected) as bill:
        for lines in bill.batches():
            ...
        bill.totals  # checked against the file's own summary once the batches have ended
"""

from __future__ import annotations

from pathlib import Path

from gateways.bills import alipay_funds, alipay_trades, wechat_funds, wechat_trades
from gateways.bills.lines import BillLine, BillUnreadable, Expected, FundLine, FundTotals, Movement, Totals
from gateways.bills.reading import Bill

__all__ = [
    "Bill",
    "BillLine",
    "BillUnreadable",
    "Expected",
    "FundLine",
    "FundTotals",
    "Movement",
    "Totals",
    "funds",
    "trades",
]


def trades(channel: str, path: Path, expected: Expected) -> Bill[BillLine, Totals]:
    """A channel's file of payments and refunds: ``wechat_pay`` (ALL, SUCCESS or REFUND) or ``alipay`` (业务明细).

    Raises:
        BillUnreadable: what lies there is no such file. Later rows may still show that it is none.
    """
    return _TRADES[channel](path, expected)


def funds(channel: str, path: Path, expected: Expected) -> Bill[FundLine, FundTotals]:
    """A channel's file of movements on the merchant's account: 资金账单 of WeChat Pay, 账务明细 of Alipay.

    Raises:
        BillUnreadable: as ``trades``.
    """
    return _FUNDS[channel](path, expected)


_TRADES = {"wechat_pay": wechat_trades.opened, "alipay": alipay_trades.opened}
_FUNDS = {"wechat_pay": wechat_funds.opened, "alipay": alipay_funds.opened}
