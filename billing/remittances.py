"""Remittances 商家转账: money sent to a customer who confirms it, where no payment can be refunded any more.

Two occasions: a refund that the counter would have to pay, because its payment is older than the channel's year, and the
principal of an account that is being closed. An operator starts it, the customer confirms in the mini-program.

Set aside first, channel second: the part of the refund waits (``sending``), or the amount is held on the account. The channel is
called outside any transaction, under a number that never changes; a definite answer books it or lets it go; no answer is not a no,
the clock asks again. What a channel says comes to ``settle``, from a call's answer, a notification or a question alike.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from billing import (
    channel_refunds,
    closings,
    payouts,
    refund_alerts,
    refund_records,
    remittance_alerts,
    remittance_records,
    standing,
)
from billing.channels import Channels
from core import clock, db, errors, sealed
from gateways import channel as at_channel
from ledger import idempotency
from members import sign_in
from notifications import outbox

log = logging.getLogger(__name__)

Remittance = remittance_records.Remittance
NoSuchRemittance = remittance_records.NoSuchRemittance
NoSuchRefund = refund_records.NoSuchRefund
RefundStateForbids = refund_records.RefundStateForbids
NoSuchClosing = closings.NoSuchClosing
NothingToPayOut = payouts.NothingToPayOut
KeyReused = idempotency.KeyReused
Outcome = Literal["paid", "failed", "waiting", "repeated", "contradicted", "not_ours"]

get = remittance_records.get
page = remittance_records.page


class CannotRemit(errors.Conflict):
    """No channel of the shop sends money to customers; the counter pays."""

    code = "cannot_remit"


class PayeeUnknown(errors.Conflict):
    """The customer never signed in to the mini-program, so there is nobody to send money to."""

    code = "payee_unknown"


class PayeeNameNeeded(errors.Invalid):
    """The channel wants the customer's real name for an amount as large as this."""

    code = "payee_name_needed"


class RemittanceUnderWay(errors.Conflict):
    """One for this closing is under way; it ends first."""

    code = "remittance_under_way"


class RemittanceEnded(errors.Conflict):
    """It has ended and cannot be stopped any more."""

    code = "remittance_ended"


CHANNEL = "wechat_pay"
NAMED_FROM_FEN = 200_000
"""From here on WeChat Pay wants a name (API v3, "发起转账")."""
_LEASE = timedelta(seconds=60)
_PATIENCE_S = 5.0
_REMARKS = {"refund": "退款", "closing": "销户退款"}


def reference(remittance_no: str) -> str:
    """The reference of the hold that sets a closing's money aside."""
    return f"remittance:{remittance_no}"


async def of_refund(
    channels: Channels, operator_id: int, refund_no: str, *, payee_name: str | None, key: str
) -> Remittance:
    """Sends to the customer what the counter would have to pay of a refund.

    ``payee_name`` is their real name; the channel compares it with the one it knows.

    Raises:
        NoSuchRefund, RefundStateForbids, CannotRemit, PayeeUnknown, PayeeNameNeeded, KeyReused.
    """
    app_id = _open(channels)

    async def act() -> str:
        await channel_refunds.lock_subject(await refund_records.get(refund_no))
        refund = await refund_records.get(refund_no)
        part = next((part for part in refund.parts if part.state == "waiting"), None)
        if refund.state != "open" or part is None or part.tender != "counter":
            raise RefundStateForbids(refund_no=refund_no, state=refund.state)
        whose = await standing.heir(refund.customer_id)
        payee = await _payee(whose, app_id, part.amount_fen, payee_name)
        number = remittance_records.new_no()
        await refund_records.set_sending(part)
        await remittance_records.create(
            number, customer_id=whose, purpose="refund", purpose_no=part.part_no, channel=CHANNEL, payee=payee,
            payee_name=payee_name, amount_fen=part.amount_fen, remark=_REMARKS["refund"], operator_id=operator_id,
            ask_at=_clocks_turn(),
        )  # fmt: skip
        await refund_alerts.decided(refund)
        return number

    content = {"refund_no": refund_no, "payee_name": _blind(payee_name)}
    return await _sent(channels, await _once(operator_id, "remittances.of_refund", content, act, key))


async def of_closing(
    channels: Channels,
    operator_id: int,
    closing_no: str,
    *,
    amount_fen: int | None,
    payee_name: str | None,
    key: str,
) -> Remittance:
    """Sends principal of an account that is being closed to its customer: all that is there, or ``amount_fen``.

    Raises:
        NoSuchClosing, NothingToPayOut, RemittanceUnderWay, CannotRemit, PayeeUnknown, PayeeNameNeeded, KeyReused.
    """
    app_id = _open(channels)

    async def act() -> str:
        number = remittance_records.new_no()
        await closings.locked(closing_no)
        if await remittance_records.under_way("closing", closing_no) is not None:
            raise RemittanceUnderWay(closing_no=closing_no)
        customer_id, wanted_fen = await payouts.set_aside(
            closing_no, amount_fen=amount_fen, reference=reference(number), operator=f"operator:{operator_id}"
        )
        payee = await _payee(customer_id, app_id, wanted_fen, payee_name)
        await remittance_records.create(
            number, customer_id=customer_id, purpose="closing", purpose_no=closing_no, channel=CHANNEL, payee=payee,
            payee_name=payee_name, amount_fen=wanted_fen, remark=_REMARKS["closing"], operator_id=operator_id,
            ask_at=_clocks_turn(),
        )  # fmt: skip
        return number

    content = {"closing_no": closing_no, "amount_fen": amount_fen, "payee_name": _blind(payee_name)}
    return await _sent(channels, await _once(operator_id, "remittances.of_closing", content, act, key))


