"""What Alipay's files have in common: lines of ``#`` around a table of unquoted values, GBK, in a ZIP with a second file of sums.

Nothing official describes the layout; it is that of files seen in the field (docs/reconciliation.md).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from gateways.bills.files import TextLines
from gateways.bills.lines import BillUnreadable, Expected

_ACCOUNT = re.compile(r"#账号：\[(\d{16,32})\]", re.ASCII)
_BEGINS = re.compile(r"#起始日期：\[(\d{4})年(\d{2})月(\d{2})日 00:00:00\]", re.ASCII)
_END = "列表结束"
TOTAL = re.compile(r"(\d+)笔，(?:[^，]*?)共(-?\d+(?:\.\d{1,2})?)元", re.ASCII)
"""A count and the first sum of a line of totals."""


def opened(path: Path, expected: Expected, named: str) -> TextLines:
    """The lines of a file, or of the archive's member of that name that is not the file of sums.

    Raises:
        BillUnreadable
    """

    def is_wanted(name: str) -> bool:
        return name.lower().endswith(".csv") and named in name and "汇总" not in name

    return TextLines(path, is_wanted=is_wanted, max_bytes=expected.max_bytes)


class Frame:
    """The lines that begin with ``#``: whose file, of which day, where it ends, and what it says that its rows come to."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._seen: set[str] = set()
        self.has_ended = False
        self.totals: dict[str, tuple[int, str]] = {}

    def take(self, line: str, line_no: int) -> None:
        """One such line.

        Raises:
            BillUnreadable: it is about another account or day.
        """
        if (account := _ACCOUNT.match(line)) is not None:
            if not account[1].startswith(self._expected.merchant_id):
                raise BillUnreadable("other_merchant", line_no, account[1])
            self._seen.add("account")
        elif (begins := _BEGINS.match(line)) is not None:
            if "-".join(begins.groups()) != self._expected.day.isoformat():
                raise BillUnreadable("other_day", line_no, line)
            self._seen.add("day")
        elif _END in line:
            self.has_ended = True
        elif "合计：" in line and (total := TOTAL.search(line)) is not None:
            self.totals[line[1 : line.index("合计：")]] = (int(total[1]), total[2])

    def end(self) -> None:
        """Raises: BillUnreadable: the file did not say whose it is, of which day, or where its rows end."""
        if self._seen != {"account", "day"}:
            raise BillUnreadable("no_header")
        if not self.has_ended:
            raise BillUnreadable("cut_short")


def cells_of(line: str, count: int, free: int, anchors: tuple[int, int], line_no: int) -> list[str]:
    """A row's values. One too long has commas in a free text, at ``free``, or in the last column: the two columns of times, at
    ``anchors``, show in which.

    Raises:
        BillUnreadable: it cannot be cut into so many.
    """
    text = line.rstrip("\r")
    cells = [cell.strip() for cell in (next(csv.reader([text])) if '"' in text else text.split(","))]
    if len(cells) == count:
        return cells
    first, last = anchors
    span = last - first
    for shift in range(len(cells) - count + 1):
        if all(is_time(cells[at + shift]) for at in (first, first + span)):
            before, after = cells[: first + shift], cells[first + shift :]
            before = [*before[:free], ",".join(before[free : free + shift + 1]), *before[free + shift + 1 :]]
            keep = count - len(before) - 1
            return [*before, *after[:keep], ",".join(after[keep:])]
    raise BillUnreadable("columns", line_no, f"{len(cells)} / {count}")


def is_time(text: str) -> bool:
    """Whether a value is a time as these files write it."""
    return len(text) == 19 and text[4] == text[7] == "-" and text[13] == text[16] == ":"


def names_of(cells: Sequence[str]) -> list[str]:
    """The names of a header line, with the brackets they have in some years."""
    return [name.strip().replace("(", "（").replace(")", "）") for name in cells]
