"""Standing orders and their deliveries (I27)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I27",
        "a delivery of a standing order whose order is another's, comes to another amount, or was placed after its day",
        """
        SELECT 'standing delivery ' || d.id FROM standing_delivery d JOIN standing_order s ON s.id = d.standing_order_id
        LEFT JOIN shop_order o ON o.order_no = d.order_no LEFT JOIN customer c ON c.id = o.customer_id
        WHERE d.state = 'ordered' AND (
            o.id IS NULL OR (o.customer_id <> s.customer_id AND c.state <> 'merged')
            OR o.placed_at > (d.deliver_on + 1)::timestamp AT TIME ZONE 'UTC' + interval '12 hours'
            OR (o.total_fen <> d.amount_fen AND NOT EXISTS (SELECT FROM order_event e WHERE e.order_id = o.id AND e.step = 'edit')))
        """,
        since=changed.STANDING_DELIVERIES,
    ),
    Check(
        "I27",
        "a delivery that is tried, or made too early, of a standing order that has ended or stands still",
        """
        SELECT 'standing delivery ' || d.id FROM standing_delivery d JOIN standing_order s ON s.id = d.standing_order_id
        WHERE (d.try_at IS NOT NULL AND s.state <> 'active')
           OR (d.day >= s.next_day AND d.reason IS DISTINCT FROM 'skipped')
        """,
        since=changed.STANDING_DELIVERIES,
    ),
)
