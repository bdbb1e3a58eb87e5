"""Refunds at the channels: taken there outside any transaction, under a number that never changes, until the answer is definite.

No answer is not a no: the clock asks again by the same number, later and later. What a channel says comes to ``settle``, from a
call's answer, a notification or a question alike, and repeats change nothing.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Literal

from billing import (
    bill_refunds,
    bills,
    payments,
    quarantine_returns,
    refund_alerts,
    refund_records,
    top_up_refunds,
)
from billing.channels import Channels, NoSuchChannel
from core import clock, db, errors, money
from gateways import channel as at_channel

log = logging.getLogger(__name__)

Outcome = Literal["paid_back", "refused", "abnormal", "waiting", "repeated", "contradicted", "not_ours"]

_AT_CHANNEL = ("open", "abnormal")
_LEASE = timedelta(seconds=60)
"""How long who takes a refund to the channel has it for themselves."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 60, 3_000
OFF_PAUSE, OFF_FOR = timedelta(days=1), timedelta(days=7)
"""What has to go back through a channel that the shop has switched off is looked at so often, and for so long; then an operator
decides."""
_OFF = "the channel is switched off"
_PATIENCE_S = 5.0
"""How long somebody is kept waiting for a channel's answer; then the clock goes on."""


async def send(channels: Channels, refund: refund_records.Refund) -> None:
    """Takes a refund that was just decided to its channels. What has no definite answer soon is left to the clock."""
    for part in refund.parts:
        if part.state == "open":
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await ask(channels, part.part_no, first=not part.asks)
            except (TimeoutError, errors.DomainError) as left:
                log.info("refund %s is left to the clock: %s", part.part_no, left or "no answer in time")


def clocks_turn() -> datetime:
    """From when on the clock takes a refund to its channel that is taken there at once by who decided it."""
    return clock.now() + _LEASE


async def poll(channels: Channels, *, limit: int = 50) -> int:
    """Takes refunds to the channels, and asks about those on their way. Returns how many have ended."""
    ended = 0
    for part_no in await refund_records.claim(limit=limit, until=clock.now() + _LEASE):
        try:
            ended += await ask(channels, part_no) != "waiting"
        except Exception:  # one that cannot be handled must not keep the others waiting
            log.exception("refund %s could not be asked about", part_no)
    return ended


async def ask(channels: Channels, part_no: str, *, first: bool = False) -> Outcome:
    """Asks a channel how one part stands, sends it if the channel does not know it, and acts on the answer.

    ``first``: nobody has sent it yet, so there is nothing to ask about.

    Raises:
        NoSuchRefund: there is no such part.
    """
    known = await refund_records.of_part(part_no)
    if known is None:
        raise refund_records.NoSuchRefund(refund_no=part_no)
    refund, part = known
    if part.state != "open" or part.payment_no is None:
        return "repeated"
    try:
        channel = channels.find(part.tender).channel
        found = None if first else await _query(channel, part)
        if found is None or found.state == "missing":
            found = await _send(channel, refund, part)
    except NoSuchChannel:
        return await _switched_off(part_no)
    except at_channel.ChannelError as error:
        return await _later(part, f"no answer: {error}")
    if part.last_answer == _OFF:
        await refund_alerts.channel_on(part)
    return await settle(part.tender, found)


@db.retried
async def _switched_off(part_no: str) -> Outcome:
    """Nobody can be asked: the shop's people are told at once, and have it to decide on when that has lasted."""
    async with db.transaction():
        known = await locked(part_no)
        if known is None or known[1].state != "open":
            return "repeated"
        refund, part, _ = known
        since = await refund_alerts.channel_off(refund, part)
        if since + OFF_FOR <= clock.now():
            return await stuck(refund, part, _OFF, None)
        await refund_records.ask_later(part_no, at=clock.now() + OFF_PAUSE, answer=_OFF)
        return "waiting"


async def _query(channel: at_channel.Channel, part: refund_records.Part) -> at_channel.ChannelRefund:
    return await channel.query_refund(out_trade_no=part.payment_no or "", out_refund_no=part.part_no)


async def _send(
    channel: at_channel.Channel, refund: refund_records.Refund, part: refund_records.Part
) -> at_channel.ChannelRefund:
    """A refusal is believed once the channel also says that it does not know the number: an earlier call may have got through."""
    paid = await payments.get(part.payment_no or "")
    order = at_channel.RefundOrder(
        out_trade_no=paid.payment_no,
        out_refund_no=part.part_no,
        amount_fen=part.amount_fen,
        total_fen=paid.amount_fen,
        currency=money.CURRENCY,
        reason=refund.reason,
    )
    try:
        return await channel.refund(order)
    except at_channel.ChannelRefused as refusal:
        log.warning("refund %s refused by %s: %s", part.part_no, part.tender, refusal)
        found = await _query(channel, part)
        if found.state != "missing":
            return found
        return at_channel.ChannelRefund(part.part_no, refusal.code, "closed", None)


