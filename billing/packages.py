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


_ADD = """
INSERT INTO recharge_package (name, pay_fen, bonus_fen, active, created_at) VALUES ($1, $2, $3, true, $4)
RETURNING id, name, pay_fen, bonus_fen
"""


async def add(*, name: str, pay_fen: int, bonus_fen: int) -> Package:
    """Puts a package on offer."""
    row = await db.fetchrow(_ADD, name, pay_fen, bonus_fen, clock.now())
    assert row is not None
    return Package(*row)


_OFFERED = "SELECT id, name, pay_fen, bonus_fen FROM recharge_package WHERE active ORDER BY pay_fen, id"


async def offered() -> list[Package]:
    """The packages on offer, smallest first."""
    return [Package(*row) for row in await db.fetch(_OFFERED)]


_GET = "SELECT id, name, pay_fen, bonus_fen FROM recharge_package WHERE id = $1 AND active"


async def get(package_id: int) -> Package:
    """One package on offer.

    Raises:
        NoSuchPackage: it is not on offer.
    """
    row = await db.fetchrow(_GET, package_id)
    if row is None:
        raise NoSuchPackage(package_id=package_id)
    return Package(*row)
