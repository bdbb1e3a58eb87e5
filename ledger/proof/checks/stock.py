"""Stock, and orders step by step (I22)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import IS_CLOSED, Check

_CHAIN = """
SELECT 'stock movement ' || m.id FROM stock_movement m
LEFT JOIN LATERAL (
    SELECT on_hand_after FROM stock_movement b WHERE b.sku_id = m.sku_id AND b.store_id = m.store_id AND b.id < m.id ORDER BY b.id DESC LIMIT 1
) was ON true
WHERE m.on_hand_after <> coalesce(was.on_hand_after, 0) + m.change
"""
CHECKS = (
    Check(
        "I22",
        "stock that keeps more or less for orders than they reserve",
        """
        SELECT 'SKU ' || s.sku_id || ' at store ' || s.store_id FROM stock s
        LEFT JOIN LATERAL (
            SELECT sum(l.reserved) AS reserved FROM order_line l JOIN shop_order o ON o.id = l.order_id
            WHERE l.sku_id = s.sku_id AND l.reserved > 0 AND o.store_id = s.store_id
        ) kept ON true
        WHERE s.reserved <> coalesce(kept.reserved, 0) OR s.reserved > s.on_hand
        """,
        since=changed.STOCK,
    ),
    Check(
        "I22",
        "stock that is not what its last movement left",
        """
        SELECT 'SKU ' || s.sku_id || ' at store ' || s.store_id FROM stock s
        LEFT JOIN LATERAL (
            SELECT m.on_hand_after FROM stock_movement m WHERE m.sku_id = s.sku_id AND m.store_id = s.store_id ORDER BY m.id DESC LIMIT 1
        ) last ON true
        WHERE s.on_hand <> coalesce(last.on_hand_after, 0)
        """,
        since=changed.STOCK,
    ),
    Check(
        "I22",
        "a movement of stock that does not follow from the one before",
        _CHAIN,
        since_sql=f"{_CHAIN} AND m.id > {{stock_movement}}",
    ),
    Check(
        "I22",
        "a line of an order that reserves or has shipped what the order's state does not allow",
        f"""
        SELECT 'order ' || o.order_no FROM shop_order o JOIN order_line l ON l.order_id = o.id
        LEFT JOIN LATERAL (SELECT sum(quantity) AS quantity FROM shipment_line WHERE line_id = l.id) sent ON true
        WHERE NOT CASE o.state WHEN 'cancelled' THEN l.reserved = 0 AND l.shipped = 0
            WHEN 'completed' THEN l.reserved = 0 AND (l.shipped = l.quantity OR {IS_CLOSED}) AND coalesce(sent.quantity, 0) <= l.shipped
            WHEN 'shipped' THEN l.reserved = 0 AND (l.shipped = l.quantity OR {IS_CLOSED}) AND coalesce(sent.quantity, 0) = l.shipped
            WHEN 'shipping' THEN l.reserved + l.shipped = l.quantity AND coalesce(sent.quantity, 0) = l.shipped
            ELSE l.reserved = l.quantity AND sent.quantity IS NULL END
        """,
        since=changed.ORDERS,
    ),
    Check(
        "I22",
        "an order whose history does not end in its state",
        """
        SELECT 'order ' || o.order_no FROM shop_order o
        LEFT JOIN LATERAL (SELECT e.became FROM order_event e WHERE e.order_id = o.id ORDER BY e.id DESC LIMIT 1) last ON true
        WHERE last.became IS DISTINCT FROM o.state
        """,
        since=changed.ORDERS,
    ),
    Check(
        "I22",
        "a step of an order that is not there",
        "SELECT 'order_event ' || e.id FROM order_event e WHERE NOT EXISTS (SELECT FROM shop_order o WHERE o.id = e.order_id)",
        since=changed.ORDER_EVENTS,
    ),
    Check(
        "I22",
        "an order to be paid that no deadline leads to",
        """
        SELECT 'order ' || o.order_no FROM shop_order o WHERE o.state = 'placed' AND NOT EXISTS (
            SELECT FROM order_deadline d
            WHERE d.order_id = o.id AND d.customer_id = o.customer_id AND d.expires_at = o.expires_at)
        """,
        since=changed.ORDERS,
    ),
)
