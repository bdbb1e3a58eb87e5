"""Proofs that were run, and the marks they left: how far a successful proof looked, for the next to go on from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from core import clock, db

Counts = tuple[int, int, int]
"""Transfers, postings and entries."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The last number of each table that a successful proof has covered."""

    id: int
    day: date
    proved_at: datetime
    last_ids: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Run:
    """What a recorded proof found: how many rows break which invariant. ``whole`` and ``freshness`` say what it looked at."""

    proved_at: datetime
    whole: bool
    freshness: bool
    violations: Mapping[str, int]


_LAST = """
SELECT id, day, proved_at, last_ids::text AS last_ids FROM proof_run
WHERE violations = '{}' AND last_ids IS NOT NULL ORDER BY id DESC LIMIT 1
"""


async def last() -> Mark | None:
    """The mark of the last successful proof."""
    row = await db.fetchrow(_LAST)
    if row is None:
        return None
    return Mark(row["id"], row["day"], row["proved_at"], _Ids(json.loads(row["last_ids"])))


class _Ids(dict[str, int]):
    """A table that came after the mark was made has only new rows."""

    def __missing__(self, table: str) -> int:
        return 0


_COUNT = """
SELECT (SELECT count(*) FROM transfer WHERE id > $1), (SELECT count(*) FROM posting WHERE id > $2),
       (SELECT count(*) FROM entry WHERE id > $3)
"""


async def counts(since: Mark | None) -> Counts:
    """How much of the books there is, or came after the mark."""
    ids = since.last_ids if since else _Ids()
    row = await db.fetchrow(_COUNT, ids["transfer"], ids["posting"], ids["entry"])
    assert row is not None, "a SELECT without FROM has one row"
    return (row[0], row[1], row[2])


_KEEP = """
INSERT INTO proof_run (day, proved_at, whole, freshness, violations, last_ids, transfers, postings, entries)
VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8, $9)
"""


async def keep(
    *, whole: bool, freshness: bool, violations: Mapping[str, int], last_ids: Mapping[str, int] | None, counts: Counts
) -> bool:  # fmt: skip
    """Records a proof. Says whether it is a mark."""
    await db.execute(
        _KEEP, clock.today(), clock.now(), whole, freshness, json.dumps(violations),
        None if last_ids is None else json.dumps(last_ids), *counts,
    )  # fmt: skip
    return not violations and last_ids is not None


_RECENT = """
SELECT proved_at, whole, freshness, violations::text AS violations FROM proof_run
WHERE id >= coalesce((SELECT max(id) FROM proof_run WHERE whole AND freshness), 0) ORDER BY id DESC LIMIT 1000
"""


async def recent() -> list[Run]:
    """The last proof that looked at everything and those after it, oldest first."""
    rows = await db.fetch(_RECENT)
    return [
        Run(row["proved_at"], row["whole"], row["freshness"], json.loads(row["violations"]))
        for row in reversed(rows)
    ]
