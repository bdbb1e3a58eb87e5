"""Everything of the shop that the model must agree with, in one query, and what the machine needs to know besides."""

from __future__ import annotations

import json

from core import clock

LOOK = """
SELECT jsonb_build_object(
'accounts', (SELECT jsonb_object_agg(c.id, jsonb_build_array(
                 a.principal_fen, a.bonus_fen, a.held_fen, a.entry_no, a.credit_limit_fen, a.credit_used_fen, c.state, c.merged_into_id,
                 a.credit_automatic_only))
             FROM account a JOIN customer c ON a.code = 'customer:' || c.id WHERE a.code = ANY ($2) AND c.id = ANY ($1)),
'lots', (SELECT jsonb_object_agg(who, lots) FROM (
    SELECT substr(a.code, 10) AS who,
           jsonb_agg(jsonb_build_array(
               l.kind, l.original_fen, l.remaining_fen, extract(epoch FROM l.expires_at - $6)::int,
               CASE WHEN l.source LIKE 'merge_in:%' OR l.source LIKE 'credit_draw:%' THEN split_part(l.source, ':', 1)
                    WHEN l.source LIKE 'top_up:%'
                    THEN coalesce((SELECT 'counter:' || n.counter_no FROM counter_payment n WHERE n.transfer_reference = l.source), l.source)
                    ELSE l.source END
           ) ORDER BY l.kind, l.id) AS lots
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
'plans', (SELECT jsonb_object_agg(p.id, jsonb_build_array(p.customer_id, p.state, coalesce(
              (SELECT min(d.due_on) FROM plan_period d WHERE d.plan_id = p.id AND d.state = 'upcoming'), p.next_due_on), coalesce(
              (SELECT jsonb_agg(d.state ORDER BY d.period_no) FROM plan_period d
               WHERE d.plan_id = p.id AND d.state NOT IN ('upcoming', 'waived')), '[]')))
          FROM plan p WHERE p.customer_id = ANY ($1)),
'holds', (SELECT jsonb_object_agg(h.reference, jsonb_build_array(
              h.state, h.captured_fen, h.amount_fen, extract(epoch FROM h.expires_at - $6)::int))
          FROM hold h JOIN account a ON a.id = h.account_id
          WHERE a.code = ANY ($2) AND h.reference NOT LIKE 'combined:%' AND h.reference NOT LIKE 'review:%'),
'stock', (SELECT jsonb_object_agg(sku_id, on_hand - reserved) FROM stock WHERE sku_id = ANY ($3) AND store_id = 0),
'approvals', (SELECT jsonb_object_agg(approval_no, state) FROM approval WHERE customer_id = ANY ($1)),
'quarantine', (SELECT count(*) FROM quarantine WHERE channel_trade_no LIKE $4),
'closings', (SELECT jsonb_object_agg(closing_no, jsonb_build_array(state, bonus_fen, paid_out_fen)) FROM closing
             WHERE customer_id = ANY ($1)),
'refunds', (SELECT jsonb_object_agg(refund_no, jsonb_build_array(state, amount_fen, bonus_fen)) FROM refund
             WHERE customer_id = ANY ($1) AND kind = 'top_up' AND operator LIKE 'customer:%'),
'taken', (SELECT jsonb_object_agg(counter_no, jsonb_build_array(customer_id, amount_fen, tender, reference, state))
          FROM counter_payment WHERE customer_id = ANY ($1)),
'taken_back', (SELECT jsonb_object_agg(n.counter_no, jsonb_build_array(r.state, r.amount_fen, r.bonus_fen))
               FROM refund r JOIN counter_payment n ON n.purpose = 'top_up' AND n.purpose_no = r.subject_no
               WHERE r.customer_id = ANY ($1) AND r.operator LIKE 'operator:%'),
'known', (SELECT jsonb_object_agg(CASE WHEN b.source LIKE 'operator:%' THEN b.title ELSE b.source END, jsonb_build_array(
              b.bill_no, b.id, b.due_at, (SELECT jsonb_agg(r.review_no ORDER BY r.id) FROM deduction_review r WHERE r.bill_id = b.id),
              b.created_at))
          FROM bill b WHERE b.customer_id = ANY ($1))
)::text
"""


