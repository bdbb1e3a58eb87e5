"""The clock's jobs and the proof of the books."""

from typing import Annotated

from pydantic import Field

from billing import job_record, upkeep
from core import http as kit


class Job(kit.Answer):
    id: Annotated[str, Field(examples=["due_run"])]
    every_ms: Annotated[int | None, Field(description="间隔（毫秒） · its interval")]
    runs: int
    missed: Annotated[
        int, Field(description="没有任何 worker 按时运行的次数 · intervals in which no worker began a run")
    ]
    failures: int
    failed_in_a_row: Annotated[int, Field(description="连续失败次数 · failures since the last good run")]
    last_started_at: kit.Instant | None
    last_finished_at: Annotated[
        kit.Instant | None, Field(description="最近一次成功结束的时间 · when a run last ended well")
    ]
    last_duration_ms: int | None
    last_lag_ms: Annotated[
        int | None, Field(description="最近一次晚了多少毫秒才开始 · how late the last run began")
    ]
    last_worker: Annotated[
        str | None, Field(description="由哪个进程运行 · host and process", examples=["shop-1:4711"])
    ]
    last_result: str | None
    last_error: str | None
    next_at: Annotated[kit.Instant | None, Field(description="预计下一次 · when the next is expected")]


class Violation(kit.Answer):
    invariant: Annotated[str, Field(examples=["I1"])]
    title: str
    where: Annotated[list[str], Field(description="最先几处 · the first offenders")]
    count: int


class Proof(kit.Answer):
    balanced: bool
    violations: list[Violation]


async def jobs() -> kit.Page[Job]:
    """All jobs that have ever run."""
    return kit.Page[Job](items=[Job.model_validate(one) for one in await job_record.page()])


async def prove() -> Proof:
    """Checks the whole database in one snapshot."""
    found = (await upkeep.prove(freshness=False)).violations
    return Proof(balanced=not found, violations=[Violation.model_validate(one) for one in found])
