-- Plain debits: one amount each, from a customer to the house, lots by the account's policy. What ledger_post says of them, ledger_burn
-- says too (tests/ledger/test_plain_debits.py compares), at a fraction of the cost: it is what every order payment and due run is.

-- What posting.Transfer.fingerprint() is for a plain debit.
CREATE OR REPLACE FUNCTION ledger_debit_fingerprint(kind text, source text, target text, amount bigint) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(
        '(''' || kind || ''', None, [(''' || source || ''', ''' || target || ''', ' || amount || ', None, None, None, None, False)])', 'UTF8'
    ))
$$;

-- Posts plain debits of accounts the caller has locked in an earlier statement; of each account at most one. ordinals are the
-- caller's own numbers for them.
CREATE OR REPLACE FUNCTION ledger_burn(
    at timestamptz, ordinals int[], reference text[], kind text[], fingerprint bytea[], operator text[], memo text[],
    source text[], target text[], amount bigint[]
) RETURNS TABLE (
    ordinal int, outcome text, transfer_id bigint, account_code text,
    principal_fen bigint, bonus_fen bigint, available_before_fen bigint, available_after_fen bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT q.n, q.reference, q.kind, q.fingerprint, q.operator, q.memo, q.source, q.amount,
               a.id AS account_id, a.principal_fen, a.bonus_fen, a.held_fen, a.burn_policy, h.id AS target_id, old.id AS old_id,
               CASE WHEN old.id IS NOT NULL
                    THEN CASE WHEN old.fingerprint = q.fingerprint THEN 'repeated' ELSE 'mismatch' END
                    WHEN a.id IS NULL OR h.id IS NULL OR a.currency <> h.currency THEN 'no_account'
                    WHEN q.amount > a.principal_fen + a.bonus_fen - a.held_fen THEN 'insufficient'
                    ELSE 'posted' END AS outcome
        FROM unnest(ordinals, reference, kind, fingerprint, operator, memo, source, target, amount)
             AS q (n, reference, kind, fingerprint, operator, memo, source, target, amount)
        LEFT JOIN account a ON a.code = q.source AND a.kind = 'customer'
        LEFT JOIN account h ON h.code = q.target AND h.kind = 'house'
        LEFT JOIN transfer old ON old.reference = q.reference
    ), posted AS MATERIALIZED (
        SELECT asked.*, nextval('transfer_id_seq') AS id,
               CASE WHEN burn_policy = 'pro_rata'
                    THEN floor(amount::numeric * bonus_fen / (principal_fen + bonus_fen))::bigint END AS bonus_share
        FROM asked WHERE outcome = 'posted'
    ), piece AS MATERIALIZED (
        SELECT c.n, c.id, c.account_id, c.target_id, c.lot_id, c.kind, c.rank, c.expires_at,
               least(c.remaining_fen, c.share - c.before_fen) AS amount
        FROM (
            SELECT posted.n, posted.id, posted.account_id, posted.target_id,
                   lot.id AS lot_id, lot.kind, lot.remaining_fen, lot.expires_at, by_kind.rank,
                   CASE WHEN posted.bonus_share IS NULL THEN posted.amount
                        WHEN lot.kind = 'bonus' THEN posted.bonus_share
                        ELSE posted.amount - posted.bonus_share END AS share,
                   (sum(lot.remaining_fen) OVER by_policy)::bigint - lot.remaining_fen AS before_fen
            FROM posted
            JOIN lot ON lot.account_id = posted.account_id AND lot.remaining_fen > 0
            CROSS JOIN LATERAL (
                SELECT CASE posted.burn_policy WHEN 'bonus_first' THEN (lot.kind = 'principal')::int
                                               WHEN 'principal_first' THEN (lot.kind = 'bonus')::int ELSE 0 END AS rank
            ) by_kind
            WINDOW by_policy AS (
                PARTITION BY posted.n, CASE WHEN posted.bonus_share IS NOT NULL THEN lot.kind = 'principal' END
                ORDER BY by_kind.rank, lot.expires_at NULLS LAST, (lot.kind = 'principal')::int, lot.id
                ROWS UNBOUNDED PRECEDING)
        ) c WHERE c.share > c.before_fen
    ), made_transfers AS (
        INSERT INTO transfer (id, reference, kind, fingerprint, operator, memo, burn_policy, created_at)
        SELECT id, reference, kind, fingerprint, operator, memo, burn_policy, at FROM posted
    ), changed_lots AS (
        UPDATE lot SET remaining_fen = lot.remaining_fen - piece.amount FROM piece WHERE lot.id = piece.lot_id
    ), made_postings AS (
        INSERT INTO posting (transfer_id, source_id, target_id, source_lot_id, amount_fen)
        SELECT id, account_id, target_id, lot_id, amount FROM piece
        ORDER BY n, rank, expires_at NULLS LAST, (kind = 'principal')::int, lot_id  -- in the order the lots were burnt; refunds return them in reverse
    ), changed_accounts AS (
        UPDATE account a
        SET principal_fen = a.principal_fen - d.principal_fen, bonus_fen = a.bonus_fen - d.bonus_fen, entry_no = a.entry_no + 1
        FROM (SELECT n, id, account_id, coalesce(sum(amount) FILTER (WHERE kind = 'principal'), 0)::bigint AS principal_fen,
                     coalesce(sum(amount) FILTER (WHERE kind = 'bonus'), 0)::bigint AS bonus_fen
              FROM piece GROUP BY n, id, account_id) d
        WHERE a.id = d.account_id
        RETURNING d.n, d.id AS transfer_id, d.principal_fen, d.bonus_fen, a.id, a.code, a.entry_no,
                  a.principal_fen AS principal_after, a.bonus_fen AS bonus_after, a.held_fen
    ), made_entries AS (
        INSERT INTO entry (account_id, entry_no, transfer_id, principal_fen, bonus_fen,
                           principal_after_fen, bonus_after_fen, created_at)
        SELECT id, entry_no, transfer_id, -principal_fen, -bonus_fen, principal_after, bonus_after, at FROM changed_accounts
    )
    SELECT n, 'posted', transfer_id, code::text, -principal_fen, -bonus_fen,
           principal_after + bonus_after - held_fen + principal_fen + bonus_fen, principal_after + bonus_after - held_fen
    FROM changed_accounts
    UNION ALL
    SELECT n, outcome, old_id, NULL, NULL, NULL, NULL, NULL FROM asked WHERE outcome <> 'posted';
END
$$;

-- Locks the accounts and posts the debits, round by round as ledger_post does, whose comment says why it takes two statements.
-- The settings keep one plan for sets of every size and tables of every size: rows are found by key, nothing is planned anew.
CREATE OR REPLACE FUNCTION ledger_debit(
    at timestamptz, rounds int[], reference text[], kind text[], fingerprint bytea[], operator text[], memo text[],
    source text[], target text[], amount bigint[]
) RETURNS TABLE (
    ordinal int, outcome text, transfer_id bigint, account_code text,
    principal_fen bigint, bonus_fen bigint, available_before_fen bigint, available_after_fen bigint
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    last_round int := (SELECT max(r) FROM unnest(rounds) r);
BEGIN
    PERFORM 1 FROM account a WHERE a.code = ANY (source) AND a.kind = 'customer' ORDER BY a.id FOR NO KEY UPDATE;

    IF last_round = 1 THEN
        RETURN QUERY SELECT * FROM ledger_burn(at, (SELECT array_agg(n) FROM generate_series(1, cardinality(source)) n),
                                               reference, kind, fingerprint, operator, memo, source, target, amount);
    ELSE
        FOR this_round IN 1 .. last_round LOOP
            RETURN QUERY
            SELECT burnt.*
            FROM (SELECT array_agg(n::int) AS n, array_agg(reference) AS reference, array_agg(kind) AS kind,
                         array_agg(fingerprint) AS fingerprint, array_agg(operator) AS operator, array_agg(memo) AS memo,
                         array_agg(source) AS source, array_agg(target) AS target, array_agg(amount) AS amount
                  FROM unnest(rounds, reference, kind, fingerprint, operator, memo, source, target, amount) WITH ORDINALITY
                       AS q (round, reference, kind, fingerprint, operator, memo, source, target, amount, n)
                  WHERE q.round = this_round) q,
                 ledger_burn(at, q.n, q.reference, q.kind, q.fingerprint, q.operator, q.memo, q.source, q.target, q.amount) burnt;
        END LOOP;
    END IF;
END
$$;
