"""Delivery: claim queued messages, get each to its customer by the best channel open to it, record what came of it.

A few lanes run beside each other. Each claims a chunk, looks which of it may go out now, and sends it in rounds: whoever a
channel refuses for good is tried by the next channel in the next round. Before anything leaves, the row says by which channel;
so whoever finds a dead worker's message knows that it may have arrived, and asks or leaves it, but never sends it twice.
Nothing is sent inside a transaction.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from notifications import letters, templates, wordings
from notifications.admission import Admission
from notifications.channels.channel import Channel
from notifications.pace import Pace
from notifications.rounds import Rounds

LEASE = letters.LEASE
LANES = 4
CHUNK = 64
"""So many messages are on their way at most: lanes times chunk."""


@dataclass(frozen=True, slots=True)
class Post:
    """How messages leave the house: the channels the shop has, and how many each is given in a second."""

    app_id: str
    channels: Mapping[str, Channel[Any]]
    by_kind: Mapping[str, templates.Template] = field(default_factory=dict)
    """The settings' templates of subscribe messages, which customers are asked to accept."""
    official_app_id: str | None = None
    pace: Pace = field(default_factory=lambda: Pace(None, {}))


async def run(post: Post, *, limit: int = 50_000) -> Counter[str]:
    """Delivers what is due, some ``limit`` messages at most. Returns how many went which way: by the name of the channel, or
    ``inbox``, ``unknown`` (may have arrived), ``void``, ``held`` (quiet hours, or the pace), ``retry``, ``dead``."""
    run_ = _Run(post, await wordings.current(), Counter(), limit)
    lease, first = await run_.claimed()
    if len(first) < CHUNK:  # nobody else is needed
        await run_.send(lease, first)
        return run_.counts
    ended = await asyncio.gather(
        run_.lane(lease, first), *(run_.lane() for _ in range(LANES - 1)), return_exceptions=True
    )
    for fault in ended:
        if isinstance(fault, BaseException):
            raise fault
    return run_.counts


@dataclass(slots=True)
class _Run:
    """What the lanes of one run share."""

    post: Post
    words: wordings.Wordings
    counts: Counter[str]
    left: int
    """So many messages may still be claimed."""

    async def lane(self, lease: uuid.UUID | None = None, claimed: Sequence[letters.Letter] = ()) -> None:
        """Chunk after chunk, until nothing is due."""
        while True:
            if lease is not None:
                await self.send(lease, claimed)
            lease, claimed = await self.claimed()
            if not claimed:
                return

    async def claimed(self) -> tuple[uuid.UUID, list[letters.Letter]]:
        """The next chunk, under a lease of its own."""
        lease, limit = uuid.uuid4(), min(CHUNK, self.left)
        if limit <= 0:
            return lease, []
        self.left -= limit
        found = await letters.claim(
            lease, limit=limit, app_id=self.post.app_id, official_app_id=self.post.official_app_id
        )
        return lease, found

    async def send(self, lease: uuid.UUID, claimed: Sequence[letters.Letter]) -> None:
        """One chunk."""
        channels = self.post.channels
        admitted = await Admission(channels, lease, self.counts).let(claimed)
        await Rounds(channels, self.post.pace, self.words, lease, self.counts).send(admitted)
