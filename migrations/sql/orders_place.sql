-- Places one priced order in one statement: the key, the stock, the bill, the order with its lines, until when it is to be paid,
-- and the first row of its history.
--
-- 'placed' with the order's id; otherwise nothing was done: 'short' once for each SKU there is too little of; 'twin': the key was used
-- before; 'many': the customer has `most` orders that wait for their payment. Those that will wait are placed one after the other, so that
-- each finds those before it; the lock comes after the key and before the stock. `most` is null of an order that is paid in the transaction
-- this is called in. Without a key the caller has claimed it, in that transaction.
CREATE OR REPLACE FUNCTION orders_place(
    at timestamptz, customer bigint, key text, fingerprint bytea, order_no text, bill_no text, title text, expires timestamptz,
    store bigint, goods bigint, discount bigint, freight bigint, total bigint, tax bigint, discounts jsonb, address jsonb, remark text,
    sku bigint[], product_name text[], sku_name text[], list bigint[], price bigint[], quantity int[], amount bigint[],
    line_discount bigint[], tax_percent int[], line_tax bigint[], most int
) RETURNS TABLE (outcome text, id bigint, available int) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    claim bigint; made bigint;
BEGIN
    IF key IS NOT NULL THEN
        INSERT INTO request_key AS r (caller, operation, key, fingerprint, answer, created_at)
        VALUES ('customer:' || customer, 'orders.place', key, fingerprint, to_jsonb(order_no), at)
        ON CONFLICT (caller, operation, key) DO NOTHING RETURNING r.id INTO claim;
        IF claim IS NULL THEN
            RETURN QUERY SELECT 'twin', NULL::bigint, NULL::int;
            RETURN;
        END IF;
    END IF;

    IF most IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(1500839940, hashint8(customer)); -- 0x59750004: who places orders
        IF (SELECT count(*) FROM (SELECT FROM order_deadline d JOIN shop_order o ON o.id = d.order_id
                                  WHERE d.customer_id = customer AND o.state = 'placed' LIMIT most) u) >= most THEN
            DELETE FROM request_key r WHERE r.id = claim;
            RETURN QUERY SELECT 'many', NULL::bigint, NULL::int;
            RETURN;
        END IF;
    END IF;

    RETURN QUERY
    SELECT 'short', m.sku_id, m.available
    FROM stock_move(at, store, sku, array_fill(0, ARRAY[cardinality(sku)]), quantity, NULL, NULL, NULL, NULL) m;
    IF FOUND THEN
        DELETE FROM request_key r WHERE r.id = claim;
        RETURN;
    END IF;

    INSERT INTO bill (bill_no, customer_id, title, source, amount_fen, paid_fen, refunded_fen, state, collect_mode, automatic, due_at,
                      created_at)
    VALUES (bill_no, customer, title, 'order:' || order_no, total, 0, 0, 'open', 'full', false, expires, at);
    INSERT INTO shop_order AS o (order_no, customer_id, state, store_id, goods_fen, discount_fen, freight_fen, total_fen, tax_fen, discounts,
                                 address, remark, bill_no, placed_at, expires_at)
    VALUES (order_no, customer, 'placed', store, goods, discount, freight, total, tax, discounts, address, remark, bill_no, at, expires)
    RETURNING o.id INTO made;
    INSERT INTO order_deadline (order_id, customer_id, expires_at) VALUES (made, customer, expires);
    INSERT INTO order_line (order_id, sku_id, product_name, sku_name, list_fen, price_fen, quantity, amount_fen, discount_fen,
                            tax_percent, tax_fen, reserved, shipped)
    SELECT made, l.*, l.quantity, 0
    FROM (SELECT u.sku, u.product_name, u.sku_name, u.list, u.price, u.quantity, u.amount, u.discount, u.percent, u.tax
          FROM unnest(sku, product_name, sku_name, list, price, quantity, amount, line_discount, tax_percent, line_tax) WITH ORDINALITY
               AS u (sku, product_name, sku_name, list, price, quantity, amount, discount, percent, tax, n) ORDER BY u.n) l;
    INSERT INTO order_event (order_id, step, was, became, by, at) VALUES (made, 'place', NULL, 'placed', 'customer:' || customer, at);
    RETURN QUERY SELECT 'placed', made, NULL::int;
END
$$;
