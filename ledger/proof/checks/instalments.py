"""Bills in instalments (I11)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I11",
        "instalments that do not come to their bill, or a part that does not follow the one before",
        """
        SELECT 'bill ' || b.bill_no || ' arrangement ' || a.arrangement_no FROM bill b
        JOIN arrangement a ON a.bill_id = b.id
        CROSS JOIN LATERAL (
            SELECT count(*) AS parts, max(cumulative_fen) AS last_fen,
                   bool_and(part_no = nth AND cumulative_fen = a.base_fen + sum_fen AND due_on > coalesce(last_on, '-infinity')
                            AND due_at > coalesce(last_at, '-infinity')) AS is_chain
            FROM (
                SELECT part_no, cumulative_fen, due_on, due_at, row_number() OVER w AS nth, sum(amount_fen) OVER w AS sum_fen,
                       lag(due_on) OVER w AS last_on, lag(due_at) OVER w AS last_at
                FROM instalment WHERE arrangement_id = a.id WINDOW w AS (ORDER BY part_no)
            ) part
        ) i
        WHERE i.parts = 0 OR NOT i.is_chain OR CASE WHEN a.state IN ('proposed', 'running') THEN i.last_fen <> b.amount_fen
              ELSE i.last_fen NOT BETWEEN b.amount_fen AND b.amount_fen + b.reduced_fen END
        """,
        since=changed.BILLS,
    ),
    Check(
        "I11",
        "a bill in instalments that has none, or is due at another time than its next unpaid part",
        """
        SELECT 'bill ' || b.bill_no FROM bill b LEFT JOIN arrangement a ON a.bill_id = b.id AND a.state = 'running'
        LEFT JOIN LATERAL (
            SELECT min(due_at) AS due_at FROM instalment WHERE arrangement_id = a.id AND cumulative_fen > b.paid_fen
        ) coming ON true
        WHERE CASE WHEN b.state IN ('void', 'written_off') THEN a.id IS NOT NULL
                   WHEN (b.collect_mode = 'instalments') <> (a.id IS NOT NULL) THEN true
                   WHEN a.id IS NULL THEN false
                   ELSE a.base_fen > b.paid_fen
                        OR (b.state <> 'paid' AND coming.due_at IS DISTINCT FROM b.due_at) END
        """,
        since=changed.BILLS,
    ),
)
