"""Orders placed and paid together: the fast lane of ``orders.place_and_pay``, alone, in a crowd, for the last of a SKU, and when it fails."""

import asyncio
import contextlib
import random

import asyncpg
import pytest

from billing import abnormal, deduction_rules, stores
from core import batches
from core import db as database
from ledger import accounts, idempotency
from members import sign_in
from shop import buying, order_changes, orders, placing, products, quotes, stock
from tests import factories
from tests.shop.test_freight import template
from tests.shop.test_paying_together import elsewhere
from tests.shop.test_quotes import home, taxed

__all__ = ["elsewhere"]


async def buy(customer, wanted, key=None, **how):
    lines = [orders.Wanted(sku.id, quantity) for sku, quantity in wanted]
    return await orders.place_and_pay(customer.id, lines, orders.How(**how), key=key or factories.key())


async def people(count, principal=5_000):
    return [await factories.customer(principal=principal) for _ in range(count)]


async def left(sku):
    there = await stock.level(sku.id)
    return there.on_hand, there.reserved


async def off_sale(sku):
    await database.execute(
        "UPDATE product SET state = 'off_shelf' WHERE id = (SELECT product_id FROM sku WHERE id = $1)", sku.id
    )


@pytest.fixture
def alone(monkeypatch):
    """The customers who were not served in the fast lane."""
    seen, really = [], orders._place_and_pay_alone

    async def watched(customer_id, wanted, how, *, key):
        seen.append(customer_id)
        return await really(customer_id, wanted, how, key=key)

    monkeypatch.setattr(orders, "_place_and_pay_alone", watched)
    return seen


@pytest.fixture
async def sets(db, monkeypatch):
    """How many each set wrote."""
    sizes, really = [], database.fetch

    async def watched(sql, *args):
        if sql == buying._BUY:
            sizes.append(len(args[3]))
        return await really(sql, *args)

    await abnormal.active()  # the process knows its rules: nobody waits to read them and comes late
    monkeypatch.setattr(database, "fetch", watched)
    return sizes


def _same(table, *numbers):
    """SQL of all of a row but what is another for every order."""
    own = ", ".join(f"'{name}'" for name in ("id", "created_at", "at", *numbers))
    return f"to_jsonb({table}) - ARRAY[{own}]"


_LEFT = f"""
SELECT {_same("o", "order_no", "bill_no", "customer_id", "placed_at", "expires_at", "paid_at", "address")},
       o.paid_at >= o.placed_at, o.expires_at - o.placed_at, o.address - 'address_id' - 'phone',
       {_same("b", "bill_no", "customer_id", "due_at", "paid_at", "source")}, b.source = 'order:' || o.order_no, b.paid_at = o.paid_at,
       b.due_at = o.expires_at, {_same("p", "bill_id", "transfer_reference")}, p.transfer_reference = 'bill:' || b.bill_no || ':0',
       (SELECT array_agg({_same("l", "order_id")} ORDER BY l.id) FROM order_line l WHERE l.order_id = o.id),
       (SELECT array_agg(({_same("e", "order_id", "by")})::text || (e.by = 'customer:' || o.customer_id) ORDER BY e.id)
        FROM order_event e WHERE e.order_id = o.id),
       {_same("t", "reference", "operator", "fingerprint")}, t.operator = 'customer:' || o.customer_id,
       t.fingerprint = ledger_debit_fingerprint('bill_payment', t.operator, 'house:revenue', b.amount_fen),
       {_same("e", "account_id", "transfer_id")},
       (SELECT array_agg(g.amount_fen || ' of ' || l.kind ORDER BY g.id) FROM posting g JOIN lot l ON l.id = g.source_lot_id
        WHERE g.transfer_id = t.id),
       (SELECT array_agg(m.kind || ' ' || (m.params - 'at' - 'bill_no') || ' ' || m.state || ' ' || (m.params ->> 'bill_no' = b.bill_no)
                         || ' ' || (m.params ->> 'at' IS NOT NULL) ORDER BY m.id)
        FROM outbox_message m WHERE m.customer_id = o.customer_id AND m.dedup_key = t.reference),
       (SELECT k.answer = to_jsonb(o.order_no) FROM request_key k WHERE k.key = $2 AND k.operation = 'orders.place')
FROM shop_order o JOIN bill b ON b.bill_no = o.bill_no JOIN bill_payment p ON p.bill_id = b.id
JOIN transfer t ON t.reference = p.transfer_reference JOIN entry e ON e.transfer_id = t.id
WHERE o.order_no = $1
"""


