"""Payments: attempts at a channel, and the one ``confirm`` that callback, poll and operator share.

Nothing here awaits the network inside a transaction: the intent is recorded, the channel is called, its answer is recorded.
An answer that does not come is not a no: the payment stays open and the clock asks about it by its number.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from billing import attempts, credits, payments_shown, quarantine, staff_alerts, tenders
from billing.channels import Channels, NoSuchChannel
from core import clock, db, errors
from gateways import channel as at_channel

log = logging.getLogger(__name__)

Confirmation = Literal[
    "credited",
    "settled",
    "repeated",
    "closed",
    "waiting",
    "quarantined",
    "unknown_number",
    "refunded_at_channel",
]


class ChannelUnavailable(errors.Unavailable):
    """The payment channel gave no definite answer; nothing is lost, ask again."""

    code = "channel_unavailable"


class ChannelDeclined(errors.Conflict):
    """The payment channel refused to prepare this payment."""

    code = "channel_declined"


class NoSuchPayment(errors.NotFound):
    """There is no payment of this number."""

    code = "no_such_payment"


Payment = attempts.Payment
page = payments_shown.page


async def ask(channels: Channels, payment_no: str, *, give_up: bool = False) -> Confirmation:
    """Asks the channel how a payment stands, and acts on the answer.

    An expired one, one to ``give_up``, and an open one whose top-up is paid or to be paid by another, is closed at the channel first,
    then here; if its money arrived meanwhile it is credited instead.

    Raises:
        NoSuchPayment: there is none of this number.
        NoSuchChannel: its channel is switched off.
        ChannelUnavailable: no definite answer; the clock asks again.
    """
    payment = await get(payment_no)
    channel = channels.find(payment.channel).channel
    try:
        trade = await channel.query(payment_no)
        if trade.state in ("waiting", "missing", "failed"):
            give_up = give_up or await _is_left(payment)
            if give_up or payment.expires_at <= clock.now():
                await channel.close(payment_no)
                trade = await channel.query(payment_no)
    except at_channel.AlreadyPaid:
        return await _ask_once_more(channel, payment)
    except (at_channel.ResultUnknown, at_channel.RateLimited, at_channel.ChannelRefused) as error:
        raise ChannelUnavailable(channel=payment.channel) from error
    return await confirm(trade, give_up=give_up)


async def _is_left(payment: Payment) -> bool:
    """Whether it is open and its top-up is to be paid by another attempt, or has been."""
    return payment.is_open and (
        payment.left_at is not None or await _is_credited(payment.purpose, payment.purpose_no)
    )


_CREDITED = "SELECT EXISTS (SELECT FROM top_up WHERE top_up_no = $1 AND state = 'credited')"


async def _is_credited(purpose: str, purpose_no: str) -> bool:
    """Whether the top-up that an attempt is for has been paid."""
    return purpose == "top_up" and bool(await db.fetchval(_CREDITED, purpose_no))


async def _ask_once_more(channel: at_channel.Channel, payment: Payment) -> Confirmation:
    try:
        return await confirm(await channel.query(payment.payment_no))
    except at_channel.ChannelError as error:
        raise ChannelUnavailable(channel=payment.channel) from error


_LOCK = """
SELECT payment_no, customer_id, purpose, purpose_no, channel, amount_fen, currency, app_id, merchant_id, payer, state, channel_trade_no,
       expires_at, asks
