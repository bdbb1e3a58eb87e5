-- Charges periods that are due, as a set: the plain case of billing.deductions. The caller has locked them and their plans; of each
-- customer only the first is looked at, later ones are judged by what it left. Returns which of them, counted from 1, were charged.
-- days are the moments at which they fall due, each once; day says which of these is a period's, counted from 1.
--
-- What is not plain is left as it was: a balance that does not cover the period, or would fall below where the customer is alerted.
-- Everybody's accounts are locked first, as in ledger_debit, so that the caller may go on with the rest in the same transaction.
-- Nobody can have been told of a bill that is made here: the receipts need no look whether they are there.
CREATE OR REPLACE FUNCTION plans_charge(
    at timestamptz, at_text text, period_id bigint[], plan bigint[], customer bigint[], period int[], days timestamptz[], day int[],
    bill_no text[], title text[], amount bigint[]
) RETURNS SETOF int LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    codes text[] := (SELECT array_agg('customer:' || c) FROM unnest(customer) c);
    numbers bigint[]; befores bigint[]; plain int[]; sources text[]; memos text[]; amounts bigint[];
    references_ text[]; fingerprints bytea[];
BEGIN
    SELECT array_agg(locked.n), array_agg(locked.before_fen) INTO numbers, befores  -- of a row waited for, as its last holder left it
    FROM (
        SELECT q.n, a.principal_fen + a.bonus_fen - a.held_fen AS before_fen
        FROM unnest(codes) WITH ORDINALITY AS q (code, n) JOIN account a ON a.code = q.code AND a.kind = 'customer'
        ORDER BY a.id FOR NO KEY UPDATE OF a
    ) locked;

    SELECT array_agg(q.n::int), array_agg(q.code), array_agg(q.amount), array_agg(q.title), array_agg('bill:' || q.bill_no || ':0'),
           array_agg(ledger_debit_fingerprint('bill_payment', q.code, 'house:revenue', q.amount))
    INTO plain, sources, amounts, memos, references_, fingerprints
    FROM (
        SELECT DISTINCT ON (customer[q.n]) q.n, codes[q.n] AS code, customer[q.n] AS customer, amount[q.n] AS amount, title[q.n] AS title,
               bill_no[q.n] AS bill_no, q.before_fen
        FROM unnest(numbers, befores) AS q (n, before_fen)
        ORDER BY customer[q.n], q.n
    ) q
    CROSS JOIN LATERAL pays_quietly(q.customer, q.before_fen, q.amount);

    RETURN QUERY
    WITH taken AS MATERIALIZED (
        SELECT b.ordinal AS n, b.available_after_fen AS after_fen, nextval('bill_id_seq') AS bill_id,
               period_id[b.ordinal] AS period_id, plan[b.ordinal] AS plan_id, customer[b.ordinal] AS customer_id,
               period[b.ordinal] AS period_no, days[day[b.ordinal]] AS due_at,
               bill_no[b.ordinal] AS bill_no, title[b.ordinal] AS title, amount[b.ordinal] AS amount
        FROM ledger_burn(at, plain, references_, ARRAY['bill_payment'], fingerprints, ARRAY['clock'], memos, sources,
                         ARRAY['house:revenue'], amounts, true) b
        WHERE b.outcome = 'posted'
    ), issued AS (
        INSERT INTO bill (id, bill_no, customer_id, title, source, amount_fen, paid_fen, refunded_fen, state, collect_mode,
                          automatic, due_at, created_at, paid_at)
        SELECT bill_id, bill_no, customer_id, title, 'plan:' || plan_id || ':' || period_no, amount, amount, 0, 'paid', 'full',
               true, due_at, at, at FROM taken
    ), periods AS (
        UPDATE plan_period SET state = 'charged', bill_id = taken.bill_id, amount_fen = taken.amount, ended_at = at
        FROM taken WHERE plan_period.id = taken.period_id
    ), recorded AS (
        INSERT INTO bill_payment (bill_id, tender, amount_fen, refunded_fen, transfer_reference, matched_by, created_at)
        SELECT bill_id, 'balance', amount, 0, 'bill:' || bill_no || ':0', 'due_date', at FROM taken
    ), told AS (
        INSERT INTO outbox_message (customer_id, kind, dedup_key, params, state, attempts, next_attempt_at, created_at)
        SELECT customer_id, 'deducted', 'bill:' || bill_no || ':0',
               jsonb_build_object('title', title, 'bill_no', bill_no, 'amount_fen', amount, 'available_fen', after_fen, 'at', at_text),
               'queued', 0, at, at
        FROM taken
    )
    SELECT n FROM taken;
END
$$;
