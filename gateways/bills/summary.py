"""The sums a bill ends with, and whether the rows come to them."""

from __future__ import annotations

from collections.abc import Sequence

from gateways.bills import amounts
from gateways.bills.lines import BillUnreadable


class Summary:
    """A header of sums, and then the row under it."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._values: dict[str, str] = {}

    @property
    def is_complete(self) -> bool:
        return bool(self._values)

    def take(self, line: str, line_no: int) -> None:
        """The row of sums.

        Raises:
            BillUnreadable: it has fewer cells than its header.
        """
        cells = [cell.strip().strip("`") for cell in line.split(",")]
        if len(cells) < len(self._names):
            raise BillUnreadable("cut_short", line_no, line)
        self._values = dict(zip(self._names, cells, strict=False))

    def compare_count(self, line_no: int, count: int, *names: str) -> None:
        """Raises: BillUnreadable: the file names another number of rows."""
        said = self._said(names)
        if said is None or said != str(count):
            raise BillUnreadable("summary", line_no, f"{names[0]} {said} / {count}")

    def compare(self, line_no: int, milli: int, *names: str) -> None:
        """Compares a sum, in thousandths of a fen, with what the file says under the first of the names that it has.

        Raises:
            BillUnreadable: it says something else.
        """
        said = self._said(names)
        if said is None:
            return
        try:
            is_same = amounts.milli_fen(said) == milli
        except ValueError:
            is_same = False
        if not is_same:
            raise BillUnreadable("summary", line_no, f"{names[0]} {said}")

    def _said(self, names: Sequence[str]) -> str | None:
        return next((self._values[name] for name in names if name in self._values), None)
