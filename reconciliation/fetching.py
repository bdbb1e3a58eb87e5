"""Bills are fetched from the channels once they are ready, and asked for again until they are there.

A channel says the same of a bill that is not made yet and of a day without trades. So a day without a bill for which we have nothing
either is closed after a day of asking; any other is asked for until the shop's patience ends, and then the shop's people are told.
The network is asked with no transaction open: who asks has the day for some minutes first.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from billing import staff_alerts, terms
from billing.channels import Channels
from core import clock, db, errors
from gateways import channel as at_channel
from reconciliation import bill_imports, closing, days, history, meters

log = logging.getLogger(__name__)

READY = timedelta(hours=10, minutes=5)
"""So long after a day's end its bill is asked for first; WeChat Pay makes it by ten in the morning (1.9 of its rules), Alipay by nine."""
_LEASE = timedelta(minutes=15)
_PAUSE, _LONG_PAUSE = timedelta(minutes=20), timedelta(hours=3)
_OFTEN = 24
"""So many times at the short pause, then at the long one."""
_QUIET_AFTER = timedelta(hours=24)
_CATCH_UP_DAYS = 60
"""After a long standstill the clock goes back so far; channels keep bills for three months."""

_KNOWN = """
SELECT coalesce(
    (SELECT max(day) FROM channel_day WHERE channel = $1),
    least((SELECT (created_at AT TIME ZONE 'Asia/Shanghai')::date FROM payment WHERE channel = $1 ORDER BY id LIMIT 1), $2::date) - 1)
"""
"""Up to which day all are known; where none is yet, to before the channel's first payment."""


async def open_days(channels: Channels) -> int:
    """Makes the days known that are over since the last look, of every open channel; none is left out after a standstill, nor where
    payments were begun before the clock came for the first time."""
    opened, last_on = 0, days.yesterday()
    for name in channels.by_name:
        known = await db.fetchval(_KNOWN, name, last_on)
        first_on = max(known, last_on - timedelta(days=_CATCH_UP_DAYS)) + timedelta(days=1)
        for day in _days(first_on, last_on):
            await days.ensure(channels, name, day)
            opened += 1
    return opened


def _days(first_on: date, last_on: date) -> Sequence[date]:
    return [first_on + timedelta(days=n) for n in range((last_on - first_on).days + 1)]


_CLAIM = f"""
WITH due AS (
    SELECT id FROM channel_day WHERE fetch_at <= $1 ORDER BY fetch_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE channel_day SET fetch_at = $2 FROM due WHERE channel_day.id = due.id
RETURNING {", ".join(f"channel_day.{name.strip()}" for name in days.COLUMNS.split(","))}
"""


async def fetch_due(channels: Channels, *, progress: meters.Progress = meters.quiet) -> int:
    """Fetches the bills whose time has come. Returns how many came."""
    came = 0
    while (row := await db.fetchrow(_CLAIM, clock.now(), clock.now() + _LEASE)) is not None:
        day = days.Day(*row)
        if clock.now() < day.ends + READY:
            await _later(day, day.ends + READY, "")
            continue
        came += await fetch(channels, day, progress=progress)
    return came


async def fetch(channels: Channels, day: days.Day, *, progress: meters.Progress = meters.quiet) -> bool:
    """Asks a channel for the bill of one day, and takes it. Says whether it came; otherwise it is asked for later."""
    try:
        channel = channels.find(day.channel).channel
        with tempfile.TemporaryDirectory(prefix="yucun-bill-") as into:
            most = terms.current().bill_bytes_most
            file = await channel.fetch_bill(day.day, Path(into), max_bytes=most)
            given = bill_imports.Given(file.path, f"channel:{day.channel}")
            await bill_imports.take(channels, day.channel, day.day, given, progress=progress)
    except at_channel.BillNotReady:
        return await _not_there(day, "not there yet")
    except at_channel.ChannelError as error:
        return await _not_there(day, f"no answer: {error}")
    except errors.DomainError as refusal:
        log.error("the bill of %s for %s cannot be taken: %s", day.channel, day.day, refusal)
        return await _not_there(day, str(refusal))
    return True


async def _not_there(day: days.Day, answer: str) -> bool:
    now = clock.now()
    if answer == "not there yet" and now > day.ends + _QUIET_AFTER and await closing.close_if_empty(day.id):
        return False
    if now > day.ends + timedelta(days=terms.current().bill_patience_days):
        await _give_up(day, answer)
        return False
    await _later(day, now + (_PAUSE if day.tries < _OFTEN else _LONG_PAUSE), answer)
    return False


_LATER = """
UPDATE channel_day SET fetch_at = $2, tries = tries + CASE WHEN $3 = '' THEN 0 ELSE 1 END, last_answer = left($3, 200)
WHERE id = $1 AND state = 'waiting'
"""


async def _later(day: days.Day, at: object, answer: str) -> None:
    await db.execute(_LATER, day.id, at, answer)


_GAVE_UP = """
UPDATE channel_day SET fetch_at = NULL, gave_up_at = $2, tries = tries + 1, last_answer = left($3, 200)
WHERE id = $1 AND state = 'waiting' RETURNING id
"""


async def _give_up(day: days.Day, answer: str) -> None:
    async with db.transaction():
        if await db.fetchval(_GAVE_UP, day.id, clock.now(), answer) is None:
            return
        told = {"channel": day.channel, "day": day.day.isoformat(), "answer": answer[:200]}
        await staff_alerts.raise_once("bill_missing", f"{day.channel}:{day.day}", told)
        await history.add(day.id, "gave_up", history.CLOCK, answer=answer)


_SOON = "UPDATE channel_day SET fetch_at = $2, gave_up_at = NULL WHERE id = $1 AND state = 'waiting'"


async def rerun(channels: Channels, operator_id: int, channel: str, day: date) -> days.Day:
    """An operator has the clock go on with a day at its next turn: ask for the bill again, or compare again. A closed day is left.

    Raises:
        NoSuchChannel: it is not open.
        DayNotOver: the day is today, or later.
    """
    await days.ensure(channels, channel, day)
    async with db.transaction():
        found = await days.locked(channel, day)
        if found.state == "closed":
            raise days.DayClosed(channel=channel, day=day)
        await db.execute(_SOON, found.id, clock.now())
        await days.compare_soon(found.id)
        await history.add(found.id, "rerun", f"operator:{operator_id}")
    return await days.get(channel, day)
