"""Whether a period costs more in a long due run than in a short one: days of several sizes, each in a database of its own.

The slope of the logarithm of a whole run's cost against the logarithm of its size: 1 is a cost in proportion, 1.05 means 12 % more for
each period of a run ten times as long. The ratio reported is the speed of ten times the size to the speed.

``DUE_SIZES="10000 100000 1000000"`` chooses the sizes.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from app import database
from benchmarks import due_shop, place, rounds
from billing import deductions
from core import clock
from ledger import proof

FLOOR = "the same at a tenth of the size"
SLOPE = 0.05
TARGET = float(10**-SLOPE)
SIZES = tuple(int(size) for size in os.environ.get("DUE_SIZES", "10000 100000").split())


@dataclass(slots=True)
class _Sized:
    """A shop of one size, in a database of its own, which is open only while its day is taken."""

    shop: due_shop.Shop
    url: str

    async def took(self) -> float:
        """Takes a day; returns how long that took."""
        clock.set_offset(timedelta(days=self.shop.day))
        async with database.opened(self.url, pool_max=2):
            began = time.perf_counter()
            done = await deductions.run_due()
            took = time.perf_counter() - began
            await self.shop.taken(done.due)
        return took


@dataclass(slots=True)
class Slope:
    """All sizes, ready."""

    sized: list[_Sized]

    async def measured(self, *, rounds_: int, seconds: float, order: random.Random) -> rounds.Measured:
        """In each round every size has one day."""
        ends_at = time.monotonic() + rounds.AT_MOST_S * 3
        slopes: list[float] = []
        speeds: list[rounds.Round] = []
        while len(slopes) < rounds_ and (len(slopes) < rounds.ENOUGH or time.monotonic() < ends_at):
            costs: dict[int, float] = {}
            for one in order.sample(self.sized, len(self.sized)):
                costs[one.shop.periods] = await one.took()
            slopes.append(slope(costs))
            small, large = min(costs), max(costs)
            speeds.append(rounds.Round(small / costs[small], large / costs[large], small / costs[small]))
        await self._prove()
        found = rounds.spread(slopes)
        counters = {
            "slope": round(found.middle, 4),
            "slope_low": round(found.low, 4),
            "slope_high": round(found.high, 4),
        }
        ratio = rounds.spread([float(10 ** (1 - one)) for one in slopes])
        return rounds.Measured(tuple(speeds), ratio, rounds.Ratio(1.0, 1.0, 1.0), counters)

    async def _prove(self) -> None:
        for one in self.sized:
            async with database.opened(one.url, pool_max=2):
                if violations := await proof.check():
                    raise rounds.RunFailed(f"{one.shop.periods}: the books do not balance: {violations}")


def slope(costs: dict[int, float]) -> float:
    """How steeply log cost rises with the log of the size, by least squares."""
    points = [(math.log10(size), math.log10(cost)) for size, cost in costs.items()]
    x_mean, y_mean = (statistics.fmean(point[axis] for point in points) for axis in (0, 1))
    variance = sum((x - x_mean) ** 2 for x, _ in points)
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / variance


@contextlib.asynccontextmanager
async def sizes(where: place.Place) -> AsyncIterator[Slope]:
    """Databases of all sizes, filled; their first day is taken, so that none begins cold."""
    await database.migrate(where.database_url)
    sized = []
    try:
        for size in SIZES:
            name = f"due_{size}"
            where.servers.postgres.create_database(name, template="yucun")
            one = _Sized(due_shop.Shop(size), where.servers.postgres.url(name))
            clock.set_offset(timedelta())
            async with database.opened(one.url, pool_max=2):
                await one.shop.open()
            sized.append(one)
        for one in sized:
            await one.took()
        yield Slope(sized)
    finally:
        clock.set_offset(timedelta())
