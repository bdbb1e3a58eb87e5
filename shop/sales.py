"""How much of each product was sold lately, as the clock counts it: what the catalogue is sorted by."""

from __future__ import annotations

from datetime import timedelta

from core import clock, db

LATELY = timedelta(days=30)
_COUNT = """
WITH sold AS (
    SELECT s.product_id,
           least(sum(CASE WHEN o.state IN ('shipped', 'completed') THEN l.shipped ELSE l.quantity END), 2000000000)::int AS pieces
    FROM shop_order o JOIN order_line l ON l.order_id = o.id JOIN sku s ON s.id = l.sku_id
    WHERE o.placed_at >= $1 AND o.paid_at IS NOT NULL AND o.cancelled_at IS NULL GROUP BY s.product_id
), changed AS (
    SELECT p.id, coalesce(s.pieces, 0) AS pieces FROM product p LEFT JOIN sold s ON s.product_id = p.id
    WHERE p.sold <> coalesce(s.pieces, 0) ORDER BY p.id FOR NO KEY UPDATE OF p
)
UPDATE product SET sold = c.pieces FROM changed c WHERE product.id = c.id
"""


@db.retried
async def count() -> int:
    """Counts the pieces in orders placed in the last 30 days, paid and not cancelled. Returns how many products' figures changed."""
    return await db.execute(_COUNT, clock.now() - LATELY)
