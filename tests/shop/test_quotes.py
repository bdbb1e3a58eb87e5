"""Quotes: the preview of an order comes to what the order does, whatever is in it."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import terms
from core import clock, money
from core import db as database
from members import addresses, coupon_rules, points, points_rules
from shop import (
    categories,
    order_changes,
    orders,
    placing,
    price_rules,
    products,
    quotes,
    savings,
    shipments,
    stock,
)
from shop.freight import NotDeliveredThere, Zone
from tests import factories
from tests.members.test_coupons import given
from tests.members.test_points import RULE
from tests.shop.test_freight import template


async def home(customer_id, region_code="330106", province="浙江省"):
    """The id of an address there."""
    where = addresses.Where("李小雨", "13800138000", region_code, province, "杭州市", "西湖区", "文三路 1 号")
    return (await addresses.add(customer_id, where, is_default=False, key=factories.key())).id


async def priced(customer_id, wanted, wish=quotes.PLAIN):
    return await quotes.quote(
        customer_id, stock.merged((line.sku_id, line.quantity) for line in wanted), wish
    )


async def with_points(customer_id, amount_fen=1_000_000):
    """Gives a customer points, and says how many a yuan is."""
    await points_rules.put(RULE, by="operator:1")
    return await factories.earn(customer_id, amount_fen, factories.key())


def same(quote, order):
    told = (quote.goods_fen, quote.discount_fen, quote.freight_fen, quote.total_fen, quote.tax_fen)
    assert told == (order.goods_fen, order.discount_fen, order.freight_fen, order.total_fen, order.tax_fen)
    lines, kept = [
        [
            (line.sku_id, line.quantity, line.price_fen, line.discount_fen, line.tax_percent, line.tax_fen)
            for line in one.lines
        ]
        for one in (quote, order)
    ]
    assert lines == kept
    assert (
        sum(line.amount_fen - line.discount_fen for line in order.lines) + order.freight_fen
        == order.total_fen
    )


async def taxed(sku_id, percent):
    """The SKU's product stands in one more category, which has this rate."""
    product_id = await database.fetchval("SELECT product_id FROM sku WHERE id = $1", sku_id)
    category = await categories.add(
        1, categories.Terms(f"{percent}", tax_percent=percent), key=factories.key()
    )
    await categories.put_product(product_id, [*(await products.get(product_id)).category_ids, category.id])
    return category


