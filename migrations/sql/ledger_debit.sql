-- Plain debits: one amount each, from a customer to the house, lots by the account's policy. What ledger_post makes of them, ledger_burn
-- makes too (tests/ledger/test_plain_debits.py compares), at a fraction of the cost: it is what order payments and due runs are made of.

-- What posting.Transfer.fingerprint() is for a plain debit.
CREATE OR REPLACE FUNCTION ledger_debit_fingerprint(kind text, source text, target text, amount bigint) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(
        '(''' || kind || ''', None, [(''' || source || ''', ''' || target || ''', ' || amount || ', None, None, None, None, False)])', 'UTF8'
    ))
$$;

-- Which open lots of an account a debit burns, in the order they are burnt, and how much of each.
CREATE OR REPLACE FUNCTION ledger_lots(
    account bigint, amount bigint, policy text, principal_fen bigint, bonus_fen bigint,
    OUT lots bigint[], OUT amounts bigint[], OUT total bigint, OUT principal bigint, OUT bonus bigint
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    share bigint := CASE WHEN policy = 'pro_rata' THEN floor(amount::numeric * bonus_fen / nullif(principal_fen + bonus_fen, 0)) END;  -- of bonus
BEGIN
    SELECT array_agg(piece.lot_id), array_agg(piece.amount), sum(piece.amount),
           coalesce(sum(piece.amount) FILTER (WHERE piece.kind = 'principal'), 0),
           coalesce(sum(piece.amount) FILTER (WHERE piece.kind = 'bonus'), 0)
    INTO lots, amounts, total, principal, bonus
    FROM (
        SELECT c.lot_id, c.kind,
               least(c.remaining_fen, CASE WHEN share IS NULL THEN ledger_lots.amount - c.before_fen
                                           WHEN c.kind = 'bonus' THEN share - c.bonus_before_fen
                                           ELSE ledger_lots.amount - share - c.before_fen + c.bonus_before_fen END) AS amount
        FROM (
            SELECT lot.id AS lot_id, lot.kind, lot.remaining_fen,
                   (sum(lot.remaining_fen) OVER by_policy)::bigint - lot.remaining_fen AS before_fen,
                   (sum(CASE WHEN lot.kind = 'bonus' THEN lot.remaining_fen ELSE 0 END) OVER by_policy)::bigint
                       - CASE WHEN lot.kind = 'bonus' THEN lot.remaining_fen ELSE 0 END AS bonus_before_fen
            FROM lot
            WHERE lot.account_id = account AND lot.is_open
            WINDOW by_policy AS (
                ORDER BY CASE policy WHEN 'bonus_first' THEN (lot.kind = 'principal')::int
                                     WHEN 'principal_first' THEN (lot.kind = 'bonus')::int ELSE 0 END,
                         lot.expires_at NULLS LAST, (lot.kind = 'principal')::int, lot.id
                ROWS UNBOUNDED PRECEDING)
        ) c
    ) piece
    WHERE piece.amount > 0;
END
$$;

-- Posts plain debits of accounts the caller has locked in an earlier statement; of each account at most one. ordinals: the caller's own numbers for
-- them; NULL: counted from 1. A kind, an operator or a target that all have in common may be told once. fresh: the references name bills of which
-- nothing was paid, so no transfer bears them (if one did, its index would refuse).
CREATE OR REPLACE FUNCTION ledger_burn(
    at timestamptz, ordinals int[], reference text[], kind text[], fingerprint bytea[], operator text[], memo text[],
    source text[], target text[], amount bigint[],
    fresh boolean DEFAULT false
) RETURNS TABLE (
    ordinal int, outcome text, transfer_id bigint, account_code text,
    principal_fen bigint, bonus_fen bigint, available_before_fen bigint, available_after_fen bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH houses AS MATERIALIZED (
        SELECT id, code, currency FROM account WHERE code = ANY (ARRAY(SELECT DISTINCT t FROM unnest(target) t)) AND kind = 'house'
    ), asked AS (
        SELECT coalesce(q.n, q.nth::int) AS n, q.reference,
               CASE cardinality(ledger_burn.kind) WHEN 1 THEN ledger_burn.kind[1] ELSE q.kind END AS kind, q.fingerprint,
               CASE cardinality(ledger_burn.operator) WHEN 1 THEN ledger_burn.operator[1] ELSE q.operator END AS operator, q.memo,
               q.amount, a.id AS account_id, a.principal_fen, a.bonus_fen, a.burn_policy, h.id AS target_id, old.id AS old_id,
               CASE WHEN old.id IS NOT NULL
                    THEN CASE WHEN old.fingerprint = q.fingerprint THEN 'repeated' ELSE 'mismatch' END
                    WHEN a.id IS NULL OR h.id IS NULL OR a.currency <> h.currency THEN 'no_account'
                    WHEN q.amount > a.principal_fen + a.bonus_fen - a.held_fen THEN 'insufficient'
                    ELSE 'covered' END AS outcome
        FROM unnest(ordinals, reference, kind, fingerprint, operator, memo, source, target, amount) WITH ORDINALITY
             AS q (n, reference, kind, fingerprint, operator, memo, source, target, amount, nth)
        LEFT JOIN account a ON a.code = q.source AND a.kind = 'customer'
        LEFT JOIN houses h ON h.code = CASE cardinality(ledger_burn.target) WHEN 1 THEN ledger_burn.target[1] ELSE q.target END
        LEFT JOIN LATERAL (  -- OFFSET 0: nothing is looked up for what is fresh
            SELECT t.id, t.fingerprint FROM transfer t WHERE t.reference = q.reference AND NOT ledger_burn.fresh OFFSET 0
        ) old ON true
        WHERE q.amount IS NOT NULL  -- nothing is asked for, but what all would have in common is
    ), verdict AS MATERIALIZED (
        SELECT asked.n, asked.reference, asked.kind, asked.fingerprint, asked.operator, asked.memo, asked.amount,
               asked.account_id, asked.burn_policy, asked.target_id, asked.old_id,
               CASE WHEN asked.outcome <> 'covered' THEN asked.outcome
                    WHEN one.kind IS NOT NULL OR burnt.total = asked.amount THEN 'posted'
                    ELSE 'insufficient' END AS outcome,  -- lots that do not make up the balance: the books are broken
               CASE WHEN one.kind IS NULL THEN burnt.lots ELSE ARRAY[one.lot_id] END AS lots,
               CASE WHEN one.kind IS NULL THEN burnt.amounts ELSE ARRAY[asked.amount] END AS amounts,
               CASE one.kind WHEN 'principal' THEN asked.amount WHEN 'bonus' THEN 0 ELSE burnt.principal END AS principal,
               CASE one.kind WHEN 'principal' THEN 0 WHEN 'bonus' THEN asked.amount ELSE burnt.bonus END AS bonus
        FROM asked
        LEFT JOIN LATERAL (  -- the lot that is burnt first, when it is enough
            SELECT f.lot_id, f.kind
            FROM (
                SELECT lot.id AS lot_id, lot.kind, lot.remaining_fen FROM lot
                WHERE lot.account_id = asked.account_id AND lot.is_open AND asked.outcome = 'covered'
                      AND (asked.burn_policy <> 'pro_rata' OR asked.bonus_fen = 0)
                ORDER BY CASE asked.burn_policy WHEN 'bonus_first' THEN (lot.kind = 'principal')::int
                                                WHEN 'principal_first' THEN (lot.kind = 'bonus')::int ELSE 0 END,
                         lot.expires_at NULLS LAST, (lot.kind = 'principal')::int, lot.id
                LIMIT 1
            ) f
            WHERE asked.amount > 0 AND f.remaining_fen >= asked.amount AND (asked.burn_policy <> 'pro_rata' OR f.kind = 'principal')
        ) one ON true
        LEFT JOIN LATERAL (  -- OFFSET 0: nobody is asked where it is
            SELECT l.* FROM ledger_lots(asked.account_id, asked.amount, asked.burn_policy, asked.principal_fen, asked.bonus_fen) l
            WHERE one.kind IS NULL AND asked.outcome = 'covered' OFFSET 0
        ) burnt ON true
    ), posted AS MATERIALIZED (
        SELECT n, reference, kind, fingerprint, operator, memo, account_id, burn_policy, target_id, lots, amounts,
               principal, bonus, nextval('transfer_id_seq') AS id
        FROM verdict WHERE outcome = 'posted'
    ), made_transfers AS (
        INSERT INTO transfer (id, reference, kind, fingerprint, operator, memo, burn_policy, created_at)
        SELECT id, reference, kind, fingerprint, operator, memo, burn_policy, at FROM posted
    ), piece AS MATERIALIZED (
        SELECT id AS transfer_id, account_id, target_id, unnest(lots) AS lot_id, unnest(amounts) AS amount FROM posted
    ), changed_lots AS (
        UPDATE lot SET remaining_fen = lot.remaining_fen - piece.amount FROM piece WHERE lot.id = piece.lot_id
    ), made_postings AS (
        INSERT INTO posting (transfer_id, source_id, target_id, source_lot_id, amount_fen)
        SELECT transfer_id, account_id, target_id, lot_id, amount FROM piece  -- refunds return them in reverse
    ), changed_accounts AS (
        UPDATE account a
        SET principal_fen = a.principal_fen - p.principal, bonus_fen = a.bonus_fen - p.bonus, entry_no = a.entry_no + 1
        FROM posted p WHERE a.id = p.account_id
        RETURNING p.n, p.id AS transfer_id, p.principal, p.bonus, a.id, a.code, a.entry_no,
                  a.principal_fen AS principal_after, a.bonus_fen AS bonus_after, a.held_fen
    ), made_entries AS (
        INSERT INTO entry (account_id, entry_no, transfer_id, principal_fen, bonus_fen,
                           principal_after_fen, bonus_after_fen, created_at)
        SELECT id, entry_no, transfer_id, -principal, -bonus, principal_after, bonus_after, at FROM changed_accounts
    )
    SELECT n, 'posted', transfer_id, code::text, -principal, -bonus,
           principal_after + bonus_after - held_fen + principal + bonus, principal_after + bonus_after - held_fen
    FROM changed_accounts
    UNION ALL
    SELECT n, outcome, old_id, NULL, NULL, NULL, NULL, NULL FROM verdict WHERE outcome <> 'posted';
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
