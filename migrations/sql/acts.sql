-- What operators did is only added to. An act is ended once, and not after its day was sealed.
CREATE FUNCTION act_ended_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR NOT NEW.customer_ids @> OLD.customer_ids
        OR to_jsonb(NEW) - '{ended_at,outcome,customer_ids}'::text[] <> to_jsonb(OLD) - '{ended_at,outcome,customer_ids}'::text[]
        OR OLD.id <= (SELECT last_act_id FROM act_seal ORDER BY day DESC LIMIT 1)
    THEN
        RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ended_once BEFORE UPDATE ON operator_act FOR EACH ROW EXECUTE FUNCTION act_ended_once();
CREATE TRIGGER append_only BEFORE DELETE ON operator_act FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON act_change FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON act_seal FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

CREATE INDEX operator_act_customers ON operator_act USING gin (customer_ids);

-- A value as it is kept: nothing that opens a door or reaches somebody, no token of what is sealed (it would outlive its key here), nothing long.
CREATE FUNCTION act_shown(name text, value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN value = 'null' THEN value
        WHEN name ~ '(password|token|secret|hash|salt|phone|openid|union_id|card_no|account_no|email|payee_name|tax_no|_index$)' OR name IN ('subject', 'address')
            OR starts_with(value #>> '{}', 's1.') THEN '"***"'
        WHEN length(value::text) > 600 THEN to_jsonb(left(value #>> '{}', 500) || '…')
        ELSE value
    END
$$;

DO $$
DECLARE
    watched text;
BEGIN
    FOREACH watched IN ARRAY ARRAY[
        'customer', 'identity', 'customer_tag', 'tag', 'message_preference', 'message_address', 'marketing_consent', 'delivery_address',
        'agreement', 'operator', 'operator_post', 'operator_totp', 'store', 'opening_hours', 'tier', 'recharge_package', 'dunning_policy', 'dunning_case',
        'plan_offer', 'plan', 'plan_period', 'fee_rule', 'deduction_rule', 'deduction_review', 'price_rule', 'points_rule', 'points_account',
        'coupon_template', 'coupon', 'segment', 'segment_run', 'product', 'sku', 'stock', 'product_category', 'product_image', 'category',
        'freight_template', 'product_freight', 'bookable', 'booking_slot', 'booking_series', 'booking', 'standing_order', 'standing_line',
        'standing_delivery', 'shop_order', 'after_sale', 'parcel', 'shipment', 'shipping_report', 'bill', 'arrangement', 'instalment',
        'hold', 'adjustment', 'approval', 'move', 'customer_merge', 'closing', 'payout', 'refund', 'remittance', 'quarantine', 'voucher',
        'counter_payment', 'combined_payment', 'invoice_request', 'credit_limit_change', 'channel_day', 'difference', 'due_run', 'staff_alert',
        'chat_synonym', 'chat_answer', 'chat_unanswered', 'chat_scene', 'chat_menu_publication', 'canned_answer', 'message_template'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER act_change AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW'
            ' WHEN (current_setting(''yucun.act'', true) <> '''') EXECUTE FUNCTION act_changed()', watched
        );
    END LOOP;
END
$$;
