"""What a bill's rows come to, and what is expected of a file. Amounts are fen, fees thousandths of a fen, times Beijing text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

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


Movement = Literal["payment", "refund", "fee", "transfer", "withdrawal", "other"]
"""Why money moved: a customer paid, had it back, the channel kept or gave back its fee, the merchant sent money to somebody, or to its
bank account (提现); or something else."""
_NAMED: tuple[tuple[Movement, tuple[str, ...]], ...] = (
    ("withdrawal", ("提现",)),
    ("fee", ("手续费", "服务费", "收费", "退费")),
    ("refund", ("退款",)),
    ("transfer", ("转账", "企业付款")),
    ("payment", ("交易", "支付", "付款")),
)


def movement(kind: str) -> Movement:
    """Why money moved, by what the channel calls it; the first that fits, as names are combined (交易退款, 扣除交易手续费).

    WeChat Pay names the usual ones and says that names change ("资金账单详细说明", 2024-11-25), Alipay publishes none: what fits nothing is
    ``other``, and a wrong guess is seen as a difference between the bill of funds and the bill of trades.
    """
    return next((found for found, words in _NAMED if any(word in kind for word in words)), "other")


class FundLine(NamedTuple):
    """One movement on the merchant's account at the channel; ``amount_fen`` is negative when money went out, ``balance_fen`` what the
    account held after it."""

    line_no: int
    at: str
    flow_no: str
    channel_trade_no: str
    kind: str
    movement: Movement
    amount_fen: int
    balance_fen: int


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
    """What the rows of a bill of funds come to. ``out_fen`` and ``fee_fen`` are positive where money went out; ``moved`` has the sum of
    each movement, negative where it went out."""

    income: int = 0
    income_fen: int = 0
    outgo: int = 0
    out_fen: int = 0
    moved: dict[Movement, int] = field(default_factory=dict)
    _first: FundLine | None = None
    _last: FundLine | None = None
    _broken: dict[bool, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.income + self.outgo

    @property
    def fee_fen(self) -> int:
        return -self.moved.get("fee", 0)

    def count(self, line: FundLine) -> None:
        """One movement more."""
        amount_fen = line.amount_fen
        if amount_fen >= 0:
            self.income += 1
            self.income_fen += amount_fen
        else:
            self.outgo += 1
            self.out_fen -= amount_fen
        self.moved[line.movement] = self.moved.get(line.movement, 0) + amount_fen
        if self._last is None:
            self._first = line
        else:
            if self._last.balance_fen + amount_fen != line.balance_fen:
                self._broken.setdefault(False, line.line_no)
            if line.balance_fen + self._last.amount_fen != self._last.balance_fen:
                self._broken.setdefault(True, line.line_no)
        self._last = line

    @property
    def broken_line(self) -> int | None:
        """The first line whose balance does not follow from the one before; None: all do, oldest first or latest first."""
        return self._broken.get(False) if len(self._broken) == 2 else None

    @property
    def opening_fen(self) -> int:
        """What the account held before the first movement."""
        line = self._last if self._is_latest_first else self._first
        return 0 if line is None else line.balance_fen - line.amount_fen

    @property
    def closing_fen(self) -> int:
        """What the account held after the last movement."""
        line = self._first if self._is_latest_first else self._last
        return 0 if line is None else line.balance_fen

    @property
    def _is_latest_first(self) -> bool:
        return False in self._broken and True not in self._broken


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
