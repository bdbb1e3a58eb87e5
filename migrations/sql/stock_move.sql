-- Changes what a store has of some SKUs (on_hand) and what is promised of it (reserved): all of them, or none.
--
-- Returns what there is too little of, with what can be ordered of it; no row: it is done. Rows are locked in the order of their SKUs, in
-- a statement of its own: the next one sees what the last holder of the locks committed. What changes on_hand is written down, and the
-- shop's people are told when what can be ordered falls to low_at, once until it is above again. Each SKU is named once.
CREATE OR REPLACE FUNCTION stock_move(
    at timestamptz, store bigint, sku bigint[], on_hand int[], reserved int[],
    kind text, by_whom text, reason text, reference text
) RETURNS TABLE (sku_id bigint, available int) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    low bigint[]; filled bigint[];
BEGIN
    PERFORM FROM stock s WHERE s.sku_id = ANY (stock_move.sku) AND s.store_id = store ORDER BY s.sku_id FOR NO KEY UPDATE;

    RETURN QUERY
    SELECT c.sku_id, coalesce(s.on_hand - s.reserved, 0)
    FROM unnest(stock_move.sku, stock_move.on_hand, stock_move.reserved) AS c (sku_id, on_hand, reserved)
    LEFT JOIN stock s ON s.sku_id = c.sku_id AND s.store_id = store
    WHERE s.id IS NULL OR s.on_hand + c.on_hand < s.reserved + c.reserved
    ORDER BY c.sku_id;
    IF FOUND THEN
        RETURN;
    END IF;

    WITH changed AS (
        UPDATE stock s SET on_hand = s.on_hand + c.on_hand, reserved = s.reserved + c.reserved
        FROM unnest(stock_move.sku, stock_move.on_hand, stock_move.reserved) AS c (sku_id, on_hand, reserved)
        WHERE s.sku_id = c.sku_id AND s.store_id = store
        RETURNING s.sku_id, s.on_hand, s.low_at, c.on_hand AS change, s.on_hand - s.reserved AS now_left,
                  s.on_hand - s.reserved - c.on_hand + c.reserved AS left_before
    ), moved AS (
        INSERT INTO stock_movement (sku_id, store_id, kind, change, on_hand_after, by, reason, reference, created_at)
        SELECT c.sku_id, store, stock_move.kind, c.change, c.on_hand, by_whom, stock_move.reason, stock_move.reference, at
        FROM changed c WHERE c.change <> 0 ORDER BY c.sku_id
    )
    SELECT array_agg(c.sku_id) FILTER (WHERE c.left_before > c.low_at AND c.now_left <= c.low_at),
           array_agg(c.sku_id) FILTER (WHERE c.left_before <= c.low_at AND c.now_left > c.low_at)
    INTO low, filled FROM changed c;

    IF low IS NOT NULL THEN
        INSERT INTO staff_alert (kind, dedup_key, params, raised_at)
        SELECT 'stock_low', 'stock_low:' || s.sku_id || ':' || store,
               jsonb_build_object('sku_id', s.sku_id, 'name', p.name || ' ' || k.name, 'left', s.on_hand - s.reserved), at
        FROM stock s JOIN sku k ON k.id = s.sku_id JOIN product p ON p.id = k.product_id
        WHERE s.sku_id = ANY (low) AND s.store_id = store ORDER BY s.sku_id
        ON CONFLICT (dedup_key) WHERE resolved_at IS NULL DO NOTHING;
    END IF;
    IF filled IS NOT NULL THEN
        UPDATE staff_alert SET resolved_at = at
        WHERE resolved_at IS NULL AND dedup_key IN (SELECT 'stock_low:' || n || ':' || store FROM unnest(filled) AS n);
    END IF;
END
$$;
