"""Bills, their payments and refunds, and orders (I8, I11)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I8",
        "a refund that is not what its bill payment says was refunded",
        """
        SELECT 'bill_payment ' || bp.id FROM bill_payment bp
        LEFT JOIN (
            SELECT t.reference, sum(p.amount_fen) AS amount_fen FROM transfer t JOIN posting p ON p.transfer_id = t.id
            WHERE t.kind = 'bill_refund' GROUP BY t.reference
        ) r ON r.reference = 'refund:' || bp.transfer_reference
        WHERE bp.refunded_fen <> coalesce(r.amount_fen, 0)
        """,
        since=changed.BILL_REFUNDS,
    ),
    Check(
        "I8",
        "a refund that does not return to the lots its payment burnt",
        """
        SELECT 'transfer ' || r.reference FROM transfer r JOIN posting back ON back.transfer_id = r.id
        LEFT JOIN posting burnt ON burnt.transfer_id = r.reverses_id AND burnt.source_lot_id = back.target_lot_id
        WHERE r.kind = 'bill_refund' AND (burnt.id IS NULL OR back.amount_fen > burnt.amount_fen)
        """,
        since=changed.new("transfer"),
    ),
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
            WHERE t.kind = 'bill_payment' GROUP BY t.reference
        ) t ON t.reference = bp.transfer_reference
        WHERE bp.amount_fen IS DISTINCT FROM t.amount_fen
        """,
        since=changed.BILL_PAYMENTS,
    ),
    Check(
        "I11",
        "an order that disagrees with its lines or its bill",
        """
        SELECT 'order ' || o.order_no FROM shop_order o
        LEFT JOIN bill b ON b.bill_no = o.bill_no
        LEFT JOIN LATERAL (SELECT sum(amount_fen) AS amount_fen FROM order_line WHERE order_id = o.id) l ON true
        WHERE b.id IS NULL OR b.source <> 'order:' || o.order_no OR b.amount_fen <> o.total_fen
           OR l.amount_fen IS DISTINCT FROM o.total_fen
           OR NOT CASE o.state WHEN 'placed' THEN b.state = 'open' WHEN 'cancelled' THEN
                  b.state = 'void' OR (b.state = 'paid' AND b.refunded_fen = b.paid_fen)
              ELSE b.state = 'paid' AND b.refunded_fen = 0 END
        """,
        since=changed.ORDERS,
    ),
)
