"""Before anybody is blamed the channel is asked: most of what is missing here is a notification that was lost.

A bill is a hint; the channel's own answer is the word. So what is in a bill and not here is not credited because a file says so
(files can be brought by hand, and some carry no signature), but because the channel, asked about that number, says that it was
paid: the answer goes through the one ``confirm``, or ``settle`` for refunds, like any other.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from billing import payments, refunds
from billing.channels import Channels
from core import clock, db, errors
from gateways import channel as at_channel
from reconciliation import days, history

log = logging.getLogger(__name__)

TIMES = 3
"""So often one difference is asked about; without an answer it is shown as it is."""
_LEASE = timedelta(minutes=2)
"""Longer than the channel can take to leave the questions about one difference without an answer."""
_PAUSE = timedelta(minutes=10)

_CLAIM = """
WITH due AS (
    SELECT id FROM difference WHERE ask_at <= $1 ORDER BY ask_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE difference x SET ask_at = $2 FROM due, channel_day d WHERE x.id = due.id AND d.id = x.day_id
RETURNING x.id, x.day_id, d.channel, x.subject, x.payment_no, x.refund_no, x.asks
"""


async def ask_due(channels: Channels, *, limit: int = 50) -> int:
    """Asks about differences whose time to be asked about has come. Returns how many were.

    Each is claimed when its turn comes: a channel that leaves many without an answer does not outlast the claim of the last.
    """
    asked = 0
    while asked < limit:
        row = await db.fetchrow(_CLAIM, clock.now(), clock.now() + _LEASE)
        if row is None:
            break
        asked += 1
        try:
            answer, is_definite = await _answer(channels, row), True
        except (at_channel.ChannelError, errors.DomainError) as error:
            answer, is_definite = f"no answer: {error}", False
        except Exception:  # one that cannot be handled must not keep the others waiting
            log.exception("difference %s could not be asked about", row["id"])
            answer, is_definite = "no answer", False
        await _record(row, answer, is_definite=is_definite)
    return asked


async def _answer(channels: Channels, row: Mapping[str, Any]) -> str:
    channel = channels.find(row["channel"]).channel
    if row["subject"] == "payment":
        trade = await channel.query(row["payment_no"])
        return f"{trade.state}: {await payments.confirm(trade)}"
    if not row["refund_no"]:
        return "no number of ours to ask about"
    found = await channel.query_refund(out_trade_no=row["payment_no"], out_refund_no=row["refund_no"])
    return f"{found.state}: {await refunds.settle(row['channel'], found)}"


_ANSWERED = """
UPDATE difference SET asks = asks + 1, last_answer = left($2, 200), state = CASE WHEN $3 THEN 'open' ELSE state END,
    ask_at = CASE WHEN $3 THEN NULL ELSE $4::timestamptz END
WHERE id = $1 AND state = 'asking' RETURNING id
"""


@db.retried
async def _record(row: Mapping[str, Any], answer: str, *, is_definite: bool) -> None:
    is_over = is_definite or row["asks"] + 1 >= TIMES
    async with db.transaction():
        await days.locked_by_id(row["day_id"])
        if await db.fetchval(_ANSWERED, row["id"], answer, is_over, clock.now() + _PAUSE) is None:
            return
        await history.add(row["day_id"], "asked", history.CLOCK, difference_id=row["id"], answer=answer)
        await days.compare_soon(row["day_id"])
