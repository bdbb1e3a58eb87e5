"""What ``yucun jobs`` says."""

from __future__ import annotations

from datetime import datetime, timedelta

from billing import job_record, job_watch
from core import clock


async def listing(bounds: job_watch.Bounds) -> tuple[bool, list[str]]:
    """All jobs, two lines each; well, if none of them fails or is late."""
    jobs = await job_record.page()
    if not jobs:
        return True, ["还没有任务运行过 · no job has run yet"]
    well = not any(job_watch.is_failing(job, bounds) or job_watch.late_by(job) > bounds.late for job in jobs)
    return well, [line for job in jobs for line in _lines(job, bounds)]


def _lines(job: job_record.JobRecord, bounds: job_watch.Bounds) -> list[str]:
    said = [
        f"{job.id}: {_state(job, bounds)}; {_moment(job.last_started_at)} → {_moment(job.next_at)}, "
        f"用时 · took {_seconds(job.last_duration_ms)}, 晚 · late {_seconds(job.last_lag_ms)}, "
        f"运行 · runs {job.runs}, 错过 · missed {job.missed}, 失败 · failed {job.failures} ({job.failed_in_a_row}), {job.last_worker or '—'}"
    ]
    if job.last_result not in (None, "None"):
        said.append(f"    结果 · result: {job.last_result}")
    if job.failed_in_a_row:
        said.append(f"    错误 · error: {job.last_error}")
    return said


def _state(job: job_record.JobRecord, bounds: job_watch.Bounds) -> str:
    if job_watch.is_failing(job, bounds):
        return "失败 · failing"
    if (late := job_watch.late_by(job)) > bounds.late:
        return f"晚点 · late by {late // timedelta(minutes=1)} min"
    return "正常 · well"


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(clock.zone()):%m-%d %H:%M:%S}" if at else "—"


def _seconds(ms: int | None) -> str:
    return "—" if ms is None else f"{ms / 1000:.1f} s"
