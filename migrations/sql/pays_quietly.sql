-- Which payments from a balance are plain, as far as the customer goes: the balance covers it, and no alert comes of it. One row, with the
-- customer's state, where both are so; none otherwise. orders_pay, orders_buy and plans_charge ask by it.
--
-- It is written so that PostgreSQL puts it into the statement that asks: nothing is called. OFFSET 0 keeps the line from being looked up
-- once for each time it is spoken of.
CREATE OR REPLACE FUNCTION pays_quietly(customer bigint, before_fen bigint, amount_fen bigint) RETURNS TABLE (state text)
LANGUAGE sql STABLE AS $$
    SELECT c.state::text
    FROM (  -- notifications.outbox.ALERT_LINE
        SELECT c.state, greatest(c.low_balance_threshold_fen,
                                 (SELECT max(p.amount_fen * p.warn_periods) FROM plan p WHERE p.customer_id = c.id AND p.state = 'active'
                                    AND p.warn_periods IS NOT NULL))
               AS line_fen
        FROM customer c WHERE c.id = pays_quietly.customer OFFSET 0
    ) c
    WHERE pays_quietly.before_fen >= pays_quietly.amount_fen
      AND (c.line_fen IS NULL OR pays_quietly.before_fen < c.line_fen
           OR pays_quietly.before_fen - pays_quietly.amount_fen >= c.line_fen)
$$;
