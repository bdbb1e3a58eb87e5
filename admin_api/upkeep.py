"""The clock's jobs, the proof of the books, and how what the shop runs on is."""

from typing import Annotated

from pydantic import Field

from admin_api.services import RedisState, Services
from billing import figures, job_record, upkeep
from core import http as kit
from reports import channel_health


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
    is_late: Annotated[bool, Field(description="已过预计时间很久 · long overdue")]


class Violation(kit.Answer):
    invariant: Annotated[str, Field(examples=["I1"])]
    title: str
    where: Annotated[list[str], Field(description="最先几处 · the first offenders")]
    count: int


class Proof(kit.Answer):
    balanced: bool
    violations: list[Violation]


class ChannelHealth(kit.Answer):
    channel: str
    last_paid_at: Annotated[
        kit.Instant | None, Field(description="最近一次收到款 · when money last came by it")
    ]
    payments_asked: Annotated[
        int, Field(description="反复查询仍未有结果的支付 · payments asked about again and again")
    ]
    bills_missing: Annotated[int, Field(description="一直没有账单的对账日 · days whose bill never came")]
    unexplained_days: Annotated[
        int, Field(description="比对后尚未关闭的对账日 · days compared, not closed yet")
    ]


class SystemHealth(kit.Answer):
    database_ms: Annotated[
        int, Field(description="数据库回答用时（毫秒） · how long the database took to answer")
    ]
    redis: Annotated[
        RedisState,
        Field(
            description="没有 Redis 照样营业，限流各进程各算 · the shop runs without; limits are counted by process"
        ),
    ]
    proved_at: Annotated[
        kit.Instant | None, Field(description="最近一次核对账本 · when the books were last proven")
    ]
    violations: Annotated[int, Field(description="核对发现的问题 · what the last proof found")]
    messages_queued: Annotated[int, Field(description="待发消息 · messages waiting to be sent")]
    channels: list[ChannelHealth]


async def health(services: Services) -> SystemHealth:
    """As it is now."""
    found = await figures.now()
    channels = await channel_health.of(services.channels.by_name)
    return SystemHealth(
        database_ms=await channel_health.database_ms(),
        redis=await services.redis_state(),
        proved_at=found.proved_at,
        violations=sum(found.violations.values()),
        messages_queued=found.messages_queued,
        channels=[ChannelHealth.model_validate(one) for one in channels],
    )


async def jobs() -> kit.Page[Job]:
    """All jobs that have ever run."""
    return kit.Page[Job](items=[Job.model_validate(one) for one in await job_record.page()])


async def prove() -> Proof:
    """Checks the whole database in one snapshot."""
    found = (await upkeep.prove(freshness=False)).violations
    return Proof(balanced=not found, violations=[Violation.model_validate(one) for one in found])
