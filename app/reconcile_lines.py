"""What ``yucun reconcile`` does and prints."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from billing.channels import Channels
from core import money, words
from reconciliation import bill_imports, closing, comparing, daily, days, funds, meters, report, report_files

BY = "command line"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that was downloaded by hand."""

    channel: str
    day: date
    file: Path
    replaces_because: str | None
    is_of_funds: bool = False


async def run(channels: Channels, *, progress: meters.Progress) -> list[str]:
    """One turn of the clock's work, and what is not closed after it."""
    closed = await daily.run(channels, progress=progress)
    left = await days.unfinished()
    said = [f"关闭 {closed} 天 · {closed} days closed"]
    if left["days"]:
        said.append(
            f"未关闭 {left['days']} 天，最早 {left['oldest']} · {left['days']} days are not closed, the oldest {left['oldest']}"
        )
    return said


async def take(channels: Channels, wanted: Wanted, *, progress: meters.Progress) -> list[str]:
    """Takes a file, compares its day at once, and closes it if everything agrees."""
    given = bill_imports.Given(wanted.file, BY, wanted.replaces_because)
    if wanted.is_of_funds:
        is_new = await funds.take(channels, wanted.channel, wanted.day, given)
    else:
        taken = await bill_imports.take(channels, wanted.channel, wanted.day, given, progress=progress)
        is_new = taken.is_new
    day = await days.get(wanted.channel, wanted.day)
    await comparing.compare(day.id)
    await closing.close_if_explained(day.id)
    return [*([] if is_new else [_SAME]), *await report_of(wanted.day, wanted.day, wanted.channel)]


_SAME = "与已有账单相同，没有变化 · the same file was here already, nothing changed"


async def report_of(from_on: date, to_on: date, channel: str | None) -> list[str]:
    """The report, a line for each channel and day."""
    found = await report.of(from_on, to_on, channel=channel)
    said = [text for line in found for text in (_said(line), *_moved(line))]
    return said or ["没有对账记录 · nothing was reconciled"]


def _said(line: report.Line) -> str:
    theirs = "—" if line.theirs is None else f"{line.theirs.payments} / {money.yuan(line.theirs.payment_fen)}"
    state = " · ".join(words.say(f"reconciliation.state.{line.state}", locale) for locale in words.LOCALES)
    return (
        f"{line.day} {line.channel}: {state}; 渠道 · channel {theirs}; "
        f"本店 · ours {line.ours.payments} / {money.yuan(line.ours.payment_fen)}; 差异 · differences {line.differences} ({line.unresolved}); "
        f"手续费 · fees {'—' if line.fee_fen is None else money.yuan(line.fee_fen)}"
    )


def _moved(line: report.Line) -> list[str]:
    """What moved on the account at the channel, where its bill of funds came."""
    found = line.funds
    if found is None:
        return []
    wrong = "; ".join(
        " · ".join(words.say(f"reconciliation.funds.{what}", locale) for locale in words.LOCALES)
        for what in found.wrong or ("adds_up",)
    )
    moved = {
        "期初 · opening": found.opening_fen, "收款 · payments": found.payment_fen, "退款 · refunds": found.refund_fen,
        "手续费 · fees": found.fee_fen, "转账 · transfers": found.transfer_fen, "提现 · withdrawals": found.withdrawal_fen,
        "其他 · other": found.other_fen, "期末 · closing": found.closing_fen,
    }  # fmt: skip
    sums = ", ".join(f"{name} {money.yuan(fen)}" for name, fen in moved.items())
    return [f"  资金账单 · bill of funds: {sums}; {wrong}"]


async def write_csv(from_on: date, to_on: date, channel: str | None, file: Path) -> list[str]:
    """The report as a CSV file."""
    pieces = [
        piece async for piece in await report_files.as_csv(from_on, to_on, channel, words.DEFAULT_LOCALE)
    ]
    await asyncio.to_thread(file.write_bytes, b"".join(pieces))
    return [f"{file} ✓"]
