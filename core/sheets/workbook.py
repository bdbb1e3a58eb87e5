"""Tables as an Excel workbook, made in a process of its own: an event loop that serves payments has no seconds to spare.

The process gets rows through a pipe, which holds us back when it is slower, and keeps none of them in memory.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from asyncio import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from core import clock, errors

if TYPE_CHECKING:
    from core.sheets import Column, Row, Sheet

AT_ONCE = 4
"""So many workbooks are made at the same time by one of our processes."""

_making = 0


class WorkbooksBusy(errors.Unavailable):
    """Others are waiting for their workbooks already."""

    code = "workbooks_busy"


async def as_xlsx(sheets: Sequence[Sheet]) -> BinaryIO:
    """The sheets as one .xlsx file, open for reading; it is gone from the disk when it is closed.

    Raises:
        WorkbooksBusy: too many are being made already.
    """
    with _turn():
        directory = tempfile.mkdtemp(prefix="yucun-workbook-")
        try:
            path = Path(directory, "workbook.xlsx")
            await _made(sheets, path)
            return _opened(path)
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


@contextmanager
def _turn() -> Iterator[None]:
    global _making
    if _making >= AT_ONCE:
        raise WorkbooksBusy
    _making += 1
    try:
        yield
    finally:
        _making -= 1


async def _made(sheets: Sequence[Sheet], path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core.sheets.workbook_process", str(path)),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stderr is not None
    try:
        complaint = asyncio.ensure_future(process.stderr.read())
        with suppress(BrokenPipeError, ConnectionResetError):  # it died; its own words say why
            await _feed(process.stdin, sheets)
        said, status = await complaint, await process.wait()
        if status:
            raise RuntimeError(f"no workbook came of it: {said.decode('utf-8', 'replace')[-2000:]}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _feed(pipe: asyncio.StreamWriter, sheets: Sequence[Sheet]) -> None:
    for sheet in sheets:
        described = {
            "sheet": sheet.title,
            "columns": [[column.title, column.cells] for column in sheet.columns],
        }
        pipe.write(_line(described))
        async for batch in sheet.batches:
            pipe.write(_line([_plain(sheet.columns, row) for row in batch]))
            await pipe.drain()
    pipe.close()
    await pipe.wait_closed()


def _line(content: Any) -> bytes:
    return json.dumps(content).encode("ascii") + b"\n"


def _plain(columns: Sequence[Column], row: Row) -> list[Any]:
    assert len(columns) == len(row), "a cell a column"
    return [_local(value) if isinstance(value, datetime) else value for value in row]


def _local(at: datetime) -> str:
    return at.astimezone(clock.zone()).replace(tzinfo=None).isoformat()  # Excel knows no zones
