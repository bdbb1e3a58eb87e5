-- Places a set of priced orders and pays them from the balances in one statement: the plain case of shop.orders.place_and_pay, of each
-- customer at most one order.
--
-- Whatever is not plain is left exactly as it was, and nothing is said of it: a key used before, a customer who may not come in, a balance
-- that does not cover it or would fall below where the customer is alerted. shop.orders places and pays those one by one and has the
-- answers. 'busy' is said of what only another transaction stood in the way of: nobody is waited for while others' rows are locked.
--
-- The caller has seen that stock lasts for all of them. Where it does not any more, none of the set is done (serialization_failure): it is to be
-- looked at anew. Stock comes last, as everywhere, and so it is held for the shortest time: what all customers want is one row.
-- Keys are claimed in one order, since a claim does wait for a twin that is at work; not for long, for the others' sake.
--
-- Of lines, line_of says to which order they belong, counted from 1. Returns the number of each order that was made, with its id.
CREATE OR REPLACE FUNCTION orders_buy(
    at timestamptz, at_text text, expires timestamptz,
    customer bigint[], key text[], fingerprint bytea[], order_no text[], bill_no text[], title text[], store bigint[], goods bigint[],
    freight bigint[], total bigint[], tax bigint[], address jsonb[], remark text[],
    line_of int[], sku bigint[], product_name text[], sku_name text[], list bigint[], price bigint[], quantity int[], amount bigint[],
    tax_percent int[], line_tax bigint[]
) RETURNS TABLE (outcome text, n int, order_id bigint) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET lock_timeout = '250ms'
AS $$
#variable_conflict use_column
DECLARE
    claim bigint[]; claimed int[]; locked int[]; plain int[]; codes text[]; amounts bigint[]; titles text[];
    references_ text[]; fingerprints bytea[]; taken int[]; after_fen bigint[];
    made bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(customer)]);  -- by an order's number, its id
    this int; here bigint;
