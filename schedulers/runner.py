"""Runs the jobs by APScheduler until told to stop, and keeps a record of how each is doing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from billing import job_record
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
    """One run of a job, if it is this worker's turn. Its failure is logged and recorded; the next tick tries again."""
    try:
        run = await job_record.begin(
            job.id,
            timedelta(seconds=job.every_s),
            worker=f"{socket.gethostname()}:{os.getpid()}",
            alone=job.alone,
        )
        if run is None:
            return
        began = time.monotonic()
        try:
            async with _kept(run):
                result = await job.run()
        except Exception as error:  # a job is an edge: whatever it is, the clock goes on
            log.exception("job %s failed", job.id)
            await job_record.failed(run, error=f"{type(error).__name__}: {error}")
            return
        duration_ms = round((time.monotonic() - began) * 1000)
        await job_record.finished(run, duration_ms=duration_ms, result=str(result))
    except Exception:  # the record itself could not be written: the database is away
        log.exception("job %s could not be recorded", job.id)


@contextlib.asynccontextmanager
async def _kept(run: job_record.Run) -> AsyncIterator[None]:
    """While the block lasts a job for one worker at a time stays this worker's."""
    with job_record.running(run):
        renewing = asyncio.create_task(_renew(run)) if run.alone else None
        try:
            yield
        finally:
            if renewing is not None:
                renewing.cancel()


async def _renew(run: job_record.Run) -> None:
    while True:
        await asyncio.sleep(job_record.LEASE.total_seconds() / 3)
        try:
            if not await job_record.renew(run):
                return  # another run has begun: still_ours says so to whom it concerns
        except Exception:
            log.exception("the lease of job %s could not be renewed", run.job_id)
