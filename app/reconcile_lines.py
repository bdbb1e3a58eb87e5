"""What ``yucun reconcile`` does and prints."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from billing.channels import Channels
from core import money, words
from reconciliation import bill_imports, closing, comparing, daily, days, report, report_files

BY = "command line"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that was downloaded by hand."""

    channel: str
    day: date
    file: Path
    replaces_because: str | None


async def run(channels: Channels, *, progress: bill_imports.Progress) -> list[str]:
    """One turn of the clock's work, and what is not closed after it."""
    closed = await daily.run(channels, progress=progress)
    left = await days.unfinished()
    said = [f"关闭 {closed} 天 · {closed} days closed"]
    if left["days"]:
        said.append(
            f"未关闭 {left['days']} 天，最早 {left['oldest']} · {left['days']} days are not closed, the oldest {left['oldest']}"
        )
    return said


async def take(channels: Channels, wanted: Wanted, *, progress: bill_imports.Progress) -> list[str]:
    """Takes a file, compares its day at once, and closes it if everything agrees."""
    given = bill_imports.Given(wanted.file, BY, wanted.replaces_because)
    taken = await bill_imports.take(channels, wanted.channel, wanted.day, given, progress=progress)
    said = (
        [] if taken.is_new else ["与已有账单相同，没有变化 · the same file was here already, nothing changed"]
    )
    await comparing.compare(taken.day.id)
    await closing.close_if_explained(taken.day.id)
    return [*said, *await report_of(wanted.day, wanted.day, wanted.channel)]


async def report_of(from_on: date, to_on: date, channel: str | None) -> list[str]:
    """The report, a line for each channel and day."""
    found = await report.of(from_on, to_on, channel=channel)
    return [_said(line) for line in found] or ["没有对账记录 · nothing was reconciled"]


def _said(line: report.Line) -> str:
    theirs = "—" if line.theirs is None else f"{line.theirs.payments} / {money.yuan(line.theirs.payment_fen)}"
    state = " · ".join(words.say(f"reconciliation.state.{line.state}", locale) for locale in words.LOCALES)
    return (
        f"{line.day} {line.channel}: {state}; 渠道 · channel {theirs}; "
        f"本店 · ours {line.ours.payments} / {money.yuan(line.ours.payment_fen)}; 差异 · differences {line.differences} ({line.unresolved}); "
        f"手续费 · fees {'—' if line.fee_fen is None else money.yuan(line.fee_fen)}"
    )


async def write_csv(from_on: date, to_on: date, channel: str | None, file: Path) -> list[str]:
    """The report as a CSV file."""
    pieces = [
        piece async for piece in await report_files.as_csv(from_on, to_on, channel, words.DEFAULT_LOCALE)
    ]
    await asyncio.to_thread(file.write_bytes, b"".join(pieces))
    return [f"{file} ✓"]
