"""Reconciliation: closed days are explained, their fees are in the books once, a bill's rows stand for one thing of ours each (I20)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check
from models import bill_line

CHECKS = (
    Check(
        "I20",
        "a day closed without its fees in the books as its bill has them, or fees of a day that is not closed",
        """
        SELECT 'channel_day ' || d.id FROM channel_day d
        LEFT JOIN bill_file f ON f.day_id = d.id AND f.is_current
        LEFT JOIN channel_fee c ON c.day_id = d.id AND c.reversed_at IS NULL
        WHERE (d.state = 'closed') <> (c.id IS NOT NULL)
           OR d.state = 'closed' AND (c.file_id IS DISTINCT FROM f.id OR c.fee_milli <> coalesce(f.fee_milli, 0)
              OR c.amount_fen <> sign(c.fee_milli) * ((abs(c.fee_milli) + 500) / 1000))
        """,
        since=changed.CHANNEL_DAYS,
    ),
    Check(
        "I20",
        "fees that moved another amount than they say, or a posting of fees that no day knows",
        """
        SELECT 'transfer ' || coalesce(t.reference, c.reference) FROM (
            SELECT transfer_reference AS reference, channel, amount_fen FROM channel_fee c JOIN channel_day d ON d.id = c.day_id
            WHERE transfer_reference IS NOT NULL
            UNION ALL SELECT reversal_reference, channel, -amount_fen FROM channel_fee c JOIN channel_day d ON d.id = c.day_id
            WHERE reversal_reference IS NOT NULL
        ) c FULL JOIN (
            SELECT t.reference, CASE s.code WHEN 'house:fees' THEN substr(g.code, 7) ELSE substr(s.code, 7) END AS channel,
                   CASE s.code WHEN 'house:fees' THEN p.amount_fen ELSE -p.amount_fen END AS amount_fen
            FROM transfer t JOIN posting p ON p.transfer_id = t.id JOIN account s ON s.id = p.source_id
            JOIN account g ON g.id = p.target_id WHERE t.kind IN ('channel_fee', 'channel_fee_reversal')
        ) t ON t.reference = c.reference
        WHERE t.reference IS NULL OR c.reference IS NULL OR t.channel <> c.channel OR t.amount_fen <> c.amount_fen
        """,
        since=changed.CHANNEL_FEES,
    ),
    Check(
        "I20",
        "a bill whose rows are not what it says they come to",
        f"""
        SELECT 'bill_file ' || f.id FROM bill_file f LEFT JOIN LATERAL (
            SELECT count(*) FILTER (WHERE kind = 'payment') AS payments, count(*) FILTER (WHERE kind = 'refund') AS refunds,
                   coalesce(sum(amount_fen) FILTER (WHERE kind = 'payment'), 0) AS payment_fen,
                   coalesce(sum(amount_fen) FILTER (WHERE kind = 'refund'), 0) AS refund_fen, coalesce(sum(fee_milli), 0) AS fee_milli
            FROM bill_line WHERE id {bill_line.OF_FILE}
        ) l ON true
        WHERE f.is_current AND (f.payments, f.payment_fen, f.refunds, f.refund_fen, f.fee_milli)
              IS DISTINCT FROM (l.payments, l.payment_fen, l.refunds, l.refund_fen, l.fee_milli)
           OR NOT f.is_current AND l.payments + l.refunds > 0
        """,
        since=changed.new("bill_file"),
    ),
    Check(
        "I20",
        "a row of a bill that stands for a payment or refund of another number, or agrees and is not it",
        f"""
        SELECT 'bill_line ' || l.id FROM bill_line l JOIN bill_file f ON f.id = l.id / {bill_line.SPAN} JOIN channel_day d ON d.id = f.day_id
        LEFT JOIN payment p ON p.id = l.payment_id LEFT JOIN refund_part r ON r.id = l.part_id
        WHERE l.payment_id IS NOT NULL AND (p.payment_no, p.channel) IS DISTINCT FROM (l.payment_no, d.channel)
           OR l.part_id IS NOT NULL AND (r.part_no, r.tender) IS DISTINCT FROM (l.refund_no, d.channel)
           OR l.agrees AND l.kind = 'payment' AND (p.state, p.amount_fen, p.channel_trade_no)
              IS DISTINCT FROM ('paid', l.amount_fen, l.channel_trade_no)
           OR l.agrees AND l.kind = 'refund' AND (r.amount_fen, r.payment_no) IS DISTINCT FROM (l.amount_fen, l.payment_no)
        """,
        since=changed.BILL_LINES,
    ),
    Check(
        "I20",
        "a payment or refund of a compared day that stands in bills twice, and nobody is told",
        f"""
        SELECT 'bill_line ' || l.id FROM (
            SELECT l.id, t.id AS twin_id FROM bill_line l JOIN bill_line t ON t.payment_id = l.payment_id AND t.id < l.id
            UNION ALL SELECT l.id, t.id FROM bill_line l JOIN bill_line t ON t.part_id = l.part_id AND t.id < l.id
        ) l JOIN bill_file f ON f.id = l.id / {bill_line.SPAN}
        JOIN channel_day d ON d.id = f.day_id AND d.state IN ('matched', 'closed')
        JOIN bill_file g ON g.id = l.twin_id / {bill_line.SPAN} JOIN channel_day e ON e.id = g.day_id AND e.state IN ('matched', 'closed')
        WHERE NOT EXISTS (SELECT FROM difference x WHERE x.kind = 'duplicate' AND x.line_id IN (l.id, l.twin_id))
        """,
        since=changed.BILL_LINES,
    ),
    Check(
        "I20",
        "a closed day with a difference that is not resolved",
        """
        SELECT 'difference ' || x.difference_no FROM difference x JOIN channel_day d ON d.id = x.day_id
        WHERE d.state = 'closed' AND x.state <> 'resolved'
        """,
        since=changed.DIFFERENCES,
    ),
    Check(
        "I20",
        "a difference that moved nothing, or money moved for one that does not say so",
        """
        SELECT 'transfer ' || coalesce(t.reference, x.transfer_reference) FROM (
            SELECT transfer_reference, resolution, resolved_by FROM difference WHERE transfer_reference IS NOT NULL
        ) x FULL JOIN (
            SELECT t.reference, t.kind, t.operator FROM transfer t WHERE t.kind IN ('difference_credit', 'difference_adjustment')
        ) t ON t.reference = x.transfer_reference
        WHERE t.reference IS NULL OR x.transfer_reference IS NULL OR t.operator <> x.resolved_by
           OR t.kind <> CASE x.resolution WHEN 'adjust' THEN 'difference_adjustment' ELSE 'difference_credit' END
        """,
        since=changed.DIFFERENCE_MONEY,
    ),
    Check(
        "I17",
        "a difference resolved under an approval that nobody else agreed to",
        """
        SELECT 'difference ' || x.difference_no FROM difference x LEFT JOIN approval a ON a.approval_no = x.approval_no
        WHERE x.state = 'resolved' AND x.resolution <> 'settled' AND x.approval_no IS NOT NULL AND NOT coalesce(
            a.state = 'executed' AND a.result = x.difference_no AND 'operator:' || a.requested_by = x.resolved_by
            AND a.decided_by <> a.requested_by, false)
        """,
        since=changed.DIFFERENCES,
    ),
)
