"""Quarantined money on its way back through its channel, under one number until the channel's word is definite.

As with refunds of our own (``billing.channel_refunds``): recorded first, sent outside any transaction, asked about by the clock,
and what the channel says comes to ``settle`` whoever brings it.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Literal

from billing import attempts, quarantine, staff_alerts, tenders
from billing.channels import Channels
from billing.quarantine import Quarantined, Resolution
from core import clock, db, errors, ids
from gateways import channel as at_channel
from ledger import accounts, posting

log = logging.getLogger(__name__)

Outcome = Literal["paid_back", "refused", "abnormal", "waiting", "repeated", "contradicted"]

_LEASE = timedelta(seconds=60)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 60, 3_000
_PATIENCE_S = 5.0
PREFIX = "K"

_BEGIN = """
UPDATE quarantine SET state = 'sending', refund_no = $2, ask_at = $3, asks = 0, last_answer = NULL, resolved_by = $4,
    resolve_reason = $5, approval_no = $6
WHERE id = $1
"""


async def begin(found: Quarantined, *, operator: str, reason: str, approval_no: str | None) -> None:
    """Records that a locked trade is to be sent back. What the channel was stuck with keeps its number."""
    number = found.refund_no if found.state == "stuck" else None
    until = clock.now() + _LEASE
    await db.execute(_BEGIN, found.id, number or ids.new_no(PREFIX), until, operator, reason, approval_no)


async def send(channels: Channels, quarantine_id: int) -> None:
    """Takes what was just decided to the channel. What has no definite answer soon is left to the clock."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await ask(channels, quarantine_id)
    except (TimeoutError, errors.DomainError) as left:
        log.info("quarantine %s is left to the clock: %s", quarantine_id, left or "no answer in time")


_CLAIM = """
WITH due AS (
    SELECT id FROM quarantine WHERE ask_at <= $1 ORDER BY ask_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE quarantine SET ask_at = $3 FROM due WHERE quarantine.id = due.id RETURNING quarantine.id
"""


async def poll(channels: Channels, *, limit: int = 50) -> int:
    """Takes money to the channels, and asks about what is on its way. Returns how much of it has an outcome."""
    ended = 0
    now = clock.now()
    for row in await db.fetch(_CLAIM, now, limit, now + _LEASE):
        try:
            ended += await ask(channels, row["id"]) != "waiting"
        except Exception:  # one that cannot be handled must not keep the others waiting
            log.exception("quarantine %s could not be asked about", row["id"])
    return ended


async def ask(channels: Channels, quarantine_id: int) -> Outcome:
    """Asks the channel how the money stands, sends it if the channel does not know the number, and acts on the answer."""
    found = await quarantine.get(quarantine_id)
    if found.state != "sending" or found.refund_no is None:
        return "repeated"
    try:
        channel = channels.find(found.channel).channel
        answer = await channel.query_refund(out_trade_no=found.payment_no, out_refund_no=found.refund_no)
        if answer.state == "missing":
            answer = await _send(channel, found)
    except (at_channel.ChannelError, errors.Invalid) as error:
        await _later(found, f"no answer: {error}")
        return "waiting"
    return await settle(found.channel, answer) or "repeated"


async def _send(channel: at_channel.Channel, found: Quarantined) -> at_channel.ChannelRefund:
    """A refusal is believed once the channel also says that it does not know the number: an earlier call may have got through."""
    assert found.refund_no is not None
    order = at_channel.RefundOrder(
        out_trade_no=found.payment_no,
        out_refund_no=found.refund_no,
        amount_fen=found.amount_fen,
        total_fen=found.amount_fen,
        currency=found.currency,
        reason=found.resolve_reason or "",
    )
    try:
        return await channel.refund(order)
    except at_channel.ChannelRefused as refusal:
        log.warning("quarantined trade %s: %s refuses to send it back: %s", found.id, found.channel, refusal)
        known = await channel.query_refund(out_trade_no=found.payment_no, out_refund_no=found.refund_no)
        if known.state != "missing":
            return known
        return at_channel.ChannelRefund(found.refund_no, refusal.code, "closed", None)


_LATER = (
    "UPDATE quarantine SET ask_at = $2, asks = asks + 1, last_answer = $3 WHERE id = $1 AND state = 'sending'"
)


async def _later(found: Quarantined, answer: str) -> None:
    pause_s = min(_FIRST_PAUSE_S * 2 ** min(found.asks, 10), _LONGEST_PAUSE_S)
    await db.execute(_LATER, found.id, clock.now() + timedelta(seconds=pause_s), answer[:200])


