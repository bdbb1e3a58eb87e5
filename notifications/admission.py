"""Admission: which claimed messages may go out now."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core import clock
from notifications import endings, letters, policy, quiet, truth
from notifications.channels.channel import Channel
from notifications.letters import End, Letter, Outcome

log = logging.getLogger(__name__)

STALE, SWITCHED_OFF, NOT_AGREED, GONE = "stale", "switched_off", "not_agreed", "gone"
_GONE_STATES = ("merged", "closing", "closed")


class Admission:
    """Looks at one chunk; what may not go out is recorded as it ends."""

    def __init__(self, channels: Mapping[str, Channel[Any]], lease: uuid.UUID, counts: Counter[str]) -> None:
        self._channels = channels
        self._lease = lease
        self._counts = counts

    async def let(self, claimed: Sequence[Letter]) -> list[Letter]:
        """Those that may."""
        in_doubt = [letter for letter in claimed if letter.trying]
        found = await asyncio.gather(
            *(self._found_out(letter) for letter in in_doubt)
        )  # others' silence is waited for once
        ends = [end for end in found if end is not None]
        rest = _without(claimed, ends)
        ends += [end for letter in rest if (end := _barred(letter))]
        rest = _without(claimed, ends)
        ends += await _untrue(rest)
        rest = _without(claimed, ends)
        ours = await letters.record(self._lease, ends)
        self._counts.update(endings.name_of(end) for end in ends if end.letter.id in ours)
        return rest

    async def _found_out(self, letter: Letter) -> End | None:
        """What became of an attempt that nobody saw the end of. None: it may be tried, or tried again."""
        name = letter.trying or ""
        channel = self._channels.get(name)
        try:
            found = Outcome("unknown") if channel is None else await channel.find_out(letter)
        except (
            Exception
        ) as fault:  # a channel is an edge: one that cannot be asked must not keep the others waiting
            log.exception("the end of message %s could not be found out", letter.id)
            found = Outcome("later", "", type(fault).__name__)
        if found == "repeat":
            return None
        if found == "absent":
            letter.trying = None
            return None
        letter.log.append((name, found))
        match found.result:
            case "sent":
                return endings.sent(letter, name)
            case "refused":
                letter.refused_by |= {name}
                letter.trying = None
                return None
            case "later":
                return endings.postponed(letter, found, in_doubt=name)
            case _:
                return endings.perhaps(letter, name, found.note)


def _barred(letter: Letter) -> End | None:
    now = clock.now()
    if letter.stale_after is not None and letter.stale_after <= now:
        return endings.void(letter, STALE)
    if letter.kind_class == "transactional":
        return None
    if letter.customer_state in _GONE_STATES:
        return endings.void(letter, GONE)
    if letter.kind_class == "reminder" and not letter.reminders:
        return endings.void(letter, SWITCHED_OFF)
    if letter.kind_class == "marketing" and not letter.marketing:
        return endings.void(letter, NOT_AGREED)
    until = quiet_until(letter, now)
    return None if until is None else endings.held(letter, until)


def quiet_until(letter: Letter, now: datetime) -> datetime | None:
    """When the quiet hours that hold it back are over; None: none do."""
    if letter.kind_class == "transactional":
        return None
    chosen = policy.current()
    shops = quiet.of_times(chosen.quiet_from, chosen.quiet_until)
    return quiet.until(now, [hours for hours in (shops, letter.quiet_hours) if hours is not None])


async def _untrue(waiting: Sequence[Letter]) -> list[End]:
    by_kind: defaultdict[str, list[Letter]] = defaultdict(list)
    for letter in waiting:
        by_kind[letter.kind].append(letter)
    ends: list[End] = []
    for kind, of_kind in by_kind.items():
        try:
            found = await truth.untrue([letter.waiting for letter in of_kind])
        except Exception as fault:  # whatever a check stumbles over: what cannot be checked is not said
            log.exception("whether messages %s are true could not be found out", kind)
            ends += [
                endings.postponed(letter, Outcome("failed", "", type(fault).__name__)) for letter in of_kind
            ]
            continue
        ends += [endings.void(letter, found[letter.id]) for letter in of_kind if letter.id in found]
    return ends


def _without(claimed: Sequence[Letter], ends: Sequence[End]) -> list[Letter]:
    ended = {end.letter.id for end in ends}
    return [letter for letter in claimed if letter.id not in ended]
