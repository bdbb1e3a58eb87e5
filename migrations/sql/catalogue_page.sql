-- The ids of products on the shelf, a page of them: those that have all the words, stand in the category or within it, and cost between
-- two amounts by their lowest list price, in one of four orders, after where the last page ended.
--
-- Planned anew at every call, with what is asked for in sight: a plan for any word reads all products that have a frequent one, where
-- walking down the order and looking at each finds a page of them at once (docs/decisions/0011). ROWS: whoever joins a page is to fetch
-- the few rows it has, not to read whole tables.
CREATE OR REPLACE FUNCTION catalogue_page(
    wanted_order text, words tsquery, category_id bigint, from_fen bigint, until_fen bigint, after bigint[], most integer
) RETURNS SETOF bigint LANGUAGE plpgsql STABLE ROWS 25 AS $function$
DECLARE
    asked text := 'SELECT p.id FROM product p WHERE p.state = ''on_shelf'' AND p.lowest_fen IS NOT NULL';
    within bigint[];
BEGIN
    IF words IS NOT NULL THEN
        asked := asked || ' AND p.words @@ $1';
    END IF;
    IF category_id IS NOT NULL THEN
        WITH RECURSIVE shown AS (
            SELECT id, id = catalogue_page.category_id AS is_within FROM category WHERE parent_id IS NULL AND is_shown
            UNION ALL
            SELECT c.id, s.is_within OR c.id = catalogue_page.category_id FROM category c JOIN shown s ON c.parent_id = s.id WHERE c.is_shown
        ) SELECT array_agg(id) INTO within FROM shown WHERE is_within;
        asked := asked || ' AND EXISTS (SELECT FROM product_category c WHERE c.product_id = p.id AND c.category_id = ANY ($2))';
    END IF;
    IF from_fen IS NOT NULL THEN
        asked := asked || ' AND p.lowest_fen >= $3';
    END IF;
    IF until_fen IS NOT NULL THEN
        asked := asked || ' AND p.lowest_fen <= $4';
    END IF;
    asked := asked || CASE wanted_order
        WHEN 'newest' THEN CASE WHEN after IS NULL THEN '' ELSE ' AND p.id < $5[2]' END || ' ORDER BY p.id DESC'
        WHEN 'sales' THEN CASE WHEN after IS NULL THEN '' ELSE ' AND (p.sold, p.id) < ($5[1], $5[2])' END
                          || ' ORDER BY p.sold DESC, p.id DESC'
        WHEN 'cheapest' THEN CASE WHEN after IS NULL THEN '' ELSE ' AND (p.lowest_fen, p.id) > ($5[1], $5[2])' END
                          || ' ORDER BY p.lowest_fen, p.id'
        WHEN 'dearest' THEN CASE WHEN after IS NULL THEN '' ELSE ' AND (p.lowest_fen, p.id) < ($5[1], $5[2])' END
                          || ' ORDER BY p.lowest_fen DESC, p.id DESC'
    END || ' LIMIT $6';
    RETURN QUERY EXECUTE asked USING words, within, from_fen, until_fen, after, most;
END
$function$;
