"""Tables as CSV (RFC 4180), for spreadsheets: UTF-8 with a byte order mark, or Excel takes it for the machine's old code page.

A spreadsheet runs text that begins like a formula, and names and memos come from strangers. Such text gets a leading
apostrophe (OWASP, "CSV Injection"). Numbers are written by us and stay numbers, negative ones too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core import clock, money

if TYPE_CHECKING:
    from core.sheets import Column, Sheet

_FORMULA = frozenset("=+-@＝＋－＠\t\r\n")  # the wide ones begin formulas in Chinese and Japanese Excel


async def as_csv(sheet: Sheet) -> AsyncIterator[bytes]:
    """The sheet as CSV, a batch of rows a piece."""
    page = io.StringIO()
    lines = csv.writer(page)
    lines.writerow([_text(column.title) for column in sheet.columns])
    yield page.getvalue().encode("utf-8-sig")
    async for batch in sheet.batches:
        page.seek(0)
        page.truncate()
        lines.writerows(
            [_cell(column, value) for column, value in zip(sheet.columns, row, strict=True)] for row in batch
        )
        yield page.getvalue().encode("utf-8")


def _cell(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.cells == "text":
        return _text(value)
    if column.cells == "yuan":
        return money.yuan(value)
    return _moment(value) if column.cells == "moment" else str(int(value))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(clock.zone()):%Y-%m-%d %H:%M:%S}"


def _text(text: str) -> str:
    # what is invisible in front does not keep a spreadsheet from seeing a formula behind it
    begins = text.lstrip(" \u00a0\u200b\u2060\u3000\ufeff")[:1]
    return f"'{text}" if begins in _FORMULA and begins else text
