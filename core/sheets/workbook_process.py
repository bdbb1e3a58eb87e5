"""``python -m core.sheets.workbook_process FILE``: reads sheets from standard input and writes them as one workbook.

A line of input is JSON: an object begins a sheet (``sheet``, ``columns``), a list holds its next rows.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

_WIDTHS = {"text": 24, "count": 10, "yuan": 14, "moment": 20}


def write(lines: Iterable[bytes], path: Path) -> None:
    """Writes the workbook, a row at a time; its temporary files stay beside it."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(path.parent)})
    title = book.add_format({"bold": True, "bottom": 1})
    formats = {
        "yuan": book.add_format({"num_format": "#,##0.00"}),
        "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    writers: list[Callable[[int, int, Any], object]] = []
    sheet, row_no = None, 0
    for line in lines:
        content = json.loads(line)
        if isinstance(content, dict):
            sheet, row_no = book.add_worksheet(content["sheet"]), 1
            sheet.freeze_panes(1, 0)
            for at, (name, cells) in enumerate(content["columns"]):
                sheet.set_column(at, at, _WIDTHS[cells])
                sheet.write_string(0, at, name, title)
            writers = [_writer(sheet, cells, formats) for _, cells in content["columns"]]
            continue
        for row in content:
            for at, value in enumerate(row):
                if value is not None:
                    writers[at](row_no, at, value)
            row_no += 1
    book.close()


def _writer(sheet: Any, cells: str, formats: dict[str, Any]) -> Callable[[int, int, Any], object]:
    """Writes one column's cells. Text is written as text and never looked at: no formula, no link, no number comes of it."""
    if cells == "yuan":
        return lambda row, at, fen: sheet.write_number(row, at, fen / 100, formats["yuan"])
    if cells == "moment":
        return lambda row, at, text: sheet.write_datetime(
            row, at, datetime.fromisoformat(text), formats["moment"]
        )
    if cells == "count":
        return lambda row, at, number: sheet.write_number(row, at, number)
    return lambda row, at, text: sheet.write_string(row, at, text)


if __name__ == "__main__":
    os.nice(5)  # payments go first
    write(sys.stdin.buffer, Path(sys.argv[1]))
