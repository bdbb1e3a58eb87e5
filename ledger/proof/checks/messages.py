"""What is written down with an act: the caller's key and the customer's message (I5, I13)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I5",
        "an idempotency key that was committed without its answer",
        "SELECT 'request_key ' || id FROM request_key WHERE answer IS NULL",
        since=changed.new("request_key"),
    ),
    Check(
        "I13",
        "a money event that nobody is told of",
        """
        SELECT 'transfer ' || t.reference FROM transfer t
        LEFT JOIN outbox_message m ON m.dedup_key = regexp_replace(t.reference, '^(hold|again):combined:', 'combined:')
        WHERE t.kind IN ('top_up', 'bill_payment', 'bill_refund', 'manual_adjustment', 'bonus_expiry',
                         'credit_draw', 'credit_repayment', 'payment_credit', 'difference_credit', 'top_up_refund', 'top_up_refund_paid',
                         'top_up_refund_return', 'adjustment_reversal', 'transfer_out', 'transfer_in', 'merge_in', 'payout',
                         'quarantine_credit', 'counter_payment', 'counter_undo', 'points_bonus')
          AND m.id IS NULL
        """,
        since=changed.new("transfer"),
    ),
    Check(
        "I13",
        "a customer who paid a top-up twice and was not told, or has it back and was not told",
        """
        SELECT 'quarantine ' || q.id FROM quarantine q LEFT JOIN outbox_message m ON m.dedup_key = 'paid_twice:' || q.payment_no
        LEFT JOIN outbox_message e ON e.dedup_key = 'paid_twice_returned:' || q.payment_no
        WHERE q.reason = 'second_payment' AND (m.id IS NULL OR (e.id IS NULL AND q.resolution <> 'credited'))
        """,
        since=changed.QUARANTINE,
    ),
    Check(  # whole each time: a yes that nobody gave is a changed row, not a new one, and no row leads to it
        "I13",
        "a customer who is sent marketing and did not agree to it last",
        """
        SELECT 'message_preference ' || p.customer_id FROM message_preference p
        WHERE p.marketing AND NOT coalesce((
            SELECT c.agreed FROM marketing_consent c WHERE c.customer_id = p.customer_id ORDER BY c.id DESC LIMIT 1), false)
        """,
    ),
)
