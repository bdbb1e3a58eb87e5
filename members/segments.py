"""Segments 顾客分群: customers for whom a rule holds, asked anew each time. Only active customers are in any."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, db, errors
from ledger import idempotency
from members import customers, segment_rules
from members.segment_rules import Rule, RuleWrong

__all__ = ["KeyReused", "NoSuchSegment", "Preview", "RuleWrong", "Segment", "SegmentExists"]

KeyReused = idempotency.KeyReused


class NoSuchSegment(errors.NotFound):
    """There is no such segment."""

    code = "no_such_segment"


class SegmentExists(errors.Conflict):
    """There is a segment of this name."""

    code = "segment_exists"


@dataclass(frozen=True, slots=True)
class Segment:
    """A rule with a name."""

    id: int
    name: str
    rule: Rule
    saved_by: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """How many a rule holds for now, and how many of them agreed to marketing."""

    customers: int
    reachable: int


_COLUMNS = "id, name, rule::text AS rule, saved_by, saved_at"
_ADD = """
INSERT INTO segment (name, rule, saved_by, saved_at, created_at) VALUES ($1, $2::jsonb, $3, $4, $4)
ON CONFLICT (name) DO NOTHING RETURNING id
"""


async def add(operator_id: int, name: str, rule: Rule, *, key: str) -> Segment:
    """A new segment.

    Raises:
        RuleWrong, SegmentExists, KeyReused.
    """
    segment_rules.check(rule)
    by = f"operator:{operator_id}"

    async def act() -> int:
        made: int | None = await db.fetchval(_ADD, name, dumped(rule), by, clock.now())
        if made is None:
            raise SegmentExists(name=name)
        return made

    content = {"name": name, "rule": dumped(rule)}
    made = await idempotency.alone(caller=by, operation="segments.add", key=key, content=content, act=act)
    return await get(int(made))


_SAME_NAME = "SELECT EXISTS (SELECT FROM segment WHERE name = $2 AND id <> $1)"
_CHANGE = f"""
UPDATE segment SET name = $2, rule = $3::jsonb, saved_by = $4, saved_at = $5 WHERE id = $1 RETURNING {_COLUMNS}
"""


@db.retried
async def change(operator_id: int, segment_id: int, name: str, rule: Rule) -> Segment:
    """Sets its name and rule; what is under way for it goes on by the rule it began with.

    Raises:
        RuleWrong, SegmentExists, NoSuchSegment.
    """
    segment_rules.check(rule)
    if await db.fetchval(_SAME_NAME, segment_id, name):
        raise SegmentExists(name=name)
    row = await db.fetchrow(_CHANGE, segment_id, name, dumped(rule), f"operator:{operator_id}", clock.now())
    return _segment(segment_id, row)


async def get(segment_id: int) -> Segment:
    """One segment.

    Raises:
        NoSuchSegment.
    """
    return _segment(
        segment_id, await db.fetchrow(f"SELECT {_COLUMNS} FROM segment WHERE id = $1", segment_id)
    )


def _segment(segment_id: int, row: Mapping[str, Any] | None) -> Segment:
    if row is None:
        raise NoSuchSegment(segment_id=segment_id)
    rule = segment_rules.read(json.loads(row["rule"]))
    return Segment(row["id"], row["name"], rule, row["saved_by"], row["saved_at"])


_PAGE = f"SELECT {_COLUMNS} FROM segment WHERE id < $1 ORDER BY id DESC LIMIT $2"


async def page(*, before: int | None = None, limit: int = 20) -> list[Segment]:
    """All segments, the newest first."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, limit)
    return [_segment(row["id"], row) for row in rows]


async def preview(rule: Rule) -> Preview:
    """For how many customers a rule holds now.

    Raises:
        RuleWrong.
    """
    segment_rules.check(rule)
    put = segment_rules.Parameters()
    row = await db.fetchrow(
        f"""
        SELECT count(*), count(*) FILTER (WHERE p.marketing) FROM customer c
        LEFT JOIN message_preference p ON p.customer_id = c.id WHERE c.state = 'active' AND {rule.sql(put)}
        """,
        *put.values,
    )
    assert row is not None, "an aggregate has one row"
    return Preview(row[0], row[1])


async def members(segment_id: int, *, after: int | None = None, limit: int = 20) -> list[customers.Customer]:
    """Who is in a segment now, in the order of their ids.

    Raises:
        NoSuchSegment.
    """
    rule, put = (await get(segment_id)).rule, segment_rules.Parameters(2)
    rows = await db.fetch(
        f"""
        SELECT {customers.columns("c")} FROM customer c WHERE c.id > $1 AND c.state = 'active' AND {rule.sql(put)}
        ORDER BY c.id LIMIT $2
        """,
        after or 0, limit, *put.values,
    )  # fmt: skip
    return [customers.Customer(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Turn:
    """Some customers in the order of their ids: the last one looked at (None: there were no more), how many, and those the rule
    holds for with whether they agreed to marketing."""

    last_id: int | None
    looked_at: int
    found: Mapping[int, bool]


async def turn(rule: Rule, *, after: int, limit: int) -> Turn:
    """Looks at the next so many customers. Those found do not leave until the transaction ends."""
    put = segment_rules.Parameters(2)
    rows = await db.fetch(
        f"""
        WITH next AS MATERIALIZED (SELECT id FROM customer WHERE id > $1 ORDER BY id LIMIT $2)
        SELECT c.id, coalesce(p.marketing, false) AS is_reachable, c.state = 'active' AND {rule.sql(put)} AS is_in
        FROM next JOIN customer c USING (id) LEFT JOIN message_preference p ON p.customer_id = c.id ORDER BY c.id FOR SHARE OF c
        """,
        after, limit, *put.values,
    )  # fmt: skip
    found = {row["id"]: row["is_reachable"] for row in rows if row["is_in"]}
    return Turn(rows[-1]["id"] if rows else None, len(rows), found)


def dumped(rule: Rule) -> str:
    """A rule as it is kept."""
    return json.dumps(rule.model_dump(mode="json"), sort_keys=True)
