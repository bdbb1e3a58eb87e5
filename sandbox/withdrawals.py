"""What the merchant takes out of its accounts at the channels, to its bank ("提现")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox import keys
from sandbox.clock import WorldClock
from sandbox.store import Shelf, Store


@dataclass
class Withdrawal:
    """`at` is an instant in seconds."""

    withdraw_no: str
    channel: str
    amount_fen: int
    at: float


class Withdrawals:
    def __init__(self, store: Store, clock: WorldClock) -> None:
        self._clock = clock
        self._made = Shelf(store, "withdrawal", Withdrawal)

    def make(self, channel: str, amount_fen: int) -> Withdrawal:
        """Takes money out now. Whether there is as much is the merchant's business."""
        if channel not in ("wechat_pay", "alipay") or not 0 < amount_fen < 10**12:
            raise ValueError("a channel, and an amount of fen")
        made = Withdrawal(f"W{keys.random_digits(20)}", channel, amount_fen, self._clock.epoch_s())
        self._made.put(made.withdraw_no, made)
        return made

    def of(self, channel: str) -> Iterator[Withdrawal]:
        return (one for one in self._made if one.channel == channel)