CLOSELY = """
WITH place AS (
    SELECT l.id, l.kind, row_number() OVER (PARTITION BY l.account_id, l.kind ORDER BY l.id) AS nth
    FROM lot l JOIN account a ON a.id = l.account_id WHERE a.code = ANY ($2)
), took AS (
    SELECT p.transfer_id, jsonb_agg(jsonb_build_array(place.kind, place.nth, p.amount_fen) ORDER BY p.id) AS lots,
           jsonb_agg(jsonb_build_array(place.kind, place.nth, p.amount_fen) ORDER BY place.kind, place.nth) AS by_kind
    FROM account a JOIN entry e ON e.account_id = a.id JOIN posting p ON p.transfer_id = e.transfer_id
    JOIN place ON place.id = p.source_lot_id WHERE a.code = ANY ($2) GROUP BY 1
), bill_of AS (
    SELECT id, CASE WHEN source LIKE 'operator:%' THEN title ELSE source END AS name FROM bill WHERE customer_id = ANY ($1)
)
SELECT jsonb_build_object(
'took', (SELECT jsonb_object_agg(name, payments) FROM (
    SELECT b.name, jsonb_agg(jsonb_build_array(p.tender, p.matched_by, coalesce(took.lots, '[]')) ORDER BY p.id) AS payments
    FROM bill_of b JOIN bill_payment p ON p.bill_id = b.id JOIN transfer t ON t.reference = p.transfer_reference
    LEFT JOIN took ON took.transfer_id = t.id GROUP BY 1) x),
'moved', (SELECT jsonb_object_agg(split_part(t.reference, ':', 2), took.by_kind)
          FROM took JOIN transfer t ON t.id = took.transfer_id WHERE t.kind IN ('manual_adjustment', 'transfer_out') AND t.reverses_id IS NULL),
'deducted', (SELECT jsonb_object_agg(who, amounts) FROM (
    SELECT substr(a.code, 10) AS who, jsonb_agg(-e.principal_fen - e.bonus_fen ORDER BY e.entry_no) AS amounts
    FROM account a JOIN entry e ON e.account_id = a.id JOIN transfer t ON t.id = e.transfer_id
    WHERE a.code = ANY ($2) AND t.kind IN ('bill_payment', 'transfer_out') AND t.reverses_id IS NULL GROUP BY 1) x),
'parts', (SELECT jsonb_object_agg(name, arrangements) FROM (
    SELECT b.name, jsonb_object_agg(r.arrangement_no, CASE WHEN r.state = 'proposed' THEN jsonb_build_array(r.automatic)
        ELSE '[null]' END || (SELECT jsonb_agg(jsonb_build_array(i.cumulative_fen, i.due_on - $3::date) ORDER BY i.part_no)
                              FROM instalment i WHERE i.arrangement_id = r.id)) AS arrangements
    FROM bill_of b JOIN arrangement r ON r.bill_id = b.id AND r.state IN ('proposed', 'running') GROUP BY 1) x)
)::text
"""
"""What shows only later: which lots were taken for what, what was deducted in which order, which parts were arranged. Looked at where
steps were done at once, since it says in which order, and at the end of an example."""


SERVED = """
WITH paid AS (
    SELECT CASE WHEN b.source LIKE 'operator:%' THEN b.title ELSE b.source END AS name, b.customer_id, p.created_at,
           row_number() OVER (PARTITION BY b.id ORDER BY p.id) AS nth
    FROM bill b JOIN bill_payment p ON p.bill_id = b.id WHERE b.customer_id = ANY ($1)
)
SELECT jsonb_object_agg(number, coalesce((
    SELECT jsonb_agg(jsonb_build_array(paid.name, paid.nth)) FROM paid
    WHERE paid.created_at < t.credited_at), '[]'))::text
FROM (SELECT payment_no AS number, purpose_no FROM payment WHERE payment_no = ANY ($2) UNION ALL
      SELECT counter_no, purpose_no FROM counter_payment WHERE counter_no = ANY ($2)) n JOIN top_up t ON t.top_up_no = n.purpose_no
"""


class Eye:
    """Looks through a connection of its own, so that nothing it sees is cached or half done."""

    def __init__(self, connection):
        self._connection = connection

    async def look(self, customers, skus, prefix, first_day):
        """What the model must agree with; and of each bill (number, id, due since, numbers of its reviews, issued at)."""
        seen = json.loads(
            await self._connection.fetchval(
                LOOK,
                customers,
                _codes(customers),
                skus,
                f"%{prefix}%",
                first_day,
                clock.start_of(first_day),
            )
        )
        known = seen.pop("known") or {}
        return _with_nothing_empty(seen), known

    async def look_closely(self, customers, first_day):
        """What shows only later, of what was done at once."""
        return _with_nothing_empty(
            json.loads(await self._connection.fetchval(CLOSELY, customers, _codes(customers), first_day))
        )

    async def served_before(self, customers, numbers):
        """Of each top-up, by the number of its payment: which bills' payments were made before it was credited."""
        return json.loads(await self._connection.fetchval(SERVED, customers, numbers))

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


def _codes(customers):
    return [f"customer:{number}" for number in customers]


def _with_nothing_empty(seen):
    return {name: {} if value is None else value for name, value in seen.items()}
