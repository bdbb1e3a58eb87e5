"""Lists taken away as files: asked for by an operator, made by a worker a batch at a time, kept for a day.

Whoever makes one has it under a lease that each batch renews; a worker that dies leaves it to the next, which begins the file anew.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from core import clock, db, errors

Form = Literal["csv", "xlsx"]
FORMS: tuple[Form, ...] = get_args(Form)
KEPT = timedelta(days=1)
LEASE = timedelta(seconds=60)
MOST_WAITING = 3
"""So many an operator may wait for at once."""
MOST_TRIES = 3
_PIECE = 512 * 1024


class TooManyExports(errors.Conflict):
    """The operator waits for files already; they have to be ready first."""

    code = "too_many_exports"


class NoSuchExport(errors.NotFound):
    """There is no such file, it is not the operator's, or it is no longer kept."""

    code = "no_such_export"


@dataclass(frozen=True, slots=True)
class Export:
    """A list asked for as a file. ``rows`` are written so far; ``size`` in bytes once it is done."""

    id: int
    operator_id: int
    operation: str
    title: str
    asked: Mapping[str, Any]
    columns: Sequence[str]
    form: Form
    locale: str
    state: str
    rows: int
    size: int
    fault: str | None
    created_at: datetime
    ended_at: datetime | None
    tries: int


_COLUMNS = (
    "id, operator_id, operation, title, asked::text AS asked, columns::text AS columns, form, locale, state, rows, size, fault,"
    " created_at, ended_at, tries"
)
_WAITING = "SELECT count(*) FROM list_export WHERE operator_id = $1 AND state IN ('queued', 'running') AND request_key <> $2"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('list_export'), $1::int)"
_ASK = f"""
INSERT INTO list_export (operator_id, request_key, operation, title, asked, columns, form, locale, state, rows, size, created_at, tries)
VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8, 'queued', 0, 0, $9, 0)
ON CONFLICT (operator_id, request_key) DO UPDATE SET request_key = $2 RETURNING {_COLUMNS}
"""


async def ask(
    operator_id: int,
    *,
    operation: str,
    title: str,
    asked: Mapping[str, Any],
    columns: Sequence[str],
    form: Form,
    locale: str,
    key: str,
) -> Export:
    """Asks for a list as a file; the same key again is the same file.

    Raises:
        TooManyExports.
    """
    async with db.transaction():
        await db.execute(_LOCK, operator_id % 2**31)
        if await db.fetchval(_WAITING, operator_id, key) >= MOST_WAITING:
            raise TooManyExports(most=MOST_WAITING)
        row = await db.fetchrow(
            _ASK, operator_id, key, operation, title[:100], json.dumps(asked), json.dumps(list(columns)), form, locale,
            clock.now(),
        )  # fmt: skip
    return _export(row)


_PAGE = f"SELECT {_COLUMNS} FROM list_export WHERE operator_id = $1 ORDER BY id DESC LIMIT 20"
_ONE = f"SELECT {_COLUMNS} FROM list_export WHERE id = $1 AND operator_id = $2"


async def page(operator_id: int) -> list[Export]:
    """The latest files of an operator."""
    return [_export(row) for row in await db.fetch(_PAGE, operator_id)]


async def one(operator_id: int, export_id: int) -> Export:
    """One of them.

    Raises:
        NoSuchExport.
    """
    row = await db.fetchrow(_ONE, export_id, operator_id)
    if row is None:
        raise NoSuchExport
    return _export(row)


_CANCEL = """
UPDATE list_export SET state = 'cancelled', ended_at = $3 WHERE id = $1 AND operator_id = $2 AND state IN ('queued', 'running')
"""


async def cancel(operator_id: int, export_id: int) -> Export:
    """Lets a file be that is not ready; one that is stays.

    Raises:
        NoSuchExport.
    """
    await db.execute(_CANCEL, export_id, operator_id, clock.now())
    return await one(operator_id, export_id)


_PIECES = "SELECT content FROM list_export_piece WHERE export_id = $1 AND nth = $2"


async def content(export: Export) -> AsyncIterator[bytes]:
    """The file, a piece at a time."""
    nth = 0
    while (piece := await db.fetchval(_PIECES, export.id, nth)) is not None:
        yield bytes(piece)
        nth += 1


_CLAIM = f"""
UPDATE list_export SET state = 'running', lease_until = $2, tries = tries + 1, rows = 0, size = 0
WHERE id = (SELECT id FROM list_export WHERE state = 'queued' OR state = 'running' AND lease_until < $1 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}
"""
_CLEAR = "DELETE FROM list_export_piece WHERE export_id = $1"


async def claim() -> Export | None:
    """The next that is to be made, for this worker alone while it renews its lease (``wrote``)."""
    now = clock.now()
    async with db.transaction():
        row = await db.fetchrow(_CLAIM, now, now + LEASE)
        if row is None:
            return None
        await db.execute(_CLEAR, row["id"])
    found = _export(row)
    if found.tries > MOST_TRIES:
        await fail(found, "gave_up")
        return await claim()
    return found


_WROTE = (
    "UPDATE list_export SET rows = $3, lease_until = $4 WHERE id = $1 AND tries = $2 AND state = 'running'"
)


async def wrote(export: Export, rows: int) -> bool:
    """Says how far it is. False: it is not this worker's any more, or nobody wants it."""
    return bool(await db.execute(_WROTE, export.id, export.tries, rows, clock.now() + LEASE))


_PUT = """
INSERT INTO list_export_piece (export_id, nth, content)
SELECT $1, $3, $4 FROM list_export WHERE id = $1 AND tries = $2 AND state = 'running' FOR UPDATE
"""
_DONE = """
UPDATE list_export SET state = 'done', size = $3, ended_at = $4 WHERE id = $1 AND tries = $2 AND state = 'running'
"""


class Pieces:
    """The file as it is written: pieces of half a megabyte."""

    def __init__(self, export: Export) -> None:
        self._export, self._nth, self._size, self._held = export, 0, 0, bytearray()

    async def write(self, part: bytes) -> None:
        """Adds to the file."""
        self._held += part
        while len(self._held) >= _PIECE:
            await self._put(bytes(self._held[:_PIECE]))
            del self._held[:_PIECE]

    async def finish(self) -> None:
        """The file is whole."""
        if self._held:
            await self._put(bytes(self._held))
        await db.execute(_DONE, self._export.id, self._export.tries, self._size, clock.now())

    async def _put(self, piece: bytes) -> None:
        await db.execute(_PUT, self._export.id, self._export.tries, self._nth, piece)
        self._nth += 1
        self._size += len(piece)


_FAIL = """
UPDATE list_export SET state = 'failed', fault = $3, ended_at = $4 WHERE id = $1 AND tries = $2 AND state = 'running'
"""


async def fail(export: Export, fault: str) -> None:
    """It cannot be made; ``fault`` is the code of a refusal."""
    await db.execute(_FAIL, export.id, export.tries, fault[:200], clock.now())
    await db.execute(_CLEAR, export.id)


_FORGET = "DELETE FROM list_export WHERE ended_at < $1"


async def forget_old() -> int:
    """Drops files that are older than a day. Returns how many."""
    return await db.execute(_FORGET, clock.now() - KEPT)


def _export(row: Any) -> Export:
    return Export(**{**row, "asked": json.loads(row["asked"]), "columns": json.loads(row["columns"])})
