"""Stock by store: never promised twice, every change written down, an alert once per crossing."""

import asyncio

import asyncpg
import pytest

from billing import staff_alerts, stores
from core import db as database
from shop import order_records, order_review, orders, orders_shown, stock
from tests import factories


async def low_alerts():
    return [one for one in await staff_alerts.page(is_open=True) if one.kind == "stock_low"]


async def test_of_64_buyers_of_the_last_10_exactly_10_get_one(db):
    buyers, sku = [await factories.customer() for _ in range(64)], await factories.sku(stock=10)
    placed = await asyncio.gather(
        *(orders.place(one.id, [orders.Wanted(sku.id, 1)], key="the-last-ones") for one in buyers),
        return_exceptions=True,
    )
    outcomes = [type(one).__name__ for one in placed]
    assert (outcomes.count("Order"), outcomes.count("OutOfStock")) == (10, 54)
    assert await stock.level(sku.id) == stock.Level(sku.id, 0, 10, 10, None)


async def test_baskets_in_any_order_neither_deadlock_nor_oversell(db):
    skus = [(await factories.sku(stock=6)).id for _ in range(3)]
    buyers = [await factories.customer() for _ in range(12)]
    placed = await asyncio.gather(
        *(
            orders.place(one.id, [orders.Wanted(skus[(n + k) % 3], 1) for k in range(3)], key="a-basket-01")
            for n, one in enumerate(buyers)
        ),
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in placed].count("Order") == 6
    assert set((await factories.available(skus)).values()) == {0}


async def test_what_is_short_is_named_and_nothing_is_kept(db):
    customer = await factories.customer()
    plenty, few = (await factories.sku(stock=9)).id, (await factories.sku(stock=1)).id
    with pytest.raises(orders.OutOfStock) as refused:
        await orders.place(customer.id, [orders.Wanted(plenty, 2), orders.Wanted(few, 2)], key="basket-0001")
    assert refused.value.params == {"sku_id": few, "stock": 1, "quantity": 2}
    assert await factories.available([plenty, few]) == {plenty: 9, few: 1}
    made = await orders.place(customer.id, [orders.Wanted(plenty, 2)], key="basket-0001")
    assert made.total_fen == 2_000, "the key of a refusal is free again"


async def test_the_database_itself_never_oversells(db):
    sku = await factories.sku(stock=1)
    with pytest.raises(asyncpg.CheckViolationError, match="stock_never_oversold"):
        await database.execute("UPDATE stock SET reserved = 2 WHERE sku_id = $1", sku.id)


async def test_an_operator_counts_and_changes_and_every_movement_says_who_and_why(db):
    sku, customer = await factories.sku(stock=5), await factories.customer()
    await orders.place(customer.id, [orders.Wanted(sku.id, 2)], key="keeps-two-1")
    for wish, key in (
        (stock.Change(change=3, reason="到货"), "arrived-01"),
        (stock.Change(change=3, reason="到货"), "arrived-01"),
        (stock.Change(counted=7, reason="盘点"), "counted-01"),
    ):
        level = await stock.change(7, sku.id, wish, key=key)
    assert (level.on_hand, level.reserved, level.available) == (7, 2, 5)
    seen = [
        (one.kind, one.change, one.on_hand_after, one.by, one.reason) for one in await stock.movements(sku.id)
    ]
    assert seen == [
        ("counted", -1, 7, "operator:7", "盘点"), ("adjusted", 3, 8, "operator:7", "到货"), ("opened", 5, 5, "setup", ""),
    ]  # fmt: skip
    for wish, refusal in (
        (stock.Change(counted=1), stock.StockReserved),
        (stock.Change(change=-6), stock.StockReserved),
        (stock.Change(change=-8), stock.StockOutOfRange),
        (stock.Change(change=stock.MOST), stock.StockOutOfRange),
        (stock.Change(counted=1, change=1), stock.CountedOrChanged),
    ):
        with pytest.raises(refusal):
            await stock.change(7, sku.id, wish, key=factories.key())
    with pytest.raises(stock.NoSuchSku):
        await stock.change(7, 10**9, stock.Change(counted=1), key=factories.key())


async def test_another_stores_stock_is_its_own(db):
    sku = await factories.sku(stock=5)
    await stores.put("lake", name="湖滨店")
    await stores.put("hill", name="山上店")
    await stock.change(1, sku.id, stock.Change(counted=2), store="lake", within=["lake"], key="at-the-lake")
    for store in ("hill", None):
        with pytest.raises(stock.NotYourStore):
            await stock.change(
                1, sku.id, stock.Change(counted=2), store=store, within=["lake"], key=factories.key()
            )
    assert await factories.available([sku.id]) == {sku.id: 5}
    assert await factories.available([sku.id], await stores.id_of("lake")) == {sku.id: 2}
    assert await factories.available([sku.id], await stores.id_of("hill")) == {sku.id: 0}


async def test_an_order_from_a_store_takes_its_stock_and_is_served_there_only(db):
    await stores.put("lake", name="湖滨店")
    sku, customer = await factories.sku(stock=5), await factories.customer(principal=9_000)
    await stock.change(1, sku.id, stock.Change(counted=2), store="lake", key="at-the-lake")
    wanted, lake = [orders.Wanted(sku.id, 2)], await stores.id_of("lake")
    order = await orders.place(customer.id, wanted, orders.How(store="lake"), key=factories.key())
    assert await factories.available([sku.id], lake) == {sku.id: 0}
    with pytest.raises(orders.OutOfStock):
        await orders.place(customer.id, wanted, orders.How(store="lake"), key=factories.key())
    await orders.pay(customer.id, order.order_no, key=factories.key())
    with pytest.raises(orders.NoSuchOrder):
        await order_records.read(order.order_no, within=["hill"])
    assert await orders_shown.everybodys(within=["hill"]) == []
    (seen,) = await orders_shown.everybodys(within=["lake"])
    for codes, may in ((frozenset({"hill"}), False), (frozenset({"lake"}), True)):
        act = order_review.hand_over(order_review.By(1, codes), order.order_no, key=factories.key())
        if may:
            await act
        else:
            with pytest.raises(orders.NoSuchOrder):
                await act
    assert seen.order_no == order.order_no and await factories.available([sku.id]) == {sku.id: 5}
    assert (await stock.level(sku.id, lake)).on_hand == 0


async def test_low_stock_is_told_once_per_crossing(db):
    sku, customer = await factories.sku(stock=5), await factories.customer()
    await stock.change(1, sku.id, stock.Change(low_at=3), key="alert-at-3")
    assert await low_alerts() == []
    made = []
    for n, alerts in ((1, 0), (1, 1), (1, 1)):
        made.append(await orders.place(customer.id, [orders.Wanted(sku.id, n)], key=factories.key()))
        assert len(await low_alerts()) == alerts
    assert (await low_alerts())[0].params == {"sku_id": sku.id, "name": "龙井 50克", "left": 3}
    for order in made:
        await orders.cancel(customer.id, order.order_no)
    assert await low_alerts() == []
    await orders.place(customer.id, [orders.Wanted(sku.id, 4)], key=factories.key())
    assert len(await low_alerts()) == 1
    await stock.change(1, sku.id, stock.Change(low_at=-1), key="alert-off-1")
    assert await low_alerts() == []
