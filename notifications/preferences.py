"""Preferences 消息设置: what a customer wants to be told, by which channels, and at which hours not.

Marketing needs the customer's own yes (Advertising Law, article 43; Personal Information Protection Law, article 24): each yes and no
is written down with the words that were shown, where it was said and by whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from core import clock, db, errors
from notifications import policy, quiet

Door = Literal["mini_program", "chat", "counter"]
WORDING_CHARS = 300


class QuietHoursWrong(errors.Invalid):
    """Quiet hours have two different ends, and together with the shop's leave some of the day."""

    code = "quiet_hours_wrong"


class ChannelsWrong(errors.Invalid):
    """Channels are chosen among those there are, each once."""

    code = "message_channels_wrong"


class ConsentNotWorded(errors.Invalid):
    """Who agrees to marketing was shown something: it is written down."""

    code = "consent_not_worded"


@dataclass(frozen=True, slots=True)
class Preferences:
    """``channels`` None: the shop's, in its order; else the only ones wanted, the first first. Quiet hours in minutes after midnight
    in the shop's zone, None: only the shop's own."""

    reminders: bool = True
    marketing: bool = False
    channels: Sequence[str] | None = None
    quiet_from_minute: int | None = None
    quiet_until_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """One yes or no to marketing."""

    id: int
    agreed: bool
    wording: str
    door: str
    by: str
    at: datetime


_GET = """
SELECT reminders, marketing, channels, quiet_from_minute, quiet_until_minute FROM message_preference WHERE customer_id = $1
"""


async def of(customer_id: int) -> Preferences:
    """A customer's preferences; of who chose nothing, what everybody begins with."""
    row = await db.fetchrow(_GET, customer_id)
    return Preferences() if row is None else Preferences(*row)


_PUT = """
INSERT INTO message_preference (customer_id, reminders, marketing, channels, quiet_from_minute, quiet_until_minute, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (customer_id) DO UPDATE SET reminders = $2, marketing = $3, channels = $4, quiet_from_minute = $5,
    quiet_until_minute = $6, updated_at = $7
"""
_LOCK = "SELECT 1 FROM customer WHERE id = $1 FOR NO KEY UPDATE"
_CONSENT = """
INSERT INTO marketing_consent (customer_id, agreed, wording, door, by, at) VALUES ($1, $2, $3, $4, $5, $6)
"""


@db.retried
async def put(customer_id: int, chosen: Preferences, *, wording: str, door: Door, by: str) -> Preferences:
    """Sets all of them. A change of mind about marketing is written down; ``wording``: what was shown with the question.

    Raises:
        QuietHoursWrong, ChannelsWrong.
        ConsentNotWorded: they agree, and nothing is said to what.
    """
    _check(chosen)
    async with db.transaction():
        await db.fetchval(_LOCK, customer_id)
        await _write(customer_id, await of(customer_id), chosen, _Said(wording, door, by))
    return chosen


@db.retried
async def change(
    customer_id: int,
    *,
    reminders: bool | None = None,
    marketing: bool | None = None,
    wording: str,
    door: Door,
    by: str,
) -> Preferences:
    """Sets one and leaves the others as they are by then; what nobody changes is not looked at again.

    Raises:
        ConsentNotWorded: as ``put``.
    """
    async with db.transaction():
        await db.fetchval(_LOCK, customer_id)
        before = await of(customer_id)
        chosen = replace(
            before,
            reminders=before.reminders if reminders is None else reminders,
            marketing=before.marketing if marketing is None else marketing,
        )
        await _write(customer_id, before, chosen, _Said(wording, door, by))
    return chosen


@dataclass(frozen=True, slots=True)
class _Said:
    """What stands in the consent's row beside the yes or no."""

    wording: str
    door: Door
    by: str


async def _write(customer_id: int, before: Preferences, chosen: Preferences, said: _Said) -> None:
    """In the open transaction, the customer locked."""
    now = clock.now()
    await db.execute(
        _PUT,
        customer_id,
        chosen.reminders,
        chosen.marketing,
        None if chosen.channels is None else list(chosen.channels),
        chosen.quiet_from_minute,
        chosen.quiet_until_minute,
        now,
    )
    if chosen.marketing != before.marketing:
        if chosen.marketing and not said.wording.strip():
            raise ConsentNotWorded
        await db.execute(
            _CONSENT, customer_id, chosen.marketing, said.wording[:WORDING_CHARS], said.door, said.by, now
        )


_CONSENTS = """
SELECT id, agreed, wording, door, by, at FROM marketing_consent WHERE customer_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""


async def consents(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Consent]:
    """What a customer said to marketing, the last first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_CONSENTS, customer_id, before if before is not None else 2**62, limit)
    return [Consent(*row) for row in rows]


def _check(chosen: Preferences) -> None:
    ends = (chosen.quiet_from_minute, chosen.quiet_until_minute)
    if ends != (None, None):
        if ends[0] is None or ends[1] is None:
            raise QuietHoursWrong
        try:
            own = quiet.Hours(ends[0], ends[1])
        except ValueError:
            raise QuietHoursWrong from None
        shops = quiet.of_times(policy.current().quiet_from, policy.current().quiet_until)
        if all(
            own.have(minute) or (shops is not None and shops.have(minute))
            for minute in range(quiet.MINUTES_A_DAY)
        ):
            raise QuietHoursWrong
    if chosen.channels is not None and (
        len(set(chosen.channels)) != len(chosen.channels) or not set(chosen.channels) <= set(policy.CHANNELS)
    ):
        raise ChannelsWrong