async def _later(part: refund_records.Part, answer: str, channel_refund_no: str | None = None) -> Outcome:
    pause_s = min(_FIRST_PAUSE_S * 2 ** min(part.asks, 10), _LONGEST_PAUSE_S)
    at = clock.now() + timedelta(seconds=pause_s)
    await refund_records.ask_later(part.part_no, at=at, answer=answer, channel_refund_no=channel_refund_no)
    return "waiting"


async def settle(channel: str, found: at_channel.ChannelRefund) -> Outcome:
    """Acts on what a channel says of a refund, in one transaction. Answers, notifications and questions all come here."""
    if found.out_refund_no.startswith(quarantine_returns.PREFIX):
        outcome = await quarantine_returns.settle(channel, found)
        if outcome is not None:
            return outcome
    return await _settle(channel, found)


@db.retried
async def _settle(channel: str, found: at_channel.ChannelRefund) -> Outcome:
    async with db.transaction():
        known = await locked(found.out_refund_no)
        if known is not None and known[1].tender == "counter":
            return await _not_expected(known[0], known[1], found)
        if known is None or known[1].tender != channel:
            if found.state == "paid_back":
                await refund_alerts.not_ours(channel, found)
            return "not_ours"
        refund, part, bill = known
        if part.state not in _AT_CHANNEL:
            return await _not_expected(refund, part, found)
        if found.amount_fen not in (None, part.amount_fen):
            return await stuck(refund, part, f"another amount: {found.amount_fen}", found.channel_refund_no)
        if found.state == "abnormal":
            return await stuck(refund, part, "abnormal", found.channel_refund_no)
        if found.state == "paid_back":
            await pay_back(refund, part, bill, operator=f"channel:{part.tender}")
            await refund_alerts.unstuck(refund)
            await refund_alerts.channel_on(part)
            return "paid_back"
        if found.state == "closed":
            return await _refused(refund, part, bill, found.channel_refund_no or "closed")
        return await _later(part, found.state, found.channel_refund_no)


async def locked(
    part_no: str,
) -> tuple[refund_records.Refund, refund_records.Part, bills.Bill | None] | None:
    """A part with its refund, as they stand once the bill (given along) or the top-up they belong to is locked."""
    known = await refund_records.of_part(part_no)
    if known is None:
        return None
    bill = await lock_subject(known[0])
    known = await refund_records.of_part(part_no)
    assert known is not None
    return *known, bill


async def lock_subject(refund: refund_records.Refund) -> bills.Bill | None:
    """Locks what a refund belongs to: nothing about it changes before the transaction ends. Gives the bill, if it is one."""
    if refund.kind == "bill":
        return await bills.lock(refund.subject_no)
    await top_up_refunds.lock(refund.subject_no)
    return None


async def pay_back(
    refund: refund_records.Refund,
    part: refund_records.Part,
    bill: bills.Bill | None,
    *,
    operator: str,
    tender: str | None = None,
) -> None:
    """A part was paid back, by its channel, by somebody at the counter, or by the ``tender`` that is named."""
    if bill is not None:
        await bill_refunds.paid_back(bill, refund, part, operator=operator, tender=tender)
    else:
        await top_up_refunds.paid_back(refund, part, operator=operator, tender=tender)


async def _refused(
    refund: refund_records.Refund, part: refund_records.Part, bill: bills.Bill | None, why: str
) -> Outcome:
    if bill is not None:
        await bill_refunds.refused(bill, refund, part)
    else:
        await top_up_refunds.give_back(refund, part, operator=f"channel:{part.tender}")
    await refund_alerts.unstuck(refund)
    await refund_alerts.channel_on(part)
    await refund_alerts.failed(refund, part, why)
    return "refused"


async def stuck(
    refund: refund_records.Refund, part: refund_records.Part, why: str, channel_refund_no: str | None
) -> Outcome:
    """The channel cannot go on with a part: it waits for an operator. Its bill or top-up is locked."""
    await refund_records.set_abnormal(part, why, channel_refund_no)
    await refund_alerts.channel_on(part)
    await refund_alerts.abnormal(refund, part, why)
    return "abnormal"


async def _not_expected(
    refund: refund_records.Refund, part: refund_records.Part, found: at_channel.ChannelRefund
) -> Outcome:
    """A word about a part that has ended, or was never sent: nothing moves, and money that went back all the same is alerted."""
    if found.state == "paid_back" and (part.state != "paid" or part.tender == "counter"):
        log.error(
            "refund %s was paid back by its channel, but is %s (%s)", part.part_no, part.state, part.tender
        )
        await refund_alerts.contradicted(refund, part)
        return "contradicted"
    return "repeated"
