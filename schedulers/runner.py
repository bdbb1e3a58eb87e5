"""Runs the jobs by APScheduler until told to stop, and keeps a record of how each is doing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from billing import job_record
from core import clock
from schedulers.jobs import Job

log = logging.getLogger(__name__)

GRACE_S = 30
"""How long a stop waits for jobs under way. What is cut off after that was in a transaction or under a lease."""


async def run(jobs: Sequence[Job], stop: asyncio.Event) -> None:
    """Ticks until ``stop`` is set; jobs under way then finish, within ``GRACE_S``."""
    under_way: set[asyncio.Task[None]] = set()
    scheduler = AsyncIOScheduler(timezone="UTC")

    async def tick(job: Job) -> None:
        task = asyncio.create_task(_run(job), name=f"job {job.id}")
        under_way.add(task)
        try:
            await asyncio.shield(task)
        finally:
            task.add_done_callback(under_way.discard)

    for job in jobs:
        scheduler.add_job(
            tick, IntervalTrigger(seconds=job.every_s, jitter=min(1.0, job.every_s / 10)), args=[job], id=job.id,
            max_instances=1, coalesce=True, misfire_grace_time=None,
        )  # fmt: skip
    scheduler.start()
    try:
        await stop.wait()
        scheduler.pause()
        if under_way:
            await asyncio.wait(under_way, timeout=GRACE_S)
    finally:
        scheduler.shutdown(wait=False)


async def run_once(jobs: Sequence[Job]) -> None:
    """Runs every job once, in order; for tests and the command line."""
    for job in jobs:
        await _run(job)


async def _run(job: Job) -> None:
    """One run of a job. Its failure is logged and recorded; the next tick tries again."""
    every = timedelta(seconds=job.every_s)
    try:
        if job.alone and not await job_record.claim(job.id, every):
            return
        started_at, began = clock.now(), time.monotonic()
        try:
            result = await job.run()
        except Exception as error:  # a job is an edge: whatever it is, the clock goes on
            log.exception("job %s failed", job.id)
            await job_record.failed(
                job.id, started_at=started_at, error=f"{type(error).__name__}: {error}", every=every
            )
            return
        duration_ms = round((time.monotonic() - began) * 1000)
        await job_record.finished(
            job.id, started_at=started_at, duration_ms=duration_ms, result=str(result), every=every
        )
    except Exception:  # the record itself could not be written: the database is away
        log.exception("job %s could not be recorded", job.id)