_STOP = "UPDATE quarantine SET state = $2, ask_at = NULL, last_answer = $3 WHERE id = $1"


@db.retried
async def settle(channel: str, said: at_channel.ChannelRefund) -> Outcome | None:
    """Acts on what a channel says of money we send back, in one transaction; None where the number is not of a quarantined trade."""
    async with db.transaction():
        quarantine_id = await quarantine.of_refund(channel, said.out_refund_no)
        if quarantine_id is None:
            return None
        found = await quarantine.lock(quarantine_id)
        if found.refund_no != said.out_refund_no:
            return None
        if found.state == "resolved":
            return await _not_expected(found, said)
        if said.amount_fen not in (None, found.amount_fen):
            return await _stop(found, "stuck", f"another amount: {said.amount_fen}")
        if said.state == "paid_back":
            await _returned(found)
            return "paid_back"
        if found.state == "open":
            return "repeated"
        if said.state == "abnormal":
            return await _stop(found, "stuck", "abnormal")
        if said.state == "closed":
            return await _stop(found, "open", said.channel_refund_no or "closed")
        if found.state == "sending":
            await _later(found, said.state)
        return "waiting"


async def _stop(found: Quarantined, state: quarantine.State, answer: str) -> Outcome:
    """An operator has to decide anew."""
    await db.execute(_STOP, found.id, state, answer[:200])
    told = {
        "channel": found.channel,
        "payment_no": found.payment_no,
        "amount_fen": found.amount_fen,
        "why": answer[:100],
    }
    await staff_alerts.raise_once("quarantine_not_sent", str(found.id), told)
    return "abnormal" if state == "stuck" else "refused"


async def _returned(found: Quarantined) -> None:
    by, reason = found.resolved_by or f"channel:{found.channel}", found.resolve_reason or ""
    await resolve(found, "sent_back", operator=by, reason=reason, approval_no=found.approval_no)
    if found.booked_fen:
        await book_out(
            found, accounts.clearing(found.channel), operator=f"channel:{found.channel}", memo=reason
        )


async def _not_expected(found: Quarantined, said: at_channel.ChannelRefund) -> Outcome:
    if said.state == "paid_back" and found.resolution != "sent_back":
        log.error(
            "%s paid quarantined trade %s back, which was %s", found.channel, found.id, found.resolution
        )
        told = {"channel": found.channel, "refund_no": said.out_refund_no, "subject_no": found.payment_no,
                "amount_fen": found.amount_fen}  # fmt: skip
        await staff_alerts.raise_once("refund_contradicted", said.out_refund_no, told)
        return "contradicted"
    return "repeated"


_RESOLVE = """
UPDATE quarantine SET state = 'resolved', resolution = $2, resolved_by = $3, resolve_reason = $4, approval_no = $5,
    credited_to_id = $6, resolved_at = $7, ask_at = NULL
WHERE id = $1 AND state <> 'resolved'
"""
_WAITED = (
    "SELECT purpose, purpose_no FROM payment WHERE payment_no = $1 AND channel = $2 AND state = 'quarantined'"
)


async def resolve(
    found: Quarantined,
    resolution: Resolution,
    *,
    operator: str,
    reason: str,
    approval_no: str | None,
    credited_to_id: int | None = None,
) -> None:
    """Ends a locked trade's time in quarantine, and what waited for it: the bill is free, the top-up closed if it cannot be paid otherwise. Where the money goes is
    posted by the caller."""
    done = await db.execute(
        _RESOLVE, found.id, resolution, operator, reason, approval_no, credited_to_id, clock.now()
    )
    assert done, f"quarantined trade {found.id} was resolved before"
    await staff_alerts.resolve("quarantined", [str(found.id)])
    await staff_alerts.resolve("quarantine_not_sent", [str(found.id)])
    if resolution != "credited":
        await quarantine.tell_returned(found)
    waited = await db.fetchrow(_WAITED, found.payment_no, found.channel)
    if waited is not None and waited["purpose"] == "bill":
        await tenders.closed(waited["purpose_no"])
    elif waited is not None:
        await attempts.close_top_up(waited["purpose_no"])


async def book_out(found: Quarantined, target: str, *, operator: str, memo: str) -> None:
    """Posts that the money has left the house by this account."""
    leg = posting.between_houses(accounts.SUSPENSE, target, found.booked_fen)
    await posting.post_one(
        posting.Transfer(found.went_out, "quarantine_return", [leg], operator=operator, memo=memo)
    )
