"""Bills, their payments, and orders (I11)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import IS_CLOSED, Check

CHECKS = (
    Check(
        "I11",
        "a bill whose paid or refunded amount is not the sum of its payments",
        """
        SELECT 'bill ' || b.bill_no FROM bill b LEFT JOIN bill_payment p ON p.bill_id = b.id
        GROUP BY b.id, b.bill_no, b.paid_fen, b.refunded_fen
        HAVING coalesce(sum(p.amount_fen), 0) <> b.paid_fen OR coalesce(sum(p.refunded_fen), 0) <> b.refunded_fen
        """,
        since=changed.BILLS,
    ),
    Check(
        "I11",
        "a bill payment and the transfer it names differ",
        """
        SELECT 'transfer ' || coalesce(bp.transfer_reference, t.reference) FROM bill_payment bp
        FULL JOIN (
            SELECT t.reference, sum(p.amount_fen) AS amount_fen FROM transfer t JOIN posting p ON p.transfer_id = t.id
            WHERE t.kind = 'bill_payment' OR (t.kind = 'counter_payment' AND NOT EXISTS (
                SELECT FROM transfer undone WHERE undone.kind = 'counter_undo' AND undone.reverses_id = t.id))
            GROUP BY t.reference
        ) t ON t.reference = bp.transfer_reference
        WHERE bp.amount_fen IS DISTINCT FROM t.amount_fen
        """,
        since=changed.BILL_PAYMENTS,
    ),
    Check(
        "I11",
        "a bill payment of a bill that is not there",
        "SELECT 'bill_payment ' || p.id FROM bill_payment p WHERE NOT EXISTS (SELECT FROM bill b WHERE b.id = p.bill_id)",
        since=changed.BILL_PAYMENTS,
    ),
    Check(
        "I11",
        "an order that disagrees with its lines or its bill",
        """
        SELECT 'order ' || o.order_no FROM shop_order o
        LEFT JOIN bill b ON b.bill_no = o.bill_no
        LEFT JOIN LATERAL (
            SELECT sum(amount_fen) AS amount_fen, sum(discount_fen) AS discount_fen, sum(tax_fen) AS tax_fen
            FROM order_line WHERE order_id = o.id
        ) l ON true
        WHERE b.id IS NULL OR b.source <> 'order:' || o.order_no OR b.amount_fen + b.reduced_fen <> o.total_fen
           OR l.amount_fen IS DISTINCT FROM o.goods_fen OR l.discount_fen <> o.discount_fen
           OR o.tax_fen - l.tax_fen NOT BETWEEN 0 AND o.freight_fen  -- the rest is the freight's
           OR o.discount_fen <> coalesce((SELECT sum((d ->> 'amount_fen')::bigint) FROM jsonb_array_elements(o.discounts) d), 0)
           OR NOT CASE o.state WHEN 'placed' THEN b.state = 'open' WHEN 'cancelled' THEN
                  b.state = 'void' AND b.paid_fen = 0 OR (b.state IN ('void', 'paid', 'written_off') AND (
                      b.paid_fen = coalesce((SELECT sum(refunded_fen + refunding_fen) FROM bill_payment WHERE bill_id = b.id), 0)
                      OR EXISTS (SELECT FROM refund WHERE kind = 'bill' AND subject_no = b.bill_no AND state = 'failed')))
              ELSE b.state = 'paid' OR (b.state IN ('partly_paid', 'written_off') AND b.paid_fen > 0 AND EXISTS (
                  SELECT FROM arrangement a WHERE a.bill_id = b.id AND a.consented_at IS NOT NULL)) END
        """,
        since=changed.ORDERS,
    ),
    Check(
        "I11",
        "an order whose bill has less taken off it than its after-sales say, or more",
        """
        SELECT 'order ' || o.order_no FROM shop_order o JOIN bill b ON b.bill_no = o.bill_no
        WHERE b.reduced_fen <> coalesce((SELECT sum(a.reduced_fen) FROM after_sale a WHERE a.order_id = o.id), 0)
        """,
        since=changed.ORDERS,
    ),
    Check(
        "I11",
        "an order of which no more is sent and something is owed",
        f"""
        SELECT 'order ' || o.order_no FROM shop_order o JOIN bill b ON b.bill_no = o.bill_no
        WHERE b.state IN ('open', 'partly_paid') AND o.state IN ('shipped', 'completed') AND {IS_CLOSED}
        """,
        since=changed.ORDERS,
    ),
)
