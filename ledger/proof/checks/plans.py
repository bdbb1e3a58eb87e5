"""Plans and their periods (I7)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I7",
        "a plan with a period skipped or doubled, due out of order, or moved on too far",
        """
        SELECT 'plan ' || p.id FROM plan p LEFT JOIN plan_period o ON o.plan_id = p.id
        GROUP BY p.id, p.next_period_no, p.started_on, p.last_due_on
        HAVING count(o.id) <> p.next_period_no OR coalesce(max(o.period_no) + 1, 0) <> p.next_period_no
            OR min(o.due_on) < p.started_on OR max(o.due_on) IS DISTINCT FROM p.last_due_on
        """,
        since=changed.PLANS,
    ),
    Check(
        "I7",
        "a plan period that covers days of another, or is due before an earlier one",
        """
        SELECT 'plan_period ' || o.id FROM plan_period o
        JOIN plan_period before ON before.plan_id = o.plan_id AND before.period_no = o.period_no - 1
        WHERE o.covers_from <= before.covers_to OR o.due_on < before.due_on
        """,
        since_sql="""
        SELECT 'plan_period ' || o.id FROM plan_period o
        JOIN plan_period before ON before.plan_id = o.plan_id AND before.period_no = o.period_no - 1
        WHERE (o.id > {plan_period} OR o.plan_id IN (SELECT id FROM changed_plan)) AND (o.covers_from <= before.covers_to OR o.due_on < before.due_on)
        """,
    ),
    Check(
        "I7",
        "a plan period whose outcome is not its bill's, or that takes more than was agreed to",
        """
        SELECT 'plan_period ' || o.id FROM plan_period o JOIN plan p ON p.id = o.plan_id LEFT JOIN bill b ON b.id = o.bill_id
        WHERE o.amount_fen > p.consented_fen
           OR b.id IS NOT NULL AND (b.source <> 'plan:' || o.plan_id || ':' || o.period_no OR b.amount_fen <> o.amount_fen
              OR CASE o.state WHEN 'charged' THEN b.state <> 'paid' WHEN 'partly' THEN b.state <> 'partly_paid'
                              WHEN 'owed' THEN b.state <> 'open' ELSE b.state = 'paid' END)
        """,
        since=changed.PLAN_PERIODS,
    ),
    Check(
        "I7",
        "a plan period that is owed and nobody comes for",
        """
        SELECT 'plan_period ' || o.id FROM plan_period o
        WHERE o.state IN ('owed', 'partly') AND NOT EXISTS (SELECT FROM dunning_case d WHERE d.bill_id = o.bill_id AND d.state = 'open')
        """,
        since=changed.PLAN_PERIODS,
    ),
    Check(
        "I7",
        "a plan that has ended with a period still ahead",
        """
        SELECT 'plan ' || p.id FROM plan p JOIN plan_period o ON o.plan_id = p.id
        WHERE o.state = 'upcoming' AND (
            p.state = 'ended' OR p.state = 'cancelled' AND (o.due_on >= p.cancelled_on) IS NOT FALSE AND coalesce(o.units, 0) = 0)
        """,
        since=changed.PLANS,
    ),
)
