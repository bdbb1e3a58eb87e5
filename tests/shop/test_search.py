"""Products are found by what they are called, as written and as spoken, in categories and orders, page by page."""

from datetime import timedelta

import pytest

from billing import bills, refunds
from core import clock
from core import db as database
from shop import categories, order_review, orders, products, sales, search, search_index, shelf, shipments
from tests import factories

ANYBODY = shelf.Looking()


async def shelved(*names, **more):
    made = []
    for n, name in enumerate(names):
        sku = products.NewSku("一份", 1_000 + 100 * n, 5, **more)
        made.append(await products.add(name=name, description="", skus=[sku]))
    return made


async def found(words=None, **wanted):
    return [one.name for one in await search.find(search.Wanted(words, **wanted), ANYBODY)]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("龙井", ["明前龙井茶 50克"]),
        ("龍", []),
        ("longjing", ["明前龙井茶 50克"]),
        ("Long", ["明前龙井茶 50克"]),
        ("LJC", ["明前龙井茶 50克"]),
        ("ＬＪ", ["明前龙井茶 50克"]),
        ("井", ["明前龙井茶 50克"]),
        ("mqlj", ["明前龙井茶 50克"]),
        ("50克", ["明前龙井茶 50克"]),
        ("茶 明前", ["明前龙井茶 50克"]),
        ("cha", ["茉莉花茶", "明前龙井茶 50克"]),
        ("chongqing", ["重庆火锅底料"]),
        ("cq", ["重庆火锅底料"]),
        ("zhongqing", []),
        ("lvdou", ["绿豆糕"]),
        ("ngjing", []),
        ("tea set", ["Tea Set 茶具"]),
        ("明前龙井茶50克明前龙井茶50克", ["明前龙井茶 50克"]),
        ("'", []),
        ("' & !!:*", []),
        ("\\", []),
        ("%", []),
        ("龙井 牛肉", []),
    ],
)
async def test_a_product_is_found_by_its_name_its_pinyin_and_its_initials(db, words, names):
    await shelved("明前龙井茶 50克", "重庆火锅底料", "绿豆糕", "Tea Set 茶具", "茉莉花茶")
    assert [one for one in await found(words) if one not in ("Tea Set 茶具",) or one in names] == names


@pytest.mark.parametrize("nothing", [None, "", " ", "\u3000\t"])
async def test_an_empty_question_is_none(db, nothing):
    await shelved("龙井", "毛峰")
    assert await found(nothing) == ["毛峰", "龙井"]
    assert [one.name for one in await products.page(words=nothing)] == ["龙井", "毛峰"]


async def test_what_a_product_is_found_by_follows_its_name_and_numbers(db):
    (tea,) = await shelved("龙井", code="LJ-01", barcode="6901234567892")
    assert await found("lj01") == await found("690123") == ["龙井"]
    await products.change_sku(tea.skus[0].id, code="XX-9")
    assert await found("lj01") == [] and await found("xx9") == ["龙井"] == await found("690123")
    await products.change(tea.id, name="毛峰", code="P-1")
    assert await found("龙井") == [] and await found("maofeng p1") == ["毛峰"]
    await products.change(tea.id, state="off_shelf")
    assert await found("毛峰") == []
    assert [one.id for one in await products.page(off_shelf_too=True, words="mf")] == [tea.id]
    assert await products.page(words="mf") == await products.page(off_shelf_too=True, words="!") == []
    await database.execute("UPDATE product SET words = ''")
    assert [await search_index.index_missing() for _ in range(2)] == [1, 0]
    assert len(await products.page(off_shelf_too=True, words="maofeng p1")) == 1


async def paged(order, **wanted):
    seen, after = [], None
    while rows := await search.find(search.Wanted(order=order, **wanted), ANYBODY, after=after, limit=2):
        seen.extend(one.name for one in rows)
        after = search.place(rows[-1], order)
    return seen


async def test_orders_are_paged_without_gaps_or_repeats(db):
    made = await shelved(*"甲乙丙丁戊")
    for product, sold in zip(made, (3, 9, 3, 0, 3), strict=True):
        await database.execute("UPDATE product SET sold = $2 WHERE id = $1", product.id, sold)
    await products.change_sku(made[4].skus[0].id, price_fen=1_000)
    assert await paged("newest") == list("戊丁丙乙甲")
    assert await paged("sales") == list("乙戊丙甲丁")
    assert await paged("cheapest") == list("甲戊乙丙丁")
    assert await paged("dearest") == list("丁丙乙戊甲")
    assert await paged("cheapest", from_fen=1_100, until_fen=1_200) == list("乙丙")
    assert await paged("newest", from_fen=1_200, until_fen=1_100) == []


async def test_a_category_shows_what_stands_within_it_unless_it_is_hidden(db):
    top = await categories.add(1, categories.Terms("茶"), key=factories.key())
    inner = await categories.add(1, categories.Terms("绿茶", top.id), key=factories.key())
    one, two, _other = await shelved("龙井", "毛峰", "茶杯")
    await categories.put_product(one.id, [inner.id, top.id])
    await categories.put_product(two.id, [top.id])
    assert await found(category_id=top.id) == ["毛峰", "龙井"] and await found(category_id=inner.id) == [
        "龙井"
    ]
    assert await found("mf", category_id=top.id, order="sales") == ["毛峰"]
    await categories.put(top.id, categories.Terms("茶", is_shown=False))
    assert await found(category_id=inner.id) == [] == await found(category_id=404)
    assert len(await found()) == 3


async def test_the_clock_counts_what_was_sold_lately(db):
    customer = await factories.customer(principal=50_000)
    tea, cup, cake = [one.skus[0] for one in await shelved("龙井", "茶杯", "糕点")]

    async def order(sku, quantity):
        return await orders.place(customer.id, [orders.Wanted(sku.id, quantity)], key=factories.key())

    for sku, quantity in ((tea, 2), (tea, 1), (cup, 4)):
        await orders.pay(customer.id, (await order(sku, quantity)).order_no, key=factories.key())
    await order(tea, 1)  # unpaid
    part = (await order(cake, 2)).order_no
    await orders.pay(customer.id, part, key=factories.key())
    await shipments.ship(
        shipments.By(1), part, shipments.Parcel("圆通", "YT0001", {cake.id: 1}), key=factories.key()
    )
    bill_no = (await orders.get(customer.id, part)).bill_no
    bill = await bills.find(bill_no)
    await refunds.of_bill(
        factories.open_channels(), 1, bill_no, amount_fen=bill.amount_fen, reason="断货", key=factories.key()
    )
    await order_review.close(order_review.By(1), part, key=factories.key())  # one of two was sent
    back = await order(cup, 1)
    await orders.pay(customer.id, back.order_no, key=factories.key())
    await orders.cancel(customer.id, back.order_no)
    assert [await sales.count() for _ in range(2)] == [3, 0]
    assert await found(order="sales") == ["茶杯", "龙井", "糕点"]
    assert [one.sold for one in await search.find(search.Wanted(order="sales"), ANYBODY)] == [4, 3, 1]
    clock.set_offset(timedelta(days=31))
    assert await sales.count() == 3 and {one.sold for one in await search.find(search.Wanted(), ANYBODY)} == {
        0
    }
