"""Products on spec axes, their numbers, categories, and what they cost whom."""

import asyncio
from datetime import timedelta

import pytest

from billing import stores
from core import clock
from core import db as database
from members import tiers
from shop import categories, orders, price_rules, prices, products, products_skus, shelf, stock
from tests import factories

COLOURS = products.Axis("颜色", ("红", "蓝"))
SIZES = products.Axis("尺寸", ("大", "小"))


def sku(specs=(), price_fen=1_000, **more):
    return products.NewSku(more.pop("name", ""), price_fen, more.pop("stock", 5), tuple(specs), **more)


async def shirt(**more):
    """A shirt in three of four combinations."""
    skus = [sku(("红", "大")), sku(("红", "小"), 900), sku(("蓝", "大"), 1_100)]
    new = products.NewProduct("衬衫", "", skus, axes=(COLOURS, SIZES), **more)
    return await products.add_once(1, new, key=factories.key())


async def lowest(product):
    return await database.fetchval("SELECT lowest_fen FROM product WHERE id = $1", product.id)


async def cost(sku_id, customer_id=None, store_id=None):
    found = (await prices.of([sku_id], customer_id=customer_id, store_id=store_id))[sku_id]
    return found.price_fen, found.reason


async def rule(sku_id, price_fen, **when):
    return await price_rules.add(1, sku_id, price_rules.NewRule(price_fen, **when), key=factories.key())


async def test_skus_stand_on_axes_and_are_called_by_their_values(db):
    product = await shirt(code="SHIRT")
    assert [one.name for one in product.skus] == ["红 / 大", "红 / 小", "蓝 / 大"]
    assert product.axes == (COLOURS, SIZES) and product.code == "SHIRT" and await lowest(product) == 900
    seen = await shelf.one(product.id, shelf.Looking())
    assert [tuple(one.specs) for one in seen.skus] == [one.specs for one in product.skus]


@pytest.mark.parametrize(
    ("axes", "skus", "refusal"),
    [
        ((COLOURS,), [("红",), ("红",)], products.SpecsTwice),
        ((COLOURS, COLOURS), [("红", "红")], products.SpecsTwice),
        ((products.Axis("颜色", ("红", "红")),), [("红",)], products.SpecsTwice),
        ((COLOURS,), [("绿",)], products.SpecsDoNotFit),
        ((COLOURS,), [()], products.SpecsDoNotFit),
        ((), [("红",)], products.SpecsDoNotFit),
    ],
)
async def test_skus_that_do_not_fit_their_axes_are_refused(db, axes, skus, refusal):
    new = products.NewProduct("衬衫", "", [sku(values) for values in skus], axes=axes)
    with pytest.raises(refusal):
        await products.add_once(1, new, key=factories.key())
    assert await products.page(off_shelf_too=True) == []


async def test_skus_are_set_anew_and_those_left_out_are_withdrawn(db):
    product = await shirt()
    red_big, red_small, blue_big = product.skus
    customer = await factories.customer()
    order = await orders.place(customer.id, [orders.Wanted(red_big.id, 1)], key=factories.key())
    wanted = [
        products_skus.Wanted(sku(("蓝", "大"), 950, code="B"), red_small.id),  # the two change places
        products_skus.Wanted(sku(("红", "小"), 800, code="A", stock=99), blue_big.id),
        products_skus.Wanted(sku(("蓝", "小"), 1_200, stock=7)),
    ]
    changed = await products_skus.put(1, product.id, (COLOURS, SIZES), wanted)
    assert [(one.id, one.specs, one.price_fen, one.stock) for one in changed.skus[:2]] == [
        (red_small.id, ("蓝", "大"), 950, 5),
        (blue_big.id, ("红", "小"), 800, 5),
    ]
    assert len(changed.skus) == 3 and await lowest(product) == 800
    (brought,) = await stock.movements(changed.skus[2].id)
    assert (brought.kind, brought.change, brought.by) == ("opened", 7, "operator:1")
    assert (await orders.get(customer.id, order.order_no)).lines[0].sku_id == red_big.id
    with pytest.raises(orders.SkuNotForSale):
        await orders.place(customer.id, [orders.Wanted(red_big.id, 1)], key=factories.key())
    swapped = [
        products_skus.Wanted(sku(("蓝", "大"), code="A"), red_small.id),
        products_skus.Wanted(sku(("红", "小"), code="B"), blue_big.id),
    ]
    assert [one.code for one in (await products_skus.put(1, product.id, (COLOURS, SIZES), swapped)).skus] == [
        "A",
        "B",
    ]
    back = [products_skus.Wanted(sku(name="均码"), red_big.id)]
    assert [one.id for one in (await products_skus.put(1, product.id, (), back)).skus] == [red_big.id]