FROM payment WHERE payment_no = $1 AND channel = $2 FOR NO KEY UPDATE
"""


@db.retried
async def confirm(trade: at_channel.ChannelTrade, *, give_up: bool = False) -> Confirmation:
    """Acts on what a channel says of a payment. Callback, poll, reconciliation and operator all come here.

    One transaction, and repeats change nothing. Money that matches the attempt is credited, also when it comes late, after
    the payment was closed here. Money that does not match (unknown number, other amount, currency, app, merchant or payer, a
    second trade, a second attempt at a top-up) is quarantined: visible to operators, never credited, never lost. With ``give_up``
    an attempt for a bill that its channel does not know ends before its time. One for a top-up that is not paid does not: its code
    may still be scanned, so it keeps its place under the limits, or one could have the same package twice.
    """
    async with db.transaction():
        attempt = await db.fetchrow(_LOCK, trade.out_trade_no, trade.channel)
        if attempt is not None and await _belongs_to_another(trade):
            await _set_aside(replace(trade, channel_trade_no=None), attempt)
            return await _quarantine(trade, "trade_of_another", attempt)
        if trade.state == "paid":
            return await _paid(trade, attempt)
        if attempt is None:
            return "unknown_number"
        if trade.state == "refunded":
            return await _refunded_at_channel(trade, attempt)
        if attempt["state"] == "closed":
            return await _closed_before(trade, attempt)
        if attempt["state"] not in ("created", "prepared"):
            return "repeated"
        ends_early = give_up and await _may_end_early(attempt)
        is_over = ends_early or attempt["expires_at"] <= clock.now()
        if trade.state == "closed" or (is_over and trade.state in ("missing", "failed")):
            await _closed(trade.out_trade_no, ask_at=_once_more_at(trade, attempt))
            return "closed"
        await _ask_later(attempt)
        return "waiting"


async def _may_end_early(attempt: Any) -> bool:
    return attempt["purpose"] != "top_up" or await _is_credited(attempt["purpose"], attempt["purpose_no"])


_PAID = """
UPDATE payment SET state = 'paid', channel_trade_no = $2, paid_at = $3, ended_at = $4, ask_at = NULL WHERE payment_no = $1
"""


async def _paid(trade: at_channel.ChannelTrade, attempt: Any) -> Confirmation:
    if attempt is None:
        return await _quarantine(trade, "unknown_number", None)
    if attempt["channel_trade_no"] == trade.channel_trade_no and attempt["state"] in ("paid", "quarantined"):
        return "repeated" if attempt["state"] == "paid" else "quarantined"
    if attempt["state"] in ("paid", "quarantined"):
        return await _quarantine(trade, "second_trade", attempt)
    if reason := _difference(trade, attempt):
        await _set_aside(trade, attempt)
        return await _quarantine(trade, reason, attempt)
    if attempt["purpose"] == "top_up":
        return await _paid_for_top_up(trade, attempt)
    await _record_paid(trade)
    return await tenders.paid(
        attempt["purpose_no"], payment_no=attempt["payment_no"], channel=attempt["channel"]
    )


async def _paid_for_top_up(trade: at_channel.ChannelTrade, attempt: Any) -> Confirmation:
    """The first attempt that is paid pays the top-up; what comes by another is set aside, to be sent back or credited."""
    expected = await credits.locked(attempt["purpose_no"])
    if expected.state == "credited":
        await _set_aside(trade, attempt)
        await quarantine.tell_paid_twice(trade, customer_id=attempt["customer_id"])
        return await _quarantine(trade, "second_payment", attempt)
    await _record_paid(trade)
    await credits.top_up(expected, channel=attempt["channel"])
    return "credited"


async def _record_paid(trade: at_channel.ChannelTrade) -> None:
    now = clock.now()
    await db.execute(_PAID, trade.out_trade_no, trade.channel_trade_no, trade.paid_at or now, now)


def _difference(trade: at_channel.ChannelTrade, attempt: Any) -> str | None:
    for name in ("amount_fen", "currency", "app_id", "merchant_id"):
        if getattr(trade, name) != attempt[name]:
            return f"wrong_{name.removesuffix('_fen')}"
    if (
        attempt["payer"] is not None
        and trade.payer is not None
        and _is_another(attempt["payer"], trade.payer)
    ):
        return "wrong_payer"
    return None


def _is_another(asked: str, seen: str) -> bool:
    """Alipay names a person by a number of its own or by an openid of the app, as the app is set up at that moment; the two
    cannot be compared."""
    return asked != seen and asked.isdecimal() == seen.isdecimal()


_SET_ASIDE = """
UPDATE payment SET state = 'quarantined', channel_trade_no = $2, ended_at = $3, ask_at = NULL WHERE payment_no = $1
"""


async def _set_aside(trade: at_channel.ChannelTrade, attempt: Any) -> None:
    if attempt["state"] in ("created", "prepared", "closed"):
        await db.execute(_SET_ASIDE, trade.out_trade_no, trade.channel_trade_no, clock.now())


_OF_ANOTHER = "SELECT FROM payment WHERE channel = $1 AND channel_trade_no = $2 AND payment_no <> $3"


async def _belongs_to_another(trade: at_channel.ChannelTrade) -> bool:
    """Whether the same trade already stands for another payment: one trade is one credit."""
    if trade.channel_trade_no is None:
        return False
    return (
        await db.fetchrow(_OF_ANOTHER, trade.channel, trade.channel_trade_no, trade.out_trade_no) is not None
    )


async def _quarantine(trade: at_channel.ChannelTrade, reason: str, attempt: Any) -> Confirmation:
    await quarantine.put(trade, reason, customer_id=attempt and attempt["customer_id"])
    return "quarantined"


_SENT_BACK = """
SELECT EXISTS (SELECT FROM refund_part WHERE payment_no = $1 AND state <> 'failed')
    OR EXISTS (SELECT FROM quarantine WHERE payment_no = $1 AND channel = $2 AND refund_no IS NOT NULL)
