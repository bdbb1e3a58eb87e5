"""Rounds: a chunk of messages sent by one channel each, those that were refused by their next one, until all have ended."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core import clock
from notifications import admission, allowance, endings, letters, policy
from notifications.channels.channel import Channel
from notifications.letters import End, Letter, Outcome
from notifications.pace import Pace
from notifications.policy import INBOX
from notifications.wordings import Wordings

log = logging.getLogger(__name__)

TOO_OFTEN = "too_often"
_PATIENCE_S = 2.0
_BEYOND_PACE = timedelta(seconds=3)
_PATIENT_ATTEMPTS = 3
"""So often a channel that does not answer is waited for; after that the next one is tried as well."""
_FRESH = letters.LEASE / 2
"""So long after a message was noted as on its way it may still be sent; whoever was frozen for longer does not."""


@dataclass(slots=True)
class _Trip:
    """One message by one channel."""

    letter: Letter
    channel: Channel[Any]
    draft: Any
    is_admitted: bool = False
    """Whether the channel's books let it go; they are told what came of it then."""
    outcome: Outcome | None = None


class Rounds:
    """Sends one chunk and records how each message ended."""

    def __init__(
        self,
        channels: Mapping[str, Channel[Any]],
        pace: Pace,
        words: Wordings,
        lease: uuid.UUID,
        counts: Counter[str],
    ) -> None:
        self._channels = channels
        self._pace = pace
        self._words = words
        self._lease = lease
        self._counts = counts
        self._passed: defaultdict[int, dict[str, Outcome | None]] = defaultdict(dict)
        """The channels each message has been past in this run, with what they said."""

    async def send(self, admitted: Sequence[Letter]) -> None:
        """Round after round until every message has ended, or waits."""
        waiting = list(admitted)
        while waiting:
            waiting = await self._round(waiting)

    async def _round(self, waiting: Sequence[Letter]) -> list[Letter]:
        """Returns those that go on to the next round."""
        ends: list[End] = []
        trips: list[_Trip] = []
        for letter in waiting:
            chosen = self._choose(letter)
            if isinstance(chosen, End):
                ends.append(chosen)
            else:
                trips.append(chosen)
        ends += await self._beyond_allowance(trips)
        travelling, put_back = await self._let_go(_not_ended(trips, ends))
        ends += put_back
        begun = clock.now()
        ours = await letters.begin(
            self._lease,
            {trip.letter.id: trip.channel.name for trip in travelling},
            repeats=[trip.letter.id for trip in travelling if trip.letter.trying is not None],
        )
        await self._travel([trip for trip in travelling if trip.letter.id in ours], begun)
        await self._settle(trips)
        ends += [end for trip in travelling if trip.letter.id in ours and (end := self._arrived(trip))]
        await self._record(ends)
        gone = {end.letter.id for end in ends} | {t.letter.id for t in travelling if t.letter.id not in ours}
        return [letter for letter in waiting if letter.id not in gone]

    def _choose(self, letter: Letter) -> _Trip | End:
        """The next channel that is open to it, or how it ends without one."""
        if (until := admission.quiet_until(letter, clock.now())) is not None:
            return endings.held(letter, until)
        passed = self._passed[letter.id]
        for name in _ladder(letter):
            channel = self._channels.get(name)
            if channel is None or name in passed or name in letter.refused_by:
                continue
            try:
                draft = channel.draft(letter, self._words)
            except Exception as fault:  # one that cannot be put into words must not keep the others waiting
                log.exception("message %s could not be put into words", letter.id)
                outcome = Outcome("failed", type(fault).__name__, str(fault))
                letter.log.append((name, outcome))
                return endings.postponed(letter, outcome)
            if draft is not None:
                return _Trip(letter, channel, draft)
        if letter.trying is not None:
            return endings.perhaps(letter, letter.trying, "")
        struggled = next((said for said in passed.values() if said is not None), None)
        return endings.sent(letter, INBOX) if struggled is None else endings.postponed(letter, struggled)

    async def _beyond_allowance(self, trips: Sequence[_Trip]) -> list[End]:
        counted = [
            trip.letter
            for trip in trips
            if trip.letter.kind_class != "transactional" and not trip.letter.is_counted
        ]
        allowed = await allowance.take(self._lease, counted)
        return [
            endings.void(letter, TOO_OFTEN)
            if letter.kind_class == "marketing"
            else endings.sent(letter, INBOX)
            for letter in counted
            if letter.id not in allowed
        ]

    async def _let_go(self, trips: Sequence[_Trip]) -> tuple[list[_Trip], list[End]]:
        """Those that their channel's books and pace let go; those beyond the pace are put back."""
        going: list[_Trip] = []
        put_back: list[End] = []
        for channel, of_channel in _by_channel(trips):
            admitted = await channel.admit([(trip.letter, trip.draft) for trip in of_channel])
            for trip in of_channel:
                trip.is_admitted = trip.letter.id in admitted
                if not trip.is_admitted:
                    self._passed[trip.letter.id][channel.name] = None
            able = [trip for trip in of_channel if trip.is_admitted]
            count = await self._pace.take(channel.name, len(able), patience_s=_PATIENCE_S)
            going += able[:count]
            put_back += [endings.held(trip.letter, clock.now() + _BEYOND_PACE) for trip in able[count:]]
        return going, put_back

    async def _travel(self, trips: Sequence[_Trip], begun: datetime) -> None:
        """All at once, but for those to the same customer, of whom the platform takes one at a time."""
        by_customer: defaultdict[int, list[_Trip]] = defaultdict(list)
        for trip in trips:
            by_customer[trip.letter.customer_id].append(trip)
        await asyncio.gather(*(_one_by_one(mine, begun + _FRESH) for mine in by_customer.values()))

    async def _settle(self, trips: Sequence[_Trip]) -> None:
        for channel, of_channel in _by_channel([trip for trip in trips if trip.is_admitted]):
            await channel.settle([(trip.letter, trip.draft, trip.outcome) for trip in of_channel])

    def _arrived(self, trip: _Trip) -> End | None:
        """How the message ends by what its channel said; None: it goes on to the next round."""
        letter, name, outcome = trip.letter, trip.channel.name, trip.outcome
        if outcome is None:  # its time was over before it left
            return endings.held(letter, clock.now())
        letter.log.append((name, outcome))
        match outcome.result:
            case "sent":
                return endings.sent(letter, name)
            case "refused" if letter.trying is not None:  # the repeat was; the first may have arrived
                return endings.perhaps(letter, name, outcome.note)
            case "refused":
                letter.refused_by |= {name}
                return None
            case "unknown" if not trip.channel.can_find_out:
                return endings.perhaps(letter, name, outcome.note)
            case "unknown":
                return endings.postponed(letter, outcome, in_doubt=name)
            case _ if letter.trying is not None or letter.attempts < _PATIENT_ATTEMPTS:
                return endings.postponed(letter, outcome)
            case _:
                self._passed[letter.id][name] = outcome
                return None

    async def _record(self, ends: Sequence[End]) -> None:
        ours = await letters.record(self._lease, ends)
        self._counts.update(endings.name_of(end) for end in ends if end.letter.id in ours)


