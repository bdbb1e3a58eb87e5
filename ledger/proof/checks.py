"""The checks of the proof. Each query returns one column naming the offender, and nothing when the books are right.

A check that can be asked of only what changed since a mark says how, in the terms of ``changed.py``: ``since`` gives tables to be
seen as their changed rows only, ``since_sql`` another query. A check with neither is always asked of the whole database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.proof import changed


@dataclass(frozen=True, slots=True)
class Check:
    """One query for offenders against one invariant. ``needs_clock``: it takes the present instant as ``$1``."""

    invariant: str
    title: str
    sql: str
    since: Mapping[str, str] | None = None
    since_sql: str | None = None
    needs_clock: bool = False


_CHANGES = """
WITH side AS (
    SELECT p.transfer_id, p.target_id AS account_id, p.target_lot_id AS lot_id, p.amount_fen FROM posting p
    UNION ALL
    SELECT p.transfer_id, p.source_id, p.source_lot_id, -p.amount_fen FROM posting p
)
"""
"""Every posting as two signed halves; a customer's half names its lot."""

ALL = (
    Check(
        "I1",
        "a posting without its transfer, or between accounts that do not exist or differ in currency",
        """
        SELECT 'posting ' || p.id FROM posting p
        LEFT JOIN transfer t ON t.id = p.transfer_id
        LEFT JOIN account s ON s.id = p.source_id LEFT JOIN account g ON g.id = p.target_id
        WHERE t.id IS NULL OR s.id IS NULL OR g.id IS NULL OR s.currency <> g.currency
        """,
        since=changed.new("posting"),
    ),
    Check(
        "I1",
        "a transfer without postings",
        "SELECT 'transfer ' || t.reference FROM transfer t LEFT JOIN posting p ON p.transfer_id = t.id WHERE p.id IS NULL",
        since=changed.new("transfer"),
    ),
    Check(
        "I1",
        "a customer's half of a posting names no lot of theirs, or a house's half names one",
        _CHANGES
        + """
        SELECT 'account ' || a.code || ' transfer ' || side.transfer_id FROM side
        JOIN account a ON a.id = side.account_id LEFT JOIN lot l ON l.id = side.lot_id
        WHERE (a.kind = 'customer') <> (side.lot_id IS NOT NULL)
           OR (a.kind = 'customer' AND l.account_id IS DISTINCT FROM a.id)
        """,
        since=changed.new("posting"),
    ),
    Check(
        "I2",
        "an entry that differs from what its transfer's postings did to the account",
        _CHANGES
        + """
        , did AS (
            SELECT side.account_id, side.transfer_id,
                   sum(side.amount_fen) FILTER (WHERE l.kind = 'principal') AS principal_fen,
                   sum(side.amount_fen) FILTER (WHERE l.kind = 'bonus') AS bonus_fen
            FROM side JOIN lot l ON l.id = side.lot_id GROUP BY 1, 2
        )
        SELECT 'account ' || coalesce(did.account_id, e.account_id) || ' transfer ' || coalesce(did.transfer_id, e.transfer_id)
        FROM did FULL JOIN entry e ON e.account_id = did.account_id AND e.transfer_id = did.transfer_id
        WHERE e.id IS NULL OR did.account_id IS NULL
           OR e.principal_fen <> coalesce(did.principal_fen, 0) OR e.bonus_fen <> coalesce(did.bonus_fen, 0)
        """,
        since=changed.new("posting", "entry"),
    ),
    Check(
        "I2",
        "an entry whose number or balances do not follow from the entry before",
        """
        SELECT 'account ' || account_id || ' entry ' || entry_no FROM (
            SELECT account_id, entry_no, principal_after_fen - principal_fen AS principal_before,
                   bonus_after_fen - bonus_fen AS bonus_before,
                   coalesce(lag(entry_no) OVER w, 0) AS last_no,
                   coalesce(lag(principal_after_fen) OVER w, 0) AS last_principal,
                   coalesce(lag(bonus_after_fen) OVER w, 0) AS last_bonus
            FROM entry WINDOW w AS (PARTITION BY account_id ORDER BY entry_no)
        ) chain
        WHERE entry_no <> last_no + 1 OR principal_before <> last_principal OR bonus_before <> last_bonus
        """,
        since_sql="""
        SELECT 'account ' || e.account_id || ' entry ' || e.entry_no FROM entry e
        LEFT JOIN entry b ON b.account_id = e.account_id AND b.entry_no = e.entry_no - 1
        WHERE e.id > {entry} AND ((b.id IS NULL AND e.entry_no <> 1)
            OR e.principal_after_fen - e.principal_fen <> coalesce(b.principal_after_fen, 0)
            OR e.bonus_after_fen - e.bonus_fen <> coalesce(b.bonus_after_fen, 0))
        """,
    ),
    Check(
        "I2",
        "an account whose balances are not those of its last entry",
        """
        SELECT 'account ' || a.code FROM account a
        LEFT JOIN entry e ON e.account_id = a.id AND e.entry_no = a.entry_no
        WHERE a.principal_fen <> coalesce(e.principal_after_fen, 0) OR a.bonus_fen <> coalesce(e.bonus_after_fen, 0)
           OR (a.entry_no > 0 AND e.id IS NULL)
           OR EXISTS (SELECT FROM entry later WHERE later.account_id = a.id AND later.entry_no > a.entry_no)
        """,
        since=changed.ACCOUNTS,
    ),
    Check(
        "I3",
        "an account with less available than its credit limit allows",
        "SELECT 'account ' || code FROM account WHERE principal_fen + bonus_fen - held_fen < -credit_limit_fen",
        since=changed.ACCOUNTS,
    ),
    Check(
        "I4",
        "a table of the books that can be rewritten",
        """
        SELECT 'table ' || name FROM unnest(ARRAY['transfer', 'posting', 'entry', 'seal', 'seal_block']) AS name
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
    Check(
        "I5",
        "an idempotency key that was committed without its answer",
        "SELECT 'request_key ' || id FROM request_key WHERE answer IS NULL",
        since=changed.new("request_key"),
    ),
    Check(
        "I6",
        "a paid payment that was not credited once with its amount, or a credit without a paid payment",
        """
        SELECT 'top_up ' || coalesce(paid.purpose_no, credited.top_up_no) FROM (
            SELECT purpose_no, sum(amount_fen) AS amount_fen, min(channel) AS channel FROM payment
            WHERE state = 'paid' AND purpose = 'top_up' GROUP BY purpose_no
        ) paid FULL JOIN (
            SELECT substr(t.reference, 8) AS top_up_no, sum(p.amount_fen) FILTER (WHERE l.kind = 'principal') AS amount_fen,
                   min(s.code) FILTER (WHERE l.kind = 'principal') AS source
            FROM transfer t JOIN posting p ON p.transfer_id = t.id JOIN lot l ON l.id = p.target_lot_id
            JOIN account s ON s.id = p.source_id
            WHERE t.kind = 'top_up' GROUP BY 1
        ) credited ON credited.top_up_no = paid.purpose_no
        WHERE paid.amount_fen IS DISTINCT FROM credited.amount_fen OR credited.source <> 'house:' || paid.channel
        """,
        since=changed.TOP_UP_CREDITS,
    ),
    Check(
        "I6",
        "a top-up whose state, amounts and credit do not agree",
        """
        SELECT 'top_up ' || u.top_up_no FROM top_up u
        LEFT JOIN transfer t ON t.reference = 'top_up:' || u.top_up_no
        LEFT JOIN LATERAL (SELECT sum(amount_fen) AS amount_fen FROM posting WHERE transfer_id = t.id) p ON true
        WHERE (u.state = 'credited') <> (t.id IS NOT NULL) OR p.amount_fen <> u.pay_fen + u.bonus_fen
        """,
        since=changed.TOP_UPS,
    ),
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
    Check(
        "I8",
        "a refund that is not what its bill payment says was refunded",
        """
        SELECT 'bill_payment ' || bp.id FROM bill_payment bp
        LEFT JOIN (
            SELECT t.reference, sum(p.amount_fen) AS amount_fen FROM transfer t JOIN posting p ON p.transfer_id = t.id
            WHERE t.kind = 'bill_refund' GROUP BY t.reference
        ) r ON r.reference = 'refund:' || bp.transfer_reference
        WHERE bp.refunded_fen <> coalesce(r.amount_fen, 0)
        """,
        since=changed.BILL_REFUNDS,
    ),
    Check(
        "I8",
        "a refund that does not return to the lots its payment burnt",
        """
        SELECT 'transfer ' || r.reference FROM transfer r JOIN posting back ON back.transfer_id = r.id
        LEFT JOIN posting burnt ON burnt.transfer_id = r.reverses_id AND burnt.source_lot_id = back.target_lot_id
        WHERE r.kind = 'bill_refund' AND (burnt.id IS NULL OR back.amount_fen > burnt.amount_fen)
        """,
        since=changed.new("transfer"),
    ),
    Check(
        "I9",
        "an account whose balance of a kind is not the sum of its lots",
        """
        SELECT 'account ' || a.code FROM account a LEFT JOIN lot l ON l.account_id = a.id AND l.remaining_fen > 0
        GROUP BY a.id, a.code, a.principal_fen, a.bonus_fen
        HAVING coalesce(sum(l.remaining_fen) FILTER (WHERE l.kind = 'principal'), 0) <> a.principal_fen
            OR coalesce(sum(l.remaining_fen) FILTER (WHERE l.kind = 'bonus'), 0) <> a.bonus_fen
        """,
        since=changed.ACCOUNTS,
    ),
    Check(
        "I9",
        "a lot whose remainder is not what its postings leave",
        _CHANGES
        + """
        SELECT 'lot ' || l.id FROM lot l LEFT JOIN side ON side.lot_id = l.id
        GROUP BY l.id, l.remaining_fen HAVING coalesce(sum(side.amount_fen), 0) <> l.remaining_fen
        """,
        since=changed.new("lot", "posting"),
    ),
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
        "I11",
        "a bill whose paid or refunded amount is not the sum of its payments",
        """
        SELECT 'bill ' || b.bill_no FROM bill b LEFT JOIN bill_payment p ON p.bill_id = b.id
        GROUP BY b.id, b.bill_no, b.paid_fen, b.refunded_fen
        HAVING coalesce(sum(p.amount_fen), 0) <> b.paid_fen OR coalesce(sum(p.refunded_fen), 0) <> b.refunded_fen
        """,
        since=changed.BILLS,
    ),
    Check(
        "I11",
        "a bill payment and the transfer it names differ",
        """
        SELECT 'transfer ' || coalesce(bp.transfer_reference, t.reference) FROM bill_payment bp
        FULL JOIN (
            SELECT t.reference, sum(p.amount_fen) AS amount_fen FROM transfer t JOIN posting p ON p.transfer_id = t.id
            WHERE t.kind = 'bill_payment' GROUP BY t.reference
        ) t ON t.reference = bp.transfer_reference
        WHERE bp.amount_fen IS DISTINCT FROM t.amount_fen
        """,
        since=changed.BILL_PAYMENTS,
    ),
    Check(
        "I11",
        "an order that disagrees with its lines or its bill",
        """
        SELECT 'order ' || o.order_no FROM shop_order o
        LEFT JOIN bill b ON b.bill_no = o.bill_no
        LEFT JOIN LATERAL (SELECT sum(amount_fen) AS amount_fen FROM order_line WHERE order_id = o.id) l ON true
        WHERE b.id IS NULL OR b.source <> 'order:' || o.order_no OR b.amount_fen <> o.total_fen
           OR l.amount_fen IS DISTINCT FROM o.total_fen
           OR NOT CASE o.state WHEN 'placed' THEN b.state = 'open' WHEN 'cancelled' THEN
                  b.state = 'void' OR (b.state = 'paid' AND b.refunded_fen = b.paid_fen)
              ELSE b.state = 'paid' AND b.refunded_fen = 0 END
        """,
        since=changed.ORDERS,
    ),
    Check(
        "I13",
        "a money event that nobody is told of",
        """
        SELECT 'transfer ' || t.reference FROM transfer t LEFT JOIN outbox_message m ON m.dedup_key = t.reference
        WHERE t.kind IN ('top_up', 'bill_payment', 'bill_refund', 'manual_adjustment', 'bonus_expiry') AND m.id IS NULL
        """,
        since=changed.new("transfer"),
    ),
    Check(
        "I14",
        "a top-up with a second attempt while the first is unresolved",
        """
        SELECT 'top_up ' || purpose_no FROM payment WHERE state IN ('created', 'prepared') AND ask_at IS NOT NULL
        GROUP BY purpose_no HAVING count(*) > 1
        """,
    ),
    Check(
        "I15",
        "customers are owed another amount than came in and did not go out",
        """
        SELECT 'customers hold ' || held.fen || ', postings say ' || moved.fen FROM
            (SELECT coalesce(sum(principal_fen + bonus_fen), 0) AS fen FROM account WHERE kind = 'customer') held,
            (SELECT coalesce(sum(CASE WHEN target_lot_id IS NOT NULL THEN amount_fen ELSE 0 END
                               - CASE WHEN source_lot_id IS NOT NULL THEN amount_fen ELSE 0 END), 0) AS fen
             FROM posting) moved
        WHERE held.fen <> moved.fen
        """,
        since_sql=_CHANGES
        + """
        , moved AS (
            SELECT account_id, sum(amount_fen) AS fen FROM side WHERE lot_id IS NOT NULL GROUP BY account_id
        )
        SELECT 'account ' || a.code FROM account a LEFT JOIN moved ON moved.account_id = a.id
        LEFT JOIN LATERAL (
            SELECT principal_after_fen + bonus_after_fen AS fen FROM entry e WHERE e.account_id = a.id AND e.id <= {entry}
            ORDER BY e.entry_no DESC LIMIT 1
        ) before ON true
        WHERE a.kind = 'customer'
          AND a.principal_fen + a.bonus_fen <> coalesce(before.fen, 0) + coalesce(moved.fen, 0)
        """,
        since={**changed.ACCOUNTS, **changed.new("posting")},
    ),
    Check(
        "I16",
        "a plan period due for more than a day that nobody charged",
        "SELECT 'plan ' || id FROM plan WHERE state = 'active' AND next_due_on < ($1::timestamptz)::date - 1",
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
        "a bonus lot nobody expired in time",
        """
        SELECT 'lot ' || l.id FROM lot l JOIN account a ON a.id = l.account_id
        WHERE l.remaining_fen > 0 AND l.expires_at < $1::timestamptz - interval '1 hour' AND a.held_fen = 0
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
)