BEGIN
    WITH claimed AS (
        INSERT INTO request_key (caller, operation, key, fingerprint, answer, created_at)
        SELECT 'customer:' || q.customer, 'orders.place', q.key, q.fingerprint, to_jsonb(q.order_no), at
        FROM unnest(customer, order_no, key, fingerprint) AS q (customer, order_no, key, fingerprint)
        ORDER BY 1, 3
        ON CONFLICT (caller, operation, key) DO NOTHING RETURNING id, answer #>> '{}' AS no
    )
    SELECT array_agg(id), array_agg(array_position(order_no, no)) INTO claim, claimed FROM claimed;
    IF claim IS NULL THEN
        RETURN;
    END IF;

    WITH locked AS MATERIALIZED (
        SELECT q.n, a.code, a.principal_fen + a.bonus_fen - a.held_fen AS before_fen
        FROM unnest(claimed) AS q (n) JOIN account a ON a.code = 'customer:' || customer[q.n]
        FOR NO KEY UPDATE OF a SKIP LOCKED
    ), plain AS (
        SELECT l.n, l.code FROM locked l
        CROSS JOIN LATERAL pays_quietly(customer[l.n], l.before_fen, total[l.n]) c
        WHERE c.state = 'active'  -- members.customers.admit
    )
    SELECT array_agg(p.n), array_agg(p.code), array_agg(total[p.n]), array_agg(title[p.n]),
           array_agg('bill:' || bill_no[p.n] || ':0'),
           array_agg(ledger_debit_fingerprint('bill_payment', p.code, 'house:revenue', total[p.n])),
           (SELECT array_agg(l.n) FROM locked l)
    INTO plain, codes, amounts, titles, references_, fingerprints, locked
    FROM plain p;

    SELECT array_agg(ordinal), array_agg(available_after_fen) INTO taken, after_fen
    FROM ledger_burn(at, plain, references_, ARRAY['bill_payment'], fingerprints, codes, titles, codes, ARRAY['house:revenue'], amounts,
                     true)
    WHERE outcome = 'posted';

    FOREACH this IN ARRAY coalesce(taken, '{}') LOOP
        made[this] := nextval('shop_order_id_seq');
    END LOOP;

    RETURN QUERY
    WITH taken AS MATERIALIZED (
        SELECT t.n, t.after_fen, made[t.n] AS id, nextval('bill_id_seq') AS bill_id, 'bill:' || bill_no[t.n] || ':0' AS reference,
               'customer:' || customer[t.n] AS code
        FROM unnest(taken, after_fen) AS t (n, after_fen)
    ), issued AS (
        INSERT INTO bill (id, bill_no, customer_id, title, source, amount_fen, paid_fen, refunded_fen, state, collect_mode, automatic,
                          due_at, paid_at, created_at)
        SELECT bill_id, bill_no[t.n], customer[t.n], title[t.n], 'order:' || order_no[t.n], total[t.n], total[t.n], 0, 'paid', 'full', false,
               expires, at, at
        FROM taken t
    ), recorded AS (
        INSERT INTO bill_payment (bill_id, tender, amount_fen, refunded_fen, transfer_reference, created_at)
        SELECT bill_id, 'balance', total[t.n], 0, reference, at FROM taken t
    ), placed AS (
        INSERT INTO shop_order (id, order_no, customer_id, state, store_id, goods_fen, discount_fen, freight_fen, total_fen, tax_fen, address,
                                remark, bill_no, placed_at, expires_at, paid_at)
        SELECT t.id, order_no[t.n], customer[t.n], 'paid', store[t.n], goods[t.n], 0, freight[t.n], total[t.n], tax[t.n], address[t.n],
               remark[t.n], bill_no[t.n], at, expires, at
        FROM taken t
    ), filled AS (
        INSERT INTO order_line (order_id, sku_id, product_name, sku_name, list_fen, price_fen, quantity, amount_fen, discount_fen,
                                tax_percent, tax_fen, reserved, shipped)
        SELECT l.id, l.sku, l.product_name, l.sku_name, l.list, l.price, l.quantity, l.amount, 0,
               l.percent, l.tax, l.quantity, 0
        FROM (SELECT made[u.line_of] AS id, u.*
              FROM unnest(line_of, sku, product_name, sku_name, list, price, quantity, amount, tax_percent, line_tax) WITH ORDINALITY
                   AS u (line_of, sku, product_name, sku_name, list, price, quantity, amount, percent, tax, nth) ORDER BY u.nth) l
        WHERE l.id IS NOT NULL
    ), noted AS (
        INSERT INTO order_event (order_id, step, was, became, by, at)
        SELECT t.id, step.name, step.was, step.became, t.code, orders_buy.at
        FROM taken t, (VALUES (1, 'place', NULL, 'placed'), (2, 'pay', 'placed', 'paid')) AS step (nth, name, was, became)
        ORDER BY t.n, step.nth
    ), told AS (
        INSERT INTO outbox_message (customer_id, kind, dedup_key, params, state, attempts, next_attempt_at, created_at)
        SELECT customer[t.n], 'deducted', reference,
               jsonb_build_object('title', title[t.n], 'bill_no', bill_no[t.n], 'amount_fen', total[t.n], 'available_fen', t.after_fen,
                                  'at', at_text),
               'queued', 0, at, at
        FROM taken t
    )
    SELECT 'paid', t.n, t.id FROM taken t;

    FOR here IN SELECT DISTINCT store[t.n] FROM unnest(taken) AS t (n) ORDER BY 1 LOOP
        PERFORM FROM (
            SELECT array_agg(w.sku) AS sku, array_agg(0) AS none, array_agg(w.quantity) AS wanted
            FROM (SELECT l.sku, sum(l.quantity)::int AS quantity FROM unnest(line_of, sku, quantity) AS l (line_of, sku, quantity)
                  WHERE made[l.line_of] IS NOT NULL AND store[l.line_of] = here GROUP BY l.sku) w
        ) w, stock_move(at, here, w.sku, w.none, w.wanted, NULL, NULL, NULL, NULL);
        IF FOUND THEN
            RAISE serialization_failure USING MESSAGE = 'stock does not last for this set any more';
        END IF;
    END LOOP;

    IF coalesce(cardinality(taken), 0) < cardinality(claim) THEN
        DELETE FROM request_key r USING unnest(claim, claimed) AS c (id, n) WHERE r.id = c.id AND made[c.n] IS NULL;
        RETURN QUERY SELECT 'busy', c.n, NULL::bigint FROM unnest(claimed) AS c (n) WHERE c.n <> ALL (coalesce(locked, '{}'));
    END IF;
END
$$;
