"""Tables for people to take away: one description, written as CSV or as an Excel workbook.

A column says what its cells are, and that alone decides how they are written: amounts and counts as numbers, moments as dates,
and text always as text, whatever it looks like. Rows come in batches, so that a long table is never held as a whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.sheets.delimited import as_csv
from core.sheets.workbook import WorkbooksBusy, as_xlsx

__all__ = ["Column", "Row", "Sheet", "WorkbooksBusy", "as_csv", "as_xlsx"]

Row = Sequence[Any]
"""A cell a column; None leaves it empty. ``text``: str; ``count``: int; ``yuan``: fen as int; ``moment``: aware datetime."""


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in the first row, and what the cells under it are."""

    title: str
    cells: Literal["text", "count", "yuan", "moment"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a title (of at most 31 characters, none of ``[]:*?/\\``) whose rows come in batches."""

    title: str
    columns: Sequence[Column]
    batches: AsyncIterator[Sequence[Row]]
