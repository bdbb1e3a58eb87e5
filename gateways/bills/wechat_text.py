"""What WeChat Pay's files have in common: a header, a row for each thing that happened, a header of sums, a row of sums.

Every cell has a back-tick in front and none is quoted, so a row is cut at a comma *and* back-tick: names of goods may have commas.
Columns differ by kind and year and are found by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, Protocol

from gateways.bills.files import TextLines
from gateways.bills.lines import BillUnreadable, Expected
from gateways.bills.reading import Counted, L, Row, check_rows, header
from gateways.bills.summary import Summary


def opened(path: Path, expected: Expected) -> TextLines:
    """The lines of a file, or of the one table in an archive.

    Raises:
        BillUnreadable
    """
    return TextLines(path, is_wanted=lambda name: name.lower().endswith(".csv"), max_bytes=expected.max_bytes)


class Kind(Protocol[Row]):
    """What is its own to one kind of file."""

    FIRST: str
    """A column that only this kind of file has in its header."""
    SUMS: str
    """A column of the header of sums: how many rows there are."""
    FREE_TEXT: tuple[str, ...]
    """Columns of what people wrote; a comma and back-tick in one makes a row too long."""

    @property
    def totals(self) -> Counted: ...

    def columns(self, names: Sequence[str], line_no: int) -> None:
        """The header: notes where what ``row`` needs stands."""

    def row(self, cells: Sequence[str], line_no: int) -> Row:
        """One row, counted in ``totals``."""

    def compare(self, summary: Summary, line_no: int) -> None:
        """Compares ``totals``, but for their number of rows, with the row of sums."""


class Table(Generic[L]):
    """A ``reading.Layout``; knows where in the file we are: before the header, among rows, at the sums, behind them."""

    def __init__(self, kind: Kind[L], expected: Expected) -> None:
        self._kind = kind
        self._expected = expected
        self._count = 0
        self._free = range(0)
        self._summary: Summary | None = None

    def rows(self, lines: Sequence[str], line_no: int) -> list[L]:
        """See ``reading.Layout``."""
        found: list[L] = []
        for number, line in enumerate(lines, line_no):
            if line[:1] == "`" and self._count and self._summary is None:
                cells = line[1:].rstrip("\r").split(",`")
                if len(cells) != self._count:
                    cells = self._fitted(cells, number)
                found.append(self._kind.row(cells, number))
            elif line and not line.isspace():
                self._other(line, number)
        check_rows(self._kind.totals.rows, self._expected, line_no)
        return found

    def end(self) -> None:
        """See ``reading.Layout``."""
        if not self._count:
            raise BillUnreadable("no_header")
        if self._summary is None or not self._summary.is_complete:
            raise BillUnreadable("cut_short")

    def _other(self, line: str, line_no: int) -> None:
        names = header(line)
        if not self._count:
            if self._kind.FIRST not in names:
                raise BillUnreadable("no_header", line_no, line)
            self._kind.columns(names, line_no)
            self._count = len(names)
            free = [names.index(name) for name in self._kind.FREE_TEXT if name in names]
            self._free = range(min(free), max(free) + 1) if free else range(0)
        elif self._summary is None:
            if self._kind.SUMS not in names:
                raise BillUnreadable("columns", line_no, line)
            self._summary = Summary(names)
        elif not self._summary.is_complete:
            self._summary.take(line, line_no)
            self._summary.compare_count(line_no, self._kind.totals.rows, self._kind.SUMS)
            self._kind.compare(self._summary, line_no)
        else:
            raise BillUnreadable("after_the_end", line_no, line)

    def _fitted(self, cells: list[str], line_no: int) -> list[str]:
        """A row with too many cells, because somebody wrote a comma and back-tick, as one with as many as there are columns.

        Raises:
            BillUnreadable: it has too few, or the free texts do not stand side by side.
        """
        surplus = len(cells) - self._count
        if surplus < 0 or not self._free or len(self._free) > len(self._kind.FREE_TEXT):
            raise BillUnreadable("columns", line_no, f"{len(cells)} / {self._count}")
        begins, ends = self._free.start, self._free.stop + surplus
        texts = cells[begins:ends]
        return [*cells[:begins], ",`".join(texts[: surplus + 1]), *texts[surplus + 1 :], *cells[ends:]]
