"""Many who do the same thing at once, in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from benchmarks import place


async def at_once(one: Callable[[], Awaitable[None] | None], seconds: float) -> float:
    """So many tasks do ``one`` over and over, until the time or the work is used up; how many per second."""
    began = last = time.perf_counter()
    done = 0

    async def task() -> None:
        nonlocal done, last
        while time.perf_counter() < began + seconds and (work := one()) is not None:
            await work
            if (now := time.perf_counter()) <= began + seconds:
                done, last = done + 1, now

    await asyncio.gather(*(task() for _ in range(place.CONNECTIONS)))
    return done / (last - began) if done else 0.0
