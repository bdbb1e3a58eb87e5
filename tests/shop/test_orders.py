"""Orders: stock, payment from the balance, cancelling."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from billing import bills, terms
from core import clock, sorting
from core import db as database
from ledger import idempotency, posting
from shop import order_review, orders, orders_shown, placing, products, quotes
from tests import factories


async def placed(customer_id, sku, quantity=1):
    return await orders.place(customer_id, [orders.Wanted(sku.id, quantity)], key=factories.key())


async def stock(sku):
    return await database.fetchval("SELECT on_hand - reserved FROM stock WHERE sku_id = $1", sku.id)


async def test_an_order_takes_stock_fixes_prices_and_owes_its_bill(db):
    customer, sku = await factories.customer(), await factories.sku(1000, stock=10)
    order = await placed(customer.id, sku, 3)
    await products.change_sku(sku.id, price_fen=9999)
    assert (order.state, order.total_fen, order.lines[0].price_fen) == ("placed", 3000, 1000)
    assert await stock(sku) == 7
    assert (await bills.get(customer.id, order.bill_no)).owed_fen == 3000


async def test_paying_from_the_balance_charges_once_however_often_it_is_clicked(db):
    customer, sku = await factories.customer(principal=5000, bonus=500), await factories.sku(2000)
    order = await placed(customer.id, sku)
    outcomes = await asyncio.gather(
        *(orders.pay(customer.id, order.order_no, key=f"click-{n % 3:06d}") for n in range(9)),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in outcomes} <= {orders.Order, orders.OrderStateForbids}
    assert any(isinstance(outcome, orders.Order) and outcome.state == "paid" for outcome in outcomes)
    assert await factories.balance(customer.id) == (3500, 0)
    assert await database.fetchval("SELECT count(*) FROM outbox_message WHERE kind = 'deducted'") == 1


async def test_an_order_the_balance_does_not_cover_is_refused_and_stays_placed(db):
    customer, sku = await factories.customer(principal=1999), await factories.sku(2000)
    order = await placed(customer.id, sku)
    with pytest.raises(posting.InsufficientBalance):
        await orders.pay(customer.id, order.order_no, key="the-key-00")
    assert (await orders.get(customer.id, order.order_no)).state == "placed"
    await factories.topped_up(customer.id, 1)
    assert (await orders.pay(customer.id, order.order_no, key="the-key-00")).state == "paid"


async def test_a_top_up_does_not_pay_an_order_nobody_asked_to_pay(db):
    customer, sku = await factories.customer(), await factories.sku(2000)
    order = await placed(customer.id, sku)
    await factories.topped_up(customer.id, 5000)
    assert (await orders.get(customer.id, order.order_no)).state == "placed"


async def test_two_orders_at_once_on_one_balance_pay_only_one(db):
    customer, sku = await factories.customer(principal=3000), await factories.sku(2000)
    both = [await placed(customer.id, sku) for _ in range(2)]
    outcomes = await asyncio.gather(
        *(orders.pay(customer.id, order.order_no, key=factories.key()) for order in both),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InsufficientBalance", "Order"]
    assert await factories.balance(customer.id) == (1000, 0)


async def test_the_last_piece_is_sold_once(db):
    everyone, sku = [await factories.customer() for _ in range(8)], await factories.sku(stock=3)
    outcomes = await asyncio.gather(
        *(placed(customer.id, sku) for customer in everyone), return_exceptions=True
    )
    assert [type(outcome).__name__ for outcome in outcomes].count("OutOfStock") == 5
    assert await stock(sku) == 0


async def test_cancelling_a_paid_order_returns_money_to_its_lots_and_stock_to_the_shelf(db):
    customer, sku = await factories.customer(principal=1000, bonus=500), await factories.sku(1200, stock=5)
    order = await placed(customer.id, sku)
    await orders.pay(customer.id, order.order_no, key=factories.key())
    assert await factories.balance(customer.id) == (300, 0)
    outcomes = await asyncio.gather(*(orders.cancel(customer.id, order.order_no) for _ in range(4)))
    assert {outcome.state for outcome in outcomes} == {"cancelled"}
    assert await factories.balance(customer.id) == (1000, 500)
    assert await stock(sku) == 5


async def test_paying_and_cancelling_at_once_leave_the_books_right(db):
    customer, sku = await factories.customer(principal=5000), await factories.sku(2000, stock=5)
    for _ in range(6):
        order = await placed(customer.id, sku)
        await asyncio.gather(
            orders.pay(customer.id, order.order_no, key=factories.key()),
            orders.cancel(customer.id, order.order_no),
            return_exceptions=True,
        )
        assert (await orders.get(customer.id, order.order_no)).state == "cancelled"
    assert await factories.balance(customer.id) == (5000, 0)
    assert await stock(sku) == 5


async def test_an_unpaid_order_expires_and_gives_its_stock_back(db):
    customer, sku = await factories.customer(), await factories.sku(stock=5)
    order = await placed(customer.id, sku, 2)
    assert await orders.expire_unpaid() == 0
    clock.set_offset(timedelta(minutes=31))
    assert await orders.expire_unpaid() == 1
    assert (await orders.get(customer.id, order.order_no)).state == "cancelled"
    assert await stock(sku) == 5


async def test_deadlines_are_taken_away_when_they_have_passed(db, monkeypatch):
    """Paying and cancelling leave them. However many passed; that of an order being paid stays, and its order lapses when that ended."""
    monkeypatch.setattr(orders, "_AT_ONCE", 2)
    customer, sku = await factories.customer(principal=50_000), await factories.sku(1000, stock=50)
    made = [await placed(customer.id, sku) for _ in range(6)]
    for order in made[:4]:
        await orders.pay(customer.id, order.order_no, key=factories.key())
    await orders.cancel(customer.id, made[4].order_no)
    assert await deadlines() == [order.id for order in made]
    assert await orders.expire_unpaid() == 0
    assert await deadlines() == [order.id for order in made], "none has passed"
    clock.set_offset(timedelta(minutes=31))
    pending = "UPDATE bill SET pending_no = $2 WHERE bill_no = $1"
    await database.execute(pending, made[5].bill_no, "C0")
    assert await orders.expire_unpaid() == 0
    assert await deadlines() == [made[5].id]
    await database.execute(pending, made[5].bill_no, None)
    assert await orders.expire_unpaid() == 1
    assert (await orders.get(customer.id, made[5].order_no)).state == "cancelled"
    assert await orders.expire_unpaid() == 0
    assert await deadlines() == []
    assert [order.state for order in await orders_shown.everybodys()] == ["cancelled"] * 2 + ["paid"] * 4


async def deadlines():
    return [
        row["order_id"] for row in await database.fetch("SELECT order_id FROM order_deadline ORDER BY id")
    ]


async def test_orders_are_found_by_each_of_their_states(db):
    """And by several at once, whatever index that is found by."""
    customer, by = await factories.customer(principal=50_000), order_review.By(1)
    sku = await factories.sku(1000, stock=50)
    state_of = {}
    for state in ("placed", "cancelled", "paid", "confirmed", "completed"):
        order = await placed(customer.id, sku)
        if state == "cancelled":
            await orders.cancel(customer.id, order.order_no)
        elif state != "placed":
            await orders.pay(customer.id, order.order_no, key=factories.key())
        if state == "confirmed":
            await order_review.confirm(by, order.order_no, key=factories.key())
        elif state == "completed":
            await order_review.hand_over(by, order.order_no, key=factories.key())
        state_of[order.order_no] = state
    for sort in (None, sorting.Sort("-placed_at"), sorting.Sort("total_fen")):
        for size in (1, 2, 5):
            for wanted in itertools.combinations(state_of.values(), size):
                seen = await orders_shown.everybodys(states=wanted, sort=sort)
                assert {order.order_no for order in seen} == {
                    no for no, state in state_of.items() if state in wanted
                }


async def test_of_many_orders_at_once_so_many_may_wait_for_their_payment(db):
    customer, sku = await factories.customer(principal=5000), await factories.sku(100, stock=64)
    wanted = [orders.Wanted(sku.id, 1)]
    every = [f"many-at-once-{n}" for n in range(64)]

    async def at_once():
        calls = (orders.place(customer.id, wanted, key=key) for key in every)
        return await asyncio.gather(*calls, return_exceptions=True)

    made, again = await at_once(), await at_once()
    kept = [order for order in made if isinstance(order, orders.Order)]
    refused = [order for order in made if isinstance(order, placing.TooManyUnpaidOrders)]
    assert (len(kept), len(refused), await stock(sku)) == (20, 44, 44)
    assert refused[0].params == {"limit": 20}
    assert [getattr(order, "order_no", None) for order in again] == [
        getattr(order, "order_no", None) for order in made
    ]
    other = await factories.customer()
    assert (await placed(other.id, sku)).state == "placed"  # nobody else's matter
    await orders.pay(customer.id, kept[0].order_no, key=factories.key())
    await orders.cancel(customer.id, kept[1].order_no)
    last = [key for key, order in zip(every, made, strict=True) if order in refused][:3]
    outcomes = [
        await asyncio.gather(orders.place(customer.id, wanted, key=key), return_exceptions=True)
        for key in last
    ]
    assert [type(outcome[0]).__name__ for outcome in outcomes] == ["Order", "Order", "TooManyUnpaidOrders"]


async def test_what_is_paid_as_it_is_placed_does_not_wait(db):
    terms.use(replace(terms.current(), unpaid_orders_most=1))
    customer, sku = await factories.customer(principal=250), await factories.sku(100, stock=9)
    waiting = await placed(customer.id, sku)
    how, wanted = orders.How(pay_from="balance"), [orders.Wanted(sku.id, 1)]
    with pytest.raises(orders.TooManyUnpaidOrders):
        await orders.place(customer.id, wanted, key=factories.key())
    keys = [factories.key() for _ in range(3)]
    calls = [orders._place_and_pay_alone(customer.id, wanted, how, key=key) for key in (*keys, *keys)]
    made = await asyncio.gather(*calls, return_exceptions=True)
    names = [getattr(one, "state", type(one).__name__) for one in made]
    assert sorted(names[:3]) == sorted(names[3:]) == ["TooManyUnpaidOrders", "paid", "paid"]
    assert (await factories.balance(customer.id), await stock(sku)) == ((50, 0), 6)
    assert len(await orders.page(customer.id)) == 3
    assert (await orders.get(customer.id, waiting.order_no)).state == "placed"


async def test_the_same_key_places_one_order_and_another_content_is_refused(db):
    customer, sku = await factories.customer(), await factories.sku(stock=50)
    wanted = [orders.Wanted(sku.id, 2)]
    made = await asyncio.gather(*(orders.place(customer.id, wanted, key="same-key") for _ in range(8)))
    assert len({order.order_no for order in made}) == 1 and await stock(sku) == 48
    with pytest.raises(idempotency.KeyReused):
        await orders.place(customer.id, [orders.Wanted(sku.id, 3)], key="same-key")


async def test_another_customers_order_does_not_exist(db):
    one, other, sku = await factories.customer(), await factories.customer(), await factories.sku()
    order = await placed(one.id, sku)
    for attempt in (
        orders.get(other.id, order.order_no),
        orders.pay(other.id, order.order_no, key=factories.key()),
        orders.cancel(other.id, order.order_no),
    ):
        with pytest.raises(orders.NoSuchOrder):
            await attempt


async def test_what_is_off_the_shelf_or_unknown_cannot_be_ordered(db):
    customer, sku = await factories.customer(), await factories.sku()
    product = (await products.page())[0]
    await products.change(product.id, state="off_shelf")
    for wanted in (orders.Wanted(sku.id, 1), orders.Wanted(10**6, 1)):
        with pytest.raises(orders.SkuNotForSale):
            await orders.place(customer.id, [wanted], key=factories.key())


async def test_the_same_key_is_not_for_an_order_to_be_paid_at_once_and_one_to_be_placed_only(db):
    customer, sku = await factories.customer(principal=5_000), await factories.sku(1_000)
    wanted = [orders.Wanted(sku.id, 1)]
    placed = await orders.place(customer.id, wanted, key="once-only-1")
    with pytest.raises(orders.KeyReused):
        await orders.place_and_pay(customer.id, wanted, orders.How(), key="once-only-1")
    assert (await orders.get(customer.id, placed.order_no)).state == "placed"
    paid = await orders.place_and_pay(customer.id, wanted, orders.How(), key="once-only-2")
    again = await orders.place_and_pay(customer.id, wanted, orders.How(), key="once-only-2")
    assert (paid.order_no, paid.state) == (again.order_no, again.state) and paid.state == "paid"
    with pytest.raises(orders.KeyReused):
        await orders.place(customer.id, wanted, key="once-only-2")


async def test_one_line_said_twice_is_counted_as_one(db):
    customer, sku = await factories.customer(), await factories.sku(1, stock=5_000)
    twice = [orders.Wanted(sku.id, 500)] * 2
    with pytest.raises(quotes.QuantityTooLarge):
        await orders.place(customer.id, twice, key=factories.key())
    assert (
        await orders.place(customer.id, [*twice[:1], orders.Wanted(sku.id, 499)], key=factories.key())
    ).total_fen == 999


@pytest.mark.parametrize("table", ["order_event", "stock_movement"])
async def test_what_happened_is_never_rewritten(db, table):
    await placed((await factories.customer()).id, await factories.sku())
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET by = 'x'"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await database.execute(statement)
