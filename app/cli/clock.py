"""Commands about the clock: its jobs, and the run that takes what plans owe."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from app.cli.command import Act, Commands, asked, count, lines, settings_of, verdict
from app.exit_codes import ExitCode


def add(commands: Commands) -> None:
    """jobs, due-run …"""
    commands.add(
        "jobs",
        _jobs,
        "定时任务：上次、用时、晚点、下次 · the clock's jobs; ends with 1 if one fails or is late",
    )
    due = commands.group("due-run", "到期扣款 · the run that takes what plans owe")
    due.add(
        "start",
        _act(lambda does, _: does.run()),
        "参与今天的到期扣款，显示进度 · take part in today's, with progress",
    )
    tried = due.add(
        "dry-run",
        _act(lambda does, given: does.dry_run(given.until, given.csv)),
        "试算：会怎样，什么都不留下 · what would happen; nothing of it stays",
    )
    tried.add_argument(
        "--until", type=date.fromisoformat, metavar="DAY", help="到这一天到期的 · due by this day"
    )
    tried.add_argument("--csv", type=Path, metavar="FILE", help="每期一行 · a line for each period")
    listing = due.add(
        "list", _act(lambda does, given: does.listing(limit=given.limit)), "最近的批次 · the latest runs"
    )
    listing.add_argument("--limit", type=count, default=10, metavar="N")
    _add_holding(due)
    due.add("parked", _act(lambda does, _: does.parked()), "搁置的期 · parked periods")
    again = due.add(
        "retry",
        _act(lambda does, given: does.retry(given.period_id)),
        "重试一期 · have a parked period taken",
    )
    again.add_argument("period_id", type=count, metavar="ID")
    waived = due.add(
        "waive",
        _act(lambda does, given: does.waive(given.period_id, given.reason)),
        "免收一期 · take nothing for a parked period",
    )
    waived.add_argument("period_id", type=count, metavar="ID")
    waived.add_argument("--reason", required=True)


def _add_holding(due: Commands) -> None:
    for verb, said in (
        ("pause", "暂停：不再开始下一批 · no worker begins another batch"),
        ("resume", "恢复 · go on"),
        ("abort", "中止今天的，剩下的明天处理 · nothing more today; what is left is tomorrow's"),
    ):
        held = due.add(verb, _holding(verb), said)
        held.add_argument("--reason", required=verb != "resume", default="")


def _holding(verb: str) -> Act:
    def ask(does: Any, given: argparse.Namespace) -> Awaitable[list[str]]:
        from billing import due_runs

        said: Awaitable[list[str]] = does.hold(getattr(due_runs, verb), given.reason)
        return said

    return _act(ask)


def _act(ask: Callable[[Any, argparse.Namespace], Awaitable[list[str]]]) -> Act:
    """A command that has ``app.due_run_lines`` do something and says what came of it."""

    def act(given: argparse.Namespace) -> ExitCode:
        from app import due_run_lines

        return asked(given, lambda: ask(due_run_lines, given), lines)

    return act


def _jobs(given: argparse.Namespace) -> ExitCode:
    from app import job_lines
    from billing import job_watch

    chosen = settings_of(given).jobs
    bounds = job_watch.Bounds(chosen.alert_failures, timedelta(seconds=chosen.alert_late_s))
    return asked(given, lambda: job_lines.listing(bounds), verdict)
