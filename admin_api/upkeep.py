"""The clock's jobs and the proof of the books."""

from typing import Annotated

from pydantic import Field

from billing import job_record, upkeep
from core import http as kit


class Job(kit.Answer):
    id: Annotated[str, Field(examples=["due_run"])]
    runs: int
    failures: int
    last_started_at: kit.Instant | None
    last_finished_at: kit.Instant | None
    last_duration_ms: int | None
    last_result: str | None
    last_error: str | None
    next_at: kit.Instant | None


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