@pytest.mark.parametrize(
    ("policy", "where"), [("bonus_first", "shop"), ("principal_first", "store"), ("pro_rata", "home")]
)
async def test_the_fast_lane_leaves_the_rows_that_placing_and_paying_leave(db, alone, policy, where):
    skus, rows, said = [await factories.sku(price) for price in (300, 400, 500)], [], []
    await stores.put("lake", name="湖滨店")
    lake = await stores.id_of("lake")
    await stock.open_with({sku.id: 50 for sku in skus}, store_id=lake, by="operator:1")
    await template(default=True)
    await taxed(skus[0].id, 13)
    for way in (orders.place_and_pay, orders._place_and_pay_alone):
        customer = await factories.customer(principal=1_500, bonus=2_500, threshold_fen=800)
        await database.execute(
            "UPDATE account SET burn_policy = $2 WHERE code = $1", accounts.of_customer(customer.id), policy
        )
        how = {"remark": "少冰", "pay_from": "balance"}
        if where == "store":
            how["store"] = "lake"
        elif where == "home":
            how["address_id"] = await home(customer.id)
        wanted = [orders.Wanted(sku.id, 1 + nth % 2) for nth, sku in enumerate(skus)]
        alone.clear()
        key = factories.key()
        order = await way(customer.id, wanted, orders.How(**how), key=key)
        assert alone == ([] if way is orders.place_and_pay else [customer.id])
        assert order == await orders.get(customer.id, order.order_no)
        assert order == await orders.place_and_pay(customer.id, wanted, orders.How(**how), key=key)
        rows.append([tuple(row) for row in await database.fetch(_LEFT, order.order_no, key)])
        said.append([(line.sku_id, line.amount_fen) for line in order.lines])
        assert [line.tax_fen for line in order.lines] == [35, 0, 0] and order.tax_fen == 35
    assert rows[0] == rows[1] and len(rows[0]) == 1
    assert said[0] == said[1] and len(said[0]) == 3


async def test_a_crowd_is_served_in_few_statements(sets, alone):
    skus, crowd = [await factories.sku(300, stock=1000) for _ in range(4)], await people(24)
    chance = random.Random(1)
    made = await asyncio.gather(*(buy(one, [(sku, 2) for sku in chance.sample(skus, 3)]) for one in crowd))
    assert {(order.state, order.total_fen, len(order.lines)) for order in made} == {("paid", 1_800, 3)}
    assert [order.customer_id for order in made] == [one.id for one in crowd]
    assert (sum(sets), alone) == (24, []) and len(sets) <= 3
    assert sum([(await left(sku))[1] for sku in skus]) == 144


async def test_of_many_who_want_the_last_of_a_sku_as_many_get_it_as_there_are(db):
    rare, common = await factories.sku(300, stock=10), await factories.sku(100, stock=500)
    crowd = await people(64)
    said = await asyncio.gather(
        *(buy(one, [(rare, 1), (common, 1)] if nth % 2 else [(common, 1), (rare, 1)]) for nth, one in enumerate(crowd)),
        return_exceptions=True,
    )  # fmt: skip
    kinds = sorted(type(one).__name__ for one in said)
    assert kinds == ["Order"] * 10 + ["OutOfStock"] * 54
    assert (await left(rare), await left(common)) == ((10, 10), (500, 10))
    spent = [5_000 - sum(await factories.balance(one.id)) for one in crowd]
    assert sorted(spent) == [0] * 54 + [400] * 10
    assert await database.fetchval("SELECT count(*) FROM request_key WHERE operation = 'orders.place'") == 10


def asked(customer, sku):
    """One piece, as a set is asked for it."""
    how, quantities = orders.How(pay_from="balance"), {sku.id: 1}
    said = idempotency.fingerprint(placing.content_of(quantities, how))
    return buying._Asked(customer.id, quantities, how, factories.key(), said, None)


