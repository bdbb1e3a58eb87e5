"""What operators set for a customer: tier, whether the customer is known by name, and which money is spent first.

Each change is written down with who made it and when; rows of the history are never changed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from core import clock, db
from ledger import accounts
from members import customers, standings, tiers


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one customer. ``burn_policy`` is one of ``accounts.POLICIES``."""

    tier: str | None
    is_named: bool
    burn_policy: str


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that was changed, as text; None: there was, or is, none."""

    id: int
    setting: str
    before: str | None
    after: str | None
    operator: str
    changed_at: datetime


_LOCK = "SELECT tier, is_named FROM customer WHERE id = $1"


async def get(customer_id: int) -> Settings:
    """The settings as they are.

    Raises:
        NoSuchCustomer, NoSuchAccount.
    """
    return await _read(customer_id, _LOCK)


_SET = "UPDATE customer SET tier = $2, is_named = $3 WHERE id = $1"
_REMEMBER = """
INSERT INTO setting_change (customer_id, setting, before, after, operator, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
"""


@db.retried
async def put(operator_id: int, customer_id: int, chosen: Settings) -> Settings:
    """Sets everything to what was chosen. What was so already leaves no trace; payments from then on follow the new policy.

    Raises:
        NoSuchCustomer, NoSuchAccount, NoSuchTier.
    """
    async with db.transaction():
        before = await _read(customer_id, f"{_LOCK} FOR NO KEY UPDATE")
        if chosen.tier is not None:
            await tiers.check([chosen.tier])
        await db.execute(_SET, customer_id, chosen.tier, chosen.is_named)
        if chosen.tier != before.tier:
            await standings.set_by_hand(customer_id, chosen.tier)
        await accounts.set_burn_policy(customer_id, chosen.burn_policy)
        for field in fields(Settings):
            old, new = _text(getattr(before, field.name)), _text(getattr(chosen, field.name))
            if old != new:
                await db.execute(
                    _REMEMBER, customer_id, field.name, old, new, f"operator:{operator_id}", clock.now()
                )
    return chosen


async def _read(customer_id: int, sql: str) -> Settings:
    row = await db.fetchrow(sql, customer_id)
    if row is None:
        raise customers.NoSuchCustomer(customer_id=customer_id)
    return Settings(row["tier"], row["is_named"], await accounts.burn_policy(customer_id))


def _text(value: object) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


_PAGE = """
SELECT id, setting, before, after, operator, changed_at FROM setting_change WHERE customer_id = $1 AND id < $2
ORDER BY id DESC LIMIT $3
"""


async def history(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Change]:
    """What was changed, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, customer_id, before if before is not None else 2**62, limit)
    return [Change(*row) for row in rows]
