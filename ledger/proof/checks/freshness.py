"""Nothing due is left lying (I16). Asked of a running shop only."""

from __future__ import annotations

from ledger.proof.checks.check import Check

_DAY_BEFORE = "(($1::timestamptz AT TIME ZONE 'Asia/Shanghai')::date - 1)"
"""The shop's day before the one asked about."""

CHECKS = (
    Check(
        "I16",
        "a plan period due for more than a day that nobody charged",
        f"""
        SELECT 'plan_period ' || o.id FROM plan_period o JOIN plan p ON p.id = o.plan_id
        WHERE o.state = 'upcoming' AND (p.state <> 'paused' OR o.due_on < p.paused_on OR o.units > 0) AND o.due_on < {_DAY_BEFORE}
        UNION ALL SELECT 'plan ' || id FROM plan WHERE state = 'active' AND ahead_on < {_DAY_BEFORE}
        """,
        needs_clock=True,
    ),
    Check(
        "I16",
        "a plan whose pause was to end more than a day ago",
        f"SELECT 'plan ' || id FROM plan WHERE state = 'paused' AND resume_on < {_DAY_BEFORE}",
        needs_clock=True,
    ),
    Check(
        "I16",
        "a standing order nobody ordered for in time",
        f"""
        SELECT 'standing order ' || id FROM standing_order
        WHERE state = 'active' AND place_at < $1::timestamptz - interval '1 day'
           OR state = 'paused' AND resume_on < {_DAY_BEFORE}
        UNION ALL SELECT 'standing delivery ' || id FROM standing_delivery WHERE try_at < $1::timestamptz - interval '1 day'
        """,
        needs_clock=True,
    ),
    Check(
        "I16",
        "a bill due for more than a day that the clock did not come for",
        """
        SELECT 'bill ' || bill_no FROM bill
        WHERE collect_at < $1::timestamptz - interval '1 day' AND listed_fen IS NOT NULL AND pending_no IS NULL
        """,
        needs_clock=True,
    ),
    Check(
        "I16",
        "a message waiting for more than an hour beyond its time",
        """
        SELECT 'outbox_message ' || id FROM outbox_message
        WHERE state = 'queued' AND next_attempt_at < $1::timestamptz - interval '1 hour'
        """,
        needs_clock=True,
    ),
    Check(
        "I16",
        "an open payment nobody asked the channel about in time",
        "SELECT 'payment ' || payment_no FROM payment WHERE ask_at < $1::timestamptz - interval '1 hour'",
        needs_clock=True,
    ),
    Check(
        "I16",
        "a refund nobody took to the channel, or asked it about, in time",
        "SELECT 'refund_part ' || part_no FROM refund_part WHERE ask_at < $1::timestamptz - interval '1 hour'",
        needs_clock=True,
    ),
    Check(
        "I16",
        "a remittance nobody took to the channel, or asked it about, in time",
        "SELECT 'remittance ' || remittance_no FROM remittance WHERE ask_at < $1::timestamptz - interval '1 hour'",
        needs_clock=True,
    ),
    Check(
        "I16",
        "a bonus lot nobody expired in time",
        """
        SELECT 'lot ' || l.id FROM lot l JOIN account a ON a.id = l.account_id
        WHERE l.is_open AND l.expires_at < $1::timestamptz - interval '1 hour' AND a.held_fen = 0
        """,
        needs_clock=True,
    ),
    Check(
        "I16",
        "a hold open beyond its expiry",
        "SELECT 'hold ' || reference FROM hold WHERE state = 'open' AND expires_at < $1::timestamptz - interval '1 hour'",
        needs_clock=True,
    ),
    Check(
        "I16",
        "a day finished for more than a day that nobody sealed",
        """
        SELECT 'transfer ' || id FROM (
            SELECT id, created_at FROM transfer WHERE id > coalesce((SELECT max(last_transfer_id) FROM seal), 0)
            ORDER BY id LIMIT 1
        ) oldest WHERE created_at < $1::timestamptz - interval '50 hours'
        """,
        needs_clock=True,
    ),
    Check(
        "I16",
        "a review waiting beyond its expiry",
        """
        SELECT 'deduction_review ' || review_no FROM deduction_review
        WHERE state = 'waiting' AND expires_at < $1::timestamptz - interval '1 hour'
        """,
        needs_clock=True,
    ),
)
