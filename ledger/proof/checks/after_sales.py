"""After-sales: never more than was paid for a line of an order, and what their refunds say (I8)."""

from __future__ import annotations

from ledger.proof.checks.check import Check

_NEW = "refund_no IN (SELECT refund_no FROM refund WHERE id > {refund})"

CHECKS = (
    Check(
        "I8",
        "a line of an order of which after-sales gave back more than was paid for it, or for more pieces than there were",
        """
        SELECT 'order_line ' || o.id FROM order_line o JOIN after_sale_line l ON l.line_id = o.id JOIN after_sale a ON a.id = l.after_sale_id
        WHERE a.refund_fen IS NOT NULL GROUP BY o.id
        HAVING sum(l.refund_fen) > o.amount_fen - o.discount_fen OR sum(l.quantity) > o.quantity
        """,
        since={
            "after_sale": f"""SELECT * FROM after_sale WHERE order_id IN (SELECT order_id FROM after_sale WHERE {_NEW})"""
        },
    ),
    Check(
        "I8",
        "an after-sale whose refund is another amount than its lines say, or of another bill",
        """
        SELECT 'after_sale ' || a.return_no FROM after_sale a JOIN shop_order o ON o.id = a.order_id
        LEFT JOIN refund r ON r.refund_no = a.refund_no
        LEFT JOIN (SELECT after_sale_id, sum(refund_fen) AS fen FROM after_sale_line GROUP BY after_sale_id) l ON l.after_sale_id = a.id
        WHERE a.refund_fen IS NOT NULL AND (l.fen IS DISTINCT FROM a.refund_fen + a.reduced_fen OR coalesce(r.amount_fen, 0) <> a.refund_fen
            OR (a.refund_no IS NOT NULL AND (r.kind <> 'bill' OR r.subject_no <> o.bill_no)))
        """,
        since={"after_sale": f"SELECT * FROM after_sale WHERE {_NEW}"},
    ),
)
