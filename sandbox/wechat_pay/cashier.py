"""WeChat's own pay sheet on a person's phone: wx.requestPayment and scanned codes."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from typing import Any

from sandbox import keys
from sandbox.people import Person
from sandbox.wechat_pay.orders import CannotPay, Order, Orders
from sandbox.wechat_pay.seal import Seal
from sandbox.world import World


@dataclass(frozen=True)
class Sheet:
    """What the pay sheet shows; `ticket` is what paying it needs."""

    ticket: str
    merchant: str
    amount_fen: int
    description: str


class Cashier:
    def __init__(self, world: World, orders: Orders, seal: Seal) -> None:
        self._world = world
        self._orders = orders
        self._seal = seal

    def open_by_request_payment(self, person: Person, app_id: str, params: dict[str, Any]) -> Sheet:
        """wx.requestPayment with the five parameters the merchant's server prepared.

        The signature is really checked (appId, timeStamp, nonceStr, package, each ended by a line feed).
        Raises: CannotPay.
        """
        wanted = ("timeStamp", "nonceStr", "package", "signType", "paySign")
        for name in wanted:
            if not isinstance(params.get(name), str) or not params[name]:
                raise CannotPay(f"parameter error: parameter.{name} should be String instead of Undefined")
        if params["signType"] != "RSA" or not params["timeStamp"].isdigit():
            raise CannotPay("支付验证签名失败")
        lines = f"{app_id}\n{params['timeStamp']}\n{params['nonceStr']}\n{params['package']}\n"
        if not keys.verify(self._seal.merchant_key, lines.encode(), params["paySign"]):
            raise CannotPay("支付验证签名失败")
        if not params["package"].startswith("prepay_id="):
            raise CannotPay("total_fee")
        ticket = params["package"].removeprefix("prepay_id=")
        order = self._orders.open_cashier(ticket, person)
        if order.request["appid"] != app_id:
            raise CannotPay("下单appid与支付appid不一致")
        if order.trade_type != "JSAPI":
            raise CannotPay("支付场景非法")
        return self._sheet(ticket, order)

    def open_by_scan(self, person: Person, code_url: str) -> Sheet:
        """A native code scanned with WeChat. Raises: CannotPay."""
        parts = urllib.parse.urlsplit(code_url)
        code = dict(urllib.parse.parse_qsl(parts.query)).get("pr")
        if parts.scheme != "weixin" or code is None:
            raise CannotPay("无法识别的二维码")
        return self._sheet(code, self._orders.open_cashier(code, person))

    def open_h5(self, person: Person, h5_url: str) -> Sheet:
        """The H5 link opened in the phone's browser. Raises: CannotPay."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(h5_url).query))
        ticket = query.get("prepay_id", "")
        return self._sheet(ticket, self._orders.open_cashier(ticket, person))

    def pay(self, person: Person, ticket: str) -> None:
        """Raises: CannotPay."""
        order = self._orders.pay(ticket, person)
        self._world.feed.show(
            person.id,
            "payment",
            what="paid",
            channel="wechat_pay",
            merchant=self._world.settings.merchant_name,
            amount_fen=order.total_fen,
            description=order.request["description"],
        )

    def _sheet(self, ticket: str, order: Order) -> Sheet:
        merchant = self._world.settings.merchant_name
        return Sheet(ticket, merchant, order.total_fen, order.request["description"])
