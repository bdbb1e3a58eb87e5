"""What a bill's rows come to, and what is expected of a file. Amounts are fen, fees thousandths of a fen, times Beijing text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from gateways.channel import BILL_MAX_BYTES


class BillLine(NamedTuple):
    """One payment or refund as the channel's bill has it.

    ``kind``: ``payment`` or ``refund``. ``at``: ``YYYY-MM-DD HH:MM:SS`` in Beijing. ``amount_fen`` is what the order or the refund was
    over, never negative. ``fee_milli`` is the channel's fee in thousandths of a fen (bills have five decimals of a yuan):
    positive what it keeps, negative what it gives back with a refund. ``state``: ``paid`` of payments; of refunds ``paid_back``,
    ``accepted``, ``abnormal`` or ``closed``. Numbers a row does not have are empty.
    """

    line_no: int
    kind: str
    at: str
    channel_trade_no: str
    payment_no: str
    channel_refund_no: str
    refund_no: str
    amount_fen: int
    fee_milli: int
    state: str
    method: str


class FundLine(NamedTuple):
    """One movement on the merchant's account at the channel; ``amount_fen`` is negative when money went out."""

    line_no: int
    at: str
    flow_no: str
    channel_trade_no: str
    kind: str
    amount_fen: int
    is_fee: bool


@dataclass(slots=True)
class Totals:
    """What the rows of a bill of trades come to."""

    payments: int = 0
    payment_fen: int = 0
    refunds: int = 0
    refund_fen: int = 0
    fee_milli: int = 0

    @property
    def rows(self) -> int:
        return self.payments + self.refunds


@dataclass(slots=True)
class FundTotals:
    """What the rows of a bill of funds come to. ``out_fen`` and ``fee_fen`` are positive where money went out."""

    income: int = 0
    income_fen: int = 0
    outgo: int = 0
    out_fen: int = 0
    fee_fen: int = 0

    @property
    def rows(self) -> int:
        return self.income + self.outgo

    def count(self, amount_fen: int, *, is_fee: bool) -> None:
        """One movement more."""
        if amount_fen >= 0:
            self.income += 1
            self.income_fen += amount_fen
        else:
            self.outgo += 1
            self.out_fen -= amount_fen
        if is_fee:
            self.fee_fen -= amount_fen


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose bill of which day, and how much of it at most. ``day`` is a day in Beijing."""

    merchant_id: str
    day: date
    max_rows: int = 5_000_000
    max_bytes: int = BILL_MAX_BYTES


class BillUnreadable(Exception):
    """A file that is not the bill it should be; nothing of it counts.

    ``reason`` is one of ``REASONS``; ``line_no`` the line of the text (0: the file as a whole); ``found`` what stands there, cut.
    """

    def __init__(self, reason: str, line_no: int = 0, found: str = "") -> None:
        assert reason in REASONS, reason
        super().__init__(f"{reason} in line {line_no}: {found[:80]!r}")
        self.reason = reason
        self.line_no = line_no
        self.found = found[:80]


REASONS = frozenset({
    "empty", "too_large", "too_many_rows", "line_too_long", "encoding", "archive", "no_header", "columns", "amount", "time", "number",
    "currency", "other_merchant", "other_day", "cut_short", "summary", "after_the_end",
})  # fmt: skip