async def test_sets_of_several_processes_never_promise_a_piece_twice(db):
    rare, crowd = await factories.sku(300, stock=10), await people(24)
    answers = await asyncio.gather(
        *(buying._buy([asked(one, rare) for one in crowd[at : at + 6]]) for at in range(0, 24, 6))
    )
    made = [one for answer in answers for one in answer if isinstance(one, orders.Order)]
    assert 6 <= len(made) <= 10 and await left(rare) == (10, len(made))
    assert await database.fetchval("SELECT count(*) FROM shop_order") == len(made)


async def test_what_is_taken_between_price_and_order_is_looked_at_anew(sets, alone, monkeypatch):
    sku, really, crowd = await factories.sku(300, stock=4), quotes.plain, await people(4)
    taken = []

    async def slow(carts):
        said = await really(carts)
        if not taken:
            taken.append(await stock.change(1, sku.id, stock.Change(change=-1), key=factories.key()))
        return said

    monkeypatch.setattr(quotes, "plain", slow)
    said = await asyncio.gather(*(buy(one, [(sku, 1)]) for one in crowd), return_exceptions=True)
    assert sorted(type(one).__name__ for one in said) == ["Order"] * 3 + ["OutOfStock"]
    assert await left(sku) == (3, 3) and len(alone) == 1


async def test_what_was_priced_before_its_set_undoes_one_set_at_most(sets, alone, monkeypatch):
    await stores.put("lake", name="湖滨店")
    sku, really, (first, *crowd) = await factories.sku(300), quotes.quote, await people(4)
    await stock.open_with({sku.id: 1}, store_id=await stores.id_of("lake"), by="operator:1")

    async def slow(*args, **how):
        said = await really(*args, **how)
        if not sets:
            await stock.change(1, sku.id, stock.Change(counted=0), store="lake", key=factories.key())
        return said

    monkeypatch.setattr(quotes, "quote", slow)
    asked = [buy(first, [(sku, 1)], store="lake"), *(buy(one, [(sku, 1)]) for one in crowd)]
    said = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(said[0], orders.OutOfStock) and {one.state for one in said[1:]} == {"paid"}
    assert alone == [first.id] and len(sets) <= 4


async def test_one_that_cannot_be_had_takes_nobody_along(db, alone):
    sku, rare, gone = await factories.sku(300), await factories.sku(300, stock=1), await factories.sku(300)
    await off_sale(gone)
    blocked, *good = await people(8)
    poor = await factories.customer(principal=299)
    await database.execute("UPDATE customer SET state = 'blocked' WHERE id = $1", blocked.id)
    said = await asyncio.gather(
        buy(good[0], [(sku, 1)]),
        buy(good[1], [(sku, 1), (rare, 2)]),
        buy(good[2], [(gone, 1)]),
        buy(good[3], [(sku, 1)], total_fen=299),
        buy(good[4], [(sku, 1)], total_fen=300),
        buy(poor, [(sku, 1)]),
        orders.admit_and_place(blocked.id, [orders.Wanted(sku.id, 1)], orders.How(pay_from="balance"), key=factories.key()),
        buy(good[5], [(sku, 1)], remark="\0"),
        buy(good[6], [(sku, 1), (rare, 1)]),
        return_exceptions=True,
    )  # fmt: skip
    assert [getattr(one, "state", type(one).__name__) for one in said[:7]] == [
        "paid", "OutOfStock", "SkuNotForSale", "PriceChanged", "paid", "placed", "CustomerBlocked",
    ]  # fmt: skip
    assert isinstance(said[7], Exception) and said[8].state == "paid"
    assert said[1].params == {"sku_id": rare.id, "stock": 1, "quantity": 2} or said[1].params["stock"] == 0
    assert await left(rare) == (1, 1) and await left(sku) == (100, 4)
    assert blocked.id not in alone and set(alone) >= {good[1].id, good[2].id, good[3].id, poor.id}
    with pytest.raises(sign_in.CustomerGone):
        await orders.admit_and_place(
            10**9, [orders.Wanted(sku.id, 1)], orders.How(pay_from="balance"), key=factories.key()
        )


