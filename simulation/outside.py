"""The outside world of a simulation: channels that do what they are asked at once, and ways to customers that only take note.

It is all in this process. There is no address in it, so nothing can leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import ClassVar

from billing.channels import Channels, OpenChannel
from core import clock, money
from gateways.channel import (
    BILL_MAX_BYTES,
    BillFile,
    BillKind,
    BillNotReady,
    ChannelRefund,
    ChannelTrade,
    Prepared,
    PrepayOrder,
    RefundOrder,
)
from notifications import delivery
from notifications.channels.channel import Channel
from notifications.letters import Letter, Outcome
from notifications.policy import ChannelName
from notifications.wordings import Wordings

APP_ID, MERCHANT_ID = "simulation", "simulation"


class Counterpart:
    """A payment channel. What is prepared can be paid by ``pay``; what is not is never paid. Refunds arrive."""

    methods = frozenset({"jsapi", "native", "h5", "precreate", "wap", "page", "create"})

    def __init__(self, name: str) -> None:
        self.name = name
        self._prepared: dict[str, PrepayOrder] = {}
        self._paid: dict[str, ChannelTrade] = {}

    async def prepare(self, _method: str, order: PrepayOrder) -> Prepared:
        self._prepared[order.out_trade_no] = order
        return Prepared(client={}, prepay_ref=None)

    def pay(self, out_trade_no: str) -> ChannelTrade:
        """Its customer pays a prepared order; the trade is what the channel then says of it."""
        order = self._prepared.pop(out_trade_no)
        paid = ChannelTrade(
            self.name, out_trade_no, f"SIM{out_trade_no}", "paid", order.amount_fen, order.currency,
            APP_ID, MERCHANT_ID, None, clock.now(),
        )  # fmt: skip
        self._paid[out_trade_no] = paid
        return paid

    async def query(self, out_trade_no: str) -> ChannelTrade:
        if (paid := self._paid.get(out_trade_no)) is not None:
            return paid
        return ChannelTrade(
            self.name, out_trade_no, None, "missing", 0, money.CURRENCY, APP_ID, MERCHANT_ID, None, None
        )

    async def close(self, out_trade_no: str) -> None:
        self._prepared.pop(out_trade_no, None)

    async def refund(self, order: RefundOrder) -> ChannelRefund:
        return ChannelRefund(order.out_refund_no, f"SIM{order.out_refund_no}", "paid_back", order.amount_fen)

    async def query_refund(self, *, out_trade_no: str, out_refund_no: str) -> ChannelRefund:
        return ChannelRefund(out_refund_no, None, "missing", None)

    async def fetch_bill(
        self,
        day: date,
        into: Path,
        *,
        kind: BillKind = "trades",
        max_bytes: int = BILL_MAX_BYTES,
    ) -> BillFile:
        raise BillNotReady(day)


def channels() -> tuple[Channels, Mapping[str, Counterpart]]:
    """Both channels, open, and who stands behind them."""
    behind = {name: Counterpart(name) for name in ("wechat_pay", "alipay")}
    return Channels({name: OpenChannel(one, APP_ID, MERCHANT_ID) for name, one in behind.items()}), behind


class _Noted(Channel[Letter]):
    """A way to customers by which everybody can be reached, and that takes note only (the outbox says by which way it went)."""

    def draft(self, letter: Letter, _wordings: Wordings) -> Letter:
        return letter

    async def send(self, _letter: Letter, _draft: Letter) -> Outcome:
        return Outcome("sent")


class _Subscribe(_Noted):
    name: ClassVar[ChannelName] = "subscribe"


class _Sms(_Noted):
    name: ClassVar[ChannelName] = "sms"


def post() -> delivery.Post:
    """Messages get to everybody: subscribe messages, and by SMS what may not go by those."""
    return delivery.Post(APP_ID, {channel.name: channel for channel in (_Subscribe(), _Sms())})
