"""Prices: what a SKU costs somebody, somewhere, now. The lowest that applies: the list price, or one of its rules."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core import clock, db


@dataclass(frozen=True, slots=True)
class Price:
    """A SKU's list price, what it costs, and why: ``list``, or the rule that made it less: ``period`` (for a time), ``tier`` (of the
    customer) or ``store``; a rule of several says the first of them."""

    list_fen: int
    price_fen: int
    reason: str


REASON = "coalesce(price.reason, 'list')"
"""SQL of why the SKU costs what it costs, beside ``joined``."""

_JOINED = """
LEFT JOIN LATERAL (
    SELECT r.price_fen AS fen,
           CASE WHEN r.from_at IS NOT NULL OR r.until_at IS NOT NULL THEN 'period' WHEN r.tier IS NOT NULL THEN 'tier' ELSE 'store' END AS reason
    FROM price_rule r
    WHERE r.sku_id = {sku}.id AND r.ended_at IS NULL AND r.price_fen < {sku}.price_fen
      AND (r.from_at IS NULL OR r.from_at <= {now}) AND (r.until_at IS NULL OR r.until_at > {now})
      AND (r.store_id IS NULL OR r.store_id = {store})
      AND (r.tier IS NULL OR r.tier = ANY (ARRAY(
          SELECT t.code FROM customer c JOIN tier mine ON mine.code = c.tier JOIN tier t ON t.rank < mine.rank OR t.code = mine.code
          WHERE c.id = {customer})))
    ORDER BY r.price_fen, r.id LIMIT 1
) price ON true
"""


def joined(*, customer: str, store: str, now: str, sku: str = "sku") -> str:
    """SQL that joins what a SKU costs to a statement that reads ``sku`` (its name there), as ``price``; select ``fen(sku)`` and
    ``REASON``. The others are parameters with their types: ``$2::bigint`` (a customer's id, or null), ``$3::bigint`` (a store's id,
    or null), ``$4::timestamptz``."""
    return _JOINED.format(sku=sku, customer=customer, store=store, now=now)


def fen(sku: str = "sku") -> str:
    """SQL of what the SKU costs, beside ``joined``."""
    return f"coalesce(price.fen, {sku}.price_fen)"


_OF = f"""
SELECT s.id, s.price_fen, {fen("s")}, {REASON}
FROM sku s {joined(sku="s", customer="$2::bigint", store="$3::bigint", now="$4::timestamptz")}
WHERE s.id = ANY ($1::bigint[])
"""


async def of(sku_ids: Collection[int], *, customer_id: int | None, store_id: int | None) -> dict[int, Price]:
    """What these SKUs cost a customer (None: anybody) at a store (None: at none) now. SKUs that do not exist are left out."""
    rows = await db.fetch(_OF, list(sku_ids), customer_id, store_id, clock.now())
    return {sku_id: Price(*price) for sku_id, *price in rows}
