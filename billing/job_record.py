"""How the clock's jobs are doing, over all workers: what began when, how late, how it ended.

A job ``alone`` is for one worker at a time. Whoever begins it has it under a lease, which it renews while it works, and under the run's
number, which is its fence: a worker that was frozen beyond its lease finds that another run has begun (``still_ours``), and what it
found out before it froze decides nothing any more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db

LEASE = timedelta(seconds=60)
"""So long a job for one worker is kept from the others after its worker was last heard of."""
_EARLY = timedelta(seconds=2)
"""Ticks come a little early or late, so that workers do not tick together; one that is so early is in time."""


class Superseded(Exception):
    """The run is not the newest of its job any more: its worker was away beyond its lease. It must not conclude anything."""


_PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job, its last run, and when the next one is expected. ``missed`` counts intervals in which no worker began a run."""

    id: str
    every_ms: int | None
    runs: int
    missed: int
    failures: int
    failed_in_a_row: int
    last_started_at: datetime | None
    last_finished_at: datetime | None
    last_duration_ms: int | None
    last_lag_ms: int | None
    last_worker: str | None
    last_result: str | None
    last_error: str | None
    next_at: datetime | None

    @property
    def is_late(self) -> bool:
        """Whether its next run is overdue by more than its interval, and by more than a few minutes."""
        patience = max(_PATIENCE, timedelta(milliseconds=self.every_ms or 0))
        return self.next_at is not None and self.next_at < clock.now() - patience


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has begun; ``no`` counts the runs of its job."""

    job_id: str
    no: int
    alone: bool


_BEGIN = """
INSERT INTO job AS j (id, every_ms, starts, runs, missed, failures, failed_in_a_row, last_run_no, last_started_at, last_lag_ms,
                      last_worker, next_at, lease_until)
VALUES ($1, $3::bigint, 1, 0, 0, 0, 0, 0, $2::timestamptz, 0, $4, $2::timestamptz + $3::bigint * interval '1 ms', $5::timestamptz)
ON CONFLICT (id) DO UPDATE SET
    every_ms = excluded.every_ms, starts = j.starts + 1, last_started_at = excluded.last_started_at, last_worker = excluded.last_worker,
    next_at = excluded.next_at, lease_until = excluded.lease_until,
    missed = j.missed + greatest(0, extract(epoch FROM excluded.last_started_at - j.next_at) * 1000)::bigint / excluded.every_ms,
    last_lag_ms = greatest(0, extract(epoch FROM excluded.last_started_at - j.next_at) * 1000)::bigint
WHERE excluded.lease_until IS NULL
   OR (j.next_at IS NULL OR j.next_at <= $2::timestamptz + $6::interval OR j.next_at > excluded.next_at + $6::interval)
      AND (j.lease_until IS NULL OR j.lease_until <= $2::timestamptz OR j.lease_until > excluded.lease_until)
RETURNING starts
"""
# next_at or lease_until further ahead than we would set them come from a clock that was ahead of ours: they bind nobody.


async def begin(job_id: str, every: timedelta, *, worker: str, alone: bool = False) -> Run | None:
    """A worker begins to run a job. None: it is a job for one worker at a time, and it is not this one's turn."""
    now = clock.now()
    every_ms = max(1, round(every / timedelta(milliseconds=1)))
    lease_until, early = (now + LEASE if alone else None), min(_EARLY, every / 4)
    number = await db.fetchval(_BEGIN, job_id, now, every_ms, worker[:80], lease_until, early)
    return None if number is None else Run(job_id, number, alone)


async def renew(run: Run) -> bool:
    """Keeps a job for one worker from the others for another ``LEASE``. Says whether the run is still the newest."""
    kept = await db.execute(
        "UPDATE job SET lease_until = $3 WHERE id = $1 AND starts = $2",
        run.job_id,
        run.no,
        clock.now() + LEASE,
    )
    return kept == 1


_running: ContextVar[Run | None] = ContextVar("running", default=None)


@contextlib.contextmanager
def running(run: Run) -> Iterator[None]:
    """What is called inside is done for this run."""
    token = _running.set(run)
    try:
        yield
    finally:
        _running.reset(token)


_STILL_OURS = "SELECT starts FROM job WHERE id = $1 FOR SHARE"


async def still_ours() -> None:
    """Before something is concluded: until the transaction ends no newer run of the job begins. Outside of jobs for one worker at a
    time (an operator, the command line) there is nothing to keep.

    Raises:
        Superseded: a newer run has begun.
    """
    run = _running.get()
    if run is not None and run.alone and await db.fetchval(_STILL_OURS, run.job_id) != run.no:
        raise Superseded(f"run {run.no} of {run.job_id} is over")


_END = """
UPDATE job SET runs = runs + 1, failures = failures + CASE WHEN $6::text IS NULL THEN 0 ELSE 1 END, last_run_no = greatest(last_run_no, $2),
    failed_in_a_row = CASE WHEN last_run_no > $2 THEN failed_in_a_row WHEN $6 IS NULL THEN 0 ELSE failed_in_a_row + 1 END,
    last_finished_at = CASE WHEN last_run_no > $2 OR $6 IS NOT NULL THEN last_finished_at ELSE $3 END,
    last_duration_ms = CASE WHEN last_run_no > $2 OR $6 IS NOT NULL THEN last_duration_ms ELSE $4 END,
    last_result = CASE WHEN last_run_no > $2 OR $6 IS NOT NULL THEN last_result ELSE $5 END,
    last_error = CASE WHEN last_run_no > $2 THEN last_error ELSE coalesce($6, last_error) END,
    lease_until = CASE WHEN starts = $2 THEN NULL ELSE lease_until END
WHERE id = $1
"""


async def finished(run: Run, *, duration_ms: int, result: str) -> None:
    """Records a run that went well."""
    await db.execute(_END, run.job_id, run.no, clock.now(), duration_ms, result[:200], None)


async def failed(run: Run, *, error: str) -> None:
    """Records a run that failed."""
    await db.execute(_END, run.job_id, run.no, clock.now(), None, None, error[:500])


_ALL = """
SELECT id, every_ms, runs, missed, failures, failed_in_a_row, last_started_at, last_finished_at, last_duration_ms, last_lag_ms,
       last_worker, last_result, last_error, next_at
FROM job ORDER BY id
"""


async def page() -> list[JobRecord]:
    """All jobs that have ever run."""
    return [JobRecord(*row) for row in await db.fetch(_ALL)]