async def test_a_sku_of_another_product_cannot_be_set(db):
    product, other = await shirt(), await factories.sku()
    for wanted in (
        [products_skus.Wanted(sku(name="x"), other.id)],
        [products_skus.Wanted(sku(name="x"), 404)],
    ):
        with pytest.raises(products.NoSuchSku):
            await products_skus.put(1, product.id, (), wanted)
    twice = [
        products_skus.Wanted(sku(("红",)), product.skus[0].id),
        products_skus.Wanted(sku(("蓝",)), product.skus[0].id),
    ]
    with pytest.raises(products.SpecsTwice):
        await products_skus.put(1, product.id, (COLOURS,), twice)
    with pytest.raises(products.NoSuchProduct):
        await products_skus.put(1, 404, (), [products_skus.Wanted(sku(name="x"))])
    assert len((await products.get(product.id)).skus) == 3


async def test_a_number_belongs_to_one(db):
    first, second = await shirt(code="S1"), await shirt(code="S2")
    await products.change_sku(first.skus[0].id, code="A-1", barcode="690", weight_g=200)
    for change in (
        products.change(second.id, code="S1"),
        products.change_sku(second.skus[0].id, code="A-1"),
        products.change_sku(second.skus[0].id, barcode="690"),
        shirt(code="S1"),
        products_skus.put(1, second.id, (), [products_skus.Wanted(sku(name="x", code="A-1"))]),
        products_skus.put(
            1, second.id, (COLOURS,), [products_skus.Wanted(sku((c,), code="Z")) for c in "红蓝"]
        ),
    ):
        with pytest.raises(products.CodeTaken):
            await change
    kept = await products.change_sku(first.skus[0].id, code="A-1", price_fen=500)
    assert (kept.code, kept.barcode, kept.weight_g, await lowest(first)) == ("A-1", "690", 200, 500)
    changed = await asyncio.gather(
        *(products.change_sku(product.skus[1].id, code="SAME") for product in (first, second)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in changed) == ["CodeTaken", "Sku"]


async def test_the_lowest_price_survives_two_changes_at_once(db):
    product = await shirt()
    await asyncio.gather(
        *(products.change_sku(one.id, price_fen=2_000 + n) for n, one in enumerate(product.skus))
    )
    assert await lowest(product) == 2_000


async def test_the_same_key_adds_one_product(db):
    new = products.NewProduct("衬衫", "", [sku(name="均码")])
    made = await asyncio.gather(*(products.add_once(1, new, key="the-same-key") for _ in range(4)))
    assert len({one.id for one in made}) == 1 and len(await products.page()) == 1
    assert [one.by for one in await stock.movements(made[0].skus[0].id)] == ["operator:1"]
    with pytest.raises(products.KeyReused):
        await products.add_once(1, products.NewProduct("裤子", "", [sku(name="x")]), key="the-same-key")


async def added(name, parent=None, **more):
    return await categories.add(1, categories.Terms(name, parent and parent.id, **more), key=factories.key())


async def test_categories_stand_within_each_other(db):
    tea = await added("茶叶")
    sweets = await added("点心", sort_order=-1)
    green = await added("绿茶", tea)
    assert [(one.name, one.depth) for one in await categories.listing()] == [
        ("点心", 1),
        ("茶叶", 1),
        ("绿茶", 2),
    ]
    assert categories.names(await categories.listing())["茶叶/绿茶"] == green.id
    moved = await categories.put(tea.id, categories.Terms("茶", sweets.id))
    assert (moved.depth, (await categories.get(green.id)).depth) == (2, 3)
    await categories.put(sweets.id, categories.Terms("点心", is_shown=False))
    assert await categories.listing() == [] and len(await categories.listing(hidden_too=True)) == 3
    with pytest.raises(categories.CategoryWithinItself):
        await categories.put(sweets.id, categories.Terms("点心", green.id))
    deep = await added("深", green)
    with pytest.raises(categories.CategoriesTooDeep):
        await added("更深", deep)
    nowhere = categories.add(1, categories.Terms("x", 404), key=factories.key())
    for missing in (categories.put(404, categories.Terms("x")), categories.remove(404), nowhere):
        with pytest.raises(categories.NoSuchCategory):
            await missing
    with pytest.raises(categories.CategoryInUse):
        await categories.remove(green.id)
    await categories.remove(deep.id)


async def test_two_who_move_categories_into_each_other_make_no_circle(db):
    one, other = await added("一"), await added("二")
    moved = await asyncio.gather(
        categories.put(one.id, categories.Terms("一", other.id)),
        categories.put(other.id, categories.Terms("二", one.id)),
        return_exceptions=True,
    )
    assert sorted(type(done).__name__ for done in moved) == ["Category", "CategoryWithinItself"]
    assert len(await categories.listing()) == 2


async def test_a_product_stands_in_several_categories(db):
    tea, gifts = await added("茶叶"), await added("礼品")
    product = await shirt()
    assert (await categories.put_product(product.id, [gifts.id, tea.id, tea.id])).category_ids == (
        tea.id,
        gifts.id,
    )
    assert (await categories.put_product(product.id, [gifts.id])).category_ids == (gifts.id,)
    with pytest.raises(categories.NoSuchCategory):
        await categories.put_product(product.id, [404])
    with pytest.raises(categories.CategoryInUse):
        await categories.remove(gifts.id)
    with pytest.raises(categories.NoSuchProduct):
        await categories.put_product(404, [])


async def test_the_lowest_price_that_applies_is_taken(db):
    for rank, code in enumerate(("silver", "gold")):
        await tiers.put(code, name_zh=code, name_en=code, rank=rank)
    await stores.put("west-lake", name="西湖店")
    here, now = await stores.id_of("west-lake"), clock.now()
    nobody, silver, gold = [await factories.customer(tier=tier) for tier in (None, "silver", "gold")]
    tea = await factories.sku(1_000)
    assert await cost(tea.id) == (1_000, "list")
    await rule(tea.id, 900, tier="silver")
    assert [await cost(tea.id, one.id) for one in (nobody, silver, gold)] == [
        (1_000, "list"), (900, "tier"), (900, "tier"),
    ]  # fmt: skip
    await rule(tea.id, 850, tier="gold")
    await rule(tea.id, 870, store="west-lake")
    assert [await cost(tea.id, one.id, here) for one in (nobody, silver, gold)] == [
        (870, "store"), (870, "store"), (850, "tier"),
    ]  # fmt: skip
    await rule(tea.id, 1_500, from_at=now - timedelta(days=9))  # never dearer than the list says
    sale = await rule(tea.id, 800, from_at=now + timedelta(hours=1), until_at=now + timedelta(hours=2))
    assert await cost(tea.id, gold.id) == (850, "tier")
    clock.set_offset(timedelta(hours=1, seconds=1))
    assert await cost(tea.id) == (800, "period")
    seen = (await shelf.one(1, shelf.Looking(gold.id))).skus[0]
    assert (seen.price_fen, seen.list_fen, seen.price_reason) == (800, 1_000, "period")
    order = await orders.place(nobody.id, [orders.Wanted(tea.id, 2)], key=factories.key())
    assert order.total_fen == 1_600
    ended = await price_rules.end(1, sale.id)
    assert ended == await price_rules.end(2, sale.id) and ended.ended_by == "operator:1"
    assert await cost(tea.id) == (1_000, "list")
    assert len(await price_rules.page(tea.id)) == 5
    assert await prices.of([404], customer_id=None, store_id=None) == {}


async def test_price_rules_that_make_no_sense_are_refused(db, monkeypatch):
    tea, now = await factories.sku(1_000), clock.now()
    for refusal, sku_id, wish in (
        (price_rules.PriceRuleForNothing, tea.id, {}),
        (price_rules.PricePeriodReversed, tea.id, {"from_at": now, "until_at": now}),
        (price_rules.NoSuchTier, tea.id, {"tier": "gold"}),
        (price_rules.NoSuchStore, tea.id, {"store": "nowhere"}),
        (price_rules.NoSuchSku, 404, {"from_at": now}),
    ):
        with pytest.raises(refusal):
            await rule(sku_id, 900, **wish)
    with pytest.raises(price_rules.NoSuchPriceRule):
        await price_rules.end(1, 404)
    monkeypatch.setattr(price_rules, "MAX_OF_A_SKU", 1)
    both = await asyncio.gather(*(rule(tea.id, 900, from_at=now) for _ in range(2)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in both) == ["Rule", "TooManyPriceRules"]
