"""Recharge packages 充值套餐: pay so much, get so much bonus."""

from __future__ import annotations

from dataclasses import dataclass

from core import clock, db, errors


class NoSuchPackage(errors.NotFound):
    """There is no such package on offer (any more)."""

    code = "no_such_package"


@dataclass(frozen=True, slots=True)
class Package:
    """A package on offer."""

    id: int
    name: str
    pay_fen: int
    bonus_fen: int
    bonus_days: int | None


_COLUMNS = "id, name, pay_fen, bonus_fen, bonus_days"
_ADD = f"""
INSERT INTO recharge_package (name, pay_fen, bonus_fen, bonus_days, active, created_at)
VALUES ($1, $2, $3, $4, true, $5) RETURNING {_COLUMNS}
"""


async def add(*, name: str, pay_fen: int, bonus_fen: int, bonus_days: int | None = None) -> Package:
    """Puts a package on offer. The bonus lives ``bonus_days`` whole days after the day of the top-up; None: for ever."""
    row = await db.fetchrow(_ADD, name, pay_fen, bonus_fen, bonus_days, clock.now())
    assert row is not None
    return Package(*row)


_OFFERED = f"SELECT {_COLUMNS} FROM recharge_package WHERE active ORDER BY pay_fen, id"


async def offered() -> list[Package]:
    """The packages on offer, smallest first."""
    return [Package(*row) for row in await db.fetch(_OFFERED)]


_GET = f"SELECT {_COLUMNS} FROM recharge_package WHERE id = $1 AND active"


async def get(package_id: int) -> Package:
    """One package on offer.

    Raises:
        NoSuchPackage: it is not on offer.
    """
    row = await db.fetchrow(_GET, package_id)
    if row is None:
        raise NoSuchPackage(package_id=package_id)
    return Package(*row)
