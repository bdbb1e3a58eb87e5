"""The clock's turn at reconciliation: days that are over become known, bills are fetched, compared, asked about, closed."""

from __future__ import annotations

import logging
from datetime import timedelta

from billing.channels import Channels
from core import clock, db, errors
from reconciliation import asking, closing, comparing, days, differences, fetching, funds, meters

log = logging.getLogger(__name__)

_LEASE = timedelta(minutes=30)
_CLAIM = """
WITH due AS (
    SELECT id FROM channel_day WHERE match_at <= $1 ORDER BY match_at, day LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE channel_day SET match_at = $2 FROM due WHERE channel_day.id = due.id RETURNING channel_day.id
"""


_LOOK_AGAIN_EVERY = timedelta(hours=1)
_LOOK_AGAIN = """
UPDATE channel_day SET match_at = $1 WHERE state = 'matched' AND match_at IS NULL AND matched_at < $2
"""


async def run(channels: Channels, *, progress: meters.Progress = meters.quiet) -> int:
    """One turn. Returns how many days were closed. Several at once share the work.

    Days that are not explained are looked at again every hour: what was missing may have been confirmed or decided on elsewhere.
    """
    await fetching.open_days(channels)
    await fetching.fetch_due(channels, progress=progress)
    await funds.fetch_due(channels)
    await db.execute(_LOOK_AGAIN, clock.now(), clock.now() - _LOOK_AGAIN_EVERY)
    closed = await compare_due()
    while await asking.ask_due(channels):
        closed += await compare_due()
    return closed


async def compare_due() -> int:
    """Compares the days whose time has come, tells of what is left, and closes what is explained. Returns how many were closed."""
    closed = 0
    while (day_id := await db.fetchval(_CLAIM, clock.now(), clock.now() + _LEASE)) is not None:
        try:
            await comparing.compare(day_id)
            await _tell(day_id)
            closed += await closing.close_if_explained(day_id)
        except errors.DomainError as refusal:
            log.error("day %s could not be compared: %s", day_id, refusal)
    return closed


@db.retried
async def _tell(day_id: int) -> None:
    async with db.transaction():
        await differences.alert(await days.locked_by_id(day_id))
