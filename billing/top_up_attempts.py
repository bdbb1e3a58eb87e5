"""One top-up, several attempts to pay it: by another channel, at another place, or with parameters that work again.

The top-up keeps its number, terms and place under the limits. The attempt before is left: it is closed at its channel, at once if the
channel answers, else by the clock. Whichever is paid first pays the top-up; what comes by another is set aside (``payments.confirm``).
"""

from __future__ import annotations

import asyncio
import logging

from billing import attempts, payment_methods, top_ups
from billing.channels import Channels
from billing.top_ups import LIFETIME, NoSuchTopUp, TopUp
from core import clock, db, errors
from ledger import accounts, idempotency

log = logging.getLogger(__name__)


class TopUpEnded(errors.Conflict):
    """The top-up was paid or has ended; another payment needs another top-up."""

    code = "top_up_ended"


class TopUpUnderReview(errors.Conflict):
    """Money came for the top-up that does not match; somebody in the shop looks at it before it is paid otherwise."""

    code = "top_up_under_review"


class TooManyAttempts(errors.Conflict):
    """The top-up was begun to be paid as often as one may be."""

    code = "too_many_attempts"


MOST = 10
"""So many attempts a top-up may have: it cannot keep its place under the limits for ever."""
_PATIENCE_S = 4.0
"""So long the channel that is left is waited for; who changes it may do so because it does not answer."""
_ANY_USE = LIFETIME / 6
"""An attempt that is over sooner is not continued: paying takes a while."""


async def pay(
    channels: Channels,
    customer_id: int,
    top_up_no: str,
    *,
    channel: str,
    method: str,
    payer: str | None = None,
    key: str,
    place: payment_methods.Place = payment_methods.NOWHERE,
) -> TopUp:
    """Gives what the customer needs to pay a top-up by this channel and method. The same key gives the same attempt, prepared again
    if needed; so does the way it is being paid already. Otherwise the attempt so far is left for a new one.

    The answer tells how the top-up stands: where the attempt before turns out to be paid, it is credited.

    Raises:
        NoSuchTopUp, TopUpEnded, TopUpUnderReview, TooManyAttempts, NoSuchChannel, MethodNotHere, ReturnAddressNotOurs, PayerUnknown,
        KeyReused,
        ChannelUnavailable: the channel gave no definite answer; asking again with the same key is safe,
        ChannelDeclined: the channel will not take it.
    """
    chosen = await payment_methods.choose(
        channels, customer_id, channel=channel, method=method, place=place, payer=payer
    )
    payment_no = await _begin(chosen, customer_id, top_up_no, key=key)
    await _close_left(channels, customer_id, top_up_no)
    found = await top_ups.get(customer_id, top_up_no)
    if found.payment.payment_no != payment_no:  # paid by another, or changed once more by a twin
        return found
    return await top_ups.prepared(channels, found)


async def _begin(chosen: payment_methods.Chosen, customer_id: int, top_up_no: str, *, key: str) -> str:
    async def act() -> str:
        tried = await attempts.locked("top_up", top_up_no, customer_id)
        pay_fen = await _expected(tried, customer_id, top_up_no)
        current = next((one for one in tried if one.is_open and one.left_at is None), None)
        if current is not None and _is_the_same(current, chosen):
            return current.payment_no
        if len(tried) >= MOST:
            raise TooManyAttempts(top_up_no=top_up_no, most=MOST)
        if current is not None:
            await attempts.leave(current.payment_no)
        return await top_ups.attempt(chosen, customer_id, top_up_no, pay_fen)

    asked = {
        "top_up_no": top_up_no,
        "channel": chosen.opened.channel.name,
        "method": chosen.method,
        "client": chosen.place.client,
    }
    return await idempotency.alone(
        caller=accounts.of_customer(customer_id), operation="top_ups.pay", key=key, content=asked, act=act
    )


_LOCK = "SELECT state, pay_fen FROM top_up WHERE top_up_no = $1 AND customer_id = $2 FOR NO KEY UPDATE"
_LOOKED_AT = """
SELECT EXISTS (
    SELECT FROM payment p JOIN quarantine q ON q.payment_no = p.payment_no AND q.channel = p.channel AND q.state <> 'resolved'
    WHERE p.purpose = 'top_up' AND p.purpose_no = $1 AND p.state = 'quarantined')
"""


async def _expected(tried: list[attempts.Payment], customer_id: int, top_up_no: str) -> int:
    """What is to be paid for it, locked after its attempts."""
    row = await db.fetchrow(_LOCK, top_up_no, customer_id)
    if row is None or not tried:
        raise NoSuchTopUp(top_up_no=top_up_no)
    if row["state"] != "pending":
        raise TopUpEnded(top_up_no=top_up_no, state=row["state"])
    if await db.fetchval(_LOOKED_AT, top_up_no):
        raise TopUpUnderReview(top_up_no=top_up_no)
    return int(row["pay_fen"])


def _is_the_same(current: attempts.Payment, chosen: payment_methods.Chosen) -> bool:
    is_so = (current.channel, current.method, current.payer, current.app_id, current.place) == (
        chosen.opened.channel.name, chosen.method, chosen.payer, chosen.app_id, dict(chosen.place.kept),
    )  # fmt: skip
    return is_so and current.expires_at > clock.now() + _ANY_USE


async def _close_left(channels: Channels, customer_id: int, top_up_no: str) -> None:
    """Closes what was left at its channel, before another is opened there, or finds it paid. What has no answer is the clock's."""
    left = [one for one in await top_ups.attempts_of(customer_id, top_up_no) if one.left_at is not None]
    try:
        async with asyncio.timeout(_PATIENCE_S):
            failed = await top_ups.ask_open(channels, left)
    except TimeoutError:
        log.info("top-up %s: what was left is left to the clock: no answer in time", top_up_no)
    else:
        for number, error in failed.items():
            log.info("top-up %s: %s, which was left, is left to the clock: %s", top_up_no, number, error)