async def test_the_same_key_at_once_is_one_order_with_one_answer(db):
    (customer,), sku = await people(1), await factories.sku(300)
    twice = [buy(customer, [(sku, 2)], "the-one-key") for _ in range(8)]
    how = orders.How(pay_from="balance")
    twice += [
        orders._place_and_pay_alone(customer.id, [orders.Wanted(sku.id, 2)], how, key="the-one-key")
        for _ in range(4)
    ]
    made = await asyncio.gather(*twice)
    assert len({(order.order_no, order.state) for order in made}) == 1 and made[0].state == "paid"
    assert (await left(sku), await factories.balance(customer.id)) == ((100, 2), (4_400, 0))
    for again in (
        buy(customer, [(sku, 3)], "the-one-key"),
        buy(customer, [(sku, 2)], "the-one-key", remark="快"),
    ):
        with pytest.raises(orders.KeyReused):
            await again
    await products.change_sku(sku.id, price_fen=900)
    await off_sale(sku)
    assert await buy(customer, [(sku, 2)], "the-one-key") == made[0]


async def test_what_could_be_placed_only_is_paid_by_the_same_key_later(db, alone):
    (customer,), sku = await people(1, principal=500), await factories.sku(300)
    order = await buy(customer, [(sku, 2)], "the-one-key")
    assert order.state == "placed" and alone == [customer.id]
    await factories.topped_up(customer.id, 200)
    again = await asyncio.gather(*(buy(customer, [(sku, 2)], "the-one-key") for _ in range(3)))
    assert {(one.order_no, one.state) for one in again} == {(order.order_no, "paid")}
    assert (await left(sku), await factories.balance(customer.id)) == ((100, 2), (100, 0))


async def test_a_late_repeat_pays_no_more_than_its_customer_was_shown(db):
    (customer,), sku = await people(1, principal=500), await factories.sku(300)
    order = await buy(customer, [(sku, 2)], "the-one-key", total_fen=600)
    await factories.topped_up(customer.id, 5_000)
    change = order_changes.Change({sku.id: 9})
    await order_changes.edit(customer.id, order.order_no, change, key=factories.key())
    again = await buy(customer, [(sku, 2)], "the-one-key", total_fen=600)
    assert (again.order_no, again.state, again.total_fen) == (order.order_no, "placed", 2_700)
    assert await factories.balance(customer.id) == (5_500, 0)


async def test_who_falls_below_their_alert_line_is_served_alone_and_alerted(db, alone):
    customer, sku = await factories.customer(principal=3_500, threshold_fen=2_000), await factories.sku(1_000)
    for _ in range(3):
        assert (await buy(customer, [(sku, 1)])).state == "paid"
    assert alone == [customer.id]
    told = "SELECT count(*) FROM outbox_message WHERE kind = 'low_balance' AND customer_id = $1"
    assert await database.fetchval(told, customer.id) == 1


async def test_where_rules_look_at_deductions_there_is_no_lane(sets):
    (customer,), sku = await people(1), await factories.sku(1_000)
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 500}, action="hold", tells_customer=False
    )
    order = await buy(customer, [(sku, 1)])
    assert (order.state, order.under_review, sets) == ("placed", True, [])


async def test_stock_that_falls_low_is_told_once(db, alone):
    sku, crowd = await factories.sku(300, stock=10), await people(6)
    await stock.change(1, sku.id, stock.Change(low_at=5), key=factories.key())
    await asyncio.gather(*(buy(one, [(sku, 1)]) for one in crowd))
    alerts = "SELECT array_agg(params ->> 'left') FROM staff_alert WHERE kind = 'stock_low' AND resolved_at IS NULL"
    assert len(await database.fetchval(alerts)) == 1 and alone == []


async def test_whoever_holds_one_account_holds_up_only_its_customer(db, alone, elsewhere):
    sku, (held, *crowd) = await factories.sku(300), await people(6)
    async with elsewhere.transaction():
        await elsewhere.execute(
            "SELECT 1 FROM account WHERE code = $1 FOR UPDATE", accounts.of_customer(held.id)
        )
        stuck = asyncio.create_task(buy(held, [(sku, 1)]))
        made = await asyncio.wait_for(asyncio.gather(*(buy(one, [(sku, 1)]) for one in crowd)), 60)
        assert {order.state for order in made} == {"paid"} and not stuck.done()
    assert (await stuck).state == "paid" and set(alone) <= {held.id}
    assert await left(sku) == (100, 6)


