"""The due run by two worker processes, against one: do they share the work?

``DUE_PERIODS`` sets how many periods are due each day.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from benchmarks import due_run, due_shop, place
from benchmarks.rounds import Contest
from core import clock

FLOOR = "one worker process"
TARGET = 1.6


@contextlib.asynccontextmanager
async def workers(where: place.Place) -> AsyncIterator[Contest]:
    """A business day on which all plans are due is taken by two processes at once, or by one of them."""
    async with place.opened(where), contextlib.AsyncExitStack() as stack:
        shop = due_shop.Shop(due_run.PERIODS)
        await shop.open()
        both = [await stack.enter_async_context(_worker(where)) for _ in range(2)]
        await shop.taken(due_run.PERIODS)  # making themselves ready they have taken the first day

        async def by(some: Sequence[asyncio.subprocess.Process]) -> float:
            began = time.perf_counter()
            done = await asyncio.gather(*(_take(one, shop.day) for one in some))
            took = time.perf_counter() - began
            await shop.taken(sum(done))
            return due_run.PERIODS / took

        async def counted() -> dict[str, float]:
            return {"periods": float(due_run.PERIODS)}

        async def before_round() -> None:
            """A segment makes the next one's periods due by itself."""

        try:
            yield Contest(
                floor=lambda _: by(both[:1]),
                subject=lambda _: by(both),
                counters=counted,
                before_round=before_round,
            )
        finally:
            clock.set_offset(timedelta())


@contextlib.asynccontextmanager
async def _worker(where: place.Place) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.due_worker", where.database_url,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):  # it failed, and has said why
            process.kill()
        await process.wait()


async def _take(process: asyncio.subprocess.Process, day: int) -> int:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{day}\n".encode())
    return int(await process.stdout.readline())
