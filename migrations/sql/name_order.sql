-- What names are put in order by: as in a Chinese directory, Latin letters first, whatever their case, then characters by their pinyin. GB 18030
-- numbers the 3,755 common characters of GB 2312 by pinyin, those that are rarer after them; other scripts stand before. Every name has a place.
-- It says the same for ever (convert_to is only not said to be, since a conversion may be replaced), so an index can be made of it.
CREATE OR REPLACE FUNCTION name_order(name text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT convert_to(lower(name), 'GB18030')
$$;
