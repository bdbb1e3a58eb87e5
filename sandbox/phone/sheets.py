"""Pay sheets that are open on people's phones: opened, then paid, cancelled or just left lying."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox import keys
from sandbox.alipay.cashier import Cashier as AlipayCashier
from sandbox.alipay.trades import Trade
from sandbox.people import Person
from sandbox.wechat_pay.cashier import Cashier, Sheet
from sandbox.wechat_pay.transfers import Transfers
from sandbox.world import World


@dataclass(frozen=True)
class OpenSheet:
    """`call` is the client's function that opened it."""

    person: Person
    sheet: Sheet
    pay: Callable[[], object]
    call: str


class PaySheets:
    """Kept in memory: a phone that restarts has no pay sheet open either."""

    def __init__(self, world: World, wechat: Cashier, transfers: Transfers, alipay: AlipayCashier) -> None:
        self._world = world
        self._wechat = wechat
        self._transfers = transfers
        self._alipay = alipay
        self._open: dict[str, OpenSheet] = {}

    def request_payment(self, person: Person, app_id: str, params: dict[str, Any]) -> dict[str, Any]:
        """Raises: CannotPay."""
        sheet = self._wechat.open_by_request_payment(person, app_id, params)
        return self._show("wechat_pay", person, sheet, lambda: self._wechat.pay(person, sheet.ticket))

    def scan_wechat(self, person: Person, code_url: str) -> dict[str, Any]:
        """Raises: CannotPay."""
        sheet = self._wechat.open_by_scan(person, code_url)
        return self._show("wechat_pay", person, sheet, lambda: self._wechat.pay(person, sheet.ticket))

    def open_h5(self, person: Person, h5_url: str) -> dict[str, Any]:
        """Raises: CannotPay."""
        sheet = self._wechat.open_h5(person, h5_url)
        back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(h5_url).query)).get("redirect_url")

        def pay() -> str | None:
            self._wechat.pay(person, sheet.ticket)
            return back

        return self._show("wechat_pay", person, sheet, pay)

    def request_transfer(self, person: Person, package: str) -> dict[str, Any]:
        """Money from the merchant that the person has to accept. Raises: CannotConfirm."""
        sheet = self._transfers.sheet(person, package)
        return self._show(
            "wechat_pay",
            person,
            sheet,
            lambda: self._transfers.confirm(person, package),
            call="requestMerchantTransfer",
        )

    def scan_alipay(self, person: Person, qr_code: str) -> dict[str, Any]:
        """Raises: AlipayError."""
        return self._show_trade(person, self._alipay.scan(person, qr_code))

    def open_alipay(self, person: Person, url: str) -> dict[str, Any]:
        """Raises: AlipayError."""
        return self._show_trade(person, self._alipay.open_url(person, url))

    def trade_pay(self, person: Person, trade_no: str) -> dict[str, Any]:
        """Raises: AlipayError."""
        return self._show_trade(person, self._alipay.trade_pay(person, trade_no))

    def call_of(self, sheet_no: str) -> str:
        """The client's function that opened a sheet. Raises: KeyError."""
        return self._open[sheet_no].call

    def pay(self, sheet_no: str) -> object:
        """What the channel hands back: for pages in a browser the address to go back to.

        Raises: KeyError (no such sheet), CannotPay, AlipayError; a refused sheet stays open.
        """
        result = self._open[sheet_no].pay()
        del self._open[sheet_no]
        return result

    def cancel(self, sheet_no: str) -> None:
        """Raises: KeyError."""
        del self._open[sheet_no]

    def _show_trade(self, person: Person, trade: Trade) -> dict[str, Any]:
        number, merchant = trade.out_trade_no, self._world.settings.merchant_name
        sheet = Sheet(number, merchant, trade.total_fen, str(trade.content["subject"]))
        return self._show("alipay", person, sheet, lambda: self._alipay.pay(person, number))

    def _show(
        self,
        channel: str,
        person: Person,
        sheet: Sheet,
        pay: Callable[[], object],
        *,
        call: str = "requestPayment",
    ) -> dict[str, Any]:
        sheet_no = keys.random_text(12)
        self._open[sheet_no] = OpenSheet(person, sheet, pay, call)
        return {
            "sheet_no": sheet_no,
            "channel": channel,
            "merchant": sheet.merchant,
            "amount_fen": sheet.amount_fen,
            "description": sheet.description,
        }
