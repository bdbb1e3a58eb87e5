"""What every payment channel can do, and the words its answers are told in.

A channel is WeChat Pay or Alipay. The desk speaks only this vocabulary: amounts are integers of fen, instants
are aware UTC, numbers are ours (`out_…_no`) or the channel's (`channel_…_no`).

The one distinction that money hangs on is between *no* and *not known*:

* `ChannelRefused` and `RateLimited`: the channel certainly did not do it.
* `ResultUnknown`: it may have. Ask by our number; never try again under another number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal, Protocol, runtime_checkable

TradeState = Literal["paid", "waiting", "closed", "refunded", "missing", "failed"]
RefundState = Literal["accepted", "paid_back", "abnormal", "closed", "missing"]
TransferState = Literal[
    "accepted", "waiting", "sending", "paid", "failed", "cancelling", "cancelled", "missing"
]
BillKind = Literal["trades", "funds"]

BILL_MAX_BYTES: Final = 4 * 1024**3
"""So many a bill's text may have, unless the caller says otherwise."""


@dataclass(frozen=True, slots=True)
class PrepayOrder:
    """One attempt at being paid, as the channel is asked to prepare it.

    `out_trade_no` is ours, never used for another attempt. `payer` is the openid of the paying customer where
    the method needs one (jsapi, create). `expires_at` is the last moment for paying. `client_ip` is the customer's
    address (h5 needs it), `return_url` where the customer's browser goes after paying, `app_id` the app that the
    payer's openid belongs to where it is not the channel's own. A repeat carries the same values.
    """

    out_trade_no: str
    amount_fen: int
    currency: str
    description: str
    payer: str | None
    expires_at: datetime
    client_ip: str | None = None
    return_url: str | None = None
    app_id: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the customer's side needs to pay.

    `client` by method: jsapi appId, timeStamp, nonceStr, package, signType, paySign; native code_url;
    h5 h5_url; precreate qr_code; wap and page url; create tradeNO. `prepay_ref` is the channel's handle for the prepared order, if it gives one.
    `good_until`: what is in `client` works until then, and preparing the same order again gives it anew; None: as long as the order.
    """

    client: dict[str, str] = field(repr=False)
    prepay_ref: str | None
    good_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChannelTrade:
    """A payment as the channel sees it.

    `state`:
      paid      the money arrived; `channel_trade_no` and `amount_fen` are always set
      waiting   the channel knows the order, nobody has paid yet
      closed    ended without money; cannot be paid any more
      refunded  was paid, and money went back since (WeChat Pay: any refund; Alipay: the whole amount)
      missing   the channel does not know the number (Alipay: nobody opened the cashier yet)
      failed    the attempt was declined for good
    `amount_fen` is the order's total, 0 where the channel names none (never so when paid). `app_id` and
    `merchant_id` are what the answer says, or what we asked as where answers are silent; the desk compares them
    with the attempt's.
    """

    channel: str
    out_trade_no: str
    channel_trade_no: str | None
    state: TradeState
    amount_fen: int
    currency: str
    app_id: str
    merchant_id: str
    payer: str | None
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money to send back out of one payment.

    A repeat after `ResultUnknown` must carry the same `out_refund_no` and amounts: another number is another
    refund. `amount_fen` goes back now, `total_fen` is what the payment was.
    """

    out_trade_no: str
    out_refund_no: str
    amount_fen: int
    total_fen: int
    currency: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChannelRefund:
    """A refund as the channel sees it.

    `state`:
      accepted   taken, on its way; ask again later
      paid_back  the customer has it
      abnormal   stuck at the channel, needs the merchant's hand (customer's card closed, …)
      closed     ended without money moving
      missing    the channel does not know the number; the same number may be sent again
    `amount_fen` is this refund's own amount; None where the channel does not name it (Alipay's notification
    tells only the running total: ask with `query_refund`).
    """

    out_refund_no: str
    channel_refund_no: str | None
    state: RefundState
    amount_fen: int | None


@dataclass(frozen=True, slots=True)
class BankCard:
    """A customer's own card. `bank_type` by WeChat Pay's list (ICBC_DEBIT, CMB_CREDIT, …)."""

    bank_type: str
    account_no: str = field(repr=False)
    real_name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """Money to send to a customer who confirms that it should come; not a refund of a payment.

    A repeat after `ResultUnknown` must carry the same `out_bill_no` and values: another number is another transfer.
    `payee` is their openid, `payee_name` their real name (WeChat Pay checks it and wants it from 2000 yuan on),
    `remark` what they read.
    """

    out_bill_no: str
    amount_fen: int
    payee: str
    remark: str
    payee_name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ChannelTransfer:
    """A transfer to a customer as the channel sees it.

    `state`:
      accepted    taken; ask again later
      waiting     the customer has to confirm in the channel's own sheet, which `package_info` opens
      sending     confirmed, on its way
      paid        the customer has it
      failed      ended without money moving (not confirmed in time, account closed, …); `reason` is the channel's
      cancelling  we asked to stop it, no word yet
      cancelled   stopped without money moving
      missing     the channel does not know the number; the same number may be sent again
    """

    out_bill_no: str
    channel_bill_no: str | None
    state: TransferState
    amount_fen: int | None
    package_info: str | None = field(default=None, repr=False)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BillFile:
    """One day of the channel's books, lying in a file that the caller owns.

    `day` is a day in Beijing. `kind`: `trades` has a row for each payment and refund, `funds` for each movement of
    the merchant's account at the channel. What is in `path`: the CSV text, unpacked. WeChat Pay's is UTF-8 and was
    checked against the hash the channel named; Alipay's is GBK as delivered, and there is no hash.
    """

    channel: str
    kind: BillKind
    day: date
    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PaymentNotice:
    """A notification whose signature was checked.

    At most one of `trade`, `refund` and `transfer` is set; none for events that say nothing about money that we know of
    (answer them as received). `event_id` stays the same over the channel's retries. `out_trade_no` names the
    payment that the notice speaks about, if any: where `trade` is None the desk may ask the channel about it.
    """

    event_id: str
    event_type: str
    trade: ChannelTrade | None
    refund: ChannelRefund | None
    out_trade_no: str | None = None
    transfer: ChannelTransfer | None = None