"""


async def _refunded_at_channel(trade: at_channel.ChannelTrade, attempt: Any) -> Confirmation:
    """The channel says money went back. Where we did not send it, an operator has to look."""
    ours = attempt["state"] in ("paid", "quarantined")
    if ours and await db.fetchval(_SENT_BACK, trade.out_trade_no, trade.channel):
        return "repeated"
    await _set_aside(trade, attempt)
    await _quarantine(trade, "refunded_at_channel", attempt)
    return "refunded_at_channel"


_LOCK_STATE = "SELECT state FROM payment WHERE payment_no = $1 FOR NO KEY UPDATE"


async def declined(payment_no: str) -> bool:
    """Closes a payment its channel will not prepare; False when a twin of this request got it prepared all the same."""
    async with db.transaction():
        if await db.fetchval(_LOCK_STATE, payment_no) == "prepared":
            return False
        await _closed(payment_no)
        return True


_CLOSED = """
UPDATE payment SET state = 'closed', ended_at = $2, ask_at = $3 WHERE payment_no = $1 AND state IN ('created', 'prepared')
RETURNING purpose, purpose_no
"""


async def _closed(payment_no: str, *, ask_at: datetime | None = None) -> None:
    async with db.transaction():
        ended = await db.fetchrow(_CLOSED, payment_no, clock.now(), ask_at)
        if ended is None:
            return
        if ended["purpose"] == "top_up":
            await attempts.close_top_up(ended["purpose_no"])
        else:
            await tenders.closed(ended["purpose_no"])


_AFTER_ITS_TIME = timedelta(minutes=1)
_NO_MORE = "UPDATE payment SET ask_at = $2 WHERE payment_no = $1 AND state = 'closed'"


def _once_more_at(trade: at_channel.ChannelTrade, attempt: Any) -> datetime | None:
    """When to ask about an attempt that was closed here before its time while its channel did not know it: a trade that is born when
    the customer opens the cashier can still come to life until then, and its notification can be lost."""
    at: datetime = attempt["expires_at"] + _AFTER_ITS_TIME
    return at if trade.state == "missing" and clock.now() < at else None


async def _closed_before(trade: at_channel.ChannelTrade, attempt: Any) -> Confirmation:
    await db.execute(_NO_MORE, attempt["payment_no"], _once_more_at(trade, attempt))
    return "closed"


_ASK_LATER = "UPDATE payment SET asks = asks + 1, ask_at = $2 WHERE payment_no = $1"
_LONGEST_PAUSE_S = 600


async def _ask_later(attempt: Any) -> None:
    pause_s = min(attempts.FIRST_QUESTION.total_seconds() * 2 ** min(attempt["asks"], 10), _LONGEST_PAUSE_S)
    at = clock.now() + timedelta(seconds=pause_s)
    if attempt["expires_at"] > clock.now():
        at = min(at, attempt["expires_at"])
    await db.execute(_ASK_LATER, attempt["payment_no"], at)


_ASK_SOON = """
UPDATE payment SET ask_at = $3 WHERE payment_no = $1 AND channel = $2 AND state IN ('created', 'prepared')
"""


async def ask_soon(payment_no: str, channel: str) -> None:
    """Lets the clock ask about a payment at its next tick, if it is still open; numbers that are not ours change nothing."""
    await db.execute(_ASK_SOON, payment_no, channel, clock.now())


_CLAIM = """
WITH due AS (
    SELECT id FROM payment WHERE ask_at <= $1 ORDER BY ask_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE payment SET ask_at = $2 FROM due WHERE payment.id = due.id RETURNING payment.payment_no, payment.channel
"""
_LEASE = timedelta(minutes=2)
"""Longer than the channel can take to leave all questions about one payment without an answer."""


async def poll(channels: Channels, *, limit: int = 50) -> int:
    """Asks about open payments whose time to ask has come: lost callbacks are healed here. Returns how many were settled.

    Each is set aside before it is asked about, so that two workers do not ask about the same.
    """
    settled = 0
    await _switched_on(channels)
    for _ in range(limit):
        row = await db.fetchrow(_CLAIM, clock.now(), clock.now() + _LEASE)
        if row is None:
            break
        try:
            settled += await ask(channels, row["payment_no"]) not in ("waiting",)
        except NoSuchChannel:
            await _switched_off(row["payment_no"], row["channel"])
        except errors.DomainError as refusal:
            log.info("payment %s could not be asked about: %s", row["payment_no"], refusal)
        except Exception:  # one that cannot be handled must not keep the others waiting
            log.exception("payment %s could not be settled", row["payment_no"])
    return settled


_OFF_PAUSE = timedelta(hours=6)
_ASK_MUCH_LATER = "UPDATE payment SET ask_at = $2 WHERE payment_no = $1 AND ask_at IS NOT NULL"


async def _switched_off(payment_no: str, channel: str) -> None:
    """Nobody can be asked: the shop's people are told, once a channel, and it is looked at now and then."""
    log.warning("payment %s waits for %s, which is switched off", payment_no, channel)
    async with db.transaction():
        await db.execute(_ASK_MUCH_LATER, payment_no, clock.now() + _OFF_PAUSE)
        await staff_alerts.raise_once(
            "payments_channel_off", channel, {"channel": channel, "payment_no": payment_no}
        )


_ASK_ALL = "UPDATE payment SET ask_at = $2 WHERE channel = $1 AND ask_at > $2"


async def _switched_on(channels: Channels) -> None:
    """What waited for a channel that can be asked again is asked about now."""
    for name in await staff_alerts.open_of("payments_channel_off", sorted(channels.by_name)):
        async with db.transaction():
            if await staff_alerts.resolve("payments_channel_off", [name]):
                await db.execute(_ASK_ALL, name, clock.now())


_GET = f"SELECT {attempts.columns('p')} FROM payment p WHERE p.payment_no = $1"


async def get(payment_no: str) -> Payment:
    """One payment.

    Raises:
        NoSuchPayment: there is none of this number.
    """
    row = await db.fetchrow(_GET, payment_no)
    if row is None:
        raise NoSuchPayment(payment_no=payment_no)
    return attempts.of_row(tuple(row))