def _blind(payee_name: str | None) -> str | None:
    """A name as keys are told of it, which keep a hash of what was asked."""
    return None if payee_name is None else sealed.index(payee_name, "name").hex()


async def cancel(channels: Channels, operator_id: int, remittance_no: str, *, key: str) -> Remittance:
    """Stops one that the customer has not confirmed. Whether it stopped is the channel's word, which may come later.

    Raises:
        NoSuchRemittance, RemittanceEnded, KeyReused.
    """

    async def act() -> str:
        await get(remittance_no)
        if not await remittance_records.stop(remittance_no, ask_at=_clocks_turn()):
            raise RemittanceEnded(remittance_no=remittance_no)
        return remittance_no

    await _once(operator_id, "remittances.cancel", {"remittance_no": remittance_no}, act, key)
    return await _sent(channels, remittance_no)


def _open(channels: Channels) -> str:
    """The app whose customers money can be sent to."""
    opened = channels.by_name.get(CHANNEL)
    if opened is None:
        raise CannotRemit
    channel: object = opened.channel
    if not isinstance(channel, at_channel.Payouts) or not channel.can_transfer:
        raise CannotRemit
    return opened.app_id


async def _payee(customer_id: int, app_id: str, amount_fen: int, name: str | None) -> str:
    if amount_fen >= NAMED_FROM_FEN and not name:
        raise PayeeNameNeeded(amount_fen=amount_fen)
    openid = await sign_in.openid_of(customer_id, app_id)
    if openid is None:
        raise PayeeUnknown(customer_id=customer_id)
    return openid


def _clocks_turn() -> datetime:
    return clock.now() + _LEASE


async def _once(
    operator_id: int, operation: str, content: Mapping[str, Any], act: Callable[[], Awaitable[str]], key: str
) -> str:
    return await idempotency.alone(
        caller=f"operator:{operator_id}", operation=operation, key=key, content=content, act=act
    )


async def _sent(channels: Channels, remittance_no: str) -> Remittance:
    """Takes it to the channel at once; what has no answer soon is left to the clock."""
    found = await get(remittance_no)
    if found.is_under_way:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await ask(channels, remittance_no, first=found.state == "open" and not found.asks)
        except (TimeoutError, errors.DomainError) as left:
            log.info("remittance %s is left to the clock: %s", remittance_no, left or "no answer in time")
    return await get(remittance_no)


async def poll(channels: Channels, *, limit: int = 50) -> int:
    """Takes remittances to the channel, and asks about those under way. Returns how many have ended."""
    ended = 0
    for number in await remittance_records.claim(limit=limit, until=clock.now() + _LEASE):
        try:
            ended += await ask(channels, number) != "waiting"
        except Exception:  # one that cannot be handled must not keep the others waiting
            log.exception("remittance %s could not be asked about", number)
    return ended


async def ask(channels: Channels, remittance_no: str, *, first: bool = False) -> Outcome:
    """Asks the channel how one stands, sends it if the channel does not know it, stops it if it is to be stopped, and acts on the
    answer. ``first``: nobody has sent it yet, so there is nothing to ask about.

    Raises:
        NoSuchRemittance.
    """
    remittance = await get(remittance_no)
    if not remittance.is_under_way:
        return "repeated"
    try:
        channel = channels.find(remittance.channel).channel
        if not isinstance(channel, at_channel.Payouts):
            raise CannotRemit
        found = await _word(channel, remittance, first=first)
    except (at_channel.ChannelError, errors.DomainError) as error:
        await remittance_records.ask_later(remittance, f"no answer: {error}")
        return "waiting"
    return await settle(remittance.channel, found)


async def _word(
    channel: at_channel.Payouts, remittance: Remittance, *, first: bool
) -> at_channel.ChannelTransfer:
    number = remittance.remittance_no
    found = None if first else await channel.query_transfer(number)
    if found is None or found.state == "missing":
        if remittance.state == "waiting":
            raise at_channel.ResultUnknown("the channel does not know what it had taken")
        if remittance.is_stopping:
            # Whoever sent it before us may still be under way; the number is closed by being taken and stopped.
            found = await _send(channel, remittance)
        else:
            return await _send(channel, remittance)
    elif found.state == "waiting" and remittance.package_info is None and not remittance.is_stopping:
        # Only the answer to the call itself, or to its repetition, says what the customer's sheet is opened with.
        return await channel.transfer(_order(remittance))
    if remittance.is_stopping and found.state in ("accepted", "waiting"):
        try:
            return await channel.cancel_transfer(number)
        except at_channel.ChannelRefused:
            return await channel.query_transfer(number)
    return found


