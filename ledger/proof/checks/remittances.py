"""Remittances: set aside while under way, booked once when they arrived, and nothing of them when they did not (I21)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I21",
        "a remittance whose money is not set aside while it is under way, or still is when it has ended",
        """
        SELECT 'remittance ' || r.remittance_no FROM remittance r
        LEFT JOIN hold h ON h.reference = 'remittance:' || r.remittance_no AND h.state = 'open'
        LEFT JOIN refund_part p ON r.purpose = 'refund' AND p.part_no = r.purpose_no
        WHERE CASE WHEN r.state IN ('open', 'waiting') THEN
            CASE r.purpose WHEN 'closing' THEN h.amount_fen IS DISTINCT FROM r.amount_fen
            ELSE p.state IS DISTINCT FROM 'sending' OR p.amount_fen <> r.amount_fen END
        ELSE h.id IS NOT NULL END
        """,
        since=changed.REMITTANCES,
    ),
    Check(
        "I21",
        "a part of a refund, or a hold, that waits for a remittance which is not under way",
        """
        SELECT 'refund_part ' || p.part_no FROM refund_part p WHERE p.state = 'sending' AND NOT EXISTS (
            SELECT FROM remittance r WHERE r.purpose = 'refund' AND r.purpose_no = p.part_no AND r.state IN ('open', 'waiting'))
        UNION ALL
        SELECT 'hold ' || h.reference FROM hold h WHERE h.state = 'open' AND h.reference LIKE 'remittance:%' AND NOT EXISTS (
            SELECT FROM remittance r WHERE 'remittance:' || r.remittance_no = h.reference AND r.state IN ('open', 'waiting'))
        """,
        since={**changed.REFUND_PARTS, **changed.HOLDS},
    ),
    Check(
        "I21",
        "a remittance that arrived and was not booked out of its channel with its amount",
        """
        SELECT 'remittance ' || r.remittance_no FROM remittance r
        LEFT JOIN payout o ON o.remittance_no = r.remittance_no
        LEFT JOIN transfer t ON t.reference = CASE r.purpose
            WHEN 'closing' THEN 'payout:' || o.payout_no ELSE 'refund:' || r.purpose_no END
        LEFT JOIN LATERAL (
            SELECT sum(g.amount_fen) AS fen FROM posting g JOIN account a ON a.id = g.target_id
            WHERE g.transfer_id = t.id AND a.code = 'house:' || r.channel
        ) moved ON true
        WHERE r.state = 'paid' AND moved.fen IS DISTINCT FROM r.amount_fen
        """,
        since=changed.REMITTANCES,
    ),
    Check(
        "I21",
        "a payout by a remittance that did not arrive",
        """
        SELECT 'payout ' || o.payout_no FROM payout o LEFT JOIN remittance r ON r.remittance_no = o.remittance_no
        WHERE o.remittance_no IS NOT NULL AND (r.state IS DISTINCT FROM 'paid' OR r.amount_fen <> o.amount_fen)
        """,
        since=changed.PAYOUTS,
    ),
)
