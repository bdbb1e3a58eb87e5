"""How Alipay's bill files look: GBK text of comma-separated values between lines of `#`, two files in a zip archive.

Values are not quoted, some end with a tab, lines with CR LF; names in the archive are GBK without the flag that would say so.
The layout is that of files seen in the field; Alipay publishes none.
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

TRADE_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
SUMMARY_COLUMNS = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,"
    "服务费（元）,分润（元）,实收净额（元）"
)
ACCOUNT_COLUMNS = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注"


@dataclass(frozen=True)
class Head:
    """Whose bill of which days; `made_at` is Beijing text."""

    account: str
    start: datetime
    end: datetime
    made_at: str


@dataclass(frozen=True)
class Line:
    """One movement: `amount_fen` is positive for a payment, negative for a refund; `fee_fen` the other way round. `kind`: what it is
    where it is neither, on the account only."""

    trade_no: str
    out_trade_no: str
    subject: str
    began_at: str
    ended_at: str
    payer: str
    amount_fen: int
    fee_fen: int
    out_request_no: str
    remark: str
    kind: str = ""

    @property
    def is_refund(self) -> bool:
        return bool(self.out_request_no)

    def changed(self, **values: Any) -> Line:
        return dataclasses.replace(self, **values)


def archive(kind: str, head: Head, lines: Sequence[Line], *, opening_fen: int, stem: str) -> bytes:
    """The zip: `trade` is the trades with their summary, `signcustomer` what moved on the account."""
    if kind == "trade":
        named, summary = "业务明细", "业务明细(汇总)"
        texts = {named: trade_text(head, lines), summary: summary_text(head, lines)}
    else:
        named, summary = "账务明细", "账务明细(汇总)"
        texts = {named: account_text(head, lines, opening_fen), summary: _text(head, "账务汇总", "", [], [])}
    return _zip({f"{stem}_{name}.csv": text.encode("gb18030") for name, text in texts.items()})


def trade_text(head: Head, lines: Sequence[Line]) -> str:
    """The trades ("业务明细")."""
    paid = [line for line in lines if not line.is_refund]
    back = [line for line in lines if line.is_refund]
    totals = [
        f"#交易合计：{len(paid)}笔，商家实收共{_sum(paid)}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{_sum(back)}元，商家优惠退款共0.00元",
    ]
    return _text(head, "业务明细", TRADE_COLUMNS, map(_trade_row, lines), totals)


def summary_text(head: Head, lines: Sequence[Line]) -> str:
    """One row over all ("业务汇总")."""
    count_back = sum(line.is_refund for line in lines)
    amount, fees = _sum(lines), yuan(sum(line.fee_fen for line in lines))
    net = yuan(sum(line.amount_fen + line.fee_fen for line in lines))
    row = (
        f"合计\t,\t,{len(lines) - count_back},{count_back},{amount},{amount},0.00,0.00,0.00,{fees},0.00,{net}"
    )
    return _text(head, "业务汇总", SUMMARY_COLUMNS, [row], [])


def account_text(head: Head, lines: Sequence[Line], opening_fen: int) -> str:
    """What came in and went out ("账务明细"): money and fee are movements of their own."""
    rows: list[str] = []
    balance_fen, came_fen, went_fen, went = opening_fen, 0, 0, 0
    for line in lines:
        moves = [
            (line.amount_fen, line.kind or ("交易退款" if line.is_refund else "在线支付")),
            (line.fee_fen, "收费"),
        ]
        for amount_fen, kind in moves:
            if amount_fen == 0:
                continue
            balance_fen += amount_fen
            came_fen, went_fen = came_fen + max(amount_fen, 0), went_fen + min(amount_fen, 0)
            went += amount_fen < 0
            number = f"{line.ended_at[2:4]}{line.ended_at[5:7]}{len(rows) + 1:010d}"
            rows.append(
                f"{number}\t,{line.trade_no}\t,{line.out_trade_no}\t,{line.subject}\t,{line.ended_at},{line.payer}\t,"
                f"{yuan(max(amount_fen, 0))},{yuan(min(amount_fen, 0))},{yuan(balance_fen)},支付宝,{kind},{line.remark}"
            )
    totals = [
        f"#支出合计：{went}笔，共{yuan(went_fen)}元",
        f"#收入合计：{len(rows) - went}笔，共{yuan(came_fen)}元",
    ]
    return _text(head, "账务明细", ACCOUNT_COLUMNS, rows, totals)


def yuan(amount_fen: int) -> str:
    sign, fen = ("-" if amount_fen < 0 else ""), abs(amount_fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"


def _trade_row(line: Line) -> str:
    kind, amount = ("退款" if line.is_refund else "交易"), yuan(line.amount_fen)
    return (
        f"{line.trade_no}\t,{line.out_trade_no}\t,{kind}\t,{line.subject},{line.began_at},{line.ended_at},\t,\t,\t,\t,{line.payer}\t,"
        f"{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{line.out_request_no}\t,{yuan(line.fee_fen)},0.00,{line.remark}"
    )


def _sum(lines: Iterable[Line]) -> str:
    return yuan(sum(line.amount_fen for line in lines))


def _text(head: Head, name: str, columns: str, rows: Iterable[str], totals: Sequence[str]) -> str:
    end = head.end if head.end - head.start == timedelta(days=1) else head.end - timedelta(seconds=1)
    shown = [f"{day:%Y年%m月%d日 %H:%M:%S}" for day in (head.start, end)]
    lines = [
        f"#支付宝{name}查询",
        f"#账号：[{head.account}]",
        f"#起始日期：[{shown[0]}]   终止日期：[{shown[1]}]",
        f"#{'-' * 41}{name}列表{'-' * 40}",
        *([columns] if columns else []),
        *rows,
        f"#{'-' * 41}{name}列表结束{'-' * 36}",
        *totals,
        f"#导出时间：[{_chinese(head.made_at)}]",
    ]
    return "\r\n".join(lines) + "\r\n"


def _chinese(beijing: str) -> str:
    return f"{beijing[:4]}年{beijing[5:7]}月{beijing[8:10]}日 {beijing[11:]}"


def _zip(files: dict[str, bytes]) -> bytes:
    """zipfile would write such names as UTF-8 and say so; so they are put in afterwards, over names of the same length."""
    into = io.BytesIO()
    given: list[tuple[bytes, bytes]] = []
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as out:
        for number, (name, content) in enumerate(files.items()):
            real = name.encode("gbk")
            placeholder = f"placeholder-{number}-".ljust(len(real), "=")
            given.append((placeholder.encode(), real))
            out.writestr(placeholder, content)
    archive = into.getvalue()
    for placeholder_name, real in given:
        archive = archive.replace(placeholder_name, real)
    return archive
