"""Reservations: places and what they cost (I28)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I28",
        "a slot with more or fewer places taken than its bookings take",
        """
        SELECT 'booking slot ' || s.id FROM booking_slot s
        LEFT JOIN LATERAL (SELECT count(*) AS places FROM booking k WHERE k.slot_id = s.id AND k.state <> 'cancelled') kept ON true
        WHERE s.taken <> kept.places
        """,
        since=changed.BOOKING_SLOTS,
    ),
    Check(
        "I28",
        "a booking that is billed to another, for another amount, or counted in a plan that does not know of it",
        """
        SELECT 'booking ' || k.booking_no FROM booking k LEFT JOIN bill b ON b.bill_no = k.bill_no
        WHERE (k.bill_no IS NOT NULL AND (b.id IS NULL OR b.source <> 'booking:' || k.booking_no OR b.amount_fen <> k.price_fen
                   OR (b.customer_id <> k.customer_id AND NOT EXISTS (
                       SELECT FROM customer c WHERE c.id IN (b.customer_id, k.customer_id) AND c.state = 'merged'))))
           OR (k.plan_id IS NOT NULL AND NOT EXISTS (
                   SELECT FROM plan_usage u WHERE u.plan_id = k.plan_id AND u.reference = k.booking_no AND u.units = 1))
        """,
        since=changed.BOOKINGS,
    ),
)
