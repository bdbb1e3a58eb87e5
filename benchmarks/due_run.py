"""The due run by one worker, against one hand-written statement that leaves the same rows in one transaction.

``DUE_PERIODS`` sets how many periods are due each day.
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import AsyncIterator
from datetime import timedelta

from benchmarks import counters, due_shop, place
from benchmarks.rounds import Contest
from billing import deductions
from core import clock

FLOOR = "one hand-written statement that writes the same rows, all periods of a day in one transaction"
TARGET = 0.7
PERIODS = int(os.environ.get("DUE_PERIODS", "100000"))


@contextlib.asynccontextmanager
async def periods(where: place.Place) -> AsyncIterator[Contest]:
    """``billing.deductions.run_due``. Every segment is one business day on which all plans are due; its length is ignored."""
    async with place.opened(where):
        shop = due_shop.Shop(PERIODS)
        await shop.open()

        async def floor(_seconds: float) -> float:
            began = time.perf_counter()
            done = await due_shop.by_hand()
            took = time.perf_counter() - began
            await shop.taken(done)
            return PERIODS / took

        async def subject(_seconds: float) -> float:
            began = time.perf_counter()
            done = await deductions.run_due()
            took = time.perf_counter() - began
            await shop.taken(done.due)
            return PERIODS / took

        async def counted() -> dict[str, float]:
            before_mb = _peak_mb()
            whole = await counters.per_operation(where.database_url, lambda _: subject(0), times=3)
            per_period = {f"{name}_per_period": round(count / PERIODS, 4) for name, count in whole.items()}
            return {**per_period, "periods": float(PERIODS), "peak_mb_above_start": _peak_mb() - before_mb}

        async def before_round() -> None:
            """A segment makes the next one's periods due by itself."""

        try:
            yield Contest(floor=floor, subject=subject, counters=counted, before_round=before_round)
        finally:
            clock.set_offset(timedelta())


def _peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
