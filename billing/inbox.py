"""The inbox of channels' notifications: each is written down before it is acted on, and acted on once.

A notification comes in verified. If the process dies between writing down and acting, or the database refuses for a moment,
the channel sends it again and the clock hands it in again; whichever comes first, ``payments.confirm`` and ``refunds.settle`` make repeats harmless.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from billing import payments, refunds
from core import clock, db
from gateways.channel import ChannelRefund, ChannelTrade, PaymentNotice

log = logging.getLogger(__name__)

_NOT_STORED_YET = timedelta(seconds=30)
"""Younger ones are still in the hands of the request that brought them."""

_STORE = """
INSERT INTO channel_notice (channel, event_id, event_type, payment_no, headers, body, trade, refund, receipts, received_at)
VALUES ($1, left($2, 128), left($3, 40), left($4, 64), $5::jsonb, $6, $7::jsonb, $8::jsonb, 1, $9)
ON CONFLICT (channel, event_id) DO UPDATE SET receipts = channel_notice.receipts + 1
RETURNING id, outcome
"""


async def receive(channel: str, notice: PaymentNotice, *, headers: Mapping[str, str], body: str) -> str:
    """Writes down a verified notification and acts on it. A repeat of one that was acted on only counts.

    Returns what came of it: what ``payments.confirm`` or ``refunds.settle`` said; ``ask_channel`` where it names a payment
    without saying how it stands; or ``nothing_to_do``.
    """
    trade = None if notice.trade is None else json.dumps(asdict(notice.trade), default=_plain)
    refund = None if notice.refund is None else json.dumps(asdict(notice.refund))
    row = await db.fetchrow(
        _STORE, channel, notice.event_id, notice.event_type, notice.out_trade_no,
        json.dumps(dict(headers)), body, trade, refund, clock.now(),
    )  # fmt: skip
    assert row is not None
    if row["outcome"] is not None:
        return str(row["outcome"])
    return await _act(row["id"], channel, notice.trade, notice.refund, notice.out_trade_no)


_UNHANDLED = """
SELECT id, channel, payment_no, trade::text AS trade, refund::text AS refund FROM channel_notice
WHERE outcome IS NULL AND received_at <= $1 ORDER BY received_at LIMIT $2
"""


async def replay_unhandled(limit: int = 50) -> int:
    """Acts on notifications that were written down but never acted on. Returns how many were."""
    replayed = 0
    for row in await db.fetch(_UNHANDLED, clock.now() - _NOT_STORED_YET, limit):
        trade = None if row["trade"] is None else _trade(json.loads(row["trade"]))
        refund = None if row["refund"] is None else ChannelRefund(**json.loads(row["refund"]))
        try:
            await _act(row["id"], row["channel"], trade, refund, row["payment_no"])
        except Exception:  # one that cannot be handled must not keep the others waiting
            log.exception("notification %s could not be handled", row["id"])
            continue
        replayed += 1
    return replayed


async def _act(
    notice_id: int,
    channel: str,
    trade: ChannelTrade | None,
    refund: ChannelRefund | None,
    payment_no: str | None,
) -> str:
    if refund is not None:
        return await _handled(notice_id, await refunds.settle(channel, refund))
    if trade is not None:
        return await _handled(notice_id, await payments.confirm(trade))
    if payment_no is None:
        return await _handled(notice_id, "nothing_to_do")
    await payments.ask_soon(payment_no, channel)
    return await _handled(notice_id, "ask_channel")


# Two copies may be acted on at once; the one that credited has more to tell than the one that found it done.
_HANDLED = """
UPDATE channel_notice SET outcome = $2, handled_at = $3 WHERE id = $1 AND (outcome IS NULL OR outcome = 'repeated')
"""


async def _handled(notice_id: int, outcome: str) -> str:
    await db.execute(_HANDLED, notice_id, outcome, clock.now())
    return outcome


def _trade(stored: dict[str, Any]) -> ChannelTrade:
    paid_at = stored["paid_at"]
    return ChannelTrade(**{**stored, "paid_at": datetime.fromisoformat(paid_at) if paid_at else None})


def _plain(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()
