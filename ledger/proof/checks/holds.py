"""Holds (I10), and that their customers are told (I13)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I10",
        "an account whose held amount is not the sum of its open holds",
        """
        SELECT 'account ' || a.code FROM account a LEFT JOIN hold h ON h.account_id = a.id AND h.state = 'open'
        GROUP BY a.id, a.code, a.held_fen HAVING coalesce(sum(h.amount_fen), 0) <> a.held_fen
        """,
        since=changed.ACCOUNTS,
    ),
    Check(
        "I10",
        "a captured hold without its transfer, or with another amount",
        """
        SELECT 'hold ' || h.reference FROM hold h
        LEFT JOIN transfer t ON t.reference = 'hold:' || h.reference
        LEFT JOIN LATERAL (SELECT sum(amount_fen) AS amount_fen FROM posting WHERE transfer_id = t.id) p ON true
        WHERE (h.state = 'captured') <> (t.id IS NOT NULL) OR p.amount_fen <> h.captured_fen
        """,
        since=changed.HOLDS,
    ),
    Check(
        "I13",
        "a hold an operator placed, or the end of one without a capture, that its customer was not told of",
        """
        SELECT 'hold ' || h.reference FROM hold h
        LEFT JOIN outbox_message placed ON placed.dedup_key = 'held:' || h.reference
        LEFT JOIN outbox_message ended ON ended.dedup_key = 'hold_released:' || h.reference
        WHERE h.reference LIKE 'H%' AND h.operator LIKE 'operator:%'
          AND (placed.id IS NULL OR (ended.id IS NOT NULL) <> (h.state IN ('released', 'expired')))
        """,
        since=changed.HOLDS,
    ),
)
