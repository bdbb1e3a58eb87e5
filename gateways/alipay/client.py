"""Alipay as a channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from core import money
from gateways import reading
from gateways.alipay import answers, bills, prepaying
from gateways.alipay.calls import Calls
from gateways.alipay.settings import Settings
from gateways.channel import (
    BILL_MAX_BYTES,
    AlreadyPaid,
    BillFile,
    BillKind,
    ChannelRefund,
    ChannelRefused,
    ChannelTrade,
    PaymentNotice,
    Prepared,
    PrepayOrder,
    RefundOrder,
    RefundState,
    ResultUnknown,
)
from gateways.reading import understood


class Alipay:
    """Alipay for one app of one seller; implements `channel.Channel`.

    Use between `connect` and `disconnect`, or as an async context manager. Run `keep_certificates` beside it where
    notifications come in.
    """

    name = answers.CHANNEL
    methods = prepaying.METHODS

    def __init__(self, settings: Settings, *, session: aiohttp.ClientSession | None = None) -> None:
        self._settings = settings
        self._calls = Calls(settings, session=session)

    async def connect(self) -> None:
        """Opens the HTTP session, unless one was passed in."""
        await self._calls.caller.open()

    async def disconnect(self) -> None:
        """Closes the HTTP session, if it is our own."""
        await self._calls.caller.close()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()

    async def prepare(self, method: str, order: PrepayOrder) -> Prepared:
        """Opens the order for `precreate` (QR code) or `create` (mini-program; `payer` alone may pay), which ask Alipay, or
        for `wap` (phone browser) or `page` (desktop browser), which only sign an address.

        But for `create`, a trade does not exist at Alipay until the customer scans the code or opens the address.

        Raises:
            AlreadyPaid: this number is paid.
        """
        if method not in self.methods:
            raise ValueError(f"not a method of Alipay: {method}")
        if order.currency != answers.CURRENCY:
            raise ValueError("Alipay takes yuan only")
        return await prepaying.prepare(self._calls, method, order)

    async def query(self, out_trade_no: str) -> ChannelTrade:
        """What Alipay knows about our number. `missing` until a customer opens the cashier."""
        whose = {"app_id": self._settings.app_id, "seller_id": self._settings.seller_id}
        try:
            content = await self._calls.ask(
                "alipay.trade.query", {"out_trade_no": out_trade_no}, also_answered=answers.USER_PAYING
            )
        except ChannelRefused as refused:
            if refused.code != answers.TRADE_MISSING:
                raise
            return answers.missing_trade(out_trade_no=out_trade_no, **whose)
        with understood():
            trade = answers.trade(content, **whose)
        if trade.out_trade_no != out_trade_no:
            raise ResultUnknown("the answer is about another trade")
        return trade

    async def close(self, out_trade_no: str) -> None:
        """Makes sure that the trade cannot be paid any more; closed and unknown trades count as closed.

        Raises:
            AlreadyPaid: too late.
        """
        try:
            await self._calls.ask("alipay.trade.close", {"out_trade_no": out_trade_no})
        except ChannelRefused as refused:
            if refused.code == answers.TRADE_MISSING or refused.code in answers.TRADE_CLOSED:
                return
            if refused.code == answers.TRADE_PAID:
                raise AlreadyPaid(out_trade_no) from None
            if refused.code not in answers.WRONG_STATE:
                raise
            # "Not in a state to be closed" is said of paid and of closed trades alike.
            trade = await self.query(out_trade_no)
            if trade.state in ("paid", "refunded"):
                raise AlreadyPaid(out_trade_no) from None
            if trade.state not in ("closed", "missing"):
                raise

    async def refund(self, order: RefundOrder) -> ChannelRefund:
        """Sends money back. `accepted` means: ask `query_refund` whether it moved (Alipay does not say on a repeat)."""
        biz = {
            "out_trade_no": order.out_trade_no,
            "out_request_no": order.out_refund_no,
            "refund_amount": money.yuan(order.amount_fen),
        }
        if order.reason:
            biz["refund_reason"] = order.reason[: prepaying.SUBJECT_LETTERS]
        content = await self._calls.ask("alipay.trade.refund", biz)
        state: RefundState = "paid_back" if content.get("fund_change") == "Y" else "accepted"
        return ChannelRefund(order.out_refund_no, None, state, order.amount_fen)

    async def query_refund(self, *, out_trade_no: str, out_refund_no: str) -> ChannelRefund:
        """What Alipay knows about one refund.

        `missing` also while a refund of the last ten seconds is not settled: repeat only with the same number.
        """
        biz = {"out_trade_no": out_trade_no, "out_request_no": out_refund_no}
        try:
            content = await self._calls.ask("alipay.trade.fastpay.refund.query", biz)
        except ChannelRefused as refused:
            if refused.code != answers.TRADE_MISSING:
                raise
            return ChannelRefund(out_refund_no, None, "missing", None)
        if content.get("refund_status") != "REFUND_SUCCESS":
            return ChannelRefund(out_refund_no, None, "missing", None)
        if content.get("out_request_no", out_refund_no) != out_refund_no:
            raise ResultUnknown("the answer is about another refund")
        with understood():
            amount_fen = answers.fen(reading.text(content, "refund_amount"))
        return ChannelRefund(out_refund_no, None, "paid_back", amount_fen)

    async def fetch_bill(
        self, day: date, into: Path, *, kind: BillKind = "trades", max_bytes: int = BILL_MAX_BYTES
    ) -> BillFile:
        """The details of the trade bill (业务明细) or account bill (账务明细) of a past day: GBK text as delivered.

        Raises:
            BillNotReady: before nine in the morning of the next day, or there is none.
        """
        return await bills.fetch(self._calls, day, into, kind=kind, max_bytes=max_bytes)

    async def open_id_of(self, auth_code: str) -> str:
        """Who a person in the mini-program is, by the code of my.getAuthCode (good once): an open id, of older apps the
        2088… number.

        Raises: ResultUnknown, RateLimited; ChannelRefused: the code is used, over or made up.
        """
        asked = {"grant_type": "authorization_code", "code": auth_code}
        content = await self._calls.ask("alipay.system.oauth.token", None, fields=asked)
        with understood():
            found = answers.payer(content, "open_id", "user_id")
        if found is None:
            raise ResultUnknown("nobody in the answer")
        return found

    def read_notification(self, form_pairs: Sequence[tuple[str, str]], now: datetime) -> PaymentNotice:
        """A notification, once it is proven to be Alipay's and addressed to this app and seller.

        `form_pairs` are the form's fields, decoded once, in any order. Alipay names no time window (it repeats the
        same notice for a day), so `now` only keeps the shape of the channels' readers alike. A refund, told under the
        payment's own status, comes out as a refund, never as a payment.

        Raises: BadNotification.
        """
        return self._calls.read_notification(form_pairs, now)

    async def keep_certificates(self) -> None:
        """Runs until cancelled: in certificate mode, soon after a notification nobody could verify, asks which certificate
        Alipay signs with now, and learns it if it is new; at most once in five minutes, whoever sends what."""
        await self._calls.keep_certificates()
