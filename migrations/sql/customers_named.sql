-- Finding customers by a part of their name, among a million: each character of a name, each two and each three beside each other are in an
-- index (trigrams alone say nothing of 林晓).
CREATE OR REPLACE FUNCTION name_parts(name text, shortest int DEFAULT 1) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(n.name, i, long)), '{}')
    FROM (SELECT lower(name_parts.name)) n (name), generate_series(shortest, 3) long, generate_series(1, length(n.name) - long + 1) i
$$;

-- Customers whose name contains the words, newest first. Planned anew each time: words that stand in every name are better looked for from
-- the newest customer on, rare ones in the index, by their longest parts.
CREATE OR REPLACE FUNCTION customers_named(words text, pattern text, before bigint, most bigint) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY
    SELECT c.id FROM customer c
    WHERE c.id < before AND name_parts(c.name) @> name_parts(words, least(3, length(words))) AND c.name ILIKE pattern ORDER BY c.id DESC LIMIT most;
END
$$;
