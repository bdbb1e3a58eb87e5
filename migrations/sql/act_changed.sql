-- One row that an act added, changed or took away: of a changed one what differs. What PostgreSQL works out from other columns
-- is not kept: those say it. Of more than two hundred in one transaction the rest is only said to be more.
CREATE OR REPLACE FUNCTION act_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    act bigint := current_setting('yucun.act')::bigint;
    counted int := coalesce(nullif(current_setting('yucun.act_rows', true), ''), '0')::int + 1;
    was jsonb;
    becomes jsonb;
    number bigint;
BEGIN
    IF counted > 201 THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        was := to_jsonb(OLD);
        number := OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        becomes := to_jsonb(NEW);
        number := NEW.id;
    END IF;
    SELECT jsonb_object_agg(key, act_shown(key, was -> key)) FILTER (WHERE was IS NOT NULL),
        jsonb_object_agg(key, act_shown(key, becomes -> key)) FILTER (WHERE becomes IS NOT NULL)
    INTO was, becomes
    FROM jsonb_object_keys(coalesce(becomes, was)) AS key
    WHERE (was IS NULL OR becomes IS NULL OR was -> key <> becomes -> key)
      AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = TG_RELID AND a.attname = key AND a.attgenerated <> '');
    IF was IS NULL AND becomes IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('yucun.act_rows', counted::text, true);
    IF counted > 200 THEN
        number := NULL;
        was := NULL;
        becomes := '{"more": true}';
    END IF;
    INSERT INTO act_change (act_id, of_table, row_id, before, after) VALUES (act, TG_TABLE_NAME, number, was, becomes);
    RETURN NULL;
END
$$;
