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
            SELECT purpose_no, sum(amount_fen) AS amount_fen, min(channel) AS channel FROM payment
            WHERE state = 'paid' AND purpose = 'top_up' GROUP BY purpose_no
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
        "a top-up or bill with a second attempt while the first is unresolved",
        """
        SELECT p.purpose || ' ' || coalesce(b.bill_no, p.purpose_no) FROM payment p
        LEFT JOIN combined_payment c ON p.purpose = 'bill' AND c.combined_no = p.purpose_no LEFT JOIN bill b ON b.id = c.bill_id
        WHERE p.state IN ('created', 'prepared') AND p.ask_at IS NOT NULL
        GROUP BY p.purpose, coalesce(b.bill_no, p.purpose_no) HAVING count(*) > 1
        """,
    ),
)
