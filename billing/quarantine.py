"""The quarantine: money that reached a channel and could not be credited as it stands, until an operator has dealt with it.

What came in by it stands in the books as ``house:suspense`` meanwhile; what to do about it is ``billing.quarantine_desk``.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from billing import staff_alerts
from core import clock, db, errors, money
from gateways import channel as at_channel
from ledger import accounts, posting
from notifications import outbox

log = logging.getLogger(__name__)

State = Literal["open", "sending", "stuck", "resolved"]
Resolution = Literal["credited", "sent_back", "paid_out", "closed"]


class NoSuchQuarantine(errors.NotFound):
    """There is no quarantined trade of this id."""

    code = "no_such_quarantine"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A trade at a channel that does not match what we asked for. ``payment_no`` is the number the channel named, ``customer_id``
    whose payment that is, if it is one of ours. ``booked_fen`` of it stand in ``house:suspense`` until it is resolved."""

    id: int
    channel: str
    channel_trade_no: str
    payment_no: str
    customer_id: int | None
    reason: str
    amount_fen: int
    currency: str
    booked_fen: int
    detail: dict[str, Any]
    state: State
    resolution: Resolution | None
    resolved_by: str | None
    resolve_reason: str | None
    approval_no: str | None
    credited_to_id: int | None
    refund_no: str | None
    asks: int
    last_answer: str | None
    created_at: datetime
    resolved_at: datetime | None

    @property
    def came_in(self) -> str:
        """The reference of the transfer that took it into the books."""
        return _reference(self.channel, self.channel_trade_no)

    @property
    def went_out(self) -> str:
        """The reference of the one transfer that takes it out of ``house:suspense`` again."""
        return f"quarantine_out:{self.id}"


def _reference(channel: str, channel_trade_no: str) -> str:
    return f"quarantine:{channel}:{channel_trade_no}"


_PUT = """
INSERT INTO quarantine (channel, channel_trade_no, payment_no, customer_id, reason, amount_fen, currency, booked_fen, detail, state,
                        asks, created_at)
VALUES ($1, $2, left($3, 64), $4, $5, $6, $7, $8, $9::jsonb, 'open', 0, $10)
ON CONFLICT (channel, channel_trade_no) DO NOTHING RETURNING id
"""
_NO_NEW_MONEY = frozenset({"trade_of_another", "refunded_at_channel"})
"""The trade's money is in the books already, or has left the channel again."""


async def put(trade: at_channel.ChannelTrade, reason: str, *, customer_id: int | None) -> None:
    """Sets a trade aside, books what came in by it, and alerts the shop's people; part of the caller's transaction. Again is
    harmless."""
    number = trade.channel_trade_no or f"?{trade.out_trade_no}"[:64]
    is_new = reason not in _NO_NEW_MONEY and trade.state == "paid" and trade.channel_trade_no is not None
    in_our_money = trade.currency == money.CURRENCY and 0 < trade.amount_fen <= money.MAX_FEN
    booked_fen = trade.amount_fen if is_new and in_our_money else 0
    detail = {"app_id": trade.app_id, "merchant_id": trade.merchant_id, "state": trade.state}
    put_id = await db.fetchval(
        _PUT, trade.channel, number, trade.out_trade_no, customer_id, reason, trade.amount_fen, trade.currency, booked_fen,
        json.dumps(detail), clock.now(),
    )  # fmt: skip
    if put_id is None:
        return
    log.error("%s trade %s for %s quarantined: %s", trade.channel, number, trade.out_trade_no, reason)
    if booked_fen:
        leg = posting.between_houses(accounts.clearing(trade.channel), accounts.SUSPENSE, booked_fen)
        await posting.post_one(
            posting.Transfer(
                _reference(trade.channel, number), "quarantine", [leg], operator=f"channel:{trade.channel}",
                memo=trade.out_trade_no,
            )
        )  # fmt: skip
    told = {
        "channel": trade.channel, "payment_no": trade.out_trade_no[:64], "amount_fen": trade.amount_fen, "reason": reason,
    }  # fmt: skip
    await staff_alerts.raise_once("quarantined", str(put_id), told)


async def tell_paid_twice(trade: at_channel.ChannelTrade, *, customer_id: int) -> None:
    """Tells a customer whose top-up was paid by another attempt before that this one has come too and somebody looks at it; part of the
    caller's transaction. Again is harmless."""
    params = {"amount_fen": trade.amount_fen, "channel": trade.channel, "at": trade.paid_at or clock.now()}
    told = outbox.Message(customer_id, "paid_twice", f"paid_twice:{trade.out_trade_no}", params)
    await outbox.tell([told])


async def tell_returned(found: Quarantined) -> None:
    """Tells who was told that they paid twice that they have it back; part of the caller's transaction. Again is harmless."""
    if found.reason == "second_payment" and found.customer_id is not None:
        params = {"amount_fen": found.amount_fen, "channel": found.channel, "at": clock.now()}
        key = f"paid_twice_returned:{found.payment_no}"
        await outbox.tell([outbox.Message(found.customer_id, "paid_twice_returned", key, params)])


_COLUMNS = ", ".join(
    "detail::text AS detail" if field.name == "detail" else field.name for field in fields(Quarantined)
)
_GET = f"SELECT {_COLUMNS} FROM quarantine WHERE id = $1"


async def get(quarantine_id: int) -> Quarantined:
    """One quarantined trade.

    Raises:
        NoSuchQuarantine.
    """
    return await _one(_GET, quarantine_id)


_LOCK_PAYMENT = """
SELECT FROM payment p JOIN quarantine q ON q.payment_no = p.payment_no AND q.channel = p.channel WHERE q.id = $1
FOR NO KEY UPDATE OF p
"""


async def lock(quarantine_id: int) -> Quarantined:
    """The same, locked until the transaction ends; the payment it may belong to is locked before it.

    Raises:
        NoSuchQuarantine.
    """
    await db.execute(_LOCK_PAYMENT, quarantine_id)
    return await _one(f"{_GET} FOR NO KEY UPDATE", quarantine_id)


async def _one(query: str, quarantine_id: int) -> Quarantined:
    row = await db.fetchrow(query, quarantine_id)
    if row is None:
        raise NoSuchQuarantine(quarantine_id=quarantine_id)
    return _of_row(row)


_OF_REFUND = "SELECT id FROM quarantine WHERE refund_no = $1 AND channel = $2"


async def of_refund(channel: str, refund_no: str) -> int | None:
    """The id of the quarantined trade that is sent back under this number at this channel."""
    found = await db.fetchval(_OF_REFUND, refund_no, channel)
    return None if found is None else int(found)


_PAGE = f"""
SELECT {_COLUMNS} FROM quarantine
WHERE id < $1 AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR channel = $3) AND ($4::text IS NULL OR reason = $4)
  AND ($5::bigint IS NULL OR customer_id = $5)
ORDER BY id DESC LIMIT $6
"""


async def page(
    *,
    state: str | None = None,
    channel: str | None = None,
    reason: str | None = None,
    customer_id: int | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[Quarantined]:
    """Quarantined trades, newest first: all, or those in one state, of one channel, for one reason, perhaps one customer's."""
    after = before if before is not None else 2**62
    rows = await db.fetch(_PAGE, after, state, channel, reason, customer_id, limit)
    return [_of_row(row) for row in rows]


def _of_row(row: Any) -> Quarantined:
    return Quarantined(**{**dict(row), "detail": json.loads(row["detail"])})
