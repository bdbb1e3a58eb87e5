"""WeChat Pay as a channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import aiohttp
from redis.asyncio import Redis

from gateways.channel import (
    BILL_MAX_BYTES,
    AlreadyPaid,
    BankCard,
    BillFile,
    BillKind,
    ChannelRefund,
    ChannelRefused,
    ChannelTrade,
    ChannelTransfer,
    PaymentNotice,
    Prepared,
    PrepayOrder,
    RefundOrder,
    ResultUnknown,
    TransferOrder,
)
from gateways.reading import understood
from gateways.wechat_pay import answers, bills, refunds, transfers
from gateways.wechat_pay.calls import Calls, quoted
from gateways.wechat_pay.prepaying import client_side, fields_of
from gateways.wechat_pay.settings import Settings


class WechatPay:
    """WeChat Pay for one merchant; implements `channel.Channel` and `channel.Payouts`.

    Use between `connect` and `disconnect`, or as an async context manager. Run `keep_certificates` beside it where
    notifications come in: certificates rotate. Calls fetch what they need by themselves, reading a notification never
    does. With `redis` processes share what was fetched.
    """

    name = answers.CHANNEL
    methods = frozenset({"jsapi", "native", "h5"})

    def __init__(
        self,
        settings: Settings,
        *,
        session: aiohttp.ClientSession | None = None,
        redis: Redis | None = None,
    ) -> None:
        self._settings = settings
        self._calls = Calls(settings, session=session, redis=redis)

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
        """Opens the order for `jsapi` (mini-program, page inside WeChat), `native` (QR code) or `h5` (phone browser).

        Raises:
            AlreadyPaid: this number is paid.
        """
        if method not in self.methods:
            raise ValueError(f"not a method of WeChat Pay: {method}")
        fields = fields_of(self._settings, method, order)
        try:
            content = await self._calls.ask("POST", f"/v3/pay/transactions/{method}", fields)
        except ChannelRefused as refused:
            raise _already_paid(refused, order.out_trade_no) from None
        with understood():
            return client_side(self._settings, self._calls.signer, method, order, content)

    async def query(self, out_trade_no: str) -> ChannelTrade:
        """What WeChat Pay knows about our number. After any refund the state is `refunded`, also a partial one."""
        mch_id = self._settings.mch_id
        target = f"/v3/pay/transactions/out-trade-no/{quoted(out_trade_no)}?mchid={quoted(mch_id)}"
        try:
            content = await self._calls.ask("GET", target)
        except ChannelRefused as refused:
            if refused.code not in answers.ORDER_MISSING:
                raise
            app_id = self._settings.app_id
            return answers.missing_trade(out_trade_no=out_trade_no, app_id=app_id, mch_id=mch_id)
        with understood():
            trade = answers.trade(content)
        if trade.out_trade_no != out_trade_no:
            raise ResultUnknown("the answer is about another order")
        return trade

    async def close(self, out_trade_no: str) -> None:
        """Makes sure that the order cannot be paid any more; closed and unknown orders count as closed.

        Raises:
            AlreadyPaid: too late.
        """
        target = f"/v3/pay/transactions/out-trade-no/{quoted(out_trade_no)}/close"
        try:
            await self._calls.ask("POST", target, {"mchid": self._settings.mch_id}, expected_status=204)
        except ChannelRefused as refused:
            if refused.code not in answers.ORDER_MISSING | answers.ORDER_CLOSED:
                raise _already_paid(refused, out_trade_no) from None

    async def refund(self, order: RefundOrder) -> ChannelRefund:
        """Asks for money to go back; after `ResultUnknown` ask or repeat under the same number, a minute later."""
        return await refunds.apply(self._calls, order)

    async def query_refund(self, *, out_trade_no: str, out_refund_no: str) -> ChannelRefund:
        """What WeChat Pay knows about one refund."""
        return await refunds.query(self._calls, out_trade_no=out_trade_no, out_refund_no=out_refund_no)

    async def apply_abnormal_refund(
        self, *, out_refund_no: str, channel_refund_no: str, to: BankCard | Literal["merchant"]
    ) -> ChannelRefund:
        """Sends a refund that is `abnormal` to a card of the customer, or to the merchant's own (who then pays them).

        Only for refunds to cards; repeating with the same values changes nothing.
        """
        return await refunds.apply_abnormal(self._calls, out_refund_no, channel_refund_no, to)

    async def fetch_bill(
        self, day: date, into: Path, *, kind: BillKind = "trades", max_bytes: int = BILL_MAX_BYTES
    ) -> BillFile:
        """The trade bill or the fund-flow bill (basic account) of a past day, checked against WeChat Pay's hash.

        Raises:
            BillNotReady: before ten in the morning of the next day, or there is none.
        """
        return await bills.fetch(self._calls, day, into, kind=kind, max_bytes=max_bytes)

    @property
    def can_transfer(self) -> bool:
        """Whether a scene of transfers is set up."""
        return self._settings.transfer_scene_id is not None

    async def transfer(self, order: TransferOrder) -> ChannelTransfer:
        """Asks for money to go to a customer, who confirms it in the sheet that `package_info` opens."""
        return await transfers.create(self._calls, order)

    async def query_transfer(self, out_bill_no: str) -> ChannelTransfer:
        """What WeChat Pay knows about a transfer; within thirty days."""
        return await transfers.query(self._calls, out_bill_no)

    async def cancel_transfer(self, out_bill_no: str) -> ChannelTransfer:
        """Stops a transfer that waits for the customer."""
        return await transfers.cancel(self._calls, out_bill_no)

    def read_notification(self, headers: Mapping[str, str], body: bytes, now: datetime) -> PaymentNotice:
        """A notification, once it is proven to be WeChat Pay's and not older than five minutes.

        `headers` in any letter case, `body` as received. Makes no outgoing call, whatever serial is named.

        Raises: BadNotification.
        """
        return self._calls.read_notification(headers, body, now)

    @property
    def uses_certificates(self) -> bool:
        """Whether `refresh_certificates` is wanted on a schedule."""
        return self._settings.public_key_id is None or bool(self._settings.platform_certificates_pem)

    async def refresh_certificates(self) -> None:
        """Downloads the platform certificates now in force; they replace the ones held."""
        await self._calls.certificates.refresh()

    async def keep_certificates(self) -> None:
        """Runs until cancelled: refreshes the certificates every twelve hours where they are used, and soon after a
        notification named a serial that nobody knows; at most once in five minutes, whoever sends what."""
        await self._calls.certificates.keep(scheduled=self.uses_certificates)


def _already_paid(refused: ChannelRefused, out_trade_no: str) -> ChannelRefused | AlreadyPaid:
    return AlreadyPaid(out_trade_no) if refused.code in answers.ALREADY_PAID else refused