async def _one_by_one(trips: Sequence[_Trip], until: datetime) -> None:
    for trip in trips:
        if clock.now() >= until:
            return
        try:
            trip.outcome = await trip.channel.send(trip.letter, trip.draft)
        except (
            Exception
        ) as fault:  # a channel is an edge, and what it stumbled over may have come after the sending
            log.exception("message %s: the channel %s failed", trip.letter.id, trip.channel.name)
            trip.outcome = Outcome("unknown", "", type(fault).__name__)


def _ladder(letter: Letter) -> Sequence[str]:
    """The channels for it, the first first: the shop's for its class, in the customer's order where they have one. What may have
    gone out already has only the channel it may have gone by."""
    if letter.trying is not None:
        return [letter.trying]
    shops = policy.current().channels[letter.kind_class]
    return shops if letter.channels is None else [name for name in letter.channels if name in shops]


def _by_channel(trips: Sequence[_Trip]) -> list[tuple[Channel[Any], list[_Trip]]]:
    found: dict[str, tuple[Channel[Any], list[_Trip]]] = {}
    for trip in trips:
        found.setdefault(trip.channel.name, (trip.channel, []))[1].append(trip)
    return list(found.values())


def _not_ended(trips: Sequence[_Trip], ends: Sequence[End]) -> list[_Trip]:
    ended = {end.letter.id for end in ends}
    return [trip for trip in trips if trip.letter.id not in ended]
