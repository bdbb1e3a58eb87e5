"""Deductions under review: what is held for them, and what became of it (I10, I11)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I10",
        "a review whose hold is not what its state says, or holds another amount",
        """
        SELECT 'deduction_review ' || r.review_no FROM deduction_review r
        LEFT JOIN hold h ON h.reference = 'review:' || r.review_no
        WHERE h.amount_fen IS DISTINCT FROM r.amount_fen OR h.state <> CASE r.state
            WHEN 'waiting' THEN 'open' WHEN 'approved' THEN 'captured' ELSE 'released' END
        """,
        since=changed.new("deduction_review"),
    ),
    Check(
        "I11",
        "a bill that waits for a review that does not wait for it, or the other way round",
        """
        SELECT 'bill ' || coalesce(b.bill_no, r.review_no)
        FROM (SELECT * FROM deduction_review WHERE state = 'waiting') r
        FULL JOIN (SELECT * FROM bill WHERE starts_with(pending_no, 'Y')) b ON b.id = r.bill_id AND b.pending_no = r.review_no
        WHERE b.id IS NULL OR r.id IS NULL
        """,
        since_sql="""
        SELECT 'bill ' || b.bill_no FROM deduction_review r JOIN bill b ON b.id = r.bill_id
        WHERE r.id > {deduction_review} AND (r.state = 'waiting') <> (b.pending_no IS NOT DISTINCT FROM r.review_no)
        UNION ALL
        SELECT 'bill ' || b.bill_no FROM bill b LEFT JOIN deduction_review r
            ON r.review_no = b.pending_no AND r.bill_id = b.id AND r.state = 'waiting'
        WHERE b.id IN (SELECT id FROM touched_bill) AND starts_with(b.pending_no, 'Y') AND r.id IS NULL
        """,
    ),
)
