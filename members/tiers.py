"""Tiers 会员等级: ranks of customers. An operator says who has which."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core import clock, db, errors


class NoSuchTier(errors.NotFound):
    """There is no tier of this code."""

    code = "no_such_tier"


@dataclass(frozen=True, slots=True)
class Tier:
    """A rank; the higher ``rank``, the better."""

    code: str
    name_zh: str
    name_en: str
    rank: int

    def name(self, locale: str) -> str:
        """What it is called in a person's language."""
        return self.name_en if locale == "en" else self.name_zh


_COLUMNS = "code, name_zh, name_en, rank"
_SET = f"""
INSERT INTO tier (code, name_zh, name_en, rank, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (code) DO UPDATE SET name_zh = $2, name_en = $3, rank = $4 RETURNING {_COLUMNS}
"""


async def put(code: str, *, name_zh: str, name_en: str, rank: int) -> Tier:
    """Adds a tier, or gives the one of this code other names and another rank."""
    row = await db.fetchrow(_SET, code, name_zh, name_en, rank, clock.now())
    assert row is not None
    return Tier(*row)


_ALL = f"SELECT {_COLUMNS} FROM tier ORDER BY rank, id"


async def listing() -> list[Tier]:
    """All tiers, the lowest first."""
    return [Tier(*row) for row in await db.fetch(_ALL)]


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
