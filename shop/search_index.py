"""What products are found by, kept beside them (docs/decisions/0011)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from core import db
from shop import search_words

_INDEX = """
UPDATE product p SET words = array_to_tsvector(ARRAY(
    SELECT DISTINCT word FROM (
        SELECT jsonb_array_elements_text(n.words::jsonb) AS word
        UNION SELECT lower(regexp_replace(c, '[^0-9A-Za-z]', '', 'g'))
        FROM (SELECT p.code UNION SELECT s.code FROM sku s WHERE s.product_id = p.id
              UNION SELECT s.barcode FROM sku s WHERE s.product_id = p.id) AS codes (c)
    ) w WHERE word <> ''))
FROM unnest($1::bigint[], $2::text[]) AS n (id, words) WHERE p.id = n.id
"""
_NAMES = "SELECT id, name FROM product WHERE id = ANY ($1::bigint[]) ORDER BY id"


async def index(product_ids: Sequence[int]) -> None:
    """Notes what these products are found by, in the caller's transaction, which has changed their names or numbers."""
    rows = await db.fetch(_NAMES, product_ids)
    names = [row["name"] for row in rows]
    words = await asyncio.to_thread(_written, names)
    await db.execute(_INDEX, [row["id"] for row in rows], words)


def _written(names: Sequence[str]) -> list[str]:
    return [json.dumps(search_words.of_name(name)) for name in names]


_WITHOUT = "SELECT id FROM product WHERE words = '' ORDER BY id DESC LIMIT $1"


async def index_missing(*, limit: int = 500) -> int:
    """Indexes products that are found by nothing: those from before there was an index. Returns how many were looked at."""
    async with db.transaction():
        ids = [row["id"] for row in await db.fetch(_WITHOUT, limit)]
        await index(ids)
    return len(ids)
