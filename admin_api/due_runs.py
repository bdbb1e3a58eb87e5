"""Due runs: how far each is, holding them, trying them, what was parked."""

from datetime import date
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator
from billing import due_dry_runs, due_runs, parked_periods
from core import http as kit

MOST_PERIODS = 2_000
"""So many periods are tried within a request; more take the command line."""


class Why(kit.Body):
    reason: Reason


class Run(kit.Answer):
    day: date
    state: Literal["running", "paused", "aborted", "finished"]
    expected: Annotated[int, Field(description="应处理的期数 · periods that were due when it was last begun")]
    claimed: Annotated[int, Field(description="已处理 · of them looked at")]
    left: int
    charged: int
    partly: int
    owed: int
    waived: int
    parked: int
    amount_fen: Annotated[int, Field(description="已扣金额 · what was taken from balances")]
    batches: int
    started_at: kit.Instant
    last_batch_at: kit.Instant | None
    ended_at: kit.Instant | None
    changed_by: Annotated[
        str | None, Field(description="最近由谁暂停、恢复或中止 · who paused, resumed or aborted it last")
    ]
    reason: str | None


class Parked(kit.Answer):
    id: int
    plan_id: int
    customer_id: int
    name: str
    period_no: int
    due_on: date
    amount_fen: int | None
    reason: str | None


class Waive(kit.Body):
    reason: Reason


class Nothing(kit.Body):
    pass


class PeriodId(kit.Answer):
    id: int


class Until(kit.Query):
    until: Annotated[
        kit.Day | None, Field(description="到这一天为止到期的；默认今天 · due by this day; today if left out")
    ] = None


class Line(kit.Answer):
    customer_id: int
    plan_id: int
    name: str
    period_no: int
    due_on: date
    amount_fen: int
    state: Literal["charged", "partly", "owed", "waived", "parked"]
    taken_fen: int
    reason: str | None


class Count(kit.Answer):
    state: str
    periods: int
    amount_fen: int


class DryRun(kit.Answer):
    outcomes: list[Count]
    taken_fen: int
    lines: list[Line]


async def listing(query: kit.PageQuery) -> object:
    """The latest first."""
    rows = await due_runs.page(before=query.after(date), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.day)


async def one(day: kit.Day) -> object:
    """One day's."""
    return await due_runs.get(day)


async def pause(body: Why, caller: Operator, key: kit.IdempotencyKey) -> object:
    """No worker begins another batch."""
    return await due_runs.pause(caller.label, reason=body.reason, key=key)


async def resume(body: Nothing, caller: Operator, key: kit.IdempotencyKey) -> object:
    """They go on."""
    return await due_runs.resume(caller.label, key=key)


async def abort(body: Why, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Nothing more today."""
    return await due_runs.abort(caller.label, reason=body.reason, key=key)


async def dry_run(query: Until) -> object:
    """Tries it and undoes it."""
    summary, lines = await due_dry_runs.small(until=query.until, most=MOST_PERIODS)
    outcomes = [
        {"state": state, "periods": count, "amount_fen": summary.amount_fen[state]}
        for state, count in sorted(summary.periods.items())
    ]
    return {"outcomes": outcomes, "taken_fen": summary.taken_fen, "lines": lines}


async def dry_run_csv(query: Until, locale: str) -> web.Response:
    """The same as CSV, of any size."""
    rows = due_dry_runs.as_csv(due_dry_runs.lines(until=query.until), locale)
    return kit.download(rows, name="due-dry-run.csv", media_type=kit.CSV, locale=locale)


async def parked(query: kit.PageQuery) -> object:
    """The newest first."""
    rows = await parked_periods.page(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def retry(period_id: int, body: Nothing, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The next run takes it."""
    return {"id": await parked_periods.retry(caller.label, period_id, key=key)}


async def waive(period_id: int, body: Waive, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Nothing is taken for it."""
    return {"id": await parked_periods.waive(caller.label, period_id, reason=body.reason, key=key)}
