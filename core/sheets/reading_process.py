"""``python -m core.sheets.reading_process``: reads one table from standard input and says its rows as lines of JSON.

The first line of input says which titles are known and how many rows at most; the rest is the file. A line of output is
``{"titles": […]}`` or ``{"fault": …}`` first, then ``[row number, {title: cell}, {title: fault}]``.
"""

from __future__ import annotations

import csv
import io
import json
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

_MEMORY = 1024 * 1024 * 1024
_MOST_UNPACKED = 64 * 1024 * 1024
_MOST_COLUMNS = 60
_LONGEST_CELL = 5_000
_FORMULA = object()
"""Stands where a workbook has a formula: what it came to was somebody else's word."""
_ESCAPED = ("'=", "'+", "'-", "'@", "'＝", "'＋", "'－", "'＠")


class Fault(Exception):
    """Why the file is not read."""


def read(file: bytes, titles: Sequence[str], most_rows: int) -> Iterator[Any]:
    """The lines of output.

    Raises:
        Fault.
    """
    table = enumerate(_workbook(file) if file[:2] == b"PK" else _text(file), 1)
    head = next((row for _, row in table if any(map(_written, row))), None)
    known = {title.casefold(): title for title in titles}
    columns = [known.get(_written(cell).casefold()) for cell in head or ()]
    found = [title for title in columns if title is not None]
    if not found:
        raise Fault("no_titles")
    if len(set(found)) < len(found):
        raise Fault("titles_twice")
    yield {"titles": found}
    count = 0
    for no, row in table:
        line = _line(columns, row)
        if line is None:
            continue
        count += 1
        if count > most_rows:
            raise Fault("too_large")
        yield [no, *line]


def _line(columns: Sequence[str | None], row: Sequence[Any]) -> tuple[dict[str, str], dict[str, str]] | None:
    cells: dict[str, str] = {}
    broken: dict[str, str] = {}
    for title, cell in zip(columns, row, strict=False):
        if title is None:
            continue
        if cell is _FORMULA:
            broken[title] = "formula"
        elif len(text := _written(cell)) > _LONGEST_CELL:
            broken[title] = "too_long"
        elif text:
            cells[title] = text
    return (cells, broken) if cells or broken else None


def _written(cell: Any) -> str:
    if cell is None or cell is _FORMULA:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return repr(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(round(cell, 6))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    text = str(cell).strip(" \t\r\n\u00a0\u3000\ufeff\u200b")
    return text[1:] if text.startswith(_ESCAPED) else text  # as our own files write what looks like a formula


def _text(file: bytes) -> Iterator[Sequence[Any]]:
    text = _decoded(file)
    if "\0" in text:
        raise Fault("broken")
    first = text[:10_000].partition("\n")[0]
    between = max(",\t;", key=first.count)
    csv.field_size_limit(len(text) + 1)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=between)
    try:
        for row in lines:
            yield row[:_MOST_COLUMNS]
    except csv.Error:
        raise Fault("broken") from None


def _decoded(file: bytes) -> str:
    if file[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: Iterable[str] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return file.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Fault("encoding")


def _workbook(file: bytes) -> Iterator[Sequence[Any]]:
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(file)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MOST_UNPACKED:
                raise Fault("too_large")
        # read_only: a row at a time; keep_links=False: what it points to outside is not looked at
        book = openpyxl.load_workbook(io.BytesIO(file), read_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size is not believed
        for row in sheet.iter_rows(max_col=_MOST_COLUMNS):
            yield [_FORMULA if cell.data_type == "f" else cell.value for cell in row]
    except Fault:
        raise
    except Exception:  # a library that reads strangers' files fails in many ways, and all mean this
        raise Fault("broken") from None


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    asked = json.loads(sys.stdin.buffer.readline())
    said: list[Any] = []
    try:
        said = list(read(sys.stdin.buffer.read(), asked["titles"], asked["most_rows"]))
    except (Fault, MemoryError, RecursionError) as fault:
        said = [{"fault": str(fault) if isinstance(fault, Fault) else "too_large"}]
    for line in islice(said, asked["most_rows"] + 1):
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
