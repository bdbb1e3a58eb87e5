"""Statements as files: CSV for any spreadsheet, and an Excel workbook with the totals on a second sheet.

Both are read from the books a batch at a time while they are written. Nothing is held open meanwhile: a statement's lines are
fixed once its days are cut out of the account.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from billing import day_statements
from core import clock, errors, sheets, words
from ledger import statement
from members import customers

MAX_LINES = 50_000
"""One file takes no more changes than this; an Excel workbook of so many is made in a few seconds."""

_BATCH = 1_000
_NAME = 40

WorkbooksBusy = sheets.WorkbooksBusy


class TooLong(errors.Invalid):
    """More changes than one file takes."""

    code = "statement_too_long"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose statement, which days, for whom it is written. ``operators`` are named to the shop's own people only."""

    customer: customers.Customer
    from_on: date
    to_on: date
    locale: str
    operators: bool = False

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        named = {
            "name": self.customer.name[:_NAME] or self.customer.id,
            "from_on": self.from_on,
            "to_on": self.to_on,
        }
        return words.say("statement.file", self.locale, **named)


async def as_csv(wanted: Wanted, *, max_lines: int = MAX_LINES) -> AsyncIterator[bytes]:
    """The statement as CSV, to be sent piece by piece.

    Raises:
        TooLong, day_statements.DaysReversed, day_statements.NotBegun, day_statements.NoSuchAccount.
    """
    return sheets.as_csv(_changes(wanted, await _stretch(wanted, max_lines)))


async def as_xlsx(wanted: Wanted, *, max_lines: int = MAX_LINES) -> BinaryIO:
    """The statement as an Excel file, open for reading.

    Raises:
        TooLong, WorkbooksBusy, day_statements.DaysReversed, day_statements.NotBegun, day_statements.NoSuchAccount.
    """
    found = await _stretch(wanted, max_lines)
    return await sheets.as_xlsx([_changes(wanted, found), _totals(wanted, found)])


async def _stretch(wanted: Wanted, max_lines: int) -> statement.Stretch:
    found = await day_statements.stretch(wanted.customer.id, from_on=wanted.from_on, to_on=wanted.to_on)
    if found.lines > max_lines:
        raise TooLong(lines=found.lines, limit=max_lines)
    return found


def _changes(wanted: Wanted, found: statement.Stretch) -> sheets.Sheet:
    def column(name: str, cells: str) -> sheets.Column:
        title = words.say(f"statement.column.{name}", wanted.locale, zone=clock.zone().key)
        return sheets.Column(title, cells)  # type: ignore[arg-type]

    operator = [column("operator", "text")] if wanted.operators else []
    columns = [
        *(column("entry_no", "count"), column("at", "moment"), column("kind", "text")),
        *(column("reference", "text"), column("memo", "text"), *operator),
        *(column("principal", "yuan"), column("bonus", "yuan"), column("amount", "yuan")),
        *(column("principal_after", "yuan"), column("bonus_after", "yuan"), column("balance_after", "yuan")),
    ]
    return sheets.Sheet(words.say("statement.title", wanted.locale), columns, _rows(wanted, found))


async def _rows(wanted: Wanted, found: statement.Stretch) -> AsyncIterator[Sequence[sheets.Row]]:
    yield [_balance(wanted, "opening", found.opening)]
    after_no = None
    while batch := await statement.lines(found, after_no=after_no, limit=_BATCH):
        yield [_row(wanted, line) for line in batch]
        after_no = batch[-1].entry_no
    yield [_balance(wanted, "closing", found.closing)]


def _balance(wanted: Wanted, which: str, at: statement.Amounts) -> sheets.Row:
    blank = [None] * (6 if wanted.operators else 5)
    said = words.say(f"statement.{which}", wanted.locale)
    return [None, None, said, *blank, at.principal_fen, at.bonus_fen, at.balance_fen]


def _row(wanted: Wanted, line: statement.Line) -> sheets.Row:
    return [
        *(line.entry_no, line.at, _kind(line.kind, wanted.locale), line.reference, line.memo),
        *((line.operator,) if wanted.operators else ()),
        *(line.principal_fen, line.bonus_fen, line.amount_fen),
        *(line.principal_after_fen, line.bonus_after_fen, line.balance_after_fen),
    ]


def _totals(wanted: Wanted, found: statement.Stretch) -> sheets.Sheet:
    names = (
        ("kind", "text"),
        ("lines", "count"),
        ("principal", "yuan"),
        ("bonus", "yuan"),
        ("amount", "yuan"),
    )
    columns = [
        sheets.Column(words.say(f"statement.column.{name}", wanted.locale), cells)  # type: ignore[arg-type]
        for name, cells in names
    ]
    return sheets.Sheet(
        words.say("statement.totals", wanted.locale), columns, _total_rows(wanted.locale, found)
    )


async def _total_rows(locale: str, found: statement.Stretch) -> AsyncIterator[Sequence[sheets.Row]]:
    def balance(which: str, at: statement.Amounts) -> sheets.Row:
        said = words.say(f"statement.{which}", locale)
        return [said, None, at.principal_fen, at.bonus_fen, at.balance_fen]

    yield [balance("opening", found.opening)]
    yield [
        [_kind(total.kind, locale), total.lines, total.principal_fen, total.bonus_fen, total.amount_fen]
        for total in await statement.totals(found)
    ]
    yield [balance("closing", found.closing)]


def _kind(kind: str, locale: str) -> str:
    key = f"bot.statement.kind.{kind}"  # the chat's words for the same kinds
    return words.say(key, locale) if words.has(key, locale) else kind
