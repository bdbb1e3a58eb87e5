"""Alipay as a channel."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from core import money
from gateways import http, keys, reading
from gateways.alipay import answers, notification
from gateways.alipay.requests import SignedRequests
from gateways.alipay.settings import Settings
from gateways.channel import (
    AlreadyPaid,
    BillFile,
    BillKind,
    ChannelRefund,
    ChannelRefused,
    ChannelTrade,
    PaymentNotice,
    Prepared,
    PrepayOrder,
    RateLimited,
    RefundOrder,
    RefundState,
    ResultUnknown,
)
from gateways.reading import JsonObject, Malformed

_SUBJECT_LETTERS = 256
_SUBJECT_FORBIDDEN = str.maketrans("/=&", "   ")


class Alipay:
    """Alipay for one app of one seller; implements `channel.Channel`.

    Use between `connect` and `disconnect`, or as an async context manager.
    """

    name = answers.CHANNEL
    methods = frozenset({"precreate", "wap"})

    def __init__(self, settings: Settings, *, session: aiohttp.ClientSession | None = None) -> None:
        self._settings = settings
        self._requests = SignedRequests(settings)
        self._alipay_key = keys.public_key(settings.alipay_public_key)
        gateway = urllib.parse.urlsplit(settings.gateway_url)
        self._path = gateway.path or "/"
        self._caller = http.Caller(
            (f"{gateway.scheme}://{gateway.netloc}",),
            session=session,
            total_timeout_s=settings.total_timeout_s,
            connect_timeout_s=settings.connect_timeout_s,
        )

    async def connect(self) -> None:
        """Opens the HTTP session, unless one was passed in."""
        await self._caller.open()

    async def disconnect(self) -> None:
        """Closes the HTTP session, if it is our own."""
        await self._caller.close()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()

    async def prepare(self, method: str, order: PrepayOrder) -> Prepared:
        """Opens the order for `precreate` (QR code; asks Alipay) or `wap` (phone browser; only signs a URL).

        A trade does not exist at Alipay until the customer scans the code or opens the URL.

        Raises:
            AlreadyPaid: this number is paid.
        """
        if method not in self.methods:
            raise ValueError(f"not a method of Alipay: {method}")
        if order.currency != answers.CURRENCY:
            raise ValueError("Alipay takes yuan only")
        biz = {
            "out_trade_no": order.out_trade_no,
            "total_amount": money.yuan(order.amount_fen),
            "subject": order.description.translate(_SUBJECT_FORBIDDEN)[:_SUBJECT_LETTERS],
            "time_expire": order.expires_at.astimezone(reading.BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        }
        if method == "wap":
            return Prepared({"url": self._wap_url(biz)}, None)
        biz["product_code"] = "FACE_TO_FACE_PAYMENT"
        try:
            content = await self._ask("alipay.trade.precreate", biz)
            return Prepared({"qr_code": reading.text(content, "qr_code")}, None)
        except ChannelRefused as refused:
            if refused.code == answers.TRADE_PAID:
                raise AlreadyPaid(order.out_trade_no) from None
            raise
        except Malformed as fault:
            raise ResultUnknown(f"unreadable answer: {fault}") from None

    async def query(self, out_trade_no: str) -> ChannelTrade:
        """What Alipay knows about our number. `missing` until a customer opens the cashier."""
        whose = {"app_id": self._settings.app_id, "seller_id": self._settings.seller_id}
        try:
            content = await self._ask(
                "alipay.trade.query", {"out_trade_no": out_trade_no}, also_answered=answers.USER_PAYING
            )
            trade = answers.trade(content, **whose)
        except ChannelRefused as refused:
            if refused.code != answers.TRADE_MISSING:
                raise
            return answers.missing_trade(out_trade_no=out_trade_no, **whose)
        except Malformed as fault:
            raise ResultUnknown(f"unreadable answer: {fault}") from None
        if trade.out_trade_no != out_trade_no:
            raise ResultUnknown("the answer is about another trade")
        return trade

    async def close(self, out_trade_no: str) -> None:
        """Makes sure that the trade cannot be paid any more; closed and unknown trades count as closed.

        Raises:
            AlreadyPaid: too late.
        """
        try:
            await self._ask("alipay.trade.close", {"out_trade_no": out_trade_no})
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
            biz["refund_reason"] = order.reason[:_SUBJECT_LETTERS]
        content = await self._ask("alipay.trade.refund", biz)
        state: RefundState = "paid_back" if content.get("fund_change") == "Y" else "accepted"
        return ChannelRefund(order.out_refund_no, None, state, order.amount_fen)

    async def query_refund(self, *, out_trade_no: str, out_refund_no: str) -> ChannelRefund:
        """What Alipay knows about one refund.

        `missing` also while a refund of the last ten seconds is not settled: repeat only with the same number.
        """
        biz = {"out_trade_no": out_trade_no, "out_request_no": out_refund_no}
        try:
            content = await self._ask("alipay.trade.fastpay.refund.query", biz)
            if content.get("refund_status") != "REFUND_SUCCESS":
                return ChannelRefund(out_refund_no, None, "missing", None)
            if content.get("out_request_no", out_refund_no) != out_refund_no:
                raise ResultUnknown("the answer is about another refund")
            amount_fen = answers.fen(reading.text(content, "refund_amount"))
        except ChannelRefused as refused:
            if refused.code != answers.TRADE_MISSING:
                raise
            return ChannelRefund(out_refund_no, None, "missing", None)
        except Malformed as fault:
            raise ResultUnknown(f"unreadable answer: {fault}") from None
        return ChannelRefund(out_refund_no, None, "paid_back", amount_fen)

    async def fetch_bill(self, day: date, into: Path, *, kind: BillKind = "trades") -> BillFile:
        """Alipay's bills are not fetched yet."""
        raise ChannelRefused("bill_not_supported", "bills are not fetched yet")

    def read_notification(self, form_pairs: Sequence[tuple[str, str]], now: datetime) -> PaymentNotice:
        """A notification, once it is proven to be Alipay's and addressed to this app and seller.

        `form_pairs` are the form's fields, decoded once, in any order. Alipay names no time window (it repeats the
        same notice for a day), so `now` only keeps the shape of the channels' readers alike. A refund, told under the
        payment's own status, comes out as a refund, never as a payment.

        Raises: BadNotification.
        """
        return notification.read(form_pairs, now, settings=self._settings, key=self._alipay_key)

    def _wap_url(self, biz: Mapping[str, str]) -> str:
        fields = {**biz, "product_code": "QUICK_WAP_WAY"}
        if self._settings.quit_url is not None:
            fields["quit_url"] = self._settings.quit_url
        query = self._requests.query("alipay.trade.wap.pay", fields, return_url=self._settings.return_url)
        return f"{self._settings.gateway_url}?{query}"

    async def _ask(
        self, method: str, biz: Mapping[str, str], *, also_answered: str = answers.DONE
    ) -> JsonObject:
        """One signed call; every one names our number, so that repeating it changes nothing."""
        query, body = self._requests.query_and_body(method, biz)
        content_type = "application/x-www-form-urlencoded; charset=utf-8"
        try:
            answer = await self._caller.send(
                "POST",
                f"{self._path}?{query}",
                headers=lambda: {"Content-Type": content_type, "User-Agent": "yucun"},
                body=body,
                repeatable=True,
            )
        except http.NoAnswer as failed:
            raise ResultUnknown(failed.reason) from None
        if answer.status == 429:
            raise RateLimited("429", "")
        if answer.status != 200:
            raise ResultUnknown(f"HTTP {answer.status}")
        try:
            content = answers.proven(answer.body, method, self._alipay_key)
        except Malformed as fault:
            raise ResultUnknown(f"the answer: {fault}") from None
        if content.get("code") not in (answers.DONE, also_answered):
            raise answers.failure(content)
        return content
