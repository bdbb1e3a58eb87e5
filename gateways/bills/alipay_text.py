"""What Alipay's files have in common: lines of ``#`` around a table of unquoted values, GBK, in a ZIP with a second file of sums.

Nothing official describes the layout; it is that of files seen in the field (docs/reconciliation.md).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol

from gateways.bills import amounts
from gateways.bills.files import TextLines
from gateways.bills.lines import BillUnreadable, Expected
from gateways.bills.reading import Counted, L, Row, check_rows, header

_ACCOUNT = re.compile(r"#账号：\[(\d{16,32})\]", re.ASCII)
_BEGINS = re.compile(r"#起始日期：\[(\d{4})年(\d{2})月(\d{2})日 00:00:00\]", re.ASCII)
_END = "列表结束"
_TOTAL = re.compile(r"(\d+)笔，(?:[^，]*?)共(-?\d+(?:\.\d{1,2})?)元", re.ASCII)
"""A count and the first sum of a line of totals."""


def opened(path: Path, expected: Expected, named: str) -> TextLines:
    """The lines of a file, or of the archive's member of that name that is not the file of sums.

    Raises:
        BillUnreadable
    """

    def is_wanted(name: str) -> bool:
        return name.lower().endswith(".csv") and named in name and "汇总" not in name

    return TextLines(path, is_wanted=is_wanted, max_bytes=expected.max_bytes)


@dataclass(frozen=True, slots=True)
class Columns:
    """How many there are; ``free`` is that of a free text, ``anchors`` those of two times behind it."""

    count: int
    free: int
    anchors: tuple[int, int]


class Kind(Protocol[Row]):
    """What is its own to one kind of file."""

    FIRST: str
    """A column that only this kind of file has in its header."""

    @property
    def totals(self) -> Counted: ...

    def columns(self, names: Sequence[str], line_no: int) -> Columns:
        """The header: notes where what ``row`` needs stands, and says how rows are cut."""

    def row(self, cells: Sequence[str], line_no: int) -> Row:
        """One row, counted in ``totals``."""

    def sums(self) -> Mapping[str, tuple[int, int]]:
        """How many rows, and fen they come to, under the names that the file's own totals have."""


class Table(Generic[L]):
    """A ``reading.Layout``. The lines that begin with ``#`` say whose file it is, of which day, where its rows end and what they
    come to."""

    def __init__(self, kind: Kind[L], expected: Expected) -> None:
        self._kind = kind
        self._expected = expected
        self._columns: Columns | None = None
        self._seen: set[str] = set()
        self._has_ended = False
        self._told: dict[str, tuple[int, str]] = {}

    def rows(self, lines: Sequence[str], line_no: int) -> list[L]:
        """See ``reading.Layout``."""
        found: list[L] = []
        for number, line in enumerate(lines, line_no):
            if line[:1] == "#":
                self._take(line, number)
            elif not line or line.isspace():
                continue
            elif self._has_ended:
                raise BillUnreadable("after_the_end", number, line)
            elif (columns := self._columns) is None:
                self._header(line, number)
            else:
                found.append(self._kind.row(_cells_of(line, columns, number), number))
        check_rows(self._kind.totals.rows, self._expected, line_no)
        return found

    def end(self) -> None:
        """See ``reading.Layout``."""
        if self._columns is None or self._seen != {"account", "day"}:
            raise BillUnreadable("no_header")
        if not self._has_ended:
            raise BillUnreadable("cut_short")
        for said, (count, amount_fen) in self._kind.sums().items():
            told, text = self._told.get(said, (count, None))
            if told != count or (text is not None and abs(amounts.fen(text)) != amount_fen):
                raise BillUnreadable("summary", found=f"{said} {told} {text}")

    def _header(self, line: str, line_no: int) -> None:
        names = header(line)
        if self._kind.FIRST not in names:
            raise BillUnreadable("no_header", line_no, line)
        self._columns = self._kind.columns(names, line_no)

    def _take(self, line: str, line_no: int) -> None:
        if (account := _ACCOUNT.match(line)) is not None:
            if not account[1].startswith(self._expected.merchant_id):
                raise BillUnreadable("other_merchant", line_no, account[1])
            self._seen.add("account")
        elif (begins := _BEGINS.match(line)) is not None:
            if "-".join(begins.groups()) != self._expected.day.isoformat():
                raise BillUnreadable("other_day", line_no, line)
            self._seen.add("day")
        elif _END in line:
            self._has_ended = True
        elif "合计：" in line and (total := _TOTAL.search(line)) is not None:
            self._told[line[1 : line.index("合计：")]] = (int(total[1]), total[2])


def _cells_of(line: str, columns: Columns, line_no: int) -> list[str]:
    """A row's values. One too long has commas in a free text, at ``free``, or in the last column: the two columns of times, at
    ``anchors``, show in which.

    Raises:
        BillUnreadable: it cannot be cut into so many.
    """
    text = line.rstrip("\r")
    cells = [cell.strip() for cell in (next(csv.reader([text])) if '"' in text else text.split(","))]
    count, free = columns.count, columns.free
    if len(cells) == count:
        return cells
    first = columns.anchors[0]
    for shift in range(len(cells) - count + 1):
        if all(_is_time(cells[at + shift]) for at in columns.anchors):
            before, after = cells[: first + shift], cells[first + shift :]
            before = [*before[:free], ",".join(before[free : free + shift + 1]), *before[free + shift + 1 :]]
            keep = count - len(before) - 1
            return [*before, *after[:keep], ",".join(after[keep:])]
    raise BillUnreadable("columns", line_no, f"{len(cells)} / {count}")


def _is_time(text: str) -> bool:
    return len(text) == 19 and text[4] == text[7] == "-" and text[13] == text[16] == ":"
