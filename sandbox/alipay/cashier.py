"""Alipay's pay sheet: a scanned code or an opened page link."""

from __future__ import annotations

import urllib.parse

from sandbox.alipay.trades import Trade, Trades, yuan
from sandbox.alipay.wire import Wire, business, params_of_url
from sandbox.clock import beijing_text
from sandbox.people import Person
from sandbox.world import World

PAGE_METHODS = {"alipay.trade.wap.pay": "wap", "alipay.trade.page.pay": "page"}
"""What a browser is sent to with a signed link, and the product its trades are of."""


class Cashier:
    def __init__(self, world: World, trades: Trades, wire: Wire) -> None:
        self._world = world
        self._trades = trades
        self._wire = wire

    def scan(self, person: Person, qr_code: str) -> Trade:
        """Raises: AlipayError."""
        trade = self._trades.by_code(urllib.parse.urlsplit(qr_code).path.strip("/"))
        if trade is None or not qr_code.startswith("https://qr.alipay.com/"):
            raise business("INVALID_CODE", "无法识别的二维码")
        return self._open(trade, person)

    def open_url(self, person: Person, url: str) -> Trade:
        """A wap link opened on the person's phone. Raises: AlipayError."""
        return self.open_page(params_of_url(url), person)

    def open_page(self, params: dict[str, str], person: Person | None) -> Trade:
        """Raises: AlipayError (also for a wrong sign)."""
        content = self._wire.check(params)
        product = PAGE_METHODS.get(params["method"])
        if product is None:
            raise business("INVALID_PARAMETER", "参数有误：method")
        if product == "page" and content.get("product_code") != "FAST_INSTANT_TRADE_PAY":
            raise business("INVALID_PARAMETER", "参数有误：product_code")
        return self._open(self._trades.announce(product, content, params), person)

    def trade_pay(self, person: Person, trade_no: str) -> Trade:
        """my.tradePay({tradeNO}) in a mini-program. Raises: AlipayError."""
        trade = self._trades.find({"trade_no": trade_no})
        if trade.product != "create" or trade.buyer_person_id != person.id:
            raise business("BUYER_ERROR", "买家账号不符")
        return self._open(trade, person)

    def pay(self, person: Person, out_trade_no: str) -> str | None:
        """Pays; returns where the browser goes next (the signed return_url). Raises: AlipayError."""
        trade = self._trades.by_number(out_trade_no)
        if trade is None:
            raise business("TRADE_NOT_EXIST", "交易不存在")
        self._trades.pay(trade, person)
        return self._way_back(trade)

    def _open(self, trade: Trade, person: Person | None) -> Trade:
        self._trades.open(trade, person)
        if trade.state == "TRADE_CLOSED":
            raise business("TRADE_HAS_CLOSE", "交易已经关闭")
        if trade.state != "WAIT_BUYER_PAY":
            raise business("TRADE_HAS_SUCCESS", "交易已被支付")
        return trade

    def _way_back(self, trade: Trade) -> str | None:
        if trade.return_url is None:
            return None
        app_id = self._world.credentials.alipay_app_id
        params = self._wire.sign_notice(
            {
                "charset": "utf-8",
                "out_trade_no": trade.out_trade_no,
                "method": f"alipay.trade.{trade.product}.pay.return",
                "total_amount": yuan(trade.total_fen),
                "trade_no": trade.trade_no or "",
                "auth_app_id": app_id,
                "version": "1.0",
                "app_id": app_id,
                "seller_id": self._world.credentials.alipay_seller_id,
                "timestamp": beijing_text(self._world.clock.epoch_s()),
            }
        )
        glue = "&" if "?" in trade.return_url else "?"
        return f"{trade.return_url}{glue}{urllib.parse.urlencode(params)}"
