"""The rows of a bill as PostgreSQL's COPY reads them, in pieces.

A large file is read by a process of its own: reading it takes as long as writing it, so both go on at once, and the event loop, which
serves others, is not kept.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
from asyncio import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import NamedTuple

from gateways import bills

LARGE_BYTES = 4 * 1024**2
"""A smaller file is through before a process has started."""
_AHEAD = 400
"""So many pieces are kept ready while PostgreSQL is busy: some 40 MB."""

FRAME = struct.Struct(">cIBI")
"""What comes before each piece of the process's output: what it is, rows and per cent of the file read so far, its length."""
ROWS, TOTALS, UNREADABLE = b"R", b"T", b"U"

_ROW = "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n"


class Piece(NamedTuple):
    """Some rows, how many have been read with them, and how much of the file."""

    text: bytes
    rows_so_far: int
    percent_so_far: int


def pieces_of(bill: bills.Bill[bills.BillLine, bills.Totals]) -> Iterator[Piece]:
    """All rows; what a number of a channel cannot have (a tab) was refused before.

    Raises:
        BillUnreadable: see ``Bill.batches``.
    """
    for lines in bill.batches():
        text = "".join([_ROW % line for line in lines])
        if "\\" in text:
            text = text.replace("\\", "\\\\")
        yield Piece(text.encode(), bill.totals.rows, bill.percent)


class Reading:
    """A bill being read. ``totals`` are there once ``pieces`` has ended."""

    pieces: AsyncIterator[Piece]

    def __init__(self) -> None:
        self.totals = bills.Totals()


@asynccontextmanager
async def opened(channel: str, path: Path, expected: bills.Expected) -> AsyncIterator[Reading]:
    """Reads a bill. Whoever takes the pieces may see, in the middle or at the very end, that it is not readable.

    Raises:
        BillUnreadable: nothing of it counts.
    """
    if _size(path) < LARGE_BYTES:
        with bills.trades(channel, path, expected) as bill:
            reading = Reading()
            reading.pieces, reading.totals = _read_here(bill), bill.totals
            yield reading
    else:
        async with _process(channel, path, expected) as output:
            reading = Reading()
            reading.pieces = _read_there(output, reading)
            yield reading


def _size(path: Path) -> int:
    return os.stat(path).st_size


async def _read_here(bill: bills.Bill[bills.BillLine, bills.Totals]) -> AsyncIterator[Piece]:
    for piece in pieces_of(bill):
        yield piece
        await asyncio.sleep(0)  # others have their turn between two pieces


_Frame = tuple[bytes, int, int, bytes]


@asynccontextmanager
async def _process(
    channel: str, path: Path, expected: bills.Expected
) -> AsyncIterator[asyncio.Queue[_Frame]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reconciliation.bill_process", asked(channel, path, expected)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    complaint = asyncio.ensure_future(process.stderr.read())
    frames: asyncio.Queue[_Frame] = asyncio.Queue(_AHEAD)
    taking = asyncio.ensure_future(_take(process.stdout, frames, complaint))
    try:
        yield frames
    finally:
        if process.returncode is None:
            process.kill()
        taking.cancel()
        await asyncio.wait((taking, complaint))
        await process.wait()


async def _take(
    output: asyncio.StreamReader, frames: asyncio.Queue[_Frame], complaint: asyncio.Future[bytes]
) -> None:
    """Fills the queue until the process has said how it ended."""
    kind = ROWS
    while kind == ROWS:
        try:
            kind, rows, percent, length = FRAME.unpack(await output.readexactly(FRAME.size))
            content = await output.readexactly(length)
        except asyncio.IncompleteReadError:  # it died; its own words say why
            kind, rows, percent, content = b"", 0, 0, (await complaint)[-2000:]
        await frames.put((kind, rows, percent, content))


async def _read_there(frames: asyncio.Queue[_Frame], reading: Reading) -> AsyncIterator[Piece]:
    while True:
        kind, rows, percent, content = await frames.get()
        if kind == ROWS:
            yield Piece(content, rows, percent)
            continue
        if kind == TOTALS:
            reading.totals = bills.Totals(**json.loads(content))
            return
        if kind == UNREADABLE:
            raise bills.BillUnreadable(**json.loads(content))
        raise RuntimeError(f"the bill was not read to its end: {content.decode('utf-8', 'replace')}")


def asked(channel: str, path: Path, expected: bills.Expected) -> str:
    """What the process is asked for, as its one argument."""
    return json.dumps({
        "channel": channel, "path": str(path), "expected": asdict(expected) | {"day": expected.day.isoformat()},
    })  # fmt: skip


def understood(text: str) -> tuple[str, Path, bills.Expected]:
    """What ``asked`` wrote."""
    said = json.loads(text)
    told = said["expected"]
    return (
        said["channel"],
        Path(said["path"]),
        bills.Expected(**told | {"day": date.fromisoformat(told["day"])}),
    )
