"""The rule of points 积分规则: what they are earned for, what they are worth, how long they live.

Each version is kept, and counts for what happens until the next one. A shop that saved none has no points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from core import clock, db, errors


class NoPoints(errors.Conflict):
    """The shop has no points, or does not take them for this."""

    code = "no_points"


@dataclass(frozen=True, slots=True)
class Rule:
    """``per_100_yuan``: points for a hundred yuan paid, before the tier's share. ``off_points``, ``bonus_points``: so many are worth
    a yuan off an order, or of bonus; 0: they are not taken for it. ``remind_days``: so many before points end their customer is told; None: never. ``off_share_percent``: at most so much of an order."""

    per_100_yuan: int
    off_points: int
    off_share_percent: int
    bonus_points: int
    bonus_days: int | None
    life_days: int | None
    remind_days: int | None = None

    def earned(self, amount_fen: int, tier_percent: int) -> int:
        """Points for an amount paid, the fraction dropped."""
        return amount_fen * self.per_100_yuan * tier_percent // 1_000_000

    def off_fen(self, points: int) -> int:
        """What points take off an order, the fraction of a fen dropped."""
        return points * 100 // self.off_points if self.off_points else 0

    def bonus_fen(self, points: int) -> int:
        """The bonus points are changed into, the fraction of a fen dropped."""
        return points * 100 // self.bonus_points if self.bonus_points else 0

    def most_points(self, amount_fen: int) -> int:
        """The most points an order of so much takes: their worth stays within the share, and no point is wasted."""
        return amount_fen * self.off_share_percent // 100 * self.off_points // 100

    def ends_at(self) -> datetime | None:
        """When points that come now are over: the end of a business day."""
        return _end_of(self.life_days)

    def bonus_ends_at(self) -> datetime | None:
        """When bonus that points are changed into now is over."""
        return _end_of(self.bonus_days)


def _end_of(days: int | None) -> datetime | None:
    return None if days is None else clock.start_of(clock.today() + timedelta(days=days + 1))


@dataclass(frozen=True, slots=True)
class Saved:
    """A version of the rule."""

    id: int
    rule: Rule
    saved_by: str
    saved_at: datetime


NAMES = tuple(field.name for field in fields(Rule))
_COLUMNS = ", ".join(NAMES)
LAST = f"SELECT {_COLUMNS} FROM points_rule ORDER BY id DESC LIMIT 1"


async def current() -> Rule | None:
    """The rule in force; None: the shop has no points."""
    row = await db.fetchrow(LAST)
    return None if row is None else of_row(row)


_IN_FORCE = f"""
SELECT n.nth, r.* FROM unnest($1::timestamptz[]) WITH ORDINALITY n (at, nth)
CROSS JOIN LATERAL (SELECT {_COLUMNS} FROM points_rule WHERE saved_at <= n.at ORDER BY id DESC LIMIT 1) r
"""


async def in_force(instants: Sequence[datetime]) -> list[Rule | None]:
    """The rule that was in force at each of these instants."""
    found = {row["nth"]: of_row(row) for row in await db.fetch(_IN_FORCE, instants)}
    return [found.get(nth) for nth in range(1, len(instants) + 1)]


def of_row(row: Mapping[str, Any]) -> Rule:
    """The rule in a row that has its columns."""
    return Rule(*(row[name] for name in NAMES))


_SAVE = f"""
INSERT INTO points_rule ({_COLUMNS}, saved_by, saved_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
"""


async def put(rule: Rule, *, by: str) -> Saved:
    """From now on points follow this rule; those that are there keep their end. The rule that is in force leaves no trace again."""
    last = await history(limit=1)
    if last and last[0].rule == rule:
        return last[0]
    now = clock.now()
    number = await db.fetchval(_SAVE, *asdict(rule).values(), by, now)
    return Saved(number, rule, by, now)


_PAGE = f"SELECT id, {_COLUMNS}, saved_by, saved_at FROM points_rule WHERE id < $1 ORDER BY id DESC LIMIT $2"


async def history(*, before: int | None = None, limit: int = 20) -> list[Saved]:
    """The versions, the last first."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, limit)
    return [Saved(row["id"], of_row(row), row["saved_by"], row["saved_at"]) for row in rows]
