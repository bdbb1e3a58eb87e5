"""Tables that people send: CSV or an Excel workbook, read in a process of its own with bounds on time and memory.

What a file is, its content says: a workbook is a ZIP archive, anything else is text, in UTF-8 (with its mark or without), UTF-16 with its
mark, or GB18030, which is what Chinese Excel writes. The first row says what stands in the columns.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from core import errors

MAX_BYTES = 4 * 1024 * 1024
_TIMEOUT_S = 10.0
_MOST_SAID = 32 * 1024 * 1024
AT_ONCE = 2
"""So many files are read at the same time for one of our processes."""

_turns = asyncio.Semaphore(AT_ONCE)


class SheetUnreadable(errors.Invalid):
    """The file is no table that can be read; ``reason`` says what is the matter."""

    code = "sheet_unreadable"


class SheetTooLarge(errors.Invalid):
    """The file has more rows, or unpacks to more, than is read."""

    code = "sheet_too_large"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not empty: its number in the file, and its cells, those of no column left out. ``broken``: columns whose cells
    hold what is not read: a formula (``formula``), or more text than anything needs (``too_long``)."""

    no: int
    cells: dict[str, str]
    broken: dict[str, str]


async def rows(file: bytes, titles: Sequence[str], *, most_rows: int) -> tuple[list[str], list[Row]]:
    """The titles a file has of those that are known, and its rows. Cells are text without blanks around them; empty ones are left out.

    Raises:
        SheetUnreadable, SheetTooLarge.
    """
    if len(file) > MAX_BYTES:
        raise SheetTooLarge(most_rows=most_rows)
    asked = json.dumps({"titles": list(titles), "most_rows": most_rows}).encode() + b"\n"
    async with _turns:
        said = await _read(asked + file)
    head, *lines = said.splitlines() or [b"{}"]
    answer = json.loads(head)
    if answer.get("fault") == "too_large":
        raise SheetTooLarge(most_rows=most_rows)
    if "titles" not in answer:
        raise SheetUnreadable(reason=answer.get("fault", "broken"))
    return answer["titles"], [Row(*json.loads(line)) for line in lines]


async def _read(given: bytes) -> bytes:
    """What the process says; nothing where it died or was too slow."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core.sheets.reading_process"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            said, _ = await process.communicate(given)
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said if process.returncode == 0 and len(said) <= _MOST_SAID else b""
