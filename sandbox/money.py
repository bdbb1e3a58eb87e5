"""What really left and reached people's wallets, written down apart from both channels' own orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.clock import WorldClock, rfc3339
from sandbox.store import Shelf, Store


@dataclass
class Movement:
    """`paid` left a person's wallet for the merchant, `refunded` came back, `transferred` came from the merchant on top (`out_trade_no`
    is then its number). Amounts are positive fen."""

    no: int
    kind: str
    channel: str
    person_id: str
    out_trade_no: str
    channel_trade_no: str
    amount_fen: int
    at: str
    out_refund_no: str | None = None


class Wallets:
    def __init__(self, store: Store, clock: WorldClock) -> None:
        self._store = store
        self._clock = clock
        self._movements = Shelf(store, "movement", Movement)

    def move(
        self,
        kind: Literal["paid", "refunded", "transferred"],
        *,
        channel: str,
        person_id: str,
        out_trade_no: str,
        channel_trade_no: str,
        amount_fen: int,
        out_refund_no: str | None = None,
    ) -> None:
        number = self._store.next_no("movement")
        movement = Movement(
            no=number,
            kind=kind,
            channel=channel,
            person_id=person_id,
            out_trade_no=out_trade_no,
            channel_trade_no=channel_trade_no,
            amount_fen=amount_fen,
            at=rfc3339(self._clock.epoch_s()),
            out_refund_no=out_refund_no,
        )
        self._movements.put(str(number), movement)

    def movements(self) -> list[Movement]:
        return list(self._movements)
