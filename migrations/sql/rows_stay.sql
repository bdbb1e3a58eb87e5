-- Bills and orders are never deleted, whoever asks: what was paid of a bill and what was done with an order names it, and is not checked by
-- foreign keys as it is written (docs/decisions/0021).
CREATE OR REPLACE FUNCTION rows_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of table % are never deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE OR REPLACE TRIGGER rows_stay BEFORE DELETE ON bill FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();
CREATE OR REPLACE TRIGGER rows_stay BEFORE DELETE ON shop_order FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();
