"""How WeChat Pay's bill files look: comma-separated, every value behind a back-tick, nothing quoted, two lines of totals at the end.

Facts: pay.weixin.qq.com "下载账单", files quoted by WxJava's tests (columns, yuan with two decimals, fees with five and negative
for refunds), "资金账单详细说明" (2024-11-25: names of fund-flow movements; that of 商家转账 and of 提现 within 充值/提现 is our guess).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_ORDER = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额"
_REFUND = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态"
_GOODS = "商品名称,商户数据包,手续费,费率"
COLUMNS = {
    "ALL": f"{_ORDER},{_REFUND},{_GOODS},订单金额,申请退款金额,费率备注",
    "SUCCESS": f"{_ORDER},{_GOODS},订单金额,费率备注",
    "REFUND": f"{_ORDER},退款申请时间,退款成功时间,{_REFUND},{_GOODS},订单金额,申请退款金额,费率备注",
}
TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FLOW_COLUMNS = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号"
FLOW_TOTALS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


@dataclass(frozen=True)
class Line:
    """One payment (`refund_id` empty) or one refund; times are Beijing text, `fee_fen` is negative for a refund."""

    at: str
    app_id: str
    mch_id: str
    transaction_id: str
    out_trade_no: str
    openid: str
    trade_type: str
    description: str
    attach: str
    amount_fen: int
    fee_fen: int
    fee_rate: str
    refund_id: str = ""
    out_refund_no: str = ""
    refund_state: str = ""
    refunded_at: str = ""

    @property
    def is_refund(self) -> bool:
        return bool(self.refund_id)

    def changed(self, **values: Any) -> Line:
        return dataclasses.replace(self, **values)


@dataclass(frozen=True)
class Flow:
    """One movement of the merchant's basic account; `amount_fen` is negative for what goes out."""

    at: str
    business_no: str
    flow_no: str
    name: str
    kind: str
    amount_fen: int
    balance_fen: int
    remark: str
    voucher_no: str


def trade_text(bill_type: str, lines: Sequence[Line]) -> str:
    """A trade bill of the type ALL, SUCCESS or REFUND."""
    wanted = [line for line in lines if bill_type == "ALL" or line.is_refund == (bill_type == "REFUND")]
    rows = [_trade_row(bill_type, line) for line in wanted]
    paid_fen = sum(line.amount_fen for line in wanted if not line.is_refund)
    back_fen = sum(line.amount_fen for line in wanted if line.is_refund)
    totals = [
        str(len(wanted)), yuan(paid_fen), yuan(back_fen), "0.00", fee(sum(line.fee_fen for line in wanted)),
        yuan(paid_fen), yuan(back_fen),
    ]  # fmt: skip
    return _text(COLUMNS[bill_type], rows, TOTALS, totals)


def flow_text(flows: Sequence[Flow]) -> str:
    """A fund-flow bill."""
    rows = [
        [
            flow.at, flow.business_no, flow.flow_no, flow.name, flow.kind, "收入" if flow.amount_fen > 0 else "支出",
            yuan(abs(flow.amount_fen)), yuan(flow.balance_fen), "system", flow.remark, flow.voucher_no,
        ]
        for flow in flows
    ]  # fmt: skip
    came = [flow.amount_fen for flow in flows if flow.amount_fen > 0]
    went = [-flow.amount_fen for flow in flows if flow.amount_fen < 0]
    totals = [str(len(flows)), str(len(came)), yuan(sum(came)), str(len(went)), yuan(sum(went))]
    return _text(FLOW_COLUMNS, rows, FLOW_TOTALS, totals)


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def fee(fen: int) -> str:
    return yuan(fen) + "000"


def _trade_row(bill_type: str, line: Line) -> list[str]:
    back = line.is_refund
    paid = yuan(0 if back else line.amount_fen)
    returned = yuan(line.amount_fen if back else 0)
    state = "REFUND" if back else "SUCCESS"
    order = [
        line.at, line.app_id, line.mch_id, "0", "", line.transaction_id, line.out_trade_no, line.openid, line.trade_type,
        state, "OTHERS", "CNY", paid, "0.00",
    ]  # fmt: skip
    refund = [
        line.refund_id or "0", line.out_refund_no or "0", returned, "0.00", "ORIGINAL" if back else "", line.refund_state,
    ]  # fmt: skip
    goods = [line.description, line.attach, fee(line.fee_fen), line.fee_rate]
    if bill_type == "SUCCESS":
        return [*order, *goods, paid, ""]
    times = [line.at, line.refunded_at] if bill_type == "REFUND" else []
    return [*order, *times, *refund, *goods, paid, returned, ""]


def _text(columns: str, rows: Iterable[Sequence[str]], totals_columns: str, totals: Sequence[str]) -> str:
    return "\n".join([columns, *map(_joined, rows), totals_columns, _joined(totals)]) + "\n"


def _joined(values: Sequence[str]) -> str:
    return ",".join(f"`{value}" for value in values)
