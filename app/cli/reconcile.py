"""Commands of reconciliation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

from app.cli.command import Commands, ended, lines, settings_of
from app.exit_codes import ExitCode
from billing.channels import Channels


def add(commands: Commands) -> None:
    """reconcile run, reconcile import, reconcile report."""
    group = commands.group("reconcile", "对账 · reconciliation")
    group.add(
        "run", _run, "立即做一轮：索取账单、比对、查询、关闭 · one turn now: fetch, compare, ask, close"
    )
    taken = group.add("import", _import, "导入手工下载的账单文件 · take a bill that was downloaded by hand")
    taken.add_argument("channel", help="渠道 · the channel: wechat_pay, alipay")
    taken.add_argument("day", type=date.fromisoformat, help="账单日期 · the bill's day: 2026-11-24")
    taken.add_argument("file", type=Path, help="CSV、GZIP 或 ZIP · as it was downloaded")
    taken.add_argument(
        "--replace", metavar="REASON", help="替换已有账单的原因 · why it takes the place of another"
    )
    taken.add_argument(
        "--funds", action="store_true", help="这是资金账单 · the file is a bill of funds (资金账单, 账务明细)"
    )
    report = group.add("report", _report, "每日每渠道一行 · a line for each channel and day")
    report.add_argument("--from", dest="from_on", type=date.fromisoformat, metavar="DAY", required=True)
    report.add_argument("--to", dest="to_on", type=date.fromisoformat, metavar="DAY", required=True)
    report.add_argument("--channel", help="只看一个渠道 · only this channel")
    report.add_argument(
        "--csv", type=Path, metavar="FILE", help="写成 CSV 文件 · write it as CSV to this file"
    )


def _run(given: argparse.Namespace) -> ExitCode:
    from app import reconcile_lines

    return _asked(given, lambda channels: reconcile_lines.run(channels, progress=Progress()))


def _import(given: argparse.Namespace) -> ExitCode:
    from app import reconcile_lines

    if not given.file.is_file():
        print(f"没有这个文件 · no such file: {given.file}", file=sys.stderr)
        return ExitCode.USAGE
    wanted = reconcile_lines.Wanted(given.channel, given.day, given.file, given.replace, given.funds)
    return _asked(given, lambda channels: reconcile_lines.take(channels, wanted, progress=Progress()))


def _report(given: argparse.Namespace) -> ExitCode:
    from app import reconcile_lines

    def ask(_channels: Channels) -> Awaitable[list[str]]:
        if given.csv is not None:
            return reconcile_lines.write_csv(given.from_on, given.to_on, given.channel, given.csv)
        return reconcile_lines.report_of(given.from_on, given.to_on, given.channel)

    return _asked(given, ask)


class Progress:
    """Says on standard error how far a file is: in place on a terminal, else a line every hundred thousand rows."""

    EVERY = 100_000

    def __init__(self) -> None:
        self._said: tuple[str, int] | None = None

    def __call__(self, doing: str, rows: int) -> None:
        step = (doing, rows // self.EVERY)
        if step == self._said:
            return
        self._said = step
        words = {"reading": "读取 · reading", "matching": "匹配 · matching"}
        print(
            f"{words.get(doing, doing)}: {rows:,}",
            end="\r" if sys.stderr.isatty() else "\n",
            file=sys.stderr,
            flush=True,
        )


def _asked(given: argparse.Namespace, ask: Callable[[Channels], Awaitable[list[str]]]) -> ExitCode:
    from app import runtime

    settings = settings_of(given)

    async def answer() -> list[str]:
        async with runtime.opened(settings) as opened:
            return await ask(opened.outside.channels)

    return ended(answer, lines)
