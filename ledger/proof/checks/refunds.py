"""Refunds: never more than was paid, back to where it came from, and nothing moved by one that was refused (I8)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I8",
        "a bill payment whose refunded or reserved amount is not that of its refunds",
        """
        SELECT 'bill_payment ' || bp.id FROM bill_payment bp LEFT JOIN (
            SELECT bill_payment_id, sum(amount_fen) FILTER (WHERE state IN ('paid', 'credited')) AS refunded_fen,
                   sum(amount_fen) FILTER (WHERE state IN ('waiting', 'open', 'abnormal', 'sending')) AS refunding_fen
            FROM refund_part WHERE bill_payment_id IS NOT NULL GROUP BY bill_payment_id
        ) r ON r.bill_payment_id = bp.id
        WHERE bp.refunded_fen <> coalesce(r.refunded_fen, 0) OR bp.refunding_fen <> coalesce(r.refunding_fen, 0)
        """,
        since={"bill_payment": changed.BILL_PAYMENTS["bill_payment"], **changed.BILL_PAYMENT_PARTS},
    ),
    Check(
        "I8",
        "a refund that is not the sum of its parts, or stands otherwise than they do",
        """
        SELECT 'refund ' || r.refund_no FROM refund r LEFT JOIN refund_part p ON p.refund_id = r.id
        GROUP BY r.id, r.refund_no, r.state, r.amount_fen
        HAVING coalesce(sum(p.amount_fen), 0) <> r.amount_fen OR r.state IS DISTINCT FROM CASE
            WHEN r.state = 'requested' AND bool_and(p.state = 'waiting') THEN 'requested'
            WHEN r.state = 'rejected' AND bool_and(p.state = 'failed') THEN 'rejected'
            WHEN bool_or(p.state IN ('waiting', 'open', 'abnormal', 'sending')) THEN 'open'
            WHEN bool_or(p.state = 'failed') THEN 'failed' ELSE 'paid' END
        """,
        since={**changed.REFUNDS, **changed.REFUND_PARTS},
    ),
    Check(
        "I8",
        "a part of a refund that was paid without its transfer, or refused and moved money all the same",
        """
        SELECT 'refund_part ' || coalesce(p.part_no, t.reference) FROM (
            SELECT p.part_no, p.amount_fen, p.state IN ('paid', 'credited') AS is_done,
                   CASE r.kind WHEN 'bill' THEN 'bill_refund' ELSE 'top_up_refund_paid' END AS kind
            FROM refund_part p JOIN refund r ON r.id = p.refund_id
        ) p FULL JOIN (
            SELECT t.reference, t.kind, sum(m.amount_fen) AS amount_fen FROM transfer t JOIN posting m ON m.transfer_id = t.id
            WHERE t.kind IN ('bill_refund', 'top_up_refund_paid') GROUP BY t.id, t.reference, t.kind
        ) t ON t.reference = 'refund:' || p.part_no
        WHERE coalesce(p.is_done, false) <> (t.reference IS NOT NULL) OR t.amount_fen <> p.amount_fen OR t.kind <> p.kind
        """,
        since={**changed.REFUND_PARTS, **changed.REFUND_TRANSFERS},
    ),
    Check(
        "I8",
        "refunds that return more to a lot than their payment burnt of it",
        """
        SELECT 'lot ' || back.lot_id FROM (
            SELECT r.reverses_id, m.target_lot_id AS lot_id, sum(m.amount_fen) AS amount_fen
            FROM refund_part p JOIN transfer r ON r.reference = 'refund:' || p.part_no JOIN posting m ON m.transfer_id = r.id
            WHERE p.tender = 'balance' GROUP BY r.reverses_id, m.target_lot_id
        ) back LEFT JOIN LATERAL (
            SELECT sum(amount_fen) AS amount_fen FROM posting
            WHERE transfer_id = back.reverses_id AND source_lot_id = back.lot_id
        ) burnt ON true
        WHERE back.amount_fen > coalesce(burnt.amount_fen, 0)
        """,
        since={**changed.BILL_PAYMENT_PARTS, **changed.BILL_PAYMENT_REFUNDS},
    ),
    Check(
        "I8",
        "a top-up whose refunded amount or bonus taken back is not that of its refunds",
        """
        SELECT 'top_up ' || u.top_up_no FROM top_up u LEFT JOIN (
            SELECT subject_no, sum(amount_fen) AS refunded_fen, sum(bonus_fen) AS clawed_fen FROM refund
            WHERE kind = 'top_up' AND state NOT IN ('failed', 'rejected') GROUP BY subject_no
        ) r ON r.subject_no = u.top_up_no
        WHERE u.refunded_fen <> coalesce(r.refunded_fen, 0) OR u.clawed_fen <> coalesce(r.clawed_fen, 0)
        """,
        since={**changed.TOP_UPS, **changed.TOP_UP_REFUNDS},
    ),
    Check(
        "I8",
        "a top-up refund that took other money than the top-up's, or did not return all of it when refused",
        """
        SELECT 'refund ' || r.refund_no FROM refund r
        JOIN refund_part part ON part.refund_id = r.id
        LEFT JOIN transfer took ON took.reference = 'top_up_refund:' || r.refund_no
        LEFT JOIN transfer back ON back.reference = 'refund_return:' || part.part_no
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(p.amount_fen) FILTER (WHERE l.kind = 'principal'), 0) AS principal_fen,
                   coalesce(sum(p.amount_fen) FILTER (WHERE l.kind = 'bonus'), 0) AS bonus_fen,
                   bool_and(l.source = 'top_up:' || r.subject_no) AS is_its_own
            FROM posting p LEFT JOIN lot l ON l.id = p.source_lot_id WHERE p.transfer_id = took.id
        ) taken ON true
        WHERE r.kind = 'top_up' AND (
            taken.is_its_own IS NOT TRUE OR taken.principal_fen <> r.amount_fen OR taken.bonus_fen <> r.bonus_fen
            OR (back.id IS NOT NULL) <> (r.state IN ('failed', 'rejected'))
            OR EXISTS (
                SELECT FROM (SELECT source_lot_id AS lot_id, amount_fen FROM posting WHERE transfer_id = took.id) t
                FULL JOIN (SELECT target_lot_id AS lot_id, amount_fen FROM posting WHERE transfer_id = back.id) b
                    ON b.lot_id = t.lot_id
                WHERE back.id IS NOT NULL AND t.amount_fen IS DISTINCT FROM b.amount_fen))
        """,
        since={**changed.REFUNDS, **changed.REFUND_PARTS, **changed.REFUND_TRANSFERS},
    ),
)
