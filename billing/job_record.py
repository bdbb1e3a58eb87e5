"""How the clock's jobs are doing, over all workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db


@dataclass(frozen=True, slots=True)
class JobRecord:
    """The last run of a job and when the next one is expected."""

    id: str
    runs: int
    failures: int
    last_started_at: datetime | None
    last_finished_at: datetime | None
    last_duration_ms: int | None
    last_result: str | None
    last_error: str | None
    next_at: datetime | None


_CLAIM = """
INSERT INTO job (id, runs, failures, next_at) VALUES ($1, 0, 0, $3)
ON CONFLICT (id) DO UPDATE SET next_at = $3 WHERE job.next_at IS NULL OR job.next_at <= $2
RETURNING id
"""


async def claim(job_id: str, every: timedelta) -> bool:
    """Whether this worker is the one to run the job now; the others wait for the next interval."""
    now = clock.now()
    return await db.fetchval(_CLAIM, job_id, now, now + every) is not None


_FINISHED = """
INSERT INTO job (id, runs, failures, last_started_at, last_finished_at, last_duration_ms, last_result, next_at)
VALUES ($1, 1, 0, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO UPDATE SET runs = job.runs + 1, last_started_at = $2, last_finished_at = $3, last_duration_ms = $4,
    last_result = $5, next_at = $6
"""


async def finished(
    job_id: str, *, started_at: datetime, duration_ms: int, result: str, every: timedelta
) -> None:
    """Records a run that went well."""
    await db.execute(
        _FINISHED, job_id, started_at, clock.now(), duration_ms, result[:200], started_at + every
    )


_FAILED = """
INSERT INTO job (id, runs, failures, last_started_at, last_error, next_at) VALUES ($1, 1, 1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET runs = job.runs + 1, failures = job.failures + 1, last_started_at = $2, last_error = $3,
    next_at = $4
"""


async def failed(job_id: str, *, started_at: datetime, error: str, every: timedelta) -> None:
    """Records a run that failed."""
    await db.execute(_FAILED, job_id, started_at, error[:500], started_at + every)


_ALL = """
SELECT id, runs, failures, last_started_at, last_finished_at, last_duration_ms, last_result, last_error, next_at
FROM job ORDER BY id
"""


async def page() -> list[JobRecord]:
    """All jobs that have ever run."""
    return [JobRecord(*row) for row in await db.fetch(_ALL)]
