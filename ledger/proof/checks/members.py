"""What members have besides money: points (I23), coupons (I24), what they have spent (I25)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

_BILL_MOVES = "('bill_payment', 'counter_payment', 'bill_refund', 'counter_undo')"

CHECKS = (
    Check(
        "I23",
        "points of a customer that are not what their movements and lots come to",
        """
        SELECT 'points of customer ' || a.customer_id FROM points_account a
        LEFT JOIN LATERAL (
            SELECT points_after, movement_no FROM points_movement m WHERE m.customer_id = a.customer_id
            ORDER BY m.movement_no DESC LIMIT 1
        ) m ON true
        LEFT JOIN LATERAL (
            SELECT sum(remaining) AS points FROM points_lot l WHERE l.customer_id = a.customer_id AND l.remaining > 0
        ) l ON true
        WHERE a.points <> coalesce(m.points_after, 0) OR a.points <> coalesce(l.points, 0) OR a.movement_no <> coalesce(m.movement_no, 0)
        """,
        since=changed.POINTS_ACCOUNTS,
    ),
    Check(
        "I23",
        "a movement of points that does not follow the one before, or is not what it did to lots",
        """
        SELECT 'points movement ' || m.reference FROM points_movement m
        LEFT JOIN points_movement b ON b.customer_id = m.customer_id AND b.movement_no = m.movement_no - 1
        WHERE m.points_after <> coalesce(b.points_after, 0) + m.points OR (b.id IS NULL) <> (m.movement_no = 1)
           OR m.points <> coalesce((SELECT sum(p.points) FROM points_part p WHERE p.movement_id = m.id), 0)
        """,
        since_sql="""
        SELECT 'points movement ' || m.reference FROM points_movement m
        LEFT JOIN points_movement b ON b.customer_id = m.customer_id AND b.movement_no = m.movement_no - 1
        WHERE m.id > {points_movement}
          AND (m.points_after <> coalesce(b.points_after, 0) + m.points OR (b.id IS NULL) <> (m.movement_no = 1)
               OR m.points <> coalesce((SELECT sum(p.points) FROM points_part p WHERE p.movement_id = m.id), 0))
        """,
    ),
    Check(
        "I23",
        "a lot of points that is not what its parts left of it, or is another customer's than its movements",
        """
        SELECT 'points lot ' || l.id FROM points_lot l
        WHERE l.remaining <> (SELECT sum(p.points) FROM points_part p WHERE p.lot_id = l.id)
           OR EXISTS (SELECT FROM points_part p JOIN points_movement m ON m.id = p.movement_id
                      WHERE p.lot_id = l.id AND m.customer_id <> l.customer_id)
        """,
        since=changed.POINTS_LOTS,
    ),
    Check(
        "I23",
        "points given back that were not spent, or taken back beyond what they undo",
        """
        SELECT 'points movement ' || m.reference FROM points_movement m LEFT JOIN points_movement u ON u.reference = m.undoes
        WHERE m.undoes IS NOT NULL AND NOT coalesce(
            CASE m.kind WHEN 'given_back' THEN u.kind = 'spent' AND m.points = -u.points
                 ELSE u.kind = 'earned' AND u.points >= (
                     SELECT -sum(t.points) FROM points_movement t WHERE t.undoes = u.reference AND t.kind = 'taken_back') END, false)
        """,
        since=changed.POINTS_UNDOING,
    ),
    Check(
        "I23",
        "points owed beyond what a payment brought, or paid otherwise than by taking them back",
        """
        SELECT 'points debt ' || d.reference FROM points_debt d LEFT JOIN points_movement u ON u.reference = d.reference
        CROSS JOIN LATERAL (
            SELECT coalesce(-sum(t.points), 0) AS taken,
                   coalesce(-sum(t.points) FILTER (WHERE t.reference LIKE 'taken\\_back:debt:%'), 0) AS paid
            FROM points_movement t WHERE t.undoes = d.reference AND t.kind = 'taken_back'
        ) t
        WHERE NOT coalesce(u.kind = 'earned' AND t.taken + d.points - d.paid <= u.points, false) OR t.paid <> d.paid
        """,
        since=changed.POINTS_DEBTS,
    ),
    Check(
        "I23",
        "somebody who owes points and had some to spend when they last changed",
        """
        SELECT 'points debt ' || d.reference FROM points_debt d WHERE d.paid < d.points AND EXISTS (
            SELECT FROM points_lot l WHERE l.customer_id = d.customer_id AND l.remaining > 0 AND (
                l.expires_at IS NULL OR l.expires_at > greatest(
                    d.changed_at, (SELECT max(m.at) FROM points_movement m WHERE m.customer_id = d.customer_id))))
        """,
        since=changed.POINTS_DEBTS,
    ),
    Check(
        "I23",
        "points changed into bonus that is not there, or bonus for points that were not spent",
        """
        SELECT 'points bonus ' || coalesce(t.reference, m.reference) FROM (SELECT * FROM transfer WHERE kind = 'points_bonus') t
        FULL JOIN (SELECT * FROM points_movement WHERE kind = 'spent' AND reference LIKE 'points\\_bonus:%') m USING (reference)
        WHERE NOT coalesce(m.worth_fen = (SELECT sum(p.amount_fen) FROM posting p WHERE p.transfer_id = t.id), false)
        """,
        since=changed.POINTS_BONUS,
    ),
    Check(
        "I24",
        "a coupon that is not in the state its last step left, or was used twice without being given back",
        """
        SELECT 'coupon ' || k.coupon_no FROM coupon k
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE what = 'used') - count(*) FILTER (WHERE what = 'given_back') AS uses,
                   count(*) FILTER (WHERE what = 'issued') AS issues, count(*) FILTER (WHERE what = 'void') AS voids FROM coupon_event e
            WHERE e.coupon_id = k.id
        ) e
        LEFT JOIN LATERAL (
            SELECT order_no, off_fen FROM coupon_event e WHERE e.coupon_id = k.id AND e.what = 'used' ORDER BY e.id DESC LIMIT 1
        ) u ON k.state = 'used'
        WHERE e.issues <> 1 OR e.uses <> CASE k.state WHEN 'used' THEN 1 ELSE 0 END OR e.voids <> CASE k.state WHEN 'void' THEN 1 ELSE 0 END
           OR k.order_no IS DISTINCT FROM u.order_no OR k.off_fen IS DISTINCT FROM u.off_fen
        """,
        since=changed.COUPONS,
    ),
    Check(
        "I24",
        "a kind of coupon of which more or fewer were issued than it says",
        """
        SELECT 'coupon_template ' || t.id FROM coupon_template t
        WHERE t.issued <> (SELECT count(*) FROM coupon k WHERE k.template_id = t.id)
        """,
        since=changed.COUPON_TEMPLATES,
    ),
    Check(
        "I24",
        "an order without the coupons or points it was priced with",
        """
        SELECT 'order ' || o.order_no FROM shop_order o CROSS JOIN LATERAL jsonb_array_elements(o.discounts) d
        WHERE o.state <> 'cancelled' AND jsonb_typeof(o.discounts) = 'array' AND NOT CASE d ->> 'kind'
            WHEN 'coupon' THEN EXISTS (
                SELECT FROM coupon k
                WHERE k.coupon_no = d ->> 'reference' AND k.order_no = o.order_no AND k.off_fen = (d ->> 'amount_fen')::bigint)
            WHEN 'points' THEN EXISTS (
                SELECT FROM points_movement m WHERE m.reference = d ->> 'reference' AND m.kind = 'spent'
                    AND m.worth_fen = (d ->> 'amount_fen')::bigint AND m.points = -(d ->> 'points')::bigint)
                AND NOT EXISTS (SELECT FROM points_movement b WHERE b.undoes = d ->> 'reference')
            ELSE false END
        """,
        since=changed.ORDERS,
    ),
    Check(
        "I24",
        "a coupon used by an order that was cancelled, or is not priced with it",
        """
        SELECT 'coupon ' || k.coupon_no FROM coupon k
        JOIN LATERAL (SELECT state, discounts FROM shop_order WHERE order_no = k.order_no LIMIT 1) o ON true
        WHERE o.state = 'cancelled' OR o.discounts IS NULL
           OR NOT o.discounts @> jsonb_build_array(jsonb_build_object('kind', 'coupon', 'reference', k.coupon_no))
        """,
        since=changed.COUPONS,
    ),
    Check(
        "I25",
        "a payment of a bill that was looked at and does not count as spent",
        f"""
        SELECT 'transfer ' || t.reference FROM transfer t
        WHERE t.kind IN {_BILL_MOVES} AND t.id <= (SELECT max(transfer_id) FROM spending_mark)
          AND (SELECT count(*) FROM spending s WHERE s.reference = t.reference) = 0
          AND ((SELECT count(*) FROM bill_payment p WHERE p.transfer_reference = t.reference) > 0
               OR (SELECT count(r.bill_payment_id) FROM refund_part r WHERE r.part_no = substr(t.reference, 8)) > 0)
        """,
        since=changed.new("transfer"),
    ),
    Check(
        "I25",
        "something counted as spent that is not what a bill was paid with, or had back",
        """
        SELECT 'spending ' || s.reference FROM spending s
        WHERE NOT coalesce((
            SELECT abs(s.amount_fen) = (SELECT sum(p.amount_fen) FROM posting p WHERE p.transfer_id = t.id)
                   AND (s.amount_fen > 0) = (t.kind IN ('bill_payment', 'counter_payment'))
            FROM transfer t WHERE t.reference = s.reference), false)
        """,
        since=changed.new("spending"),
    ),
)
