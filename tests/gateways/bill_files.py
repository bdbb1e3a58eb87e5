"""Bill files for tests, as the channels write them."""

import io
import zipfile
from dataclasses import dataclass
from datetime import date

DAY = date(2026, 11, 24)
WECHAT_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
WECHAT_SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
ALIPAY_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,"
    "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,"
    "服务费（元）,分润（元）,备注"
)


@dataclass(frozen=True)
class Row:
    """A payment, or with ``refund_no`` a refund of it. ``fee_milli`` as in ``gateways.bills``."""

    payment_no: str
    amount_fen: int
    trade_no: str = ""
    refund_no: str = ""
    fee_milli: int = 0
    at: str = f"{DAY} 12:00:00"
    state: str = "SUCCESS"
    title: str = "账户充值"
    merchant_id: str = "1900000001"

    @property
    def channel_trade_no(self):
        return self.trade_no or f"42{self.payment_no}"


def yuan(fen):
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def milli(amount):
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100_000}.{abs(amount) % 100_000:05d}"


def wechat(rows, *, sums=None, bom=False, columns=WECHAT_COLUMNS, end="\r\n"):
    """A bill of trades, all kinds; ``columns`` may stand in another order."""
    names = WECHAT_COLUMNS.split(",")
    lines = [columns]
    for row in rows:
        cells = dict(zip(names, _wechat_cells(row), strict=True))
        lines.append("`" + ",`".join(cells[name] for name in columns.split(",")))
    paid = sum(row.amount_fen for row in rows if not row.refund_no)
    back = sum(row.amount_fen for row in rows if row.refund_no)
    fees = milli(sum(row.fee_milli for row in rows))
    found = [str(len(rows)), yuan(paid), yuan(back), "0.00", fees, yuan(paid), yuan(back)]
    lines += [WECHAT_SUMS, "`" + ",`".join(sums or found)]
    return (b"\xef\xbb\xbf" if bom else b"") + (end.join(lines) + end).encode()


def _wechat_cells(row):
    amount, back = yuan(row.amount_fen), bool(row.refund_no)
    return [
        row.at, "wx-mini", row.merchant_id, "0", "", row.channel_trade_no, row.payment_no, "o-payer", "JSAPI",
        "REFUND" if back else "SUCCESS", "CMB_DEBIT", "CNY", "0.00" if back else amount, "0.00",
        f"50{row.refund_no}" if back else "0", row.refund_no or "0", amount if back else "0.00", "0.00",
        "ORIGINAL" if back else "", row.state if back else "", row.title, "", milli(row.fee_milli), "0.60%",
        "0.00" if back else amount, amount if back else "0.00", "",
    ]  # fmt: skip


def alipay_text(rows, *, account="20880000000000000156", day=DAY, totals=None):
    """A bill of trades as text; amounts of refunds are negative, as in most files."""
    paid = [row for row in rows if not row.refund_no]
    back = [row for row in rows if row.refund_no]
    received = yuan(sum(row.amount_fen for row in paid)), yuan(-sum(row.amount_fen for row in back))
    counts = totals or (len(paid), len(back))
    lines = [
        "#支付宝业务明细查询",
        f"#账号：[{account}]",
        f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{day:%Y年%m月%d日} 23:59:59]",
        "#-----------------------------------------业务明细列表----------------------------------------",
        ALIPAY_COLUMNS,
        *map(_alipay_row, rows),
        "#-----------------------------------------业务明细列表结束------------------------------------",
        f"#交易合计：{counts[0]}笔，商家实收共{received[0]}元，商家优惠共0.00元",
        f"#退款合计：{counts[1]}笔，商家实收退款共{received[1]}元，商家优惠退款共0.00元",
        "#导出时间：[2026年11月25日 09:12:51]",
    ]
    return "\r\n".join(lines) + "\r\n"


def _alipay_row(row):
    sign = -1 if row.refund_no else 1
    amount = yuan(sign * row.amount_fen)
    fee = yuan(-row.fee_milli // 1000)
    return (
        f"{row.channel_trade_no}\t,{row.payment_no}\t,{'退款' if row.refund_no else '交易'}\t,{row.title},{row.at},{row.at},\t,\t,\t,\t,"
        f"*甲(156******89)\t,{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{row.refund_no}\t,{fee},0.00,"
    )


def alipay(rows, **how):
    """The same in its archive, names and text in GBK, beside the file of sums."""
    return zipped({"业务明细": alipay_text(rows, **how), "业务明细(汇总)": "#支付宝业务汇总查询\r\n"})


def zipped(texts):
    into, real = io.BytesIO(), []
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as out:
        for number, (name, text) in enumerate(texts.items()):
            gbk = f"2088_{name}.csv".encode("gbk")
            stand_in = f"file-{number}-".ljust(len(gbk), "=")
            real.append((stand_in.encode(), gbk))
            out.writestr(zipfile.ZipInfo(stand_in), text.encode("gbk"), zipfile.ZIP_DEFLATED)
    packed = into.getvalue()
    for stand_in, gbk in real:
        packed = packed.replace(stand_in, gbk)
    return packed


_FUND_NAMES = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号"


_GROUPS = {"扣除交易手续费": "交易", "退还交易手续费": "退款", "提现": "充值/提现", "充值": "充值/提现"}


def wechat_funds(moves, opening_fen=0, *, day=DAY, off_fen=0, group=None):
    """WeChat Pay's bill of funds: ``moves`` are what each movement is called and what came in by it, ``group`` what they are called
    together. Balances are ``off_fen`` too high from the second one on."""
    rows, balance_fen = [], opening_fen
    for nth, (name, amount_fen) in enumerate(moves):
        balance_fen += amount_fen + (off_fen if nth == 1 else 0)
        cells = (
            f"{day} 12:00:{nth:02d}", f"42{nth}", f"F{nth}", group or _GROUPS.get(name, name), name, "收入" if amount_fen > 0 else "支出", yuan(abs(amount_fen)),
            yuan(balance_fen), "system", "缺省", "",
        )  # fmt: skip
        rows.append("`" + ",`".join(cells))
    came = [fen for _, fen in moves if fen > 0]
    went = [-fen for _, fen in moves if fen < 0]
    sums = (str(len(moves)), str(len(came)), yuan(sum(came)), str(len(went)), yuan(sum(went)))
    lines = [_FUND_NAMES, *rows, "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额", "`" + ",`".join(sums)]
    return ("\r\n".join(lines) + "\r\n").encode()
