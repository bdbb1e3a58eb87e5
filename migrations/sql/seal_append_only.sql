-- Seals are never rewritten either (I4).
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON seal FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON seal_block FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
