"""What ``yucun due-run`` does and says."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from billing import deductions, due_dry_runs, due_runs, parked_periods
from core import clock, money, words

BY = "cli"
_LOOK_S = 0.5


def _key() -> str:
    return f"cli-{secrets.token_hex(8)}"


async def run() -> list[str]:
    """Takes part in today's due run until nothing is due, and shows how far all workers are."""
    with _bar() as progress:
        task = progress.add_task("到期扣款 · due run", total=None, said="")
        watching = asyncio.create_task(_watch(progress, task))
        try:
            await deductions.run_due()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    return await listing(limit=1)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[said]}"),
    )  # fmt: skip


async def _watch(progress: Progress, task: object) -> None:
    while True:
        found = await due_runs.page(limit=1)
        if found and found[0].day == clock.today():
            progress.update(task, total=found[0].expected, completed=found[0].claimed, said=_counts(found[0]))  # type: ignore[arg-type]
        await asyncio.sleep(_LOOK_S)


async def dry_run(until: date | None, file: Path | None) -> list[str]:
    """What would become of everything that is due; with ``file`` a line for each period as CSV."""
    total = await due_dry_runs.how_many(until=until)
    summary = due_dry_runs.Summary()

    async def counted(progress: Progress) -> AsyncIterator[list[due_dry_runs.Line]]:
        task = progress.add_task("试算 · dry run", total=total, said="")
        async for batch in due_dry_runs.lines(until=until):
            summary.add(batch)
            progress.advance(task, len(batch))
            yield batch

    with _bar() as progress:
        if file is None:
            async for _ in counted(progress):
                pass
        else:
            await _write(file, due_dry_runs.as_csv(counted(progress), words.DEFAULT_LOCALE))
    return _summed(summary)


async def _write(file: Path, pieces: AsyncIterator[bytes]) -> None:
    with await asyncio.to_thread(file.open, "wb") as into:
        async for piece in pieces:
            await asyncio.to_thread(into.write, piece)


def _summed(summary: due_dry_runs.Summary) -> list[str]:
    said = [
        f"{words.say(f'due.outcome.{state}', 'zh-CN')} · {state}: {count} ({money.yuan(summary.amount_fen[state])})"
        for state, count in sorted(summary.periods.items())
    ]
    return [*said, f"将扣 · would be taken: {money.yuan(summary.taken_fen)}"]


async def listing(*, limit: int) -> list[str]:
    """The latest due runs, a line each."""
    return [_line(one) for one in await due_runs.page(limit=limit)] or ["没有到期扣款记录 · no due run yet"]


def _line(one: due_runs.Run) -> str:
    held = f"; {one.changed_by}: {one.reason}" if one.state in ("paused", "aborted") else ""
    return f"{one.day} {_STATES[one.state]} · {one.state}: {one.claimed}/{one.expected}; {_counts(one)}{held}"


_STATES = {"running": "进行中", "paused": "已暂停", "aborted": "已中止", "finished": "已完成"}


def _counts(one: due_runs.Run) -> str:
    said = [
        f"{words.say(f'due.outcome.{state}', 'zh-CN')} · {state} {getattr(one, state)}"
        for state in ("charged", "partly", "owed", "waived", "parked")
        if getattr(one, state)
    ]
    return ", ".join([*said, f"{money.yuan(one.amount_fen)} 元 · yuan"])


async def hold(verb: Callable[..., Awaitable[due_runs.Run]], reason: str) -> list[str]:
    """Pauses, resumes or aborts."""
    return [_line(await verb(BY, reason=reason, key=_key()))]


async def parked() -> list[str]:
    """The parked periods, a line each."""
    rows = await parked_periods.page(limit=1_000)
    return [
        f"{one.id}\t{one.due_on}\t顾客 · customer {one.customer_id}\t计划 · plan {one.plan_id} #{one.period_no} {one.name}\t{one.reason}"
        for one in rows
    ] or ["没有搁置的期 · nothing is parked"]


async def retry(period_id: int) -> list[str]:
    """The next run takes it."""
    await parked_periods.retry(BY, period_id, key=_key())
    return [f"{period_id} ✓"]


async def waive(period_id: int, reason: str) -> list[str]:
    """Nothing is taken for it."""
    await parked_periods.waive(BY, period_id, reason=reason, key=_key())
    return [f"{period_id} ✓"]
