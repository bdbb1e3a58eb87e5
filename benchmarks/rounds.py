"""Rounds and their statistics: floor, subject and the floor once more take turns in random order; ratios are paired by round."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

NOISY = 0.15
"""An interval that reaches further than this share from its middle says too little."""

AT_MOST_S = 85.0
ENOUGH = 5
"""Rounds are cut short after so long, but never below so many."""
_ALL_IS_TOLD_S = 11.0
"""PostgreSQL's processes publish their statistics once they have had nothing to do for ten seconds: what the rounds did is not to be counted
with what is counted quietly."""

_RESAMPLES = 4000
_CONFIDENCE = 0.95

Segment = Callable[[float], Awaitable[float]]
"""Works for about so many seconds and returns how many operations it did per second."""


class RunFailed(Exception):
    """The benchmark's operations did not do what they should; nothing it measured counts."""


class Measurable(Protocol):
    """What a benchmark makes ready."""

    async def measured(self, *, rounds_: int, seconds: float, order: random.Random) -> Measured:
        """Takes so many rounds, each turn of about so long, in an order of chance.

        Raises:
            RunFailed: an operation went wrong.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """One benchmark, ready to run.

    ``before_round`` makes what a round will use up (orders to pay, periods to charge), outside the time that is measured.
    ``counters`` asks the subject quietly, one operation at a time, for what does not depend on the machine's mood.
    """

    floor: Segment
    subject: Segment
    counters: Callable[[], Awaitable[dict[str, float]]]
    before_round: Callable[[], Awaitable[None]]

    async def measured(self, *, rounds_: int, seconds: float, order: random.Random) -> Measured:
        return await run(self, rounds=rounds_, seconds=seconds, order=order)


@dataclass(frozen=True, slots=True)
class Round:
    """Operations per second of one round."""

    floor: float
    subject: float
    control: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of paired ratios, with a 95 % bootstrap interval."""

    middle: float
    low: float
    high: float

    @property
    def is_noisy(self) -> bool:
        """The interval is wider than ±15 % of the middle."""
        return max(self.high - self.middle, self.middle - self.low) > NOISY * self.middle


@dataclass(frozen=True, slots=True)
class Measured:
    """What a contest came to. ``control`` is the floor against itself: how far from 1 chance alone goes on this machine."""

    rounds: tuple[Round, ...]
    ratio: Ratio
    control: Ratio
    counters: dict[str, float] = field(default_factory=dict)

    @property
    def floor_per_s(self) -> float:
        return statistics.median(one.floor for one in self.rounds)

    @property
    def subject_per_s(self) -> float:
        return statistics.median(one.subject for one in self.rounds)


def ratio(pairs: Sequence[tuple[float, float]], *, seed: int = 1) -> Ratio:
    """The median of ``a / b`` over pairs ``(a, b)``, and the interval in which 95 % of the medians of resampled pairs lie.

    Raises:
        RunFailed: there is no pair, or something stood still.
    """
    if not pairs or any(a <= 0 or b <= 0 for a, b in pairs):
        raise RunFailed("a segment did nothing at all")
    return spread([a / b for a, b in pairs], seed=seed)


def spread(values: Sequence[float], *, seed: int = 1) -> Ratio:
    """The median of values, one of each round, and the interval in which 95 % of the medians of resampled rounds lie."""
    chance = random.Random(seed)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    outside = round(_RESAMPLES * (1 - _CONFIDENCE) / 2)
    return Ratio(statistics.median(values), medians[outside], medians[-outside - 1])


async def run(
    contest: Contest,
    *,
    rounds: int,
    seconds: float,
    order: random.Random,
    at_most_s: float = AT_MOST_S,
    still_s: float = _ALL_IS_TOLD_S,
) -> Measured:
    """Runs the contest: a warm-up that does not count, the rounds, the quiet pass of counters.

    Before the counters nothing is done for ``still_s``. On a slow machine no new round begins after ``at_most_s``, once there are enough for
    an interval.

    Raises:
        RunFailed: an operation went wrong.
    """
    ends_at = time.monotonic() + at_most_s
    await contest.before_round()
    for segment in (contest.floor, contest.subject):
        await segment(min(1.0, seconds))
    done: list[Round] = []
    while len(done) < rounds and (len(done) < ENOUGH or time.monotonic() < ends_at):
        done.append(await _one_round(contest, seconds, order))
    await asyncio.sleep(still_s)
    return Measured(
        tuple(done),
        ratio([(one.subject, one.floor) for one in done]),
        ratio([(one.control, one.floor) for one in done]),
        await contest.counters(),
    )


async def _one_round(contest: Contest, seconds: float, order: random.Random) -> Round:
    await contest.before_round()
    turns = [("floor", contest.floor), ("subject", contest.subject), ("control", contest.floor)]
    order.shuffle(turns)
    per_s = {name: await segment(seconds) for name, segment in turns}
    return Round(**per_s)
