"""Every column that is kept sealed, and how one after the other goes over to the key that seals now.

A value is changed where it still is the token that was read, and where nobody has its row locked: the shop goes on beside it, nobody waits
for more than one statement of a few hundred rows, and what is passed over is looked at again. Nothing is remembered of a run: what is left
to do is what stands under another key.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from core import db, errors, sealed

log = logging.getLogger(__name__)

BATCH = 200
_PATIENCE_S = 0.2
_PASSES_MOST = 50


@dataclass(frozen=True, slots=True)
class Column:
    """A sealed column; ``inner``: the one key of its JSON that is. ``index``: the column with its blind index, and ``kind``, in SQL, of
    which kind that is."""

    table: str
    name: str
    inner: str | None = None
    index: str | None = None
    kind: str = "''"

    def __str__(self) -> str:
        """As it is named in its tokens."""
        return ".".join(part for part in (self.table, self.name, self.inner) if part is not None)

    @property
    def token(self) -> str:
        """Its token, in SQL."""
        return f"c.{self.name}" if self.inner is None else f"(c.{self.name} ->> '{self.inner}')"

    def put(self, token: str) -> str:
        """The assignment that sets it to this token, in SQL."""
        if self.inner is None:
            return f"{self.name} = {token}"
        return f"{self.name} = jsonb_set(c.{self.name}, '{{{self.inner}}}', to_jsonb({token}))"


COLUMNS = (
    Column("message_address", "address", index="address_index", kind="c.channel"),
    Column("address_code", "address", index="address_index", kind="c.channel"),
    Column("delivery_address", "phone"),
    Column("shop_order", "address", "phone"),
    Column("standing_order", "address", "phone"),
    Column("invoice_request", "title"),
    Column("invoice_request", "tax_no"),
    Column("invoice_request", "email"),
    Column("remittance", "payee_name"),
    Column("operator_totp", "secret"),
)
"""Whoever seals another column adds it here, with a CHECK that it begins as tokens do (``docs/how-to/keys.md``)."""


@dataclass(frozen=True, slots=True)
class Count:
    """So many values of a column stand under this key; ``kid`` None: they are not sealed."""

    column: Column
    kid: str | None
    values: int


@dataclass(frozen=True, slots=True)
class Turned:
    """What a run came to: so many values were sealed anew, so many cannot be opened, and so many are left, whose rows were locked
    all the time or written under another key meanwhile."""

    turned: int
    unreadable: int
    left: int


def _counting(column: Column) -> str:
    return f"""
SELECT CASE WHEN starts_with({column.token}, '{sealed.VERSION}.') THEN split_part({column.token}, '.', 2) END AS kid, count(*) AS values
FROM {column.table} c WHERE {column.token} IS NOT NULL GROUP BY 1 ORDER BY 1
"""


async def counts() -> list[Count]:
    """How many values stand under which key."""
    return [Count(column, *row) for column in COLUMNS for row in await db.fetch(_counting(column))]


Progress = Callable[[int], object]
"""Is told how many more values have been looked at."""


async def turn(progress: Progress = lambda _: None) -> Turned:
    """Seals anew what does not stand under the key that seals now. May be stopped at any moment and run again, beside the shop and beside
    itself."""
    turned = unreadable = left = 0
    for column in COLUMNS:
        done, broken, over = await _turn(column, progress)
        turned, unreadable, left = turned + done, unreadable + broken, left + over
    return Turned(turned, unreadable, left)


def _old(column: Column) -> str:
    return f"""
SELECT c.id, {column.token} AS token FROM {column.table} c
WHERE c.id > $1 AND NOT starts_with({column.token}, $2) ORDER BY c.id LIMIT {BATCH}
"""


def _put(column: Column) -> str:
    return f"""
WITH free AS (
    SELECT c.id, v.token FROM unnest($1::bigint[], $2::text[], $3::text[]) AS v (id, was, token)
    JOIN {column.table} c ON c.id = v.id AND {column.token} = v.was FOR NO KEY UPDATE OF c SKIP LOCKED
)
UPDATE {column.table} c SET {column.put("free.token")} FROM free WHERE c.id = free.id
"""


async def _turn(column: Column, progress: Progress) -> tuple[int, int, int]:
    turned, broken = 0, set[int]()
    for nth in range(_PASSES_MOST):
        done, passed = await _pass(column, broken, progress if nth == 0 else lambda _: None)
        turned += done
        if not passed:
            return turned, len(broken), 0
        await asyncio.sleep(_PATIENCE_S)  # whoever has the rows locked may be done by then
    return turned, len(broken), passed


async def _pass(column: Column, broken: set[int], progress: Progress) -> tuple[int, int]:
    """Once through the column: how many were sealed anew, how many are to be looked at again."""
    turned = passed = after = 0
    now = f"{sealed.VERSION}.{sealed.ring().sealing}."
    while rows := await db.fetch(_old(column), after, now):
        after = rows[-1]["id"]
        anew = [(row["id"], row["token"], fresh) for row in rows if (fresh := _anew(row["token"], column))]
        broken.update({row["id"] for row in rows} - {number for number, _, _ in anew})
        done = await db.execute(_put(column), *map(list, zip(*anew, strict=True))) if anew else 0
        turned, passed = turned + done, passed + len(anew) - done
        progress(len(rows))
    return turned, passed


def _anew(token: str, column: Column) -> str | None:
    try:
        return sealed.seal(sealed.opened(token, str(column)), str(column))
    except errors.DomainError:  # why is in the log
        return None


def _unindexed(column: Column) -> str:
    return f"""
SELECT c.id, {column.token} AS token, {column.kind} AS kind, c.{column.index} AS index FROM {column.table} c
WHERE c.id > $1 AND {column.token} IS NOT NULL ORDER BY c.id LIMIT {BATCH}
"""


def _put_index(column: Column) -> str:
    return f"""
UPDATE {column.table} c SET {column.index} = v.index FROM unnest($1::bigint[], $2::text[], $3::bytea[]) AS v (id, token, index)
WHERE c.id = v.id AND {column.token} = v.token
"""


async def index_anew(progress: Progress = lambda _: None) -> int:
    """Makes every blind index anew, where the search key is another than it was. What is written meanwhile is found by the new one already.
    Returns how many were."""
    made = 0
    for column in (one for one in COLUMNS if one.index is not None):
        after = 0
        while rows := await db.fetch(_unindexed(column), after):
            after = rows[-1]["id"]
            wrong = [
                (row["id"], row["token"], index)
                for row in rows
                if (value := sealed.readable(row["token"], str(column))) is not None
                and (index := sealed.index(value, row["kind"])) != row["index"]
            ]
            if wrong:
                made += await db.execute(_put_index(column), *map(list, zip(*wrong, strict=True)))
            progress(len(rows))
    return made
