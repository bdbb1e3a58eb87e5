"""Plans and their periods (I7)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I7",
        "a plan with a period skipped or doubled, or moved on too far",
        """
        SELECT 'plan ' || p.id FROM plan p LEFT JOIN plan_period o ON o.plan_id = p.id
        GROUP BY p.id, p.next_period_no, p.started_on
        HAVING count(o.id) <> p.next_period_no OR coalesce(max(o.period_no) + 1, 0) <> p.next_period_no
            OR min(o.due_on) < p.started_on
        """,
        since=changed.PLANS,
    ),
    Check(
        "I7",
        "a plan period whose outcome is not its bill's",
        """
        SELECT 'plan_period ' || o.id FROM plan_period o JOIN bill b ON b.id = o.bill_id
        WHERE (o.state = 'charged') <> (b.state = 'paid') OR b.source <> 'plan:' || o.plan_id || ':' || o.period_no
        """,
        since=changed.PLAN_PERIODS,
    ),
)
