"""What every bill has in common: batches of rows, an end that says what they should come to, and a file that is closed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from gateways.bills.files import TextLines
from gateways.bills.lines import BillUnreadable, Expected

L = TypeVar("L")
T = TypeVar("T")
Row = TypeVar("Row", covariant=True)

Pick = Callable[[Sequence[str]], Any]
"""Takes the cells that matter out of a row, several at once."""

_NUMBER_AT_MOST = 64
_SPREADSHEET = re.compile(r"\d(?:\.\d+)?E\+\d+", re.ASCII)


class Counted(Protocol):
    """What rows come to; both kinds of totals are."""

    @property
    def rows(self) -> int: ...


class Layout(Protocol[L]):
    """How one kind of file is written."""

    def rows(self, lines: Sequence[str], line_no: int) -> list[L]:
        """The rows among these lines, the first of which has that number.

        Raises:
            BillUnreadable: one of them should not be there.
        """

    def end(self) -> None:
        """Nothing more comes.

        Raises:
            BillUnreadable: something is missing, or the rows are not what the file says of itself.
        """


class Bill(Generic[L, T]):
    """A bill file being read. ``totals`` are those of the rows given so far, and final once ``batches`` has ended."""

    def __init__(self, lines: TextLines, layout: Layout[L], totals: T) -> None:
        self._lines = lines
        self._layout = layout
        self.totals = totals

    def batches(self) -> Iterator[list[L]]:
        """All rows, a few hundred at a time.

        Raises:
            BillUnreadable: in the middle or at the very end; then nothing of the file counts.
        """
        for lines in self._lines.batches():
            if rows := self._layout.rows(lines, self._lines.line_no):
                yield rows
        self._layout.end()

    @property
    def percent(self) -> int:
        """So much of the file has been read."""
        return self._lines.percent

    def close(self) -> None:
        self._lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def header(line: str) -> list[str]:
    """The names in a header line, without what spreadsheets and exporters leave around them."""
    return [
        name.strip().strip("`\"' \t").replace("(", "（").replace(")", "）")
        for name in line.rstrip("\r").split(",")
    ]


def place(names: Sequence[str], line_no: int, *spellings: str) -> int:
    """Where a column stands that must be there, under one of its names.

    Raises:
        BillUnreadable: it is missing.
    """
    found = place_if_any(names, *spellings)
    if found is None:
        raise BillUnreadable("columns", line_no, spellings[0])
    return found


def place_if_any(names: Sequence[str], *spellings: str) -> int | None:
    """Where a column stands that not every layout has."""
    return next((names.index(name) for name in spellings if name in names), None)


def picking(*places: int) -> Pick:
    """Takes the cells at these places (two at least), in this order."""
    return itemgetter(*places)


def checked_time(text: str, line_no: int) -> str:
    """A time as ``YYYY-MM-DD HH:MM:SS``; old files have full-width colons.

    Raises:
        BillUnreadable: it is none.
    """
    plain = text.replace("：", ":")
    try:
        if len(plain) != 19 or (plain[4], plain[7], plain[10]) != ("-", "-", " "):
            raise ValueError
        datetime.fromisoformat(plain)
    except ValueError:
        raise BillUnreadable("time", line_no, text) from None
    return plain


def check_number(number: str, line_no: int) -> None:
    """A number that a spreadsheet has rounded, or that is none, is found here rather than as a difference.

    Raises:
        BillUnreadable
    """
    is_rounded = "E+" in number and _SPREADSHEET.fullmatch(number)
    if len(number) > _NUMBER_AT_MOST or is_rounded or not number.isprintable():
        raise BillUnreadable("number", line_no, number)


def check_rows(count: int, expected: Expected, line_no: int) -> None:
    """Raises: BillUnreadable: more rows than a bill may have."""
    if count > expected.max_rows:
        raise BillUnreadable("too_many_rows", line_no)
