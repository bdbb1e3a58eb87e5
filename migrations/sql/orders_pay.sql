-- Pays a set of orders from the balances in one statement: the plain case of shop.orders.pay, of each customer at most one order.
--
-- Whatever is not plain is left exactly as it was, and nothing is said of it: a key used before, an order that is not placed, a
-- bill that something else is being done to, a customer who may not come in, a balance that does not cover it or would fall below
-- where the customer is alerted.
-- shop.orders pays those one by one and has the answers. 'busy' is said of what only another transaction stood in the way of: nobody
-- is waited for while others' rows are locked.
--
-- One row per line of each order that was paid. Two statements as in ledger_post: the second reads what the last holder of the locks
-- committed. Keys are claimed in one order, since a claim does wait for a twin that is at work; not for long, for the others' sake.
CREATE OR REPLACE FUNCTION orders_pay(
    at timestamptz, at_text text, customer bigint[], order_no text[], key text[], fingerprint bytea[]
) RETURNS TABLE (
    outcome text, order_id bigint, no text, customer_id bigint, state text, store_id bigint, goods_fen bigint, discount_fen bigint,
    freight_fen bigint, total_fen bigint, tax_fen bigint, discounts jsonb, address jsonb, remark text, bill_no text,
    placed_at timestamptz, expires_at timestamptz, under_review boolean,
    sku_id bigint, product_name text, sku_name text, price_fen bigint, quantity int, amount_fen bigint, list_fen bigint,
    line_discount_fen bigint, shipped int, tax_percent int, line_tax_fen bigint
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET lock_timeout = '250ms'
AS $$
#variable_conflict use_column
DECLARE
    claim bigint[]; claimed_by bigint[]; claimed_for text[];
    locked bigint[]; orders bigint[]; bills bigint[]; codes text[];
    amounts bigint[]; titles text[]; references_ text[]; fingerprints bytea[];
    taken int[]; after_fen bigint[]; settled text[];
BEGIN
    WITH claimed AS (
        INSERT INTO request_key (caller, operation, key, fingerprint, answer, created_at)
        SELECT 'customer:' || q.customer, 'orders.pay', q.key, q.fingerprint, to_jsonb(q.order_no), at
        FROM unnest(customer, order_no, key, fingerprint) AS q (customer, order_no, key, fingerprint)
        ORDER BY 1, 3
        ON CONFLICT (caller, operation, key) DO NOTHING RETURNING id, substr(caller, 10)::bigint AS customer, answer #>> '{}' AS order_no
    )
    SELECT array_agg(id), array_agg(customer), array_agg(order_no) INTO claim, claimed_by, claimed_for FROM claimed;
    IF claim IS NULL THEN
        RETURN;
    END IF;

    -- Rows are found by their numbers and judged afterwards: a condition on the state would invite the planner to look through all
    -- that is open, by the indexes for what is due.
    WITH locked_orders AS MATERIALIZED (
        SELECT o.id, o.bill_no, o.state, q.customer
        FROM unnest(claimed_by, claimed_for) AS q (customer, order_no)
        JOIN shop_order o ON o.order_no = q.order_no AND o.customer_id = q.customer
        FOR NO KEY UPDATE OF o SKIP LOCKED
    ), locked_bills AS MATERIALIZED (
        SELECT o.id AS order_id, o.customer, b.id, b.bill_no, b.title, b.amount_fen,
               o.state = 'placed' AND b.state = 'open' AND b.collect_mode = 'full' AND b.pending_no IS NULL AS is_plain
        FROM locked_orders o JOIN bill b ON b.bill_no = o.bill_no
        FOR NO KEY UPDATE OF b SKIP LOCKED
    ), locked_accounts AS MATERIALIZED (
        SELECT b.order_id, b.customer, b.id, b.bill_no, b.title, b.amount_fen, b.is_plain, a.code,
               a.principal_fen + a.bonus_fen - a.held_fen AS before_fen
        FROM locked_bills b JOIN account a ON a.code = 'customer:' || b.customer
        FOR NO KEY UPDATE OF a SKIP LOCKED
    ), plain AS (
        SELECT l.order_id, l.id, l.bill_no, l.title, l.amount_fen, l.code FROM locked_accounts l
        CROSS JOIN LATERAL pays_quietly(l.customer, l.before_fen, l.amount_fen) c
        WHERE l.is_plain AND c.state = 'active'  -- members.customers.admit
    )
    SELECT array_agg(p.order_id), array_agg(p.id), array_agg(p.code),
           array_agg(p.amount_fen), array_agg(p.title), array_agg('bill:' || p.bill_no || ':0'),
           array_agg(ledger_debit_fingerprint('bill_payment', p.code, 'house:revenue', p.amount_fen)),
           (SELECT array_agg(l.customer) FROM locked_accounts l)
    INTO orders, bills, codes, amounts, titles, references_, fingerprints, locked
    FROM plain p;

    SELECT array_agg(ordinal), array_agg(available_after_fen), array_agg(account_code) INTO taken, after_fen, settled
    FROM ledger_burn(at, NULL, references_, ARRAY['bill_payment'], fingerprints, codes, titles, codes, ARRAY['house:revenue'], amounts,
                     fresh => true)  -- of an open bill nothing was paid: no transfer can have paid the first of it
    WHERE outcome = 'posted';

    RETURN QUERY
    WITH taken AS MATERIALIZED (
        SELECT t.n, t.after_fen FROM unnest(taken, after_fen) AS t (n, after_fen)
    ), recorded AS (
        INSERT INTO bill_payment (bill_id, tender, amount_fen, refunded_fen, transfer_reference, created_at)
        SELECT bills[n], 'balance', amounts[n], 0, references_[n], at FROM taken
    ), settled AS (
        UPDATE bill SET paid_fen = bill.amount_fen, state = 'paid', paid_at = at FROM taken WHERE bill.id = bills[n]
    ), changed AS (
        UPDATE shop_order o SET state = 'paid', paid_at = at FROM taken WHERE o.id = orders[n]
        RETURNING taken.n, taken.after_fen, o.id, o.order_no, o.customer_id, o.state, o.store_id, o.goods_fen, o.discount_fen,
                  o.freight_fen, o.total_fen, o.tax_fen, o.discounts, o.address, o.remark, o.bill_no, o.placed_at, o.expires_at
    ), noted AS (
        INSERT INTO order_event (order_id, step, was, became, by, at)
        SELECT c.id, 'pay', 'placed', 'paid', 'customer:' || c.customer_id, orders_pay.at FROM changed c
    ), told AS (
        INSERT INTO outbox_message (customer_id, kind, dedup_key, params, state, attempts, next_attempt_at, created_at)
        SELECT customer_id, 'deducted', references_[n],
               jsonb_build_object('title', titles[n], 'bill_no', bill_no, 'amount_fen', amounts[n],
                                  'available_fen', after_fen, 'at', at_text),
               'queued', 0, at, at
        FROM changed  -- whose transfers are new: nobody was told of them
    )
    SELECT 'paid', c.id, c.order_no::text, c.customer_id, c.state::text, c.store_id, c.goods_fen, c.discount_fen, c.freight_fen,
           c.total_fen, c.tax_fen, c.discounts, c.address, c.remark::text, c.bill_no::text, c.placed_at, c.expires_at, false,
           l.sku_id, l.product_name::text, l.sku_name::text, l.price_fen, l.quantity, l.amount_fen, l.list_fen, l.discount_fen, l.shipped,
           l.tax_percent, l.tax_fen
    FROM changed c JOIN order_line l ON l.order_id = c.id ORDER BY l.id;

    IF coalesce(cardinality(taken), 0) < cardinality(claim) THEN
        DELETE FROM request_key WHERE id = ANY (claim) AND caller <> ALL (coalesce(settled, '{}'));
        RETURN QUERY
        SELECT 'busy', o.id, NULL, o.customer_id, NULL, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
               NULL::bigint, NULL::jsonb, NULL::jsonb, NULL, NULL, NULL::timestamptz, NULL::timestamptz, NULL::boolean,
               NULL::bigint, NULL, NULL, NULL::bigint, NULL::int, NULL::bigint, NULL::bigint, NULL::bigint, NULL::int,
               NULL::int, NULL::bigint
        FROM unnest(claimed_by, claimed_for) AS q (customer, order_no)
        JOIN shop_order o ON o.order_no = q.order_no AND o.customer_id = q.customer
        WHERE o.customer_id <> ALL (coalesce(locked, '{}'));
    END IF;
END
$$;
