"""Price rules 价格规则: lower prices for a tier, at a store, for a time. What of them applies is decided by ``shop.prices``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from billing import stores
from core import clock, db, errors
from ledger import idempotency
from members import tiers
from shop import products

MAX_OF_A_SKU = 50


class NoSuchPriceRule(errors.NotFound):
    """There is no such price rule."""

    code = "no_such_price_rule"


class PriceRuleForNothing(errors.Invalid):
    """A rule names no tier, no store and no time: that is another list price."""

    code = "price_rule_for_nothing"


class PricePeriodReversed(errors.Invalid):
    """A rule holds from an instant until a later one."""

    code = "price_period_reversed"


class TooManyPriceRules(errors.Conflict):
    """A SKU has as many rules in force as one can have."""

    code = "too_many_price_rules"


KeyReused = idempotency.KeyReused
NoSuchSku = products.NoSuchSku
NoSuchTier = tiers.NoSuchTier
NoSuchStore = stores.NoSuchStore


@dataclass(frozen=True, slots=True)
class NewRule:
    """A price for who has ``tier`` or a higher one, at ``store`` (its code), from ``from_at`` on and before ``until_at``. What is None
    does not limit."""

    price_fen: int
    tier: str | None = None
    store: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its history. ``ended_at``: it is over before its time."""

    id: int
    sku_id: int
    price_fen: int
    tier: str | None
    store: str | None
    from_at: datetime | None
    until_at: datetime | None
    created_by: str
    created_at: datetime
    ended_by: str | None
    ended_at: datetime | None


_COLUMNS = """
r.id, r.sku_id, r.price_fen, r.tier, st.code AS store, r.from_at, r.until_at, r.created_by, r.created_at, r.ended_by, r.ended_at
"""
_FROM = "FROM price_rule r LEFT JOIN store st ON st.id = r.store_id"
_LOCK = "SELECT id FROM sku WHERE id = $1 FOR NO KEY UPDATE"
_COUNT = "SELECT count(*) FROM price_rule WHERE sku_id = $1 AND ended_at IS NULL AND (until_at IS NULL OR until_at > $2)"
_ADD = """
INSERT INTO price_rule (sku_id, price_fen, tier, store_id, from_at, until_at, created_by, created_at)
VALUES ($1, $2, $3, (SELECT id FROM store WHERE code = $4), $5, $6, $7, $8) RETURNING id
"""


async def add(operator_id: int, sku_id: int, new: NewRule, *, key: str) -> Rule:
    """Adds a rule. The same key gives the same rule. Orders already placed keep their price.

    Raises:
        NoSuchSku, NoSuchTier, NoSuchStore, PriceRuleForNothing, PricePeriodReversed, TooManyPriceRules, KeyReused.
    """
    caller = f"operator:{operator_id}"

    async def act() -> int:
        return await _add(caller, sku_id, new)

    content = {"sku_id": sku_id, **asdict(new)}
    made = await idempotency.alone(
        caller=caller, operation="price_rules.add", key=key, content=content, act=act
    )
    return await get(int(made))


async def _add(caller: str, sku_id: int, new: NewRule) -> int:
    if (new.tier, new.store, new.from_at, new.until_at) == (None, None, None, None):
        raise PriceRuleForNothing
    if new.from_at is not None and new.until_at is not None and new.from_at >= new.until_at:
        raise PricePeriodReversed
    await tiers.check([new.tier] if new.tier else [])
    await stores.check([new.store] if new.store else [], closed_too=True)
    if await db.fetchval(_LOCK, sku_id) is None:
        raise NoSuchSku(sku_id=sku_id)
    now = clock.now()
    if await db.fetchval(_COUNT, sku_id, now) >= MAX_OF_A_SKU:
        raise TooManyPriceRules(limit=MAX_OF_A_SKU)
    made: int = await db.fetchval(
        _ADD, sku_id, new.price_fen, new.tier, new.store, new.from_at, new.until_at, caller, now
    )
    return made


_GET = f"SELECT {_COLUMNS} {_FROM} WHERE r.id = $1"


async def get(rule_id: int) -> Rule:
    """One rule.

    Raises:
        NoSuchPriceRule.
    """
    row = await db.fetchrow(_GET, rule_id)
    if row is None:
        raise NoSuchPriceRule(rule_id=rule_id)
    return Rule(*row)


_PAGE = f"SELECT {_COLUMNS} {_FROM} WHERE r.sku_id = $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3"


async def page(sku_id: int, *, before: int | None = None, limit: int = 20) -> Sequence[Rule]:
    """All rules a SKU has and had, the newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, sku_id, before if before is not None else 2**62, limit)
    return [Rule(*row) for row in rows]


_OF_PRODUCT = f"""
SELECT {_COLUMNS} {_FROM} JOIN sku s ON s.id = r.sku_id
WHERE s.product_id = $1 AND s.state = 'on_sale' AND r.ended_at IS NULL AND (r.until_at IS NULL OR r.until_at > $2) ORDER BY r.sku_id, r.id
"""


async def of_product(product_id: int) -> list[Rule]:
    """The rules of a product's SKUs on sale that hold now or will."""
    return [Rule(*row) for row in await db.fetch(_OF_PRODUCT, product_id, clock.now())]


_END = "UPDATE price_rule SET ended_by = $2, ended_at = $3 WHERE id = $1 AND ended_at IS NULL"


async def end(operator_id: int, rule_id: int) -> Rule:
    """Ends a rule now. Again is harmless.

    Raises:
        NoSuchPriceRule.
    """
    await db.execute(_END, rule_id, f"operator:{operator_id}", clock.now())
    return await get(rule_id)
