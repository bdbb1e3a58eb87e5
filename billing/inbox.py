"""The inbox of channels' notifications: each is written down as it came before it is acted on, and acted on once.

Checking a signature waits for nobody, so a notification is written down together with the verdict on it. If the process dies
between writing down and acting, or the database refuses for a moment, the channel sends it again and the clock hands it in
again; whichever comes first, ``payments.confirm`` and ``refunds.settle`` make repeats harmless. What was refused is in
``billing.inbox_refusals``, handing in again by hand in ``billing.inbox_replays``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from billing import payments, refunds, remittance_records, remittances
from core import clock, db
from gateways.channel import ChannelRefund, ChannelTrade, ChannelTransfer, PaymentNotice

log = logging.getLogger(__name__)

Read = Callable[[Mapping[str, str], bytes, datetime], PaymentNotice]
"""Verifies and opens what came to a channel's address, by headers, bytes and the time it came; raises ``BadNotification``."""
Readers = Mapping[str, Read]
"""One for each open channel."""

_ITS_REQUESTS = timedelta(seconds=30)
"""So long a notification is in the hands of the request that brought it."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 30, 3_000
KEPT = timedelta(days=400)
"""How long what was handled is kept: beyond the year in which a channel's payment can be refunded."""

_STORE = """
INSERT INTO channel_notice (channel, event_id, event_type, payment_no, headers, body, verdict, trade, refund, receipts, attempts,
                            act_at, received_at)
VALUES ($1, left($2, 128), left($3, 40), left($4, 64), $5::jsonb, $6, 'verified', $7::jsonb, $8::jsonb, 1, 0, $9, $10)
ON CONFLICT (channel, event_id) DO UPDATE SET receipts = channel_notice.receipts + 1
RETURNING id, outcome
"""


async def receive(channel: str, notice: PaymentNotice, *, headers: Mapping[str, str], body: bytes) -> str:
    """Writes down a verified notification and acts on it. A repeat of one that was acted on only counts.

    Returns what came of it: what ``payments.confirm``, ``refunds.settle`` or ``remittances.settle`` said; ``ask_channel`` where it names a payment
    without saying how it stands; or ``nothing_to_do``.
    """
    trade = None if notice.trade is None else json.dumps(asdict(notice.trade), default=_plain)
    refund = None if notice.refund is None else json.dumps(asdict(notice.refund))
    number = notice.out_trade_no if notice.transfer is None else notice.transfer.out_bill_no
    now = clock.now()
    row = await db.fetchrow(
        _STORE, channel, notice.event_id, notice.event_type, number, json.dumps(dict(headers)), body, trade, refund,
        now + _ITS_REQUESTS, now,
    )  # fmt: skip
    assert row is not None
    if row["outcome"] is not None:
        return str(row["outcome"])
    return await act(row["id"], channel, notice.trade, notice.refund, number, notice.transfer)


_CLAIM = """
WITH due AS (
    SELECT id FROM channel_notice WHERE act_at <= $1 ORDER BY act_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE channel_notice n SET act_at = $3 FROM due WHERE n.id = due.id
RETURNING n.id, n.channel, n.payment_no, n.trade::text AS trade, n.refund::text AS refund
"""


async def replay_unhandled(limit: int = 50) -> int:
    """Acts on notifications that were written down but never acted on. Returns how many were.

    One that fails waits longer each time, so it does not keep the others waiting.
    """
    replayed = 0
    now = clock.now()
    for row in await db.fetch(_CLAIM, now, limit, now + _ITS_REQUESTS):
        try:
            await act_again(row)
        except Exception:  # one that cannot be handled must not keep the others waiting
            log.exception("notification %s could not be handled", row["id"])
            continue
        replayed += 1
    return replayed


async def act_again(row: Mapping[str, Any]) -> str:
    """Acts on a notification as it was written down: ``id``, ``channel``, ``payment_no``, and ``trade`` and ``refund`` as text."""
    trade = None if row["trade"] is None else _trade(json.loads(row["trade"]))
    refund = None if row["refund"] is None else ChannelRefund(**json.loads(row["refund"]))
    return await act(row["id"], row["channel"], trade, refund, row["payment_no"])


async def act(
    notice_id: int,
    channel: str,
    trade: ChannelTrade | None,
    refund: ChannelRefund | None,
    payment_no: str | None,
    transfer: ChannelTransfer | None = None,
) -> str:
    """Acts on what a notification says, and writes down what came of it, or what went wrong.

    What one says of a remittance is not kept opened: handed in again, it lets the clock ask the channel.
    """
    try:
        if transfer is not None:
            outcome: str = await remittances.settle(channel, transfer)
        else:
            outcome = await _outcome(channel, trade, refund, payment_no)
    except Exception as fault:
        await _failed(notice_id, fault)
        raise
    await db.execute(_HANDLED, notice_id, outcome, clock.now())
    return outcome


async def _outcome(
    channel: str, trade: ChannelTrade | None, refund: ChannelRefund | None, payment_no: str | None
) -> str:
    if refund is not None:
        return await refunds.settle(channel, refund)
    if trade is not None:
        return await payments.confirm(trade)
    if payment_no is None:
        return "nothing_to_do"
    await payments.ask_soon(payment_no, channel)
    await remittance_records.ask_soon(payment_no)
    return "ask_channel"


# Two copies may be acted on at once; the one that credited has more to tell than the one that found it done.
_HANDLED = """
UPDATE channel_notice SET attempts = attempts + 1, fault = NULL, act_at = NULL,
    outcome = CASE WHEN outcome IS NULL OR outcome = 'repeated' THEN $2 ELSE outcome END,
    handled_at = CASE WHEN outcome IS NULL OR outcome = 'repeated' THEN $3 ELSE handled_at END
WHERE id = $1
"""
_FAILED = """
UPDATE channel_notice SET attempts = attempts + 1, fault = $2,
    act_at = $3::timestamptz + interval '1 second' * least($4 * 2 ^ least(attempts, 10), $5)
WHERE id = $1 AND outcome IS NULL
"""


async def _failed(notice_id: int, fault: Exception) -> None:
    said = f"{type(fault).__name__}: {fault}".replace("\0", "")[:200]
    try:
        await db.execute(_FAILED, notice_id, said, clock.now(), _FIRST_PAUSE_S, _LONGEST_PAUSE_S)
    except Exception:  # the database is away: the clock finds the notification as it is
        log.warning("could not write down why notification %s failed", notice_id)


_FORGET = """
DELETE FROM channel_notice WHERE id IN (
    SELECT id FROM channel_notice WHERE received_at < $1 AND act_at IS NULL ORDER BY received_at LIMIT $2)
"""


async def forget_old(limit: int = 5_000) -> int:
    """Drops notifications handled more than 400 days ago. What is not handled is kept. Returns how many."""
    return await db.execute(_FORGET, clock.now() - KEPT, limit)


def _trade(stored: dict[str, Any]) -> ChannelTrade:
    paid_at = stored["paid_at"]
    return ChannelTrade(**{**stored, "paid_at": datetime.fromisoformat(paid_at) if paid_at else None})


def _plain(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()
