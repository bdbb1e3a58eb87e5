"""Recharge packages 充值套餐: pay so much, get so much bonus. Who may buy which, and when, stands in ``package_rules``."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from billing import stores
from core import clock, db, errors
from ledger import idempotency
from members import tiers


class NoSuchPackage(errors.NotFound):
    """There is no such package on offer (any more)."""

    code = "no_such_package"


class PeriodReversed(errors.Invalid):
    """A package is offered from an instant until a later one."""

    code = "package_period_reversed"


KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may buy a package, when, and how often. What is None does not limit.

    ``tiers`` and ``stores`` are codes; a package of some stores needs one of them named. It is sold from ``from_at`` on and
    before ``until_at``. ``first_time_only``: to who has never topped up. ``per_customer`` and ``stock`` count top-ups that are
    paid or may still be. In lists the smallest ``sort_order`` comes first, then the smallest pay.
    """

    tiers: list[str] | None = None
    stores: list[str] | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    first_time_only: bool = False
    per_customer: int | None = None
    stock: int | None = None
    sort_order: int = 0


@dataclass(frozen=True, slots=True)
class Package:
    """A package. Its bonus lives ``bonus_days`` whole days after the day of the top-up; None: for ever."""

    id: int
    name: str
    pay_fen: int
    bonus_fen: int
    bonus_days: int | None
    active: bool
    rules: Rules


_RULES = "tiers, stores, from_at, until_at, first_time_only, per_customer, stock, sort_order"
COLUMNS = f"id, name, pay_fen, bonus_fen, bonus_days, active, {_RULES}"
"""What ``of_row`` reads."""


def of_row(row: Any) -> Package:
    """A package from the columns of ``COLUMNS``, in their order."""
    id, name, pay_fen, bonus_fen, bonus_days, active, *rules = row
    return Package(id, name, pay_fen, bonus_fen, bonus_days, active, Rules(*rules))


_ADD = f"""
INSERT INTO recharge_package (name, pay_fen, bonus_fen, bonus_days, active, {_RULES}, created_at)
VALUES ($1, $2, $3, $4, true, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING {COLUMNS}
"""
_ANYBODY = Rules()


async def add(
    *, name: str, pay_fen: int, bonus_fen: int, bonus_days: int | None = None, rules: Rules = _ANYBODY
) -> Package:
    """Puts a package on offer, to anybody at any time unless ``rules`` say otherwise.

    Raises:
        PeriodReversed, NoSuchTier, NoSuchStore.
    """
    await _check(rules)
    row = await db.fetchrow(_ADD, name, pay_fen, bonus_fen, bonus_days, *astuple(rules), clock.now())
    return of_row(row)


@db.retried
async def add_once(
    operator_id: int,
    *,
    name: str,
    pay_fen: int,
    bonus_fen: int,
    bonus_days: int | None,
    rules: Rules,
    key: str,
) -> Package:
    """The same for an operator, whose repeated key gives the package of the first time.

    Raises:
        PeriodReversed, NoSuchTier, NoSuchStore, KeyReused.
    """

    async def act() -> int:
        made = await add(name=name, pay_fen=pay_fen, bonus_fen=bonus_fen, bonus_days=bonus_days, rules=rules)
        return made.id

    content = {"name": name, "terms": [pay_fen, bonus_fen, bonus_days], "rules": astuple(rules)}
    async with db.transaction():
        package_id = await idempotency.once(
            caller=f"operator:{operator_id}", operation="packages.add", key=key, content=content, act=act
        )
    return await get(int(package_id))


_CHANGE = f"""
UPDATE recharge_package SET name = $2, active = $3, tiers = $4, stores = $5, from_at = $6, until_at = $7, first_time_only = $8,
       per_customer = $9, stock = $10, sort_order = $11
WHERE id = $1 RETURNING {COLUMNS}
"""


async def change(package_id: int, *, name: str, active: bool, rules: Rules) -> Package:
    """Sets name and rules of a package, and whether it is on offer (``active``) or withdrawn.

    What is paid and given never changes: for other terms, withdraw it and add another. Top-ups that were started keep theirs.

    Raises:
        NoSuchPackage, PeriodReversed, NoSuchTier, NoSuchStore.
    """
    await _check(rules)
    row = await db.fetchrow(_CHANGE, package_id, name, active, *astuple(rules))
    if row is None:
        raise NoSuchPackage(package_id=package_id)
    return of_row(row)


async def _check(rules: Rules) -> None:
    if rules.from_at is not None and rules.until_at is not None and rules.from_at >= rules.until_at:
        raise PeriodReversed
    await tiers.check(rules.tiers or [])
    await stores.check(rules.stores or [], closed_too=True)


_GET = f"SELECT {COLUMNS} FROM recharge_package WHERE id = $1"


async def get(package_id: int) -> Package:
    """One package, on offer or not.

    Raises:
        NoSuchPackage: there is none of this id.
    """
    row = await db.fetchrow(_GET, package_id)
    if row is None:
        raise NoSuchPackage(package_id=package_id)
    return of_row(row)


_PAGE = f"SELECT {COLUMNS} FROM recharge_package WHERE id < $1 ORDER BY id DESC LIMIT $2"


async def page(*, before: int | None = None, limit: int = 20) -> list[Package]:
    """All packages there ever were, newest first; ``before`` is the id the last page ended at."""
    return [of_row(row) for row in await db.fetch(_PAGE, before if before is not None else 2**62, limit)]
