"""Payments at channels and top-ups: credited once, asked once (I6, I14)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I6",
        "a paid payment that was not credited once with its amount, or a credit without a paid payment",
        """
        SELECT 'top_up ' || coalesce(paid.purpose_no, credited.top_up_no) FROM (
            SELECT purpose_no, sum(amount_fen) AS amount_fen, min(channel) AS channel FROM (
                SELECT purpose_no, amount_fen, channel FROM payment WHERE state = 'paid' AND purpose = 'top_up'
                UNION ALL SELECT purpose_no, amount_fen, 'counter' FROM counter_payment WHERE purpose = 'top_up'
            ) one GROUP BY purpose_no
        ) paid FULL JOIN (
            SELECT substr(t.reference, 8) AS top_up_no, sum(p.amount_fen) FILTER (WHERE l.kind = 'principal') AS amount_fen,
                   min(s.code) FILTER (WHERE l.kind = 'principal') AS source
            FROM transfer t JOIN posting p ON p.transfer_id = t.id JOIN lot l ON l.id = p.target_lot_id
            JOIN account s ON s.id = p.source_id
            WHERE t.kind = 'top_up' GROUP BY 1
        ) credited ON credited.top_up_no = paid.purpose_no
        WHERE paid.amount_fen IS DISTINCT FROM credited.amount_fen OR credited.source <> 'house:' || paid.channel
        """,
        since=changed.TOP_UP_CREDITS,
    ),
    Check(
        "I6",
        "a top-up whose state, amounts and credit do not agree",
        """
        SELECT 'top_up ' || u.top_up_no FROM top_up u
        LEFT JOIN transfer t ON t.reference = 'top_up:' || u.top_up_no
        LEFT JOIN LATERAL (SELECT sum(amount_fen) AS amount_fen FROM posting WHERE transfer_id = t.id) p ON true
        WHERE (u.state = 'credited') <> (t.id IS NOT NULL) OR p.amount_fen <> u.pay_fen + u.bonus_fen
        """,
        since=changed.TOP_UPS,
    ),
    Check(
        "I14",
        "a top-up or bill with a second attempt while the first is neither ended nor left by its customer",
        """
        SELECT p.purpose || ' ' || coalesce(b.bill_no, p.purpose_no) FROM payment p
        LEFT JOIN combined_payment c ON p.purpose = 'bill' AND c.combined_no = p.purpose_no LEFT JOIN bill b ON b.id = c.bill_id
        WHERE p.state IN ('created', 'prepared') AND p.left_at IS NULL
        GROUP BY p.purpose, coalesce(b.bill_no, p.purpose_no) HAVING count(*) > 1
        """,
    ),
    Check(
        "I14",
        "a top-up that has ended while it may still be paid, or waits though nothing of it can be",
        """
        SELECT 'top_up ' || u.top_up_no FROM top_up u CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE p.state IN ('created', 'prepared')) AS open,
                   count(*) FILTER (WHERE p.state = 'quarantined') AS set_aside
            FROM payment p WHERE p.purpose = 'top_up' AND p.purpose_no = u.top_up_no) tried
        WHERE (u.state = 'closed' AND tried.open > 0) OR (u.state = 'pending' AND tried.open + tried.set_aside = 0)
        """,
        since=changed.TOP_UPS,
    ),
    Check(
        "I6",
        "money that came into the quarantine, or left it, otherwise than its record says",
        """
        SELECT coalesce('quarantine ' || q.id, 'transfer ' || t.reference) FROM (
            SELECT id, 'quarantine:' || channel || ':' || channel_trade_no AS reference, 'quarantine' AS kind, booked_fen,
                   'house:' || channel AS source, 'house:suspense' AS target
            FROM quarantine WHERE booked_fen > 0
            UNION ALL
            SELECT id, 'quarantine_out:' || id,
                   CASE resolution WHEN 'credited' THEN 'quarantine_credit' ELSE 'quarantine_return' END,
                   booked_fen, 'house:suspense', CASE resolution
                WHEN 'credited' THEN 'customer:' || credited_to_id WHEN 'paid_out' THEN 'house:counter' ELSE 'house:' || channel END
            FROM quarantine WHERE booked_fen > 0 AND state = 'resolved'
        ) q FULL JOIN (
            SELECT t.reference, t.kind, sum(p.amount_fen) AS amount_fen, min(s.code) AS source, min(a.code) AS target
            FROM transfer t JOIN posting p ON p.transfer_id = t.id
            JOIN account s ON s.id = p.source_id JOIN account a ON a.id = p.target_id
            WHERE t.kind IN ('quarantine', 'quarantine_credit', 'quarantine_return') GROUP BY t.reference, t.kind
        ) t ON t.reference = q.reference AND t.kind = q.kind
        WHERE q.booked_fen IS DISTINCT FROM t.amount_fen OR q.source IS DISTINCT FROM t.source OR q.target IS DISTINCT FROM t.target
        """,
        since=changed.QUARANTINE,
    ),
    Check(
        "I6",
        "a counter payment for a bill that is not in the books, or in them otherwise than its record says",
        """
        SELECT coalesce('counter_payment ' || c.counter_no, 'transfer ' || t.reference) FROM (
            SELECT counter_no, transfer_reference AS reference, amount_fen, 'house:counter' AS source FROM counter_payment
            WHERE purpose = 'bill'
            UNION ALL
            SELECT counter_no, 'counter_undo:' || counter_no, amount_fen, 'house:revenue' FROM counter_payment
            WHERE purpose = 'bill' AND state = 'undone'
        ) c FULL JOIN (
            SELECT t.reference, sum(p.amount_fen) AS amount_fen, min(s.code) AS source FROM transfer t
            JOIN posting p ON p.transfer_id = t.id JOIN account s ON s.id = p.source_id
            WHERE t.kind IN ('counter_payment', 'counter_undo') GROUP BY t.reference
        ) t ON t.reference = c.reference
        WHERE c.amount_fen IS DISTINCT FROM t.amount_fen OR c.source IS DISTINCT FROM t.source
        """,
        since=changed.COUNTER,
    ),
    Check(
        "I6",
        "a confirmed voucher without its money, or money taken by a voucher that was not confirmed",
        """
        SELECT 'voucher ' || coalesce(v.voucher_no, c.voucher_no) FROM (
            SELECT voucher_no, counter_no, customer_id FROM voucher WHERE state = 'confirmed'
        ) v FULL JOIN (SELECT * FROM counter_payment WHERE voucher_no IS NOT NULL) c ON c.voucher_no = v.voucher_no
        WHERE v.counter_no IS DISTINCT FROM c.counter_no OR v.customer_id IS DISTINCT FROM c.customer_id
        """,
        since=changed.VOUCHERS,
    ),
)
