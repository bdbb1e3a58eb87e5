"""Everything of the shop that the model must agree with, in one query, and what the machine needs to know besides."""

from __future__ import annotations

import json

LOOK = """
SELECT jsonb_build_object(
'accounts', (SELECT jsonb_object_agg(c.id, jsonb_build_array(
                 a.principal_fen, a.bonus_fen, a.held_fen, a.entry_no, a.credit_limit_fen, a.credit_used_fen, c.state, c.merged_into_id))
             FROM account a JOIN customer c ON a.code = 'customer:' || c.id WHERE a.code = ANY ($2) AND c.id = ANY ($1)),
'lots', (SELECT jsonb_object_agg(who, lots) FROM (
    SELECT substr(a.code, 10) AS who,
           jsonb_agg(jsonb_build_array(l.kind, l.original_fen, l.remaining_fen) ORDER BY l.kind, l.id) AS lots
    FROM account a JOIN lot l ON l.account_id = a.id WHERE a.code = ANY ($2) GROUP BY 1) x),
'told', (SELECT jsonb_object_agg(customer_id, kinds) FROM (
    SELECT customer_id, jsonb_object_agg(kind, n) AS kinds FROM (
        SELECT customer_id, kind, count(*) AS n FROM outbox_message WHERE customer_id = ANY ($1) GROUP BY 1, 2) y GROUP BY 1) x),
'bills', (SELECT jsonb_object_agg(CASE WHEN b.source LIKE 'operator:%' THEN b.title ELSE b.source END, jsonb_build_array(
    b.customer_id, b.state, b.paid_fen, b.refunded_fen, b.collect_mode, b.automatic,
    CASE WHEN b.collect_mode = 'instalments' AND b.state IN ('open', 'partly_paid')
         THEN (b.due_at AT TIME ZONE 'Asia/Shanghai')::date - $5::date END,
    coalesce((SELECT jsonb_agg(r.state ORDER BY r.arrangement_no) FROM arrangement r WHERE r.bill_id = b.id), '[]'),
    coalesce((SELECT jsonb_agg(jsonb_build_array(r.state, r.amount_fen, r.drawn_fen) ORDER BY r.id)
              FROM deduction_review r WHERE r.bill_id = b.id), '[]'))) FROM bill b WHERE b.customer_id = ANY ($1)),
'payments', (SELECT jsonb_object_agg(p.payment_no, jsonb_build_array(p.state, p.channel_trade_no, t.state))
             FROM payment p JOIN top_up t ON t.top_up_no = p.purpose_no WHERE p.customer_id = ANY ($1)),
'combined', (SELECT jsonb_object_agg(p.payment_no, jsonb_build_array(
                 c.state, p.state, p.channel_trade_no, c.balance_fen, c.channel_fen, b.pending_no IS NOT DISTINCT FROM c.combined_no))
             FROM combined_payment c JOIN payment p ON p.purpose = 'bill' AND p.purpose_no = c.combined_no
             JOIN bill b ON b.id = c.bill_id WHERE c.customer_id = ANY ($1)),
'orders', (SELECT jsonb_object_agg(order_no, state) FROM shop_order WHERE customer_id = ANY ($1)),
'plans', (SELECT jsonb_object_agg(p.id, jsonb_build_array(p.customer_id, p.state, p.next_period_no, p.next_due_on, coalesce(
              (SELECT jsonb_agg(d.state ORDER BY d.period_no) FROM plan_period d WHERE d.plan_id = p.id), '[]')))
          FROM plan p WHERE p.customer_id = ANY ($1)),
'holds', (SELECT jsonb_object_agg(h.reference, jsonb_build_array(h.state, h.captured_fen))
          FROM hold h JOIN account a ON a.id = h.account_id
          WHERE a.code = ANY ($2) AND h.reference NOT LIKE 'combined:%' AND h.reference NOT LIKE 'review:%'),
'stock', (SELECT jsonb_object_agg(id, stock) FROM sku WHERE id = ANY ($3)),
'approvals', (SELECT jsonb_object_agg(approval_no, state) FROM approval WHERE customer_id = ANY ($1)),
'quarantine', (SELECT count(*) FROM quarantine WHERE channel_trade_no LIKE $4),
'closings', (SELECT jsonb_object_agg(closing_no, jsonb_build_array(state, bonus_fen, paid_out_fen)) FROM closing
             WHERE customer_id = ANY ($1)),
'refunds', (SELECT jsonb_object_agg(refund_no, state) FROM refund WHERE customer_id = ANY ($1) AND kind = 'top_up'),
'known', (SELECT jsonb_object_agg(CASE WHEN b.source LIKE 'operator:%' THEN b.title ELSE b.source END, jsonb_build_array(
              b.bill_no, b.id, b.due_at, (SELECT jsonb_agg(r.review_no ORDER BY r.id) FROM deduction_review r WHERE r.bill_id = b.id)))
          FROM bill b WHERE b.customer_id = ANY ($1))
)::text
"""


class Eye:
    """Looks through a connection of its own, so that nothing it sees is cached or half done."""

    def __init__(self, connection):
        self._connection = connection

    async def look(self, customers, skus, prefix, first_day):
        """What the model must agree with; and of each bill (number, id, due since, numbers of its reviews)."""
        codes = [f"customer:{number}" for number in customers]
        seen = json.loads(
            await self._connection.fetchval(LOOK, customers, codes, skus, f"%{prefix}%", first_day)
        )
        known = seen.pop("known") or {}
        return {name: {} if value is None else value for name, value in seen.items()}, known

    async def paid_in_order(self, customers):
        """(customer, reference) of all bill payments, in the order of each account's entries."""
        rows = await self._connection.fetch(
            "SELECT b.source, b.customer_id FROM bill_payment p JOIN bill b ON b.id = p.bill_id"
            " JOIN transfer t ON t.reference = p.transfer_reference WHERE b.customer_id = ANY ($1) ORDER BY t.id",
            customers,
        )
        return [row["source"] for row in rows]

    async def close(self):
        await self._connection.close()