class ChannelError(Exception):
    """Anything a channel call can end with other than an answer."""


class ResultUnknown(ChannelError):
    """Nobody can say whether the channel did it: time-out, broken connection, 5xx, an untrustworthy answer.

    Never a failure. Ask by our number, then repeat with the same number and the same values.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChannelRefused(ChannelError):
    """The channel said no, for good: nothing happened. `code` is the channel's own (NOT_ENOUGH, ACQ.…)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class RateLimited(ChannelError):
    """Asked too often; nothing happened. The same request may be repeated after a pause."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class BillNotReady(ChannelError):
    """The bill of that day is not there: not made yet (before ten in the morning of the next day), or nothing happened.

    WeChat Pay says the same of both (NO_STATEMENT_EXIST); so does Alipay. Ask again later.
    """

    def __init__(self, day: date) -> None:
        super().__init__(day.isoformat())
        self.day = day


class AlreadyPaid(ChannelError):
    """The order cannot be closed or prepared again because its money has arrived. Ask with `query`."""

    def __init__(self, out_trade_no: str) -> None:
        super().__init__(out_trade_no)
        self.out_trade_no = out_trade_no


class BadNotification(ChannelError):
    """Not a notification of this channel to this merchant: forged, stale, torn or addressed to somebody else.

    `reason` is a short English phrase for the log; it never holds what was sent.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@runtime_checkable
class Channel(Protocol):
    """A way for customers' money to come in and go back.

    Every call may raise `ResultUnknown`, `ChannelRefused` or `RateLimited`.
    """

    @property
    def name(self) -> str:
        """ "wechat_pay" or "alipay"."""

    @property
    def methods(self) -> frozenset[str]:
        """The ways of paying that `prepare` knows."""

    async def prepare(self, method: str, order: PrepayOrder) -> Prepared:
        """Opens `order` at the channel. The same order may be prepared again: same number, same values.

        Raises: AlreadyPaid.
        """

    async def query(self, out_trade_no: str) -> ChannelTrade:
        """What the channel knows about our number. An unknown one is an answer (`missing`), not an error."""

    async def close(self, out_trade_no: str) -> None:
        """Makes sure that the order cannot be paid any more; repeating is harmless.

        A number that the channel does not know counts as closed, but where a trade is born only when the
        customer opens the cashier (Alipay) it may still come to life until the order's `expires_at`.

        Raises: AlreadyPaid.
        """

    async def refund(self, order: RefundOrder) -> ChannelRefund:
        """Asks for money to go back. `accepted` is the usual answer; repeat only with the same number."""

    async def query_refund(self, *, out_trade_no: str, out_refund_no: str) -> ChannelRefund:
        """What the channel knows about one refund."""

    async def fetch_bill(
        self, day: date, into: Path, *, kind: BillKind = "trades", max_bytes: int = BILL_MAX_BYTES
    ) -> BillFile:
        """Downloads the bill of a past day (in Beijing) into the directory `into`, piece by piece.

        What does not arrive whole leaves no file. Two calls for the same day and kind need two directories.

        Raises: BillNotReady; ChannelRefused "bill_too_large" beyond `max_bytes`, packed or not.
        """


@runtime_checkable
class RefundsToCards(Protocol):
    """A channel that can send a refund it is stuck with to a card of the customer's (WeChat Pay, "发起异常退款").

    May raise `ResultUnknown`, `ChannelRefused` or `RateLimited`.
    """

    async def apply_abnormal_refund(
        self, *, out_refund_no: str, channel_refund_no: str, to: BankCard
    ) -> ChannelRefund:
        """`accepted` is the usual answer; repeating with the same values changes nothing."""


@runtime_checkable
class Payouts(Protocol):
    """A channel that can also send money to customers who confirm it (WeChat Pay, "商家转账", user confirmation).

    Every call may raise `ResultUnknown`, `ChannelRefused` or `RateLimited`.
    """

    @property
    def can_transfer(self) -> bool:
        """Whether the merchant was granted that."""

    async def transfer(self, order: TransferOrder) -> ChannelTransfer:
        """Asks for money to go to a customer; `waiting` is the usual answer. Repeat only with the same number."""

    async def query_transfer(self, out_bill_no: str) -> ChannelTransfer:
        """What the channel knows about our number. An unknown one is an answer (`missing`), not an error."""

    async def cancel_transfer(self, out_bill_no: str) -> ChannelTransfer:
        """Stops a transfer that the customer has not confirmed; `cancelling` is the usual answer, ask again.

        One that is past stopping is refused, and stays what `query_transfer` says.
        """
