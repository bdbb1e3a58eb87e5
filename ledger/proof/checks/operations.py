"""What operators do: second persons (I17), money between customers (I18), accounts that are gone (I19)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

_MOVE_SIDES = """
WITH move_transfer AS (
    SELECT t.id, t.kind, split_part(t.reference, ':', 2) AS move_no FROM transfer t
    WHERE t.kind IN ('transfer_out', 'transfer_in', 'merge_out', 'merge_in')
)
"""
_APPROVALS = {
    "approval": """SELECT * FROM approval WHERE id > {approval} OR approval_no IN (
        SELECT approval_no FROM adjustment WHERE id > {adjustment} UNION SELECT approval_no FROM move WHERE id > {move}
        UNION SELECT approval_no FROM customer_merge WHERE id > {customer_merge}
        UNION SELECT approval_no FROM closing WHERE id > {closing}
        UNION SELECT substr(reference, 10) FROM points_movement WHERE id > {points_movement} AND reference LIKE 'adjusted:V%')"""
}

CHECKS = (
    Check(
        "I17",
        "an act under an approval that nobody else agreed to, or that made something else",
        """
        SELECT act.what || ' ' || act.number FROM (
            SELECT 'adjustment' AS what, adjustment_no AS number, approval_no, operator_id AS asked FROM adjustment
            UNION ALL SELECT 'move', move_no, approval_no, substr(operator, 10)::bigint FROM move
                WHERE kind = 'gift' AND approval_no IS NOT NULL
            UNION ALL SELECT 'points', reference, substr(reference, 10), substr(operator, 10)::bigint FROM points_movement
                WHERE kind = 'adjusted' AND reference LIKE 'adjusted:V%'
            UNION ALL SELECT 'merge', merge_no, approval_no, operator_id FROM customer_merge
            UNION ALL SELECT 'closing', closing_no, approval_no, operator_id FROM closing
        ) act LEFT JOIN approval a ON a.approval_no = act.approval_no
        WHERE act.approval_no IS NOT NULL AND NOT coalesce(
            a.state = 'executed' AND a.result = act.number AND a.requested_by = act.asked AND a.decided_by <> act.asked, false)
        """,
        since=changed.new("adjustment", "move", "customer_merge", "closing", "points_movement"),
    ),
    Check(
        "I17",
        "a bill written off that no second person agreed to",
        """
        SELECT 'bill ' || b.bill_no FROM bill b WHERE b.state = 'written_off' AND NOT EXISTS (
            SELECT FROM approval a WHERE a.kind = 'write_off' AND a.state = 'executed' AND a.result = b.bill_no AND a.decided_by <> a.requested_by)
        """,
        since=changed.BILLS,
    ),
    Check(
        "I17",
        "an approval carried out that made nothing",
        """
        SELECT 'approval ' || a.approval_no FROM approval a
        WHERE a.state = 'executed' AND a.kind IN (
            'adjustment', 'adjustment_reversal', 'customer_transfer', 'transfer_reversal', 'merge', 'closing', 'points_adjustment')
          AND NOT EXISTS (SELECT FROM adjustment d WHERE d.adjustment_no = a.result AND d.approval_no = a.approval_no)
          AND NOT EXISTS (SELECT FROM move m WHERE m.move_no = a.result AND m.approval_no = a.approval_no)
          AND NOT EXISTS (SELECT FROM customer_merge g WHERE g.merge_no = a.result AND g.approval_no = a.approval_no)
          AND NOT EXISTS (SELECT FROM points_movement p WHERE p.reference = a.result AND p.reference = 'adjusted:' || a.approval_no)
          AND NOT EXISTS (SELECT FROM closing c WHERE c.closing_no = a.result AND c.approval_no = a.approval_no)
        """,
        since=_APPROVALS,
    ),
    Check(
        "I17",
        "an approval to end an order carried out that did not end it",
        """
        SELECT 'approval ' || a.approval_no FROM approval a LEFT JOIN shop_order o ON o.order_no = a.result
        WHERE a.state = 'executed' AND a.kind = 'order_end'
          AND (o.state IS DISTINCT FROM 'cancelled' OR a.params ->> 'order_no' IS DISTINCT FROM o.order_no)
        """,
        since={"approval": "SELECT * FROM approval WHERE id > {approval}"},
    ),
    Check(
        "I17",
        "an adjustment that is not what its transfer moved",
        """
        SELECT 'adjustment ' || coalesce(d.transfer_reference, t.reference) FROM adjustment d
        FULL JOIN (
            SELECT t.reference, t.operator, a.code, CASE WHEN e.bonus_fen = 0 THEN e.principal_fen ELSE e.bonus_fen END AS fen,
                   CASE WHEN e.bonus_fen = 0 THEN 'principal' ELSE 'bonus' END AS kind
            FROM transfer t JOIN entry e ON e.transfer_id = t.id JOIN account a ON a.id = e.account_id
            WHERE t.kind IN ('manual_adjustment', 'adjustment_reversal')
        ) t ON t.reference = d.transfer_reference
        WHERE d.id IS NULL OR t.reference IS NULL OR t.fen <> d.amount_fen OR t.kind <> d.kind
           OR t.code <> 'customer:' || d.customer_id OR t.operator <> 'operator:' || d.operator_id
        """,
        since=changed.ADJUSTMENTS,
    ),
    Check(
        "I17",
        "a reversal that is not the exact opposite of what it undoes",
        """
        SELECT 'transfer ' || r.reference FROM transfer r
        WHERE r.reverses_id IS NOT NULL AND r.kind IN ('adjustment_reversal', 'transfer_out', 'transfer_in') AND EXISTS (
            SELECT FROM (
                SELECT source_id, target_id, source_lot_id, target_lot_id, amount_fen FROM posting WHERE transfer_id = r.reverses_id
            ) was FULL JOIN (
                SELECT source_id, target_id, source_lot_id, target_lot_id, amount_fen FROM posting WHERE transfer_id = r.id
            ) undone ON undone.source_id = was.target_id AND undone.target_id = was.source_id AND undone.amount_fen = was.amount_fen
                AND undone.source_lot_id IS NOT DISTINCT FROM was.target_lot_id
                AND undone.target_lot_id IS NOT DISTINCT FROM was.source_lot_id
            WHERE was.amount_fen IS NULL OR undone.amount_fen IS NULL)
        """,
        since=changed.new("transfer"),
    ),
    Check(
        "I18",
        "money on its way between customers while nobody is at work",
        """
        SELECT 'house:transit' FROM account a JOIN posting p ON a.id IN (p.source_id, p.target_id)
        WHERE a.code = 'house:transit'
        HAVING sum(CASE WHEN p.target_id = a.id THEN p.amount_fen ELSE -p.amount_fen END) <> 0
        """,
        since=changed.new("posting"),
    ),
    Check(
        "I18",
        "a move whose two sides differ, or are not what it says",
        _MOVE_SIDES
        + """
        SELECT 'move ' || coalesce(m.move_no, s.move_no) FROM move m FULL JOIN (
            SELECT t.move_no,
                   count(*) FILTER (WHERE p.source_lot_id IS NOT NULL) AS taken,
                   count(*) FILTER (WHERE p.target_lot_id IS NOT NULL) AS given,
                   sum(p.amount_fen) FILTER (WHERE p.source_lot_id IS NOT NULL AND l.kind = 'principal') AS principal_out,
                   sum(p.amount_fen) FILTER (WHERE p.target_lot_id IS NOT NULL AND l.kind = 'principal') AS principal_in,
                   sum(p.amount_fen) FILTER (WHERE p.source_lot_id IS NOT NULL AND l.kind = 'bonus') AS bonus_out,
                   sum(p.amount_fen) FILTER (WHERE p.target_lot_id IS NOT NULL AND l.kind = 'bonus') AS bonus_in,
                   array_agg(DISTINCT a.code::text) FILTER (WHERE p.source_lot_id IS NOT NULL) AS givers,
                   array_agg(DISTINCT a.code::text) FILTER (WHERE p.target_lot_id IS NOT NULL) AS receivers
            FROM move_transfer t JOIN posting p ON p.transfer_id = t.id
            JOIN lot l ON l.id = coalesce(p.source_lot_id, p.target_lot_id) JOIN account a ON a.id = l.account_id
            GROUP BY 1
        ) s ON s.move_no = m.move_no
        WHERE m.id IS NULL OR s.move_no IS NULL OR s.taken <> s.given
           OR coalesce(s.principal_out, 0) <> m.principal_fen OR coalesce(s.principal_in, 0) <> m.principal_fen
           OR coalesce(s.bonus_out, 0) <> m.bonus_fen OR coalesce(s.bonus_in, 0) <> m.bonus_fen
           OR s.givers <> ARRAY['customer:' || m.giver_id] OR s.receivers <> ARRAY['customer:' || m.receiver_id]
        """,
        since=changed.MOVES,
    ),
    Check(
        "I18",
        "a lot that lost its kind or expiry on the way to another customer",
        """
        SELECT 'lot ' || into_lot.id FROM (
            SELECT split_part(t.reference, ':', 2) AS move_no, p.target_lot_id, p.amount_fen,
                   row_number() OVER (PARTITION BY t.id ORDER BY p.id) AS nth
            FROM transfer t JOIN posting p ON p.transfer_id = t.id
            WHERE t.kind IN ('transfer_in', 'merge_in') AND t.reverses_id IS NULL
        ) given JOIN (
            SELECT split_part(t.reference, ':', 2) AS move_no, p.source_lot_id, p.amount_fen,
                   row_number() OVER (PARTITION BY t.id ORDER BY p.id) AS nth
            FROM transfer t JOIN posting p ON p.transfer_id = t.id
            WHERE t.kind IN ('transfer_out', 'merge_out') AND t.reverses_id IS NULL
        ) taken ON taken.move_no = given.move_no AND taken.nth = given.nth
        JOIN lot into_lot ON into_lot.id = given.target_lot_id JOIN lot from_lot ON from_lot.id = taken.source_lot_id
        WHERE into_lot.kind <> from_lot.kind OR into_lot.expires_at IS DISTINCT FROM from_lot.expires_at
           OR given.amount_fen <> taken.amount_fen
        """,
        since=changed.new("transfer"),
    ),
    Check(
        "I19",
        "a customer who was merged or whose account is closed and who still has money",
        """
        SELECT 'customer ' || c.id FROM customer c JOIN account a ON a.code = 'customer:' || c.id
        WHERE c.state IN ('merged', 'closed') AND (a.principal_fen + a.bonus_fen <> 0 OR a.held_fen <> 0)
        """,
        since=changed.ACCOUNTS,
    ),
    Check(
        "I19",
        "a closing that did not pay out or take back what it says, or disagrees with its customer",
        """
        SELECT 'closing ' || c.closing_no FROM closing c JOIN customer u ON u.id = c.customer_id
        LEFT JOIN LATERAL (SELECT sum(amount_fen) AS fen FROM payout WHERE closing_id = c.id) p ON true
        LEFT JOIN LATERAL (
            SELECT sum(g.amount_fen) AS fen FROM payout p JOIN transfer t ON t.reference = 'payout:' || p.payout_no
            JOIN posting g ON g.transfer_id = t.id JOIN account a ON a.id = g.target_id AND a.code = 'house:' || p.tender
            WHERE p.closing_id = c.id
        ) moved ON true
        WHERE coalesce(p.fen, 0) <> c.paid_out_fen OR coalesce(moved.fen, 0) <> c.paid_out_fen
           OR (c.state = 'paying') AND u.state <> 'closing'
           OR c.state = 'closed' AND u.state <> 'closed' AND NOT EXISTS (
               SELECT FROM closing later WHERE later.customer_id = c.customer_id AND later.id > c.id)
        """,
        since=changed.CLOSINGS,
    ),
    Check(
        "I19",
        "a refund of another's closing, or of no closing, or a closed account with one of its refunds under way",
        """
        SELECT 'refund ' || r.refund_no FROM refund r LEFT JOIN closing c ON c.closing_no = r.closing_no
        WHERE r.closing_no IS NOT NULL
          AND (c.id IS NULL OR r.kind <> 'top_up' OR c.customer_id <> r.customer_id OR c.state = 'closed' AND r.state IN ('requested', 'open'))
        """,
        since=changed.REFUNDS,
    ),
    Check(
        "I19",
        "a payout in the books that no closing knows",
        """
        SELECT 'transfer ' || t.reference FROM transfer t LEFT JOIN payout p ON 'payout:' || p.payout_no = t.reference
        WHERE t.kind = 'payout' AND p.id IS NULL
        """,
        since=changed.new("transfer"),
    ),
)
