"""Invoices that customers ask for (I29)."""

from __future__ import annotations

from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I29",
        "invoices asked for or issued for more than ever came in for a top-up or bill, or for another customer's top-up",
        """
        SELECT 'invoices of ' || r.subject || ' ' || r.subject_no FROM invoice_request r
        LEFT JOIN top_up t ON r.subject = 'top_up' AND t.top_up_no = r.subject_no AND t.state = 'credited'
        LEFT JOIN bill b ON r.subject = 'bill' AND b.bill_no = r.subject_no
        WHERE r.state IN ('requested', 'issued') GROUP BY r.subject, r.subject_no, t.id, b.id
        HAVING sum(r.amount_fen) > coalesce(CASE r.subject WHEN 'top_up' THEN t.pay_fen ELSE
                (SELECT sum(p.amount_fen) FROM bill_payment p WHERE p.bill_id = b.id AND p.tender <> 'balance') END, 0)
            + CASE r.subject WHEN 'bill' THEN coalesce((SELECT sum(c.amount_fen) FROM counter_payment c
                WHERE c.purpose = 'bill' AND c.purpose_no = r.subject_no AND c.state = 'undone'), 0) ELSE 0 END
            OR r.subject = 'top_up' AND bool_or(r.customer_id <> t.customer_id)
        """,
        since={
            "invoice_request": """
            SELECT * FROM invoice_request WHERE (subject, subject_no) IN (
                SELECT subject, subject_no FROM invoice_request WHERE id > {invoice_request})
            """
        },
    ),
)
