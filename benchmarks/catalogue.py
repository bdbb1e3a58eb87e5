"""The catalogue over HTTP: a page of 24 of many products, and looking for some, against a handler of the same server that runs the very
statement and gives its rows as they come."""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode

from benchmarks import http_doors, place, seeds, server
from benchmarks.rounds import Contest
from core import clock, db
from shop import search_words

PRODUCTS = int(os.environ.get("CATALOGUE_PRODUCTS", "100000"))
FLOOR = f"GET {server.CATALOGUE}: the same statement over {PRODUCTS:,} products, its rows as they come"
TARGET = 0.5
_PAGE = 24
_SET = 5_000
_CATEGORIES = 60
_KINDS = [
    "明前",
    "雨前",
    "特级",
    "手工",
    "有机",
    "高山",
    "古树",
    "陈年",
    "冷泡",
    "便携",
    "经典",
    "招牌",
    "限定",
]
_PLACES = [
    "西湖",
    "黄山",
    "安溪",
    "武夷",
    "云南",
    "福鼎",
    "信阳",
    "蒙顶",
    "洞庭",
    "六安",
    "景德镇",
    "重庆",
    "长沙",
    "潮汕",
    "宇治",
]
_THINGS = [
    "龙井",
    "毛峰",
    "铁观音",
    "大红袍",
    "普洱",
    "白茶",
    "毛尖",
    "甘露",
    "碧螺春",
    "瓜片",
    "盖碗",
    "奶茶",
    "牛肉丸",
    "抹茶粉",
    "桂花糕",
    "茉莉花茶",
    "正山小种",
    "陶瓷杯",
]
_LOOKED_FOR = [
    "龙井",
    "longjing",
    "lj",
    "茶",
    "西湖龙井",
    "xhlj",
    "铁观音",
    "tieguanyin",
    "重庆",
    "chongqing",
    "牛肉",
    "niurou",
    "碧螺春",
    "blc",
    "白茶",
    "陶瓷杯",
    "taocibei",
    "1234",
    "龙虾",
    "ming",
]

_PUT = """
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::int[]) WITH ORDINALITY AS g (name, words, sold, n)
), made AS (
    INSERT INTO product (name, description, state, words, sold, lowest_fen, created_at)
    SELECT name, '一芽一叶，当季新制', 'on_shelf', array_to_tsvector(ARRAY(SELECT jsonb_array_elements_text(words::jsonb))), sold,
           500 + sold % 5000, $4
    FROM given ORDER BY n RETURNING id, sold
), skus AS (
    INSERT INTO sku (product_id, name, price_fen, created_at)
    SELECT id, s.name, 500 + sold % 5000 + s.more, $4 FROM made, (VALUES ('50克', 0), ('100克', 900), ('礼盒', 5000)) AS s (name, more)
    RETURNING id
), images AS (
    INSERT INTO product_image (product_id, key, position, width, height, created_by, created_at)
    SELECT id, md5(id::text), 1, 1600, 1200, 'benchmark', $4 FROM made
), standing AS (
    INSERT INTO product_category (product_id, category_id) SELECT id, 1 + id % $5 FROM made
), counted AS (
    INSERT INTO stock_movement (sku_id, store_id, kind, change, on_hand_after, by, reason, created_at)
    SELECT id, 0, 'opened', 100, 100, 'benchmark', '', $4 FROM skus
)
INSERT INTO stock (sku_id, store_id, on_hand, reserved) SELECT id, 0, 100, 0 FROM skus
"""
_SHELVES = """
INSERT INTO category (id, name, sort_order, is_shown, created_at) SELECT n, '分类' || n, n, true, $2 FROM generate_series(1, $1::int) AS n
"""
_RULES = """
INSERT INTO price_rule (sku_id, price_fen, from_at, created_by, created_at)
SELECT id, price_fen - 100, $1, 'benchmark', $1 FROM sku WHERE id % 20 = 0
"""


@contextlib.asynccontextmanager
async def pages(where: place.Place) -> AsyncIterator[Contest]:
    """``GET /api/v1/products``: first pages in every order, of the whole shop and of its categories."""
    queries: list[dict[str, object]] = [
        {"order": order} for order in ("newest", "sales", "cheapest", "dearest")
    ]
    queries += [{"order": "sales", "category_id": n} for n in range(1, _CATEGORIES + 1)]
    async with _contest(where, "pages", queries) as contest:
        yield contest


@contextlib.asynccontextmanager
async def searches(where: place.Place) -> AsyncIterator[Contest]:
    """``GET /api/v1/products?q=…``: frequent words and rare ones, in characters, in pinyin and by initials."""
    async with _contest(
        where, "searches", [{"order": "sales", "q": word} for word in _LOOKED_FOR]
    ) as contest:
        yield contest


@contextlib.asynccontextmanager
async def _contest(
    where: place.Place, name: str, queries: Sequence[dict[str, object]]
) -> AsyncIterator[Contest]:
    async with place.opened(where) as found, http_doors.Wire.opened(where) as wire:
        customers = await seeds.customers(500)
        await _shelved()
        asked = [urlencode({**query, "limit": _PAGE}) for query in queries]
        tokens = [http_doors.token_of(found, one) for one in customers]
        subjects = [
            http_doors.request(
                "GET", f"/api/v1/products?{asked[n % len(asked)]}", tokens[n % len(tokens)], sender=n
            )
            for n in range(len(asked) * len(tokens))
        ]
        random.Random(1).shuffle(subjects)
        file = wire.written(name, subjects)
        rows = wire.written(
            f"{name}-rows",
            [http_doors.request("GET", f"{server.CATALOGUE}?{one}", sender=n) for n, one in enumerate(asked)],
        )

        async def floor(seconds: float) -> float:
            return await wire.measure(rows, seconds, cycle=True)

        async def subject(seconds: float) -> float:
            return await wire.measure(file, seconds, cycle=True)

        async def counted() -> dict[str, float]:
            headers = {"Authorization": f"Bearer {tokens[0]}"}
            cost = await http_doors.counted_quietly(
                where.database_url,
                found,
                lambda n: ("GET", f"/api/v1/products?{asked[n % len(asked)]}", headers),
            )
            return cost | wire.said

        yield Contest(floor=floor, subject=subject, counters=counted, before_round=http_doors.nothing)


async def _shelved() -> None:
    chance = random.Random(1)
    await db.execute(_SHELVES, _CATEGORIES, clock.now())
    for at in range(0, PRODUCTS, _SET):
        names = [
            f"{chance.choice(_KINDS)}{chance.choice(_PLACES)}{chance.choice(_THINGS)}{chance.randrange(10_000)}"
            for _ in range(at, min(at + _SET, PRODUCTS))
        ]
        await db.execute(
            _PUT,
            names,
            [json.dumps(search_words.of_name(name)) for name in names],
            [int(chance.paretovariate(1.1)) % 1_000_000 for _ in names],
            clock.now(),
            _CATEGORIES,
        )
    await db.execute(_RULES, clock.now())
    await db.execute("VACUUM ANALYZE")
