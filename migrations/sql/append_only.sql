-- Entries of the books are never updated or deleted (I4); corrections are reversals. TRUNCATE stays possible for the owner of
-- the tables (tests); production runs under a role that owns nothing (docs/how-to/production.md).
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON posting FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
-- Balances are rewritten in place: room on the page keeps those updates off the indexes.
ALTER TABLE account SET (fillfactor = 70);
ALTER TABLE lot SET (fillfactor = 80);
ALTER TABLE bill SET (fillfactor = 80);
ALTER TABLE plan SET (fillfactor = 80);
ALTER TABLE outbox_message SET (fillfactor = 70);
-- The house's own accounts.
INSERT INTO account (code, kind, currency, principal_fen, bonus_fen, held_fen, credit_limit_fen, entry_no, burn_policy, created_at)
SELECT 'house:' || name, 'house', 'CNY', 0, 0, 0, 0, 0, 'bonus_first', now()
FROM unnest(ARRAY['wechat_pay', 'alipay', 'counter', 'revenue', 'bonus_cost', 'adjustment', 'fees', 'suspense']) AS name
ON CONFLICT (code) DO NOTHING;
