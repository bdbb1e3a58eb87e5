"""Bills paid through a channel: every fen of the channel settled a bill or was credited, once; holds end with their payment."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I6",
        "a payment for a bill whose money did not reach exactly one bill or balance, or another amount of it",
        """
        SELECT 'payment ' || coalesce(paid.payment_no, took.payment_no) FROM (
            SELECT payment_no, amount_fen, 'house:' || channel AS source FROM payment WHERE state = 'paid' AND purpose = 'bill'
        ) paid FULL JOIN (
            SELECT one.payment_no, count(*) AS times, sum(p.amount_fen) AS amount_fen, min(s.code) AS source FROM (
                SELECT payment_no, transfer_reference AS reference FROM bill_payment WHERE payment_no IS NOT NULL
                UNION ALL SELECT substr(reference, 9), reference FROM transfer WHERE kind = 'payment_credit'
            ) one
            LEFT JOIN transfer t ON t.reference = one.reference LEFT JOIN posting p ON p.transfer_id = t.id
            LEFT JOIN account s ON s.id = p.source_id
            GROUP BY one.payment_no
        ) took ON took.payment_no = paid.payment_no
        WHERE paid.payment_no IS NULL OR took.payment_no IS NULL OR took.times <> 1
           OR took.amount_fen IS DISTINCT FROM paid.amount_fen OR took.source IS DISTINCT FROM paid.source
        """,
        since=changed.COMBINED_MONEY,
    ),
    Check(
        "I6",
        "a combined payment whose state is not that of its one attempt at the channel",
        """
        SELECT 'combined_payment ' || c.combined_no FROM combined_payment c
        LEFT JOIN payment p ON p.purpose = 'bill' AND p.purpose_no = c.combined_no
        GROUP BY c.id, c.combined_no, c.state
        HAVING count(p.id) <> 1 OR NOT bool_and(CASE c.state
            WHEN 'open' THEN p.state IN ('created', 'prepared', 'quarantined')
            WHEN 'closed' THEN p.state IN ('closed', 'quarantined') ELSE p.state = 'paid' END)
            OR bool_or(p.amount_fen <> c.channel_fen)
        """,
        since=changed.COMBINED,
    ),
    Check(
        "I10",
        "a combined payment that is open without its hold, or a hold that its payment did not end",
        """
        SELECT 'combined_payment ' || coalesce(c.combined_no, substr(h.reference, 10)) FROM (
            SELECT combined_no, balance_fen FROM combined_payment WHERE state = 'open' AND balance_fen > 0
        ) c FULL JOIN (
            SELECT reference, amount_fen FROM hold WHERE state = 'open' AND reference LIKE 'combined:%'
        ) h ON h.reference = 'combined:' || c.combined_no
        WHERE c.balance_fen IS DISTINCT FROM h.amount_fen
        """,
        since=changed.COMBINED_HOLDS,
    ),
    Check(
        "I11",
        "a bill that waits for a payment that is not open, or an open payment its bill does not wait for",
        """
        SELECT 'bill ' || b.bill_no FROM bill b LEFT JOIN combined_payment c ON c.combined_no = b.pending_no
        WHERE b.pending_no IS NOT NULL AND NOT starts_with(b.pending_no, 'Y') AND (c.state IS DISTINCT FROM 'open' OR c.bill_id <> b.id)
        UNION
        SELECT 'bill ' || b.bill_no FROM combined_payment c JOIN bill b ON b.id = c.bill_id
        WHERE c.state = 'open' AND b.pending_no IS DISTINCT FROM c.combined_no
        """,
        since=changed.COMBINED_BILLS,
    ),
    Check(
        "I11",
        "a combined payment whose shares are not what its bill was paid with",
        """
        SELECT 'combined_payment ' || c.combined_no FROM combined_payment c
        LEFT JOIN bill_payment rest ON rest.transfer_reference = 'combined:' || c.combined_no
        LEFT JOIN bill_payment share
            ON share.transfer_reference IN ('hold:combined:' || c.combined_no, 'again:combined:' || c.combined_no)
        WHERE (c.state = 'paid') <> (rest.id IS NOT NULL) OR (c.state = 'paid' AND c.balance_fen > 0) <> (share.id IS NOT NULL)
           OR rest.amount_fen <> c.channel_fen OR share.amount_fen <> c.balance_fen OR share.tender <> 'balance'
           OR rest.bill_id <> c.bill_id OR share.bill_id <> c.bill_id
        """,
        since=changed.COMBINED,
    ),
)
