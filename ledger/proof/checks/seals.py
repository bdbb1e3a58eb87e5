"""The books cannot be rewritten (I4)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I4",
        "a table of the books that can be rewritten",
        """
        SELECT 'table ' || name FROM unnest(ARRAY['transfer', 'posting', 'entry', 'seal', 'seal_block', 'credit_movement'])
            AS name
        WHERE NOT EXISTS (
            SELECT FROM pg_trigger WHERE tgrelid = name::regclass AND tgname = 'append_only' AND tgenabled = 'O'
        )
        """,
    ),
    Check(
        "I4",
        "a seal that does not go on from the day before, or is not the hash of what it says",
        """
        SELECT 'seal ' || day FROM (
            SELECT *, lag(day) OVER w AS last_day, lag(last_transfer_id) OVER w AS last_id, lag(hash) OVER w AS last_hash
            FROM seal WINDOW w AS (ORDER BY day)
        ) chain
        WHERE day <> coalesce(last_day + 1, day) OR first_transfer_id <> coalesce(last_id, 0) + 1
           OR previous_hash <> coalesce(last_hash, decode(repeat('00', 32), 'hex'))
           OR hash <> sha256(previous_hash || content_hash || convert_to(concat_ws(' ', to_char(day, 'YYYY-MM-DD'),
                  first_transfer_id, last_transfer_id, transfers, postings, entries, amount_fen) || E'\\n', 'UTF8'))
        """,
    ),
    Check(
        "I4",
        "a sealed day with more or fewer transfers than its seal says",
        """
        SELECT 'seal ' || s.day FROM seal s
        LEFT JOIN transfer t ON t.id BETWEEN s.first_transfer_id AND s.last_transfer_id
        GROUP BY s.id, s.day, s.transfers HAVING count(t.id) <> s.transfers
        """,
        since=changed.new("seal"),
    ),
)