@pytest.mark.parametrize("seed", range(3))
async def test_the_preview_is_what_the_order_comes_to(db, seed):
    chance = random.Random(seed)
    terms.use(replace(terms.current(), included_tax_percent=chance.choice([0, 1, 13])))
    customer = await factories.customer()
    skus = [(await factories.sku(chance.randrange(1, 9_999), stock=900)).id for _ in range(4)]
    await taxed(skus[0], chance.choice([None, 6]))
    await taxed(skus[1], 9)
    have, there = await with_points(customer.id), await home(customer.id)
    await template(
        Zone((), first_units=1, first_fen=chance.randrange(1, 2_000), free_from_fen=30_000), default=True
    )
    await price_rules.add(
        1,
        skus[0],
        price_rules.NewRule(price_fen=1, from_at=clock.now() - timedelta(hours=1)),
        key=factories.key(),
    )
    for number in range(12):
        wanted = [
            orders.Wanted(chance.choice(skus), chance.randrange(1, 9)) for _ in range(chance.randrange(1, 6))
        ]
        coupons = []
        if number % 2:
            coupons = [
                await given(customer, name=f"减{off}", off_fen=off)
                for off in chance.sample([1, 333, 9_999_999], 2)
            ]
        wish = placing.How(
            address_id=chance.choice([None, there]),
            coupon_nos=tuple(coupons),
            points=chance.choice([0, 0, have // 40]),
        )
        try:
            shown = await priced(customer.id, wanted, wish)
        except quotes.REFUSALS as refusal:
            with pytest.raises(type(refusal)):
                await orders.place(customer.id, wanted, wish, key=factories.key())
            continue
        order = await orders.place(
            customer.id, wanted, replace(wish, total_fen=shown.total_fen), key=factories.key()
        )
        same(shown, order)
        assert order.total_fen >= 1


async def test_what_was_shown_and_is_another_now_is_said(db):
    customer, sku = await factories.customer(), await factories.sku(1_000)
    wanted = [orders.Wanted(sku.id, 2)]
    shown = await priced(customer.id, wanted)
    await products.change_sku(sku.id, price_fen=1_200)
    how = placing.How(total_fen=shown.total_fen)
    with pytest.raises(orders.PriceChanged) as refused:
        await orders.place(customer.id, wanted, how, key="the-key-01")
    assert refused.value.params == {"total_fen": 2_400, "shown_fen": 2_000}
    assert await factories.available([sku.id]) == {sku.id: 100}
    await orders.place(customer.id, wanted, placing.How(total_fen=2_400), key="the-key-01")
    await products.change_sku(sku.id, price_fen=1)
    again = await orders.place(customer.id, wanted, placing.How(total_fen=2_400), key="the-key-01")
    assert again.total_fen == 2_400, "the same key has its order, whatever it would come to now"


async def test_coupons_and_points_go_with_the_order_and_come_back_when_it_is_not_to_be(db):
    customer, sku = await factories.customer(principal=50_000), await factories.sku(10_000)
    have = await with_points(customer.id)
    coupon = await given(customer, off_fen=1_500, name="立减15")
    how = placing.How(coupon_nos=(coupon,), points=have // 40)
    order = await orders.place(customer.id, [orders.Wanted(sku.id, 2)], how, key=factories.key())
    assert [one.kind for one in order.discounts] == ["coupon", "points"] and order.discount_fen > 1_500
    with pytest.raises(quotes.REFUSALS):
        await orders.place(customer.id, [orders.Wanted(sku.id, 2)], how, key=factories.key())
    paid = await orders.pay(customer.id, order.order_no, key=factories.key())
    assert sum(await factories.balance(customer.id)) == 50_000 - paid.total_fen
    assert await _points(customer.id) == have - have // 40
    await asyncio.gather(*(orders.cancel(customer.id, order.order_no) for _ in range(3)))
    assert await _points(customer.id) == have
    assert sum(await factories.balance(customer.id)) == 50_000
    again = await orders.place(customer.id, [orders.Wanted(sku.id, 2)], how, key=factories.key())
    assert again.total_fen == order.total_fen


async def test_what_a_change_leaves_out_stays_and_its_preview_comes_to_the_same(db):
    customer, sku = await factories.customer(principal=50_000), await factories.sku(10_000, stock=3)
    have = await with_points(customer.id)
    coupon = await given(customer, off_fen=1_500, name="立减15")
    how = placing.How(coupon_nos=(coupon,), points=have // 40, remark="少冰")
    order = await orders.place(customer.id, [orders.Wanted(sku.id, 2)], how, key=factories.key())

    async def changed(change):
        before = await orders.get(customer.id, order.order_no), await _points(customer.id)
        shown = await order_changes.preview(customer.id, order.order_no, change)
        assert before == (await orders.get(customer.id, order.order_no), await _points(customer.id))
        now = await order_changes.edit(customer.id, order.order_no, change, key=factories.key())
        same(shown, now)
        return now, shown

    more, shown = await changed(order_changes.Change({sku.id: 3}))
    assert [one.kind for one in more.discounts] == ["coupon", "points"] and more.remark == "少冰"
    assert more.total_fen - order.total_fen == 10_000
    assert (shown.lines[0].available, shown.lines[0].in_stock) == (3, True)
    assert await _points(customer.id) == have - have // 40
    plain, _ = await changed(order_changes.Change(coupon_nos=(), remark=""))
    assert [(one.kind, one.points) for one in plain.discounts] == [("points", have // 40)]
    assert (plain.remark, plain.lines[0].quantity) == ("", 3)
    none, _ = await changed(order_changes.Change(points=0))
    assert (none.discounts, none.total_fen, await _points(customer.id)) == ((), 30_000, have)


async def test_a_coupon_or_points_that_take_nothing_off_are_not_used_up(db):
    customer, piece = await factories.customer(), await factories.sku(1)
    coupon = await given(customer, off_fen=1_500)
    with pytest.raises(quotes.CouponForNothing):
        await priced(customer.id, [orders.Wanted(piece.id, 1)], quotes.Wish(coupon_nos=(coupon,)))
    await with_points(customer.id)
    await points_rules.put(replace(RULE, off_points=1_000), by="operator:1")
    goods = [orders.Wanted((await factories.sku(5_000)).id, 1)]
    with pytest.raises(quotes.PointsForNothing):
        await priced(customer.id, goods, quotes.Wish(points=9))
    assert (await priced(customer.id, goods, quotes.Wish(points=10))).points_fen == 1


async def test_one_coupon_for_two_orders_at_once_is_used_once(db):
    customer, sku = await factories.customer(), await factories.sku(10_000)
    how = placing.How(coupon_nos=(await given(customer, off_fen=1_500),))
    done = await asyncio.gather(
        *(orders.place(customer.id, [orders.Wanted(sku.id, 1)], how, key=factories.key()) for _ in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == ["CouponNotUsable"] * 3 + ["Order"]
    assert await factories.available([sku.id]) == {sku.id: 99}


async def _points(customer_id):
    return (await points.redeemable(customer_id, 10**9)).have


async def test_an_order_that_is_sent_pays_freight_and_goes_nowhere_else_unless_changed(db):
    customer, sku = await factories.customer(principal=5_000), await factories.sku(1_000)
    await template(
        Zone(("54",), is_refused=True),
        Zone((), first_units=1, first_fen=800, next_units=1, next_fen=300),
        by="pieces",
        default=True,
    )
    wanted = [orders.Wanted(sku.id, 2)]
    with pytest.raises(NotDeliveredThere):
        away = placing.How(address_id=await home(customer.id, "540102", "西藏自治区"))
        await orders.place(customer.id, wanted, away, key=factories.key())
    order = await orders.place(
        customer.id, wanted, placing.How(address_id=await home(customer.id)), key=factories.key()
    )
    assert (order.freight_fen, order.total_fen, order.address["phone"]) == (1_100, 3_100, "13800138000")
    more = order_changes.Change({sku.id: 3})
    changed = await order_changes.edit(customer.id, order.order_no, more, key=factories.key())
    assert (changed.freight_fen, changed.total_fen, changed.address) == (1_400, 4_400, order.address)
    await orders.pay(customer.id, order.order_no, key=factories.key())
    parcel = shipments.Parcel("顺丰", "SF1234567890")
    await shipments.ship(shipments.By(1), order.order_no, parcel, key=factories.key())
    assert await database.fetchval("SELECT phone_end FROM parcel") == "8000"


async def test_what_could_be_saved_is_said_of_each_coupon_and_of_points(db):
    customer, sku = await factories.customer(), await factories.sku(2_000)
    have = await with_points(customer.id)
    best = await given(customer, off_fen=500)
    much = await given(customer, off_fen=900, least_fen=9_000)
    found = await savings.of(customer.id, {sku.id: 2})
    assert [
        (one.coupon.coupon_no, one.off_fen, one.refusal and one.refusal.code) for one in found.coupons
    ] == [
        (best, 500, None),
        (much, 0, "coupon_too_little"),
    ]
    assert (found.points.have, found.points.off_fen) == (have, 4_000 * RULE.off_share_percent // 100)
    with pytest.raises(quotes.SkuNotForSale):
        await savings.of(customer.id, {404: 1})


async def test_freight_counts_towards_what_an_order_may_come_to(db, monkeypatch):
    customer, sku = await factories.customer(), await factories.sku(1_000)

    async def dear(*_):
        return money.MAX_FEN - 999

    monkeypatch.setattr(quotes.freight, "fee", dear)
    how = placing.How(address_id=await home(customer.id))
    with pytest.raises(quotes.OrderTooLarge):
        await quotes.quote(customer.id, {sku.id: 1}, how)


async def test_a_coupon_for_a_category_is_for_all_that_stands_within_it(db):
    customer, skus, made = await factories.customer(), [], []
    for name in ("食品", "茶", "绿茶"):
        within = categories.Terms(name, made[-1].id if made else None, is_shown=False)
        made.append(await categories.add(1, within, key=factories.key()))
        skus.append((await factories.sku(1_000)).id)
    for sku_id, category in zip(skus, made, strict=True):
        product_id = await database.fetchval("SELECT product_id FROM sku WHERE id = $1", sku_id)
        await categories.put_product(product_id, [category.id])
    coupon = await given(customer, off_fen=300, categories=[made[1].id], name="茶券")
    wanted = [orders.Wanted(sku_id, 1) for sku_id in skus]
    shown = await priced(customer.id, wanted, quotes.Wish(coupon_nos=(coupon,)))
    assert [line.discount_fen for line in shown.lines] == [0, 150, 150]
    (fitting,) = (await savings.of(customer.id, dict.fromkeys(skus, 1))).coupons
    assert (fitting.off_fen, fitting.refusal) == (300, None)
    order = await orders.place(customer.id, wanted, placing.How(coupon_nos=(coupon,)), key=factories.key())
    same(shown, order)
    other = await given(customer, off_fen=300, categories=[made[2].id], name="绿茶券")
    with pytest.raises(coupon_rules.CouponNotForThese):
        await priced(customer.id, wanted[:2], quotes.Wish(coupon_nos=(other,)))