async def test_a_set_is_done_without_the_one_whose_account_is_held(db, elsewhere):
    sku, crowd = await factories.sku(300), await people(5)
    asks = [asked(one, sku) for one in crowd]
    async with elsewhere.transaction():
        await elsewhere.execute(
            "SELECT 1 FROM account WHERE code = $1 FOR UPDATE", accounts.of_customer(crowd[2].id)
        )
        said = await buying._buy(asks)
    assert said[2] is batches.AGAIN
    assert [one.state for one in said if one is not batches.AGAIN] == ["paid"] * 4
    assert [one.state for one in await buying._buy([asks[2]])] == ["paid"] and await left(sku) == (100, 5)


async def test_a_set_whose_answer_is_lost_is_done_once(db, alone, monkeypatch):
    sku, crowd, really = await factories.sku(300), await people(3), database.fetch

    async def loses_answers(sql, *args):
        rows = await really(sql, *args)
        if sql == buying._BUY:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return rows

    monkeypatch.setattr(database, "fetch", loses_answers)
    made = await asyncio.gather(*(buy(one, [(sku, 1)]) for one in crowd))
    assert {order.state for order in made} == {"paid"} and len(alone) == 3
    assert {await factories.balance(one.id) for one in crowd} == {(4_700, 0)} and await left(sku) == (100, 3)


async def test_one_that_breaks_the_set_takes_nobody_along(db, alone):
    """An account whose lots are less than its balance, which only broken books could have."""
    sku, (good, broken) = await factories.sku(1_000), await people(2)
    lots = "UPDATE lot SET remaining_fen = $2 WHERE account_id = (SELECT id FROM account WHERE code = $1)"
    await database.execute(lots, accounts.of_customer(broken.id), 10)
    made, other = await asyncio.gather(buy(good, [(sku, 1)]), buy(broken, [(sku, 1)]), return_exceptions=True)
    assert (made.state, getattr(other, "state", None)) == ("paid", "placed") and alone == [broken.id]
    await database.execute(lots, accounts.of_customer(broken.id), 5_000)


async def test_a_caller_who_hangs_up_loses_and_doubles_nothing(db):
    sku, crowd, chance = await factories.sku(300, stock=1000), await people(12), random.Random(1)
    asked = [asyncio.create_task(buy(one, [(sku, 1)], "the-same-key")) for one in crowd]
    for one in chance.sample(asked, 6):
        await asyncio.sleep(chance.choice([0, 0.001, 0.003]))
        one.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    again = await asyncio.gather(*(buy(one, [(sku, 1)], "the-same-key") for one in crowd))
    assert {order.state for order in again} == {"paid"} and await left(sku) == (1000, 12)
    assert {await factories.balance(one.id) for one in crowd} == {(4_700, 0)}


async def test_inside_a_transaction_the_order_is_part_of_it(db, alone):
    (customer,), sku = await people(1), await factories.sku(300)
    with contextlib.suppress(ZeroDivisionError):
        async with database.transaction():
            await buy(customer, [(sku, 1)])
            raise ZeroDivisionError
    assert alone == [customer.id] and await left(sku) == (100, 0)
    assert await orders.page(customer.id) == []


async def test_buying_among_all_else_that_happens_keeps_the_books(db):
    skus, chance = [await factories.sku(price, stock=60) for price in (100, 200, 300)], random.Random(3)
    crowd = await people(6, principal=4_000)

    async def come_and_go(one):
        order = await buy(one, [(sku, 1) for sku in chance.sample(skus, 2)])
        if order.state == "placed" or chance.random() < 0.4:
            await orders.cancel(one.id, order.order_no)

    acts = [come_and_go(one) for one in crowd for _ in range(6)]
    acts += [buy(one, [(skus[0], 1)], f"twice-{one.id:04d}") for one in crowd for _ in range(2)]
    acts += [orders.place(one.id, [orders.Wanted(skus[1].id, 1)], key=factories.key()) for one in crowd]
    chance.shuffle(acts)
    said = await asyncio.gather(*acts, return_exceptions=True)
    assert not [
        one for one in said if isinstance(one, BaseException) and not isinstance(one, orders.OutOfStock)
    ]
    for one in crowd:
        kept = [order.total_fen for order in await orders.page(one.id, limit=50) if order.state == "paid"]
        assert sum(await factories.balance(one.id)) == 4_000 - sum(kept)
