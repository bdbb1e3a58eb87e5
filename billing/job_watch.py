"""The clock looks after itself: the shop's people are told of a job that fails again and again, or that nobody runs in time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from billing import job_record, staff_alerts
from core import clock, db


@dataclass(frozen=True, slots=True)
class Bounds:
    """From when on a job needs a person: so many failures in a row, or so late."""

    failures: int = 3
    late: timedelta = timedelta(minutes=15)


def is_failing(job: job_record.JobRecord, bounds: Bounds) -> bool:
    """Whether its last runs failed, without a good one between them."""
    return job.failed_in_a_row >= bounds.failures


def late_by(job: job_record.JobRecord) -> timedelta:
    """How late its next run is by now, or its last one was, whichever is more."""
    overdue = clock.now() - job.next_at if job.next_at else timedelta()
    return max(timedelta(), overdue, timedelta(milliseconds=job.last_lag_ms or 0))


async def run(bounds: Bounds, ids: Collection[str]) -> int:
    """Raises an alert for each of these jobs that is beyond the bounds, and ends those of jobs that are well again. Returns how many
    jobs are not well."""
    jobs = [job for job in await job_record.page() if job.id in ids]
    failing = {
        job.id: {"job": job.id, "times": job.failed_in_a_row, "error": job.last_error}
        for job in jobs
        if is_failing(job, bounds)
    }
    late = {
        job.id: {"job": job.id, "minutes": late_by(job) // timedelta(minutes=1)}
        for job in jobs
        if late_by(job) > bounds.late
    }
    async with db.transaction():
        await staff_alerts.raise_all("job_failing", failing)
        await staff_alerts.raise_all("job_late", late)
        await staff_alerts.resolve("job_failing", {job.id for job in jobs} - failing.keys())
        await staff_alerts.resolve("job_late", {job.id for job in jobs} - late.keys())
    return len(failing.keys() | late.keys())
