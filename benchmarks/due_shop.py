"""A shop whose plans are all due every day, and one hand-written statement that takes a day of them: what the due-run benchmarks share."""

from __future__ import annotations

from datetime import timedelta

from benchmarks import seeds
from benchmarks.rounds import RunFailed
from billing import horizon, plans
from core import clock, db

POOR_EVERY = 20
"""One customer in so many cannot pay: the period stays owed, a case is opened, and a reminder is queued instead of a receipt."""
_AMOUNT_FEN = 100
_MUCH_FEN = 50_000_000

_PLANS = """
INSERT INTO plan (customer_id, offer_id, name, amount_fen, cycle, schedule, trial_periods, trial_fen, first_period, catch_up, on_pause,
                  notice_days, state, started_on, next_period_no, next_on, next_due_on, ahead_on, consent_version, consent_text, consented_at,
                  consented_fen, consent_door, created_at)
SELECT customer_id, $2, '日课', $3, 'daily', '{"every": "day"}', 0, 0, 'whole', 'all', 'waive', 0, 'active', $4, 0, $4, $4, $4, '1', '同意', $5,
       $3, 'mini_program', $5
FROM unnest($1::bigint[]) AS customer_id
"""

_BY_HAND = """
WITH due AS MATERIALIZED (
    SELECT o.id AS period_id, o.plan_id, p.customer_id, p.name, o.amount_fen, o.period_no, o.due_on,
           a.id AS account_id, a.principal_fen, a.bonus_fen, a.entry_no, a.burn_policy, l.id AS lot_id,
           a.principal_fen >= o.amount_fen AS is_paid,
           nextval(pg_get_serial_sequence('bill', 'id')) AS bill_id,
           nextval(pg_get_serial_sequence('transfer', 'id')) AS transfer_id
    FROM plan_period o JOIN plan p ON p.id = o.plan_id JOIN account a ON a.code = 'customer:' || p.customer_id
    LEFT JOIN lot l ON l.account_id = a.id AND l.is_open
    WHERE o.state = 'upcoming' AND o.due_on <= $2 AND p.state = 'active'
    ORDER BY o.due_on, o.plan_id FOR NO KEY UPDATE OF o, p, a
), paid AS MATERIALIZED (
    SELECT *, 'bill:BF' || bill_id || ':0' AS reference FROM due WHERE is_paid
), bills AS (
    INSERT INTO bill (id, bill_no, customer_id, title, source, amount_fen, paid_fen, refunded_fen, state, collect_mode,
                      automatic, due_at, created_at, paid_at)
    SELECT bill_id, 'BF' || bill_id, customer_id, name, 'plan:' || plan_id || ':' || period_no, amount_fen,
           CASE WHEN is_paid THEN amount_fen ELSE 0 END, 0, CASE WHEN is_paid THEN 'paid' ELSE 'open' END, 'full', true,
           due_on::timestamptz, $1::timestamptz, CASE WHEN is_paid THEN $1::timestamptz END
    FROM due
), periods AS (
    UPDATE plan_period SET bill_id = due.bill_id, state = CASE WHEN is_paid THEN 'charged' ELSE 'owed' END,
        reason = CASE WHEN NOT is_paid THEN 'short' END, ended_at = CASE WHEN is_paid THEN $1::timestamptz END
    FROM due WHERE plan_period.id = due.period_id
), cases AS (
    INSERT INTO dunning_case (bill_id, plan_id, retry_days, grace_days, suspends, fee_kind, fee_fen, fee_ppm, opened_on, tries, next_at,
                              state, created_at)
    SELECT bill_id, plan_id, '[1, 3, 7]', 7, false, 'none', 0, 0, $2, 1, $1::timestamptz + interval '1 day', 'open', $1
    FROM due WHERE NOT is_paid
), transfers AS (
    INSERT INTO transfer (id, reference, kind, fingerprint, operator, memo, burn_policy, created_at)
    SELECT transfer_id, reference, 'bill_payment', sha256(reference::bytea), 'clock', name, burn_policy, $1 FROM paid
), postings AS (
    INSERT INTO posting (transfer_id, source_id, target_id, source_lot_id, amount_fen)
    SELECT transfer_id, account_id, (SELECT id FROM account WHERE code = 'house:revenue'), lot_id, amount_fen FROM paid
), lots AS (
    UPDATE lot SET remaining_fen = remaining_fen - paid.amount_fen FROM paid WHERE lot.id = paid.lot_id
), accounts AS (
    UPDATE account SET principal_fen = account.principal_fen - paid.amount_fen, entry_no = account.entry_no + 1
    FROM paid WHERE account.id = paid.account_id
), entries AS (
    INSERT INTO entry (account_id, entry_no, transfer_id, principal_fen, bonus_fen, principal_after_fen, bonus_after_fen,
                       created_at)
    SELECT account_id, entry_no + 1, transfer_id, -amount_fen, 0, principal_fen - amount_fen, bonus_fen, $1 FROM paid
), payments AS (
    INSERT INTO bill_payment (bill_id, tender, amount_fen, refunded_fen, transfer_reference, created_at)
    SELECT bill_id, 'balance', amount_fen, 0, reference, $1 FROM paid
), told AS (
    INSERT INTO outbox_message (customer_id, kind, dedup_key, params, state, attempts, next_attempt_at, created_at)
    SELECT customer_id, CASE WHEN is_paid THEN 'deducted' ELSE 'payment_due' END,
           CASE WHEN is_paid THEN 'bill:BF' || bill_id || ':0' ELSE 'payment_due:BF' || bill_id END,
           jsonb_build_object('title', name, 'bill_no', 'BF' || bill_id, 'amount_fen', amount_fen,
                              'available_fen', principal_fen - amount_fen, 'at', $1::timestamptz),
           'queued', 0, $1, $1
    FROM due
)
SELECT count(*) FROM due
"""


async def by_hand() -> int:
    """Takes all that is due by one statement, in one transaction. Returns how many periods that were."""
    return int(await db.fetchval(_BY_HAND, clock.now(), clock.today()))


class Shop:
    """So many customers with a daily plan each; the day's periods are made, and nothing of them is taken."""

    def __init__(self, periods: int) -> None:
        self.periods, self.day = periods, 0

    async def open(self) -> None:
        """Makes it."""
        made = await seeds.customers(self.periods)
        await seeds.fund(made[self.periods // POOR_EVERY :], principal_fen=_MUCH_FEN, bonus_fen=0)
        offer = await plans.add_offer(
            name="日课", amount_fen=_AMOUNT_FEN, cycle="daily", consent_version="1", consent_text="同意"
        )
        await db.execute(_PLANS, made, offer.id, _AMOUNT_FEN, clock.today(), clock.now())
        await horizon.run(days_ahead=0)
        await db.execute("ANALYZE")

    async def taken(self, done: int) -> None:
        """All of a day's periods have been taken; it is the next day, whose periods are made."""
        if done != self.periods:
            raise RunFailed(f"{done} periods were due instead of {self.periods}")
        self.day += 1
        clock.set_offset(timedelta(days=self.day))
        await horizon.run(days_ahead=0)
