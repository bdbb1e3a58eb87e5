-- The one verb that moves money: posts a set of transfers and says, for each, what came of it.
--
-- Transfers are t_*, their legs l_* (l_transfer points at the transfer, counted from 1). Every leg moves a positive amount from
-- one account to another. The customer's side of a leg names lots: a debit burns open lots by the account's policy (or only
-- lots of l_kind, or the one l_source_lot), a credit makes a new lot of l_kind (or gives back to l_target_lot). A partial leg
-- takes what there is. A transfer touches at most one customer account; transfers of one account in one set get increasing
-- t_round, so that the second is judged by the balance the first left.
--
-- Two statements a round, for a reason: under READ COMMITTED each sees a fresh snapshot, so everything after the lock reads
-- what the last holder of the lock committed. In one statement the lots would be those of before the wait.
CREATE OR REPLACE FUNCTION ledger_post(
    at timestamptz,
    t_round int[], t_reference text[], t_kind text[], t_fingerprint bytea[], t_operator text[], t_memo text[],
    t_reverses bigint[],
    l_transfer int[], l_source text[], l_target text[], l_amount bigint[], l_kind text[], l_expires timestamptz[],
    l_source_lot bigint[], l_target_lot bigint[], l_partial boolean[]
) RETURNS TABLE (
    ordinal int, outcome text, transfer_id bigint, account_code text,
    principal_fen bigint, bonus_fen bigint, available_before_fen bigint, available_after_fen bigint
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan  -- or the lock below is planned anew each time
AS $$
#variable_conflict use_column
DECLARE
    this_round int;
BEGIN
    PERFORM 1 FROM account a
    WHERE a.code = ANY (l_source || l_target) AND a.kind = 'customer'
    ORDER BY a.id FOR NO KEY UPDATE;

    FOR this_round IN 1 .. (SELECT max(r) FROM unnest(t_round) r) LOOP
        RETURN QUERY
        WITH asked AS MATERIALIZED (
            SELECT t.n::int AS n, t.reference, t.kind, t.fingerprint, t.operator, t.memo, t.reverses,
                   old.id AS old_id, old.fingerprint = t.fingerprint AS old_same
            FROM unnest(t_round, t_reference, t_kind, t_fingerprint, t_operator, t_memo, t_reverses) WITH ORDINALITY
                 AS t (round, reference, kind, fingerprint, operator, memo, reverses, n)
            LEFT JOIN transfer old ON old.reference = t.reference
            WHERE t.round = this_round
        ), leg AS MATERIALIZED (
            SELECT l.no::int AS no, l.n, l.kind, l.expires_at, l.source_lot, l.target_lot, l.partial,
                   s.id AS source_id, t.id AS target_id,
                   s.kind = 'customer' AS is_debit, t.kind = 'customer' AS is_credit,
                   CASE WHEN s.kind = 'customer' THEN s.id WHEN t.kind = 'customer' THEN t.id END AS account_id,
                   s.id IS NOT NULL AND t.id IS NOT NULL AND s.currency = t.currency
                       AND NOT (s.kind = 'customer' AND t.kind = 'customer') AS is_sound,
                   q.amount, s.burn_policy,
                   CASE WHEN s.burn_policy = 'pro_rata' AND l.kind IS NULL AND l.source_lot IS NULL
                             AND s.principal_fen + s.bonus_fen > 0
                        THEN floor(q.amount::numeric * s.bonus_fen / (s.principal_fen + s.bonus_fen))::bigint
                   END AS bonus_share
            FROM asked
            JOIN unnest(l_transfer, l_source, l_target, l_amount, l_kind, l_expires, l_source_lot, l_target_lot, l_partial)
                 WITH ORDINALITY
                 AS l (n, source, target, amount, kind, expires_at, source_lot, target_lot, partial, no) ON l.n = asked.n
            LEFT JOIN account s ON s.code = l.source
            LEFT JOIN account t ON t.code = l.target
            CROSS JOIN LATERAL (
                SELECT CASE WHEN l.partial AND s.kind = 'customer' THEN least(l.amount, greatest(0, least(
                    s.principal_fen + s.bonus_fen - s.held_fen,
                    CASE l.kind WHEN 'principal' THEN s.principal_fen WHEN 'bonus' THEN s.bonus_fen
                                ELSE s.principal_fen + s.bonus_fen END)))
                ELSE l.amount END AS amount
            ) q
            WHERE asked.old_id IS NULL
        ), candidate AS (
            SELECT leg.no, lot.id AS lot_id, lot.kind, lot.remaining_fen,
                   CASE WHEN leg.bonus_share IS NULL THEN leg.amount
                        WHEN lot.kind = 'bonus' THEN leg.bonus_share
                        ELSE leg.amount - leg.bonus_share END AS share,
                   sum(lot.remaining_fen) OVER (
                       PARTITION BY leg.no, CASE WHEN leg.bonus_share IS NOT NULL THEN lot.kind END
                       ORDER BY CASE leg.burn_policy WHEN 'bonus_first' THEN (lot.kind = 'principal')::int
                                                     WHEN 'principal_first' THEN (lot.kind = 'bonus')::int ELSE 0 END,
                                lot.expires_at NULLS LAST, (lot.kind = 'principal')::int, lot.id
                       ROWS UNBOUNDED PRECEDING
                   ) - lot.remaining_fen AS before_fen,
                   row_number() OVER (
                       PARTITION BY leg.no
                       ORDER BY CASE leg.burn_policy WHEN 'bonus_first' THEN (lot.kind = 'principal')::int
                                                     WHEN 'principal_first' THEN (lot.kind = 'bonus')::int ELSE 0 END,
                                lot.expires_at NULLS LAST, (lot.kind = 'principal')::int, lot.id
                   ) AS nth
            FROM leg
            JOIN lot ON lot.account_id = leg.account_id AND lot.is_open
                    AND (leg.kind IS NULL OR lot.kind = leg.kind)
                    AND (leg.source_lot IS NULL OR lot.id = leg.source_lot)
            WHERE leg.is_debit
        ), burnt AS MATERIALIZED (
            SELECT no, nth, lot_id, kind, least(remaining_fen, share - before_fen)::bigint AS amount
            FROM candidate WHERE share > before_fen
        ), verdict AS MATERIALIZED (
            SELECT asked.*,
                   CASE WHEN old_id IS NOT NULL THEN CASE WHEN old_same THEN 'repeated' ELSE 'mismatch' END
                        WHEN NOT coalesce(bool_and(leg.is_sound), false) THEN 'no_account'
                        WHEN coalesce(sum(leg.amount) FILTER (WHERE leg.is_debit), 0)
                             > greatest(0, max(a.principal_fen + a.bonus_fen - a.held_fen)
                                           + coalesce(sum(leg.amount) FILTER (WHERE leg.is_credit), 0))
                             THEN 'insufficient'
                        WHEN bool_or(leg.is_debit AND leg.amount <> coalesce(b.amount, 0)) THEN 'insufficient'
                        WHEN bool_or(leg.amount = 0) THEN 'insufficient'
                        WHEN bool_or(leg.target_lot IS NOT NULL AND NOT coalesce(
                             g.account_id = leg.account_id AND g.remaining_fen + leg.amount <= g.original_fen, false))
                             THEN 'no_room'
                        ELSE 'posted' END AS outcome,
                   max(leg.account_id) AS account_id
            FROM asked
            LEFT JOIN leg ON leg.n = asked.n
            LEFT JOIN account a ON a.id = leg.account_id
            LEFT JOIN lot g ON g.id = leg.target_lot
            LEFT JOIN (SELECT no, sum(amount) AS amount FROM burnt GROUP BY no) b ON b.no = leg.no
            GROUP BY asked.n, asked.reference, asked.kind, asked.fingerprint, asked.operator, asked.memo, asked.reverses,
                     asked.old_id, asked.old_same
        ), posted AS MATERIALIZED (
            SELECT verdict.*, nextval('transfer_id_seq') AS id FROM verdict WHERE outcome = 'posted'
        ), piece AS MATERIALIZED (
            SELECT p.*, CASE WHEN p.is_new_lot THEN nextval('lot_id_seq') ELSE p.given_lot_id END AS target_lot_id
            FROM (
                SELECT posted.id AS transfer_id, posted.account_id, leg.no, leg.source_id, leg.target_id,
                       CASE WHEN leg.is_debit THEN burnt.lot_id END AS source_lot_id,
                       CASE WHEN leg.is_credit THEN leg.target_lot END AS given_lot_id,
                       leg.is_credit AND leg.target_lot IS NULL AS is_new_lot,
                       leg.is_debit, leg.is_credit, leg.expires_at, posted.reference, burnt.nth,
                       CASE WHEN leg.is_debit THEN burnt.kind WHEN leg.target_lot IS NOT NULL THEN g.kind ELSE leg.kind END AS kind,
                       CASE WHEN leg.is_debit THEN burnt.amount ELSE leg.amount END AS amount
                FROM posted
                JOIN leg ON leg.n = posted.n
                LEFT JOIN burnt ON leg.is_debit AND burnt.no = leg.no
                LEFT JOIN lot g ON g.id = leg.target_lot
                ORDER BY leg.no  -- new lots are numbered in the order of their legs, which is the order they are burnt in
            ) p
        ), made_transfers AS (
            INSERT INTO transfer (id, reference, kind, fingerprint, operator, memo, burn_policy, reverses_id, created_at)
            SELECT posted.id, reference, posted.kind, fingerprint, operator, memo,
                   (SELECT leg.burn_policy FROM leg WHERE leg.n = posted.n AND leg.is_debit LIMIT 1), reverses, at
            FROM posted
        ), made_lots AS (
            INSERT INTO lot (id, account_id, kind, source, original_fen, remaining_fen, expires_at, created_at)
            SELECT target_lot_id, account_id, kind, reference, amount, amount, expires_at, at FROM piece WHERE is_new_lot
        ), changed_lots AS (
            UPDATE lot SET remaining_fen = lot.remaining_fen + c.amount
            FROM (SELECT coalesce(source_lot_id, target_lot_id) AS lot_id,
                         sum(CASE WHEN is_debit THEN -amount ELSE amount END)::bigint AS amount
                  FROM piece WHERE is_debit OR (is_credit AND NOT is_new_lot) GROUP BY 1) c
            WHERE lot.id = c.lot_id
        ), made_postings AS (
            INSERT INTO posting (transfer_id, source_id, target_id, source_lot_id, target_lot_id, amount_fen)
            SELECT transfer_id, source_id, target_id, source_lot_id, target_lot_id, amount FROM piece
            ORDER BY transfer_id, no, nth  -- in the order the lots were burnt; refunds return them in reverse
        ), delta AS MATERIALIZED (
            SELECT transfer_id, account_id,
                   coalesce(sum(CASE WHEN is_debit THEN -amount ELSE amount END) FILTER (WHERE kind = 'principal'), 0)::bigint
                       AS principal_fen,
                   coalesce(sum(CASE WHEN is_debit THEN -amount ELSE amount END) FILTER (WHERE kind = 'bonus'), 0)::bigint
                       AS bonus_fen
            FROM piece WHERE account_id IS NOT NULL GROUP BY transfer_id, account_id
        ), changed_accounts AS (
            UPDATE account a
            SET principal_fen = a.principal_fen + d.principal_fen, bonus_fen = a.bonus_fen + d.bonus_fen,
                entry_no = a.entry_no + 1
            FROM delta d WHERE a.id = d.account_id
            RETURNING a.id, a.code, a.entry_no, a.principal_fen AS principal_after, a.bonus_fen AS bonus_after, a.held_fen,
                      d.transfer_id, d.principal_fen, d.bonus_fen
        ), made_entries AS (
            INSERT INTO entry (account_id, entry_no, transfer_id, principal_fen, bonus_fen,
                               principal_after_fen, bonus_after_fen, created_at)
            SELECT id, entry_no, transfer_id, principal_fen, bonus_fen, principal_after, bonus_after, at FROM changed_accounts
        )
        SELECT v.n, v.outcome, coalesce(p.id, v.old_id), c.code::text, c.principal_fen, c.bonus_fen,
               c.principal_after + c.bonus_after - c.held_fen - c.principal_fen - c.bonus_fen,
               c.principal_after + c.bonus_after - c.held_fen
        FROM verdict v
        LEFT JOIN posted p ON p.n = v.n
        LEFT JOIN changed_accounts c ON c.transfer_id = p.id
        ORDER BY v.n;
    END LOOP;
END
$$;
