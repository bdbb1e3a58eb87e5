"""Tiers 会员等级: ranks of customers. An operator says who has which, or the rules of what was spent (``members.standings``)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import astuple, dataclass

from core import clock, db, errors


class NoSuchTier(errors.NotFound):
    """There is no tier of this code."""

    code = "no_such_tier"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who has spent ``spend_fen`` within ``window_days`` comes to the tier and keeps it ``keep_days`` at least; None: only an operator
    gives it. ``points_percent``: their points, in percent of what everybody earns."""

    spend_fen: int | None = None
    window_days: int = 365
    keep_days: int = 365
    points_percent: int = 100


@dataclass(frozen=True, slots=True)
class Tier:
    """A rank; the higher ``rank``, the better."""

    code: str
    name_zh: str
    name_en: str
    rank: int
    rule: Rule

    def name(self, locale: str) -> str:
        """What it is called in a person's language."""
        return self.name_en if locale == "en" else self.name_zh


_NAMES = "code, name_zh, name_en, rank, spend_fen, window_days, keep_days, points_percent"
_SET = f"""
INSERT INTO tier ({_NAMES}, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (code) DO UPDATE SET name_zh = $2, name_en = $3, rank = $4, spend_fen = $5, window_days = $6, keep_days = $7,
    points_percent = $8
"""
_RULES = "SELECT code, rank, spend_fen, window_days, keep_days FROM tier WHERE code = $1"
_LOOK_AGAIN = """
INSERT INTO tier_standing (customer_id, by_rule, judge_at) SELECT c.id, c.tier IS NULL, $1 FROM customer c
WHERE c.state IN ('active', 'blocked') AND (
    EXISTS (SELECT FROM spending s WHERE s.customer_id = c.id) OR EXISTS (SELECT FROM tier_standing s WHERE s.customer_id = c.id))
ON CONFLICT (customer_id) DO UPDATE SET judge_at = $1
"""


@db.retried
async def put(code: str, *, name_zh: str, name_en: str, rank: int, rule: Rule | None = None) -> Tier:
    """Adds a tier, or gives the one of this code other names, another rank and other rules. Where the rules changed, the clock looks at
    everybody again."""
    rule = rule or Rule()
    async with db.transaction():
        before = await db.fetchrow(_RULES, code)
        await db.execute(_SET, code, name_zh, name_en, rank, *astuple(rule), clock.now())
        now = (code, rank, rule.spend_fen, rule.window_days, rule.keep_days)
        if (before is None and rule.spend_fen is not None) or (before is not None and tuple(before) != now):
            await db.execute(_LOOK_AGAIN, clock.now())
    return Tier(code, name_zh, name_en, rank, rule)


_ALL = f"SELECT {_NAMES} FROM tier ORDER BY rank, id"


async def listing() -> list[Tier]:
    """All tiers, the lowest first."""
    return [
        Tier(row["code"], row["name_zh"], row["name_en"], row["rank"], Rule(*tuple(row)[4:]))
        for row in await db.fetch(_ALL)
    ]


_KNOWN = "SELECT code FROM tier WHERE code = ANY ($1::text[])"


async def check(codes: Collection[str]) -> None:
    """Refuses codes that stand for no tier.

    Raises:
        NoSuchTier: at least one does not.
    """
    known = {row["code"] for row in await db.fetch(_KNOWN, list(codes))}
    for code in codes:
        if code not in known:
            raise NoSuchTier(tier=code)
