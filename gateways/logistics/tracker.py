"""What an aggregator of carriers is asked, in nobody's dialect. Another one is another file beside Kuaidi100's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

State = Literal[
    "collected", "in_transit", "delivering", "signed", "trouble", "rejected", "returning", "returned", "forwarded", "customs",
]  # fmt: skip
"""How a parcel stands: ``trouble``: the carrier does not get on with it; ``rejected``: its receiver would not have it; ``returned``: it is
with its sender again."""
ENDED: frozenset[State] = frozenset({"signed", "returned"})


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel: ours to name by ``id``; the carrier as the shop writes it, a name or the aggregator's code. ``phone_end``: the last
    four digits of its sender's or receiver's number, which some carriers ask for."""

    id: int
    carrier: str
    tracking_no: str
    phone_end: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a parcel."""

    at: datetime
    text: str
    state: State | None = None
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """A parcel as the aggregator knows it: how it stands, and every step, in no promised order."""

    state: State
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Push:
    """What an aggregator says by itself. ``is_over``: it says no more, because the parcel has arrived; ``is_given_up``: because it knows
    nothing of it, or nothing new for long. ``track`` is None where it has none."""

    tracking_no: str
    track: Track | None
    is_over: bool = False
    is_given_up: bool = False
    message: str = ""


class TrackerError(Exception):
    """A call to the aggregator that did not succeed."""


class TrackerRefused(TrackerError):
    """It said no, for good: an unknown carrier, a number that is none, our key."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class NothingYet(TrackerError):
    """The carrier knows nothing of this number so far."""


class TrackerUnknown(TrackerError):
    """No usable answer, or not now."""


class BadPush(Exception):
    """Not provably from the aggregator, or not of the promised shape. The message is for our log."""


class Tracker(Protocol):
    """An aggregator of carriers."""

    def knows(self, carrier: str) -> bool:
        """Whether it knows this carrier."""
        ...

    async def subscribe(self, parcel: Parcel) -> None:
        """From now on it pushes what becomes of the parcel. Again is harmless.

        Raises: TrackerRefused, TrackerUnknown.
        """
        ...

    async def query(self, parcel: Parcel) -> Track:
        """Where the parcel is now. To be asked twice an hour for one parcel at most.

        Raises: TrackerRefused, NothingYet, TrackerUnknown.
        """
        ...

    def read_push(self, parcel_id: int, form: Mapping[str, str]) -> Push:
        """The push of a parcel, proven.

        Raises: BadPush.
        """
        ...
