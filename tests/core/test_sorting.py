"""Lists sorted by a column: pages that neither repeat nor leave out a row, each order served by an index."""

import pytest

from billing import payments_shown
from core import db as database
from core import sorting
from members import customers
from shop import orders_shown, products
from tests import factories

LISTS = [
    (customers, "id", "name", "customer_by_name"),
    (customers, "id", "created_at", "customer_pkey"),
    (products, "id", "sold", "product_all_by_sales"),
    (products, "id", "lowest_fen", "product_all_by_price"),
    (orders_shown, "o.id", "total_fen", "order_by_total"),
    (orders_shown, "o.id", "placed_at", "shop_order_pkey"),
    (payments_shown, "p.id", "amount_fen", "payment_by_amount"),
    (payments_shown, "p.id", "created_at", "payment_pkey"),
]


def test_every_order_that_a_list_offers_is_looked_at_here():
    offered = {
        (room, by) for room in (customers, products, orders_shown, payments_shown) for by in room._SORTS
    }
    assert offered == {(room, by) for room, _, by, _ in LISTS}


@pytest.mark.parametrize("way", ["", "-"])
@pytest.mark.parametrize(("room", "number", "by", "index"), LISTS)
async def test_every_order_of_a_list_is_read_from_an_index(db, room, number, by, index, way):
    value = b"" if by == "name" else 7
    for after in (None, (value, 7)):
        text, args = sorting.statement(
            room._SORTED,
            {},
            sorting.Sort(f"{way}{by}", after),
            column=room._SORTS[by],
            number=number,
            limit=21,
        )
        async with database.transaction():
            for off in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
                await database.execute(f"SET LOCAL enable_{off} = off")
            plan = [row[0] for row in await database.fetch(f"EXPLAIN {text}", *args)]
        scan = next((at for at, line in enumerate(plan) if f"using {index} on" in line), None)
        assert scan is not None and not any("Sort Key" in line for line in plan), plan
        assert ("Index Cond" in [*plan, ""][scan + 1]) is (after is not None), plan


@pytest.mark.parametrize(("by", "index"), [("total_fen", "order_store_total"), ("-placed_at", "order_store")])
async def test_orders_of_some_stores_are_read_from_an_index_of_each_store(db, by, index):
    text, args = orders_shown._in_order(sorting.Sort(by, (7, 7)), ["paid"], ["lake", "hill"], None, 21)
    async with database.transaction():
        for off in ("seqscan", "bitmapscan"):
            await database.execute(f"SET LOCAL enable_{off} = off")
        plan = [row[0] for row in await database.fetch(f"EXPLAIN {text}", *args)]
    scan = next((at for at, line in enumerate(plan) if f"using {index} on" in line), None)
    assert scan is not None and "store_id = s.id" in plan[scan + 1], plan
    assert sum("Sort Key" in line for line in plan) == 1, "only the first of each store are sorted"


@pytest.mark.parametrize("way", ["", "-"])
async def test_pages_sorted_by_what_many_share_have_every_row_once(db, way):
    for name in ("赵", "钱", "赵", "孙", "赵", "钱", "李"):
        await factories.customer(name)
    whole = await customers.page(sort=sorting.Sort(f"{way}name"), limit=100)
    seen, after = [], None
    while page := await customers.page(sort=sorting.Sort(f"{way}name", after), limit=2):
        seen += page
        after = (0, page[-1].id)
    assert seen == whole and len(whole) == 7
    names = [(_pinyin(one.name), one.id) for one in whole]
    assert names == sorted(names, reverse=way == "-")


def _pinyin(name):
    """The same order by another's table: Python's GB 18030."""
    return name.lower().encode("gb18030")


async def test_names_are_in_the_order_of_a_chinese_directory(db):
    names = [
        "安然",
        "白雪",
        "Bob",
        "alice",
        "Zoe",
        "王芳",
        "李雷",
        "张三",
        "陈一",
        "欧阳修",
        "9527",
        "🐼团子",
        "龘龘",
        "王 芳",
        "Élodie",
    ]
    for name in reversed(names):
        await factories.customer(name)
    found = [one.name for one in await customers.page(sort=sorting.Sort("name"), limit=100)]
    assert found == [
        "9527", "alice", "Bob", "Zoe", "🐼团子", "Élodie", "安然", "白雪", "陈一", "李雷", "欧阳修", "王 芳", "王芳", "张三", "龘龘",
    ]  # fmt: skip


async def test_every_letter_there_is_has_a_place_in_the_order(db):
    """Else a customer of such a name could not be added."""
    letters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code <= 0xDFFF]
    places = await database.fetchval(
        "SELECT count(DISTINCT name_order(letter)) FROM unnest($1::text[]) AS letter WHERE lower(letter) = letter",
        letters,
    )
    assert places == await database.fetchval(
        "SELECT count(*) FROM unnest($1::text[]) AS letter WHERE lower(letter) = letter", letters
    )
