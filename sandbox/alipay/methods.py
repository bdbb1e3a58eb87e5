"""What each method of the gateway does. Methods that only a page link can carry are the cashier's."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import faults
from sandbox.alipay import refunds
from sandbox.alipay.authorizations import Authorizations
from sandbox.alipay.bills import Bills
from sandbox.alipay.trades import Trade, Trades, yuan
from sandbox.alipay.wire import AlipayError, Wire, business
from sandbox.clock import beijing_text
from sandbox.people import Person
from sandbox.world import World

Body = dict[str, Any]
BILL = "alipay.data.dataservice.bill.downloadurl.query"
TOKEN = "alipay.system.oauth.token"  # noqa: S105 - a method's name
CERTIFICATE = "alipay.open.app.alipaycert.download"
_OPERATIONS = {BILL: "alipay.bill", TOKEN: "alipay.oauth_token", CERTIFICATE: "alipay.certificate"}


@dataclass(frozen=True)
class Call:
    """One checked request: its content, its public parameters, the fault that hits it, and where it was sent."""

    content: Body
    params: dict[str, str]
    fault: faults.Rule | None
    origin: str


Action = Callable[[Call], Body]


def operation(method: str) -> str:
    """alipay.trade.fastpay.refund.query → alipay.refund_query: the name used in fault plans."""
    short = method.removeprefix("alipay.trade.").removeprefix("fastpay.").replace(".", "_")
    return _OPERATIONS.get(method, f"alipay.{short}")


class Methods:
    """`actions` by method; each raises AlipayError."""

    def __init__(
        self, world: World, trades: Trades, wire: Wire, bills: Bills, authorizations: Authorizations
    ) -> None:
        self._world = world
        self._trades = trades
        self._wire = wire
        self._authorizations = authorizations
        self.actions: Mapping[str, Action] = {
            "alipay.trade.precreate": self._precreate,
            "alipay.trade.create": self._create,
            "alipay.trade.query": self._query,
            "alipay.trade.close": lambda call: trades.close(call.content),
            "alipay.trade.cancel": lambda call: trades.cancel(call.content),
            "alipay.trade.refund": lambda call: refunds.refund(world, trades, call.content),
            "alipay.trade.fastpay.refund.query": lambda call: refunds.query(trades, call.content),
            BILL: lambda call: bills.address(call.content, call.origin, call.fault),
            TOKEN: lambda call: authorizations.exchange(call.params),
            CERTIFICATE: self._certificate,
        }

    def _precreate(self, call: Call) -> Body:
        trade = self._trades.announce("precreate", call.content, call.params)
        return {"out_trade_no": trade.out_trade_no, "qr_code": f"https://qr.alipay.com/{trade.code}"}

    def _create(self, call: Call) -> Body:
        """The trade is born at once, and only the buyer it names can pay it (in a mini-program: product JSAPI_PAY)."""
        content = call.content
        if content.get("product_code") == "JSAPI_PAY" and not re.fullmatch(
            r"\d{16}", str(content.get("op_app_id", ""))
        ):
            raise business("INVALID_PARAMETER", "参数有误：op_app_id")
        buyer = self._buyer(content)
        known = self._trades.by_number(str(content.get("out_trade_no")))
        if known is not None and known.buyer_person_id not in (None, buyer.id):
            raise business("CONTEXT_INCONSISTENT", "交易信息被篡改")
        trade = self._trades.announce("create", content, call.params)
        self._trades.open(trade, buyer)
        return {"out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no}

    def _buyer(self, content: Body) -> Person:
        open_id, user_id = content.get("buyer_open_id"), content.get("buyer_id")
        if not open_id and not user_id:
            raise business("INVALID_PARAMETER", "参数有误：buyer_id和buyer_open_id不能同时为空")
        for person in self._world.people.all():
            if (open_id and person.alipay_open_id == open_id) or (
                user_id and person.alipay_user_id == user_id
            ):
                return person
        raise business("BUYER_NOT_EXIST", "买家不存在")

    def _query(self, call: Call) -> Body:
        trade = self._trades.find(call.content)
        return self._shown(trade)

    def _shown(self, trade: Trade) -> Body:
        paid = yuan(trade.total_fen) if trade.paid_at is not None else "0.00"
        shown: Body = {
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "trade_status": trade.state,
            "total_amount": yuan(trade.total_fen),
            "buyer_pay_amount": paid,
            "receipt_amount": paid,
            "invoice_amount": paid,
            "point_amount": "0.00",
        }
        person = self._world.people.get(trade.buyer_person_id or "")
        if person is not None:
            shown["buyer_user_id"] = person.alipay_user_id
            shown["buyer_open_id"] = person.alipay_open_id
            shown["buyer_logon_id"] = person.alipay_logon_id
        if trade.paid_at is None:
            return shown
        return shown | {
            "send_pay_date": beijing_text(trade.paid_at),
            "fund_bill_list": [{"amount": paid, "fund_channel": "ALIPAYACCOUNT"}],
        }

    def _certificate(self, call: Call) -> Body:
        """Alipay's certificate of that number: how merchants follow when Alipay changes its own."""
        found = self._wire.certificates.download(str(call.content.get("alipay_cert_sn", "")))
        if found is None:
            raise AlipayError("40002", "Invalid Arguments", "isv.alipay-cert-not-exist", "支付宝证书不存在")
        return {"alipay_cert_content": base64.b64encode(found.encode()).decode()}
