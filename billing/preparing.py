"""An attempt is opened at its channel, which gives what the customer's SDK needs to pay; where that works for a short time only, it
is asked for again under the same number.
"""

from __future__ import annotations

import json
import logging

from billing import attempts, payments
from billing.channels import Channels
from core import clock, db, money
from gateways import channel as at_channel

log = logging.getLogger(__name__)

_PREPARED = """
UPDATE payment SET state = CASE WHEN state = 'created' THEN 'prepared' ELSE state END, client = $2::jsonb, client_until = $3
WHERE payment_no = $1 AND state IN ('created', 'prepared')
"""


async def prepare(channels: Channels, payment: attempts.Payment, *, description: str) -> None:
    """Opens the payment at its channel, unless that was done and what it gave still works. May be repeated after any failure, with
    the same number.

    ``description`` is what the customer reads at the channel; repeats give the same.

    Raises:
        ChannelUnavailable: no definite answer.
        ChannelDeclined: a definite no; the payment is closed.
    """
    works_no_more = payment.state == "prepared" and payment.is_stale and payment.expires_at > clock.now()
    if payment.state != "created" and not works_no_more:
        return
    opened = channels.find(payment.channel, payment.method)
    order = at_channel.PrepayOrder(
        out_trade_no=payment.payment_no,
        amount_fen=payment.amount_fen,
        currency=money.CURRENCY,
        description=description,
        payer=payment.payer,
        expires_at=payment.expires_at,
        client_ip=payment.client_ip,
        return_url=payment.place.get("return_url"),
        app_id=payment.app_id if payment.app_id != opened.app_id else None,
    )
    try:
        prepared = await opened.channel.prepare(payment.method, order)
    except at_channel.AlreadyPaid:
        await payments.ask(channels, payment.payment_no)
        return
    except (at_channel.ResultUnknown, at_channel.RateLimited) as error:
        raise payments.ChannelUnavailable(channel=payment.channel) from error
    except at_channel.ChannelRefused as refusal:
        log.warning("payment %s refused by %s: %s", payment.payment_no, payment.channel, refusal)
        if not await payments.declined(payment.payment_no):
            return
        raise payments.ChannelDeclined(channel=payment.channel, reason=refusal.code) from refusal
    await db.execute(_PREPARED, payment.payment_no, json.dumps(prepared.client), prepared.good_until)
