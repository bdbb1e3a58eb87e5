"""The report and the differences as tables to take away, CSV or Excel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, BinaryIO

from core import errors, sheets, words
from reconciliation import differences, report

MAX_LINES = 50_000
_BATCH = 500

WorkbooksBusy = sheets.WorkbooksBusy


class TooManyDifferences(errors.Invalid):
    """More differences than one file takes."""

    code = "too_many_differences"


_DAY_COLUMNS = (
    ("day", "text"), ("channel", "text"), ("state", "text"), ("theirs_payments", "count"), ("theirs_payment", "yuan"),
    ("theirs_refunds", "count"), ("theirs_refund", "yuan"), ("ours_payments", "count"), ("ours_payment", "yuan"), ("ours_refunds", "count"),
    ("ours_refund", "yuan"), ("fee", "yuan"), ("differences", "count"), ("unresolved", "count"), ("at_stake", "yuan"),
    ("carried_in", "count"), ("carried_in_amount", "yuan"), ("carried_out", "count"), ("carried_out_amount", "yuan"), ("opening", "yuan"),
    ("withdrawn", "yuan"), ("closing", "yuan"), ("funds", "text"), ("closed_by", "text"), ("closed_at", "moment"),
)  # fmt: skip
_DIFFERENCE_COLUMNS = (
    ("difference_no", "text"), ("day", "text"), ("channel", "text"), ("kind", "text"), ("subject", "text"), ("payment_no", "text"),
    ("refund_no", "text"), ("channel_trade_no", "text"), ("ours", "yuan"), ("theirs", "yuan"), ("at_stake", "yuan"), ("state", "text"),
    ("resolution", "text"), ("reason", "text"), ("remark", "text"), ("resolved_by", "text"), ("opened_at", "moment"), ("resolved_at", "moment"),
)  # fmt: skip


def name(from_on: date, to_on: date, locale: str) -> str:
    """The files' name without its ending."""
    return words.say("reconciliation.file", locale, from_on=from_on, to_on=to_on)


async def as_csv(from_on: date, to_on: date, channel: str | None, locale: str) -> AsyncIterator[bytes]:
    """The report as CSV.

    Raises:
        PeriodTooLong
    """
    return sheets.as_csv(_report(await report.of(from_on, to_on, channel=channel), locale))


async def as_xlsx(from_on: date, to_on: date, channel: str | None, locale: str) -> BinaryIO:
    """The report and the period's differences as one Excel file.

    Raises:
        PeriodTooLong, TooManyDifferences, WorkbooksBusy.
    """
    lines = await report.of(from_on, to_on, channel=channel)
    count = sum(line.differences for line in lines)
    if count > MAX_LINES:
        raise TooManyDifferences(count=count, limit=MAX_LINES)
    return await sheets.as_xlsx([_report(lines, locale), _differences(lines, locale)])


def _columns(named: Sequence[tuple[str, Any]], locale: str) -> list[sheets.Column]:
    return [
        sheets.Column(words.say(f"reconciliation.column.{title}", locale), cells) for title, cells in named
    ]


def _report(lines: Sequence[report.Line], locale: str) -> sheets.Sheet:
    async def rows() -> AsyncIterator[Sequence[sheets.Row]]:
        yield [_row(line, locale) for line in lines]

    return sheets.Sheet(words.say("reconciliation.title", locale), _columns(_DAY_COLUMNS, locale), rows())


def _row(line: report.Line, locale: str) -> sheets.Row:
    theirs, ours = line.theirs, line.ours
    said = (theirs.payments, theirs.payment_fen, theirs.refunds, theirs.refund_fen) if theirs else (None,) * 4
    return [
        *(line.day.isoformat(), line.channel, words.say(f"reconciliation.state.{line.state}", locale), *said),
        *(
            ours.payments,
            ours.payment_fen,
            ours.refunds,
            ours.refund_fen,
            line.fee_fen,
            line.differences,
            line.unresolved,
        ),
        *(line.at_stake_fen, line.carried_in, line.carried_in_fen, line.carried_out, line.carried_out_fen),
        *_moved(line, locale),
        *(line.closed_by, line.closed_at),
    ]


def _moved(line: report.Line, locale: str) -> tuple[int | None, int | None, int | None, str | None]:
    if line.funds is None:
        return (None, None, None, None)
    wrong = ", ".join(words.say(f"reconciliation.funds.{what}", locale) for what in line.funds.wrong)
    said = wrong or words.say("reconciliation.funds.adds_up", locale)
    return (line.funds.opening_fen, -line.funds.withdrawal_fen, line.funds.closing_fen, said)


def _differences(lines: Sequence[report.Line], locale: str) -> sheets.Sheet:
    async def rows() -> AsyncIterator[Sequence[sheets.Row]]:
        for line in lines:
            before = None
            wanted = differences.Filter(channel=line.channel, day=line.day)
            while batch := await differences.page(wanted, before=before, limit=_BATCH):
                yield [_difference(one, locale) for one in batch]
                before = batch[-1].id

    return sheets.Sheet(
        words.say("reconciliation.differences", locale), _columns(_DIFFERENCE_COLUMNS, locale), rows()
    )


def _difference(one: differences.Difference, locale: str) -> sheets.Row:
    def said(group: str, value: str | None) -> str | None:
        return None if value is None else words.say(f"reconciliation.{group}.{value}", locale)

    return [
        *(
            one.difference_no,
            one.day.isoformat(),
            one.channel,
            said("kind", one.kind),
            said("subject", one.subject),
        ),
        *(
            one.payment_no,
            one.refund_no,
            one.channel_trade_no,
            one.ours_fen,
            one.theirs_fen,
            one.at_stake_fen,
        ),
        *(
            said("difference_state", one.state),
            said("resolution", one.resolution),
            one.reason,
            one.remark,
            one.resolved_by,
        ),
        *(one.opened_at, one.resolved_at),
    ]
