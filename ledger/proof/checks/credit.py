"""Credit: what is drawn and not paid back, and its limit (I3)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I3",
        "an account with less available than nothing, or more credit used than its limit",
        """
        SELECT 'account ' || code FROM account
        WHERE principal_fen + bonus_fen < held_fen OR credit_used_fen NOT BETWEEN 0 AND credit_limit_fen
        """,
        since=changed.ACCOUNTS,
    ),
    Check(
        "I3",
        "money that moved between a customer and house:credit, and the credit movement that says so, differ",
        """
        SELECT 'account ' || coalesce(did.account_id, m.account_id) || ' transfer ' || coalesce(did.transfer_id, m.transfer_id)
        FROM (
            SELECT p.transfer_id, CASE WHEN p.source_id = h.id THEN p.target_id ELSE p.source_id END AS account_id,
                   sum(CASE WHEN p.source_id = h.id THEN p.amount_fen ELSE -p.amount_fen END) AS amount_fen
            FROM posting p JOIN account h ON h.code = 'house:credit' AND h.id IN (p.source_id, p.target_id) GROUP BY 1, 2
        ) did FULL JOIN credit_movement m ON m.transfer_id = did.transfer_id AND m.account_id = did.account_id
        WHERE did.amount_fen IS DISTINCT FROM m.amount_fen
        """,
        since=changed.new("posting", "credit_movement"),
    ),
    Check(
        "I3",
        "a credit movement that does not follow from the one before, or an account that has used another amount",
        """
        SELECT 'account ' || account_id || ' credit movement ' || id FROM (
            SELECT account_id, id, used_after_fen - amount_fen AS used_before_fen,
                   coalesce(lag(used_after_fen) OVER w, 0) AS last_fen
            FROM credit_movement WINDOW w AS (PARTITION BY account_id ORDER BY id)
        ) chain WHERE used_before_fen <> last_fen
        UNION ALL
        SELECT 'account ' || a.code FROM account a
        LEFT JOIN LATERAL (
            SELECT used_after_fen FROM credit_movement m WHERE m.account_id = a.id ORDER BY m.id DESC LIMIT 1
        ) last ON true
        WHERE a.kind = 'customer' AND a.credit_used_fen <> coalesce(last.used_after_fen, 0)
        """,
        since_sql="""
        SELECT 'account ' || m.account_id || ' credit movement ' || m.id FROM credit_movement m
        LEFT JOIN LATERAL (
            SELECT used_after_fen FROM credit_movement b WHERE b.account_id = m.account_id AND b.id < m.id
            ORDER BY b.id DESC LIMIT 1
        ) before ON true
        WHERE m.id > {credit_movement} AND m.used_after_fen - m.amount_fen <> coalesce(before.used_after_fen, 0)
        UNION ALL
        SELECT 'account ' || a.code FROM account a
        LEFT JOIN LATERAL (
            SELECT used_after_fen FROM credit_movement m WHERE m.account_id = a.id ORDER BY m.id DESC LIMIT 1
        ) last ON true
        WHERE a.kind = 'customer' AND a.credit_used_fen <> coalesce(last.used_after_fen, 0)
        """,
        since=changed.ACCOUNTS,
    ),
)