async def _send(channel: at_channel.Payouts, remittance: Remittance) -> at_channel.ChannelTransfer:
    """A refusal is believed once the channel also says that it does not know the number: an earlier call may have got through."""
    try:
        return await channel.transfer(_order(remittance))
    except at_channel.ChannelRefused as refusal:
        log.warning("remittance %s refused: %s", remittance.remittance_no, refusal)
        found = await channel.query_transfer(remittance.remittance_no)
        if found.state != "missing":
            return found
        return at_channel.ChannelTransfer(remittance.remittance_no, None, "failed", None, reason=refusal.code)


def _order(remittance: Remittance) -> at_channel.TransferOrder:
    return at_channel.TransferOrder(
        remittance.remittance_no,
        remittance.amount_fen,
        remittance.payee,
        remittance.remark,
        sealed.opened_if_any(remittance.payee_name, remittance_records.PAYEE_NAME),
    )


@db.retried
async def settle(channel: str, found: at_channel.ChannelTransfer) -> Outcome:
    """Acts on what a channel says of a remittance, in one transaction. Answers, notifications and questions all come here."""
    async with db.transaction():
        known = await remittance_records.perhaps(found.out_bill_no)
        if known is None or known.channel != channel:
            if found.state == "paid":
                await remittance_alerts.not_ours(channel, found)
            return "not_ours"
        subject = await _locked_subject(known)
        remittance = await remittance_records.perhaps(found.out_bill_no, lock=True)
        assert remittance is not None
        if not remittance.is_under_way:
            return await _not_expected(remittance, found)
        if found.amount_fen not in (None, remittance.amount_fen):
            await remittance_alerts.stuck(remittance, f"another amount: {found.amount_fen}")
            await remittance_records.ask_later(remittance, f"another amount: {found.amount_fen}")
            return "waiting"
        if found.state == "paid":
            await remittance_records.end(remittance, "paid", "paid", found.channel_bill_no)
            await _paid(remittance, subject, found)
            await remittance_alerts.over(remittance)
            return "paid"
        if found.state in ("failed", "cancelled"):
            why = found.reason or found.state
            await remittance_records.end(remittance, "failed", why, found.channel_bill_no)
            await _failed(remittance, subject, why)
            return "failed"
        return await _under_way(remittance, found)


_Subject = tuple[refund_records.Refund, refund_records.Part, Any] | None


async def _locked_subject(remittance: Remittance) -> _Subject:
    """Locks what it is for before itself: the bill or the top-up of a refund. A closing locks its own row."""
    if remittance.purpose == "closing":
        await closings.locked(remittance.purpose_no)
        return None
    return await channel_refunds.locked(remittance.purpose_no)


async def _paid(remittance: Remittance, subject: _Subject, found: at_channel.ChannelTransfer) -> None:
    if subject is not None:
        refund, part, bill = subject
        await channel_refunds.pay_back(
            refund, part, bill, operator=f"channel:{remittance.channel}", tender=remittance.channel
        )
        return
    await payouts.sent(
        remittance.purpose_no, reference=reference(remittance.remittance_no), amount_fen=remittance.amount_fen,
        tender=remittance.channel, receipt_no=found.channel_bill_no or remittance.remittance_no,
        remittance_no=remittance.remittance_no, operator_id=remittance.operator_id,
    )  # fmt: skip


async def _failed(remittance: Remittance, subject: _Subject, why: str) -> None:
    if subject is not None:
        refund, part, _ = subject
        await refund_records.set_waiting(part)
        await refund_alerts.at_counter(refund, part)
    else:
        await payouts.let_go(remittance.purpose_no, reference=reference(remittance.remittance_no))
    await remittance_alerts.over(remittance)
    await remittance_alerts.failed(remittance, why)
    await _tell("remittance_failed", remittance)


async def _under_way(remittance: Remittance, found: at_channel.ChannelTransfer) -> Outcome:
    is_news = remittance.package_info is None and found.package_info is not None
    await remittance_records.ask_later(
        remittance, found.state, channel_bill_no=found.channel_bill_no, is_known=True, package_info=found.package_info
    )  # fmt: skip
    if is_news:
        await _tell("remittance_waiting", remittance)
    return "waiting"


async def _tell(kind: Literal["remittance_waiting", "remittance_failed"], remittance: Remittance) -> None:
    params = {"title": remittance.remark, "amount_fen": remittance.amount_fen, "at": clock.now()}
    message = outbox.Message(remittance.customer_id, kind, f"{kind}:{remittance.remittance_no}", params)
    await outbox.tell([message])


async def _not_expected(remittance: Remittance, found: at_channel.ChannelTransfer) -> Outcome:
    """A word about one that has ended: nothing moves, and money that went all the same is alerted."""
    if remittance.state == "failed" and found.state == "paid":
        log.error("%s paid remittance %s, which had failed", remittance.channel, remittance.remittance_no)
        await remittance_alerts.contradicted(remittance)
        return "contradicted"
    return "repeated"
