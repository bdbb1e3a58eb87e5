"""Orders paid together: the fast lane of ``orders.pay``, alone, in a crowd, and among everything else that happens to an account."""

import asyncio
import contextlib
import random

import asyncpg
import pytest

from billing import abnormal, deductions
from core import db as database
from ledger import accounts, idempotency, posting
from shop import orders, paying
from tests import factories


async def placed(customer, sku, quantity=1):
    return await orders.place(customer.id, [orders.Wanted(sku.id, quantity)], key=factories.key())


async def pay(order, key=None):
    return await orders.pay(order.customer_id, order.order_no, key=key or factories.key())


@pytest.fixture
def alone(monkeypatch):
    """The order numbers that were not paid in the fast lane."""
    seen, really = [], orders._pay_alone

    async def watched(customer_id, order_no, *, key):
        seen.append(order_no)
        return await really(customer_id, order_no, key=key)

    monkeypatch.setattr(orders, "_pay_alone", watched)
    return seen


_LEFT = """
SELECT o.state, o.paid_at = o.placed_at IS NULL, b.state, b.paid_fen, b.paid_at IS NOT NULL, p.tender, p.amount_fen,
       p.transfer_reference = 'bill:' || b.bill_no || ':0', t.reference = p.transfer_reference, t.kind, t.operator = 'customer:' || o.customer_id,
       t.memo, t.burn_policy, t.fingerprint = sha256(convert_to('(''bill_payment'', None, [(''customer:' || o.customer_id
           || ''', ''house:revenue'', ' || b.amount_fen || ', None, None, None, None, False)])', 'UTF8')),
       e.principal_fen, e.bonus_fen, e.principal_after_fen, e.bonus_after_fen,
       (SELECT array_agg(g.amount_fen || ' of ' || l.kind ORDER BY g.id) FROM posting g JOIN lot l ON l.id = g.source_lot_id
        WHERE g.transfer_id = t.id),
       (SELECT array_agg(m.kind || ' ' || (m.params - 'at' - 'bill_no') || ' ' || m.state || ' ' || (m.params ->> 'at' IS NOT NULL)
                         || ' ' || (m.params ->> 'bill_no' IS NOT DISTINCT FROM b.bill_no) ORDER BY m.id)
        FROM outbox_message m WHERE m.dedup_key IN (t.reference, 'low_balance:' || t.reference)),
       (SELECT (k.operation, k.answer = to_jsonb(o.order_no))::text FROM request_key k WHERE k.key = $2)
FROM shop_order o JOIN bill b ON b.bill_no = o.bill_no JOIN bill_payment p ON p.bill_id = b.id
JOIN transfer t ON t.reference = p.transfer_reference JOIN entry e ON e.transfer_id = t.id
WHERE o.order_no = $1
"""


_QUIETLY = """
EXPLAIN SELECT c.state FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS l (customer, before_fen, amount_fen)
CROSS JOIN LATERAL pays_quietly(l.customer, l.before_fen, l.amount_fen) c
"""


async def test_whose_balance_covers_a_payment_is_asked_within_the_statement(db):
    plan = [line for (line,) in await database.fetch(_QUIETLY, [1, 2], [5, 5], [3, 3])]
    assert not any("pays_quietly" in line for line in plan)
    assert any(" on customer" in line for line in plan)


@pytest.mark.parametrize("policy", accounts.POLICIES)
async def test_the_fast_lane_leaves_the_rows_that_paying_alone_leaves(db, alone, policy):
    sku, left = await factories.sku(1_300), []
    for way in (orders.pay, orders._pay_alone):
        customer = await factories.customer(principal=2_000, bonus=700, threshold_fen=1_400)
        await database.execute(
            "UPDATE account SET burn_policy = $2 WHERE code = $1", accounts.of_customer(customer.id), policy
        )
        order, key = await placed(customer, sku), factories.key()
        alone.clear()
        paid = await way(customer.id, order.order_no, key=key)
        assert alone == ([] if way is orders.pay else [order.order_no])
        assert paid == await orders.get(customer.id, order.order_no)
        left.append([tuple(row) for row in await database.fetch(_LEFT, order.order_no, key)])
    assert left[0] == left[1] and len(left[0]) == 1


async def test_who_falls_below_their_alert_line_is_paid_alone_and_alerted(db, alone):
    sku = await factories.sku(1_000)
    customer = await factories.customer(principal=3_500, threshold_fen=2_000)
    first, second, third = [await placed(customer, sku) for _ in range(3)]
    for order in (first, second, third):
        assert (await pay(order)).state == "paid"
    assert alone == [second.order_no]
    told = "SELECT count(*) FROM outbox_message WHERE kind = 'low_balance' AND customer_id = $1"
    assert await database.fetchval(told, customer.id) == 1


async def test_a_crowd_pays_in_few_statements(db, alone, monkeypatch):
    sets, really = [], database.fetch

    async def watched(sql, *args):
        if sql == paying._PAY:
            sets.append(len(args[2]))
        return await really(sql, *args)

    sku = await factories.sku(1_000, stock=1000)
    waiting = [await placed(await factories.customer(principal=5_000), sku) for _ in range(24)]
    await abnormal.active()  # the process knows its rules: nobody waits to read them and comes late
    monkeypatch.setattr(database, "fetch", watched)
    paid = await asyncio.gather(*map(pay, waiting))
    assert [order.order_no for order in paid] == [order.order_no for order in waiting]
    assert (sum(sets), alone) == (24, []) and len(sets) <= 3


async def test_an_order_of_several_lines_comes_back_whole(db, alone):
    customer = await factories.customer(principal=9_000)
    wanted = [orders.Wanted((await factories.sku(price)).id, 2) for price in (100, 200, 300)]
    order = await orders.place(customer.id, wanted, key=factories.key())
    assert (await pay(order)).lines == order.lines
    assert alone == []


@pytest.mark.parametrize("spenders", [7, 20])
async def test_of_many_spenders_on_one_balance_as_many_succeed_as_it_covers(db, spenders):
    customer, sku = await factories.customer(principal=4_500, bonus=700), await factories.sku(1_000, stock=99)
    waiting = [await placed(customer, sku) for _ in range(spenders)]
    outcomes = await asyncio.gather(*map(pay, waiting), return_exceptions=True)
    kinds = sorted(type(outcome).__name__ for outcome in outcomes)
    assert kinds == ["InsufficientBalance"] * (spenders - 5) + ["Order"] * 5
    assert sum(await factories.balance(customer.id)) == 200


async def test_the_same_key_at_once_is_one_payment_with_one_answer(db):
    customer, sku = await factories.customer(principal=5_000), await factories.sku(2_000)
    order = await placed(customer, sku)
    paid = await asyncio.gather(*(pay(order, "the-one-key") for _ in range(12)))
    assert {(one.order_no, one.state) for one in paid} == {(order.order_no, "paid")}
    assert await factories.balance(customer.id) == (3_000, 0)
    other = await placed(customer, sku)
    for again in (pay(other, "the-one-key"), pay(other, "the-one-key")):
        with pytest.raises(idempotency.KeyReused):
            await again


async def test_a_refusal_gives_the_key_back_and_says_why(db):
    customer, other = await factories.customer(principal=999), await factories.customer(principal=9_000)
    sku = await factories.sku(1_000)
    poor, paid, cancelled = await placed(customer, sku), await placed(other, sku), await placed(other, sku)
    await pay(paid)
    await orders.cancel(other.id, cancelled.order_no)
    outcomes = await asyncio.gather(
        *(pay(order, f"refused-{n}") for n, order in enumerate((poor, paid, cancelled))),
        orders.pay(customer.id, "S000", key="refused-3"),
        orders.pay(customer.id, "S\x00", key="refused-4"),
        orders.pay(customer.id, paid.order_no, key="refused-5"),
        return_exceptions=True,
    )
    assert [type(outcome).__name__ for outcome in outcomes[:4]] == [
        "InsufficientBalance", "OrderStateForbids", "OrderStateForbids", "NoSuchOrder",
    ]  # fmt: skip
    assert isinstance(outcomes[4], Exception) and isinstance(outcomes[5], orders.NoSuchOrder)
    assert not await database.fetchval("SELECT count(*) FROM request_key WHERE key LIKE 'refused%'")


@pytest.fixture
async def elsewhere(db, database_url):
    """Another process's connection."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_whoever_holds_one_account_holds_up_only_its_customer(db, alone, elsewhere):
    sku, held = await factories.sku(1_000), await factories.customer(principal=5_000)
    waiting = [await placed(await factories.customer(principal=5_000), sku) for _ in range(6)]
    stuck = await placed(held, sku)
    async with elsewhere.transaction():
        await elsewhere.execute(
            "SELECT 1 FROM account WHERE code = $1 FOR UPDATE", accounts.of_customer(held.id)
        )
        stuck_payment = asyncio.create_task(pay(stuck))
        paid = await asyncio.wait_for(asyncio.gather(*map(pay, waiting)), 20)
        assert {order.state for order in paid} == {"paid"} and not stuck_payment.done()
    assert (await stuck_payment).state == "paid"
    assert set(alone) <= {stuck.order_no}


async def test_a_twin_at_work_elsewhere_holds_up_the_others_for_a_moment_only(db, alone, elsewhere):
    sku = await factories.sku(1_000)
    waiting = [await placed(await factories.customer(principal=5_000), sku) for _ in range(4)]
    twin = elsewhere.transaction()
    await twin.start()
    await elsewhere.execute(
        "INSERT INTO request_key (caller, operation, key, fingerprint, answer, created_at)"
        " VALUES ($1, 'orders.pay', 'the-twin-key', '', NULL, now())",
        accounts.of_customer(waiting[0].customer_id),
    )
    stuck = asyncio.create_task(pay(waiting[0], "the-twin-key"))
    paid = await asyncio.wait_for(asyncio.gather(*map(pay, waiting[1:])), 20)
    assert {order.state for order in paid} == {"paid"} and not stuck.done()
    await twin.rollback()
    assert (await stuck).state == "paid"
    assert set(alone) <= {order.order_no for order in waiting}


@pytest.fixture
async def patient(db):
    """The lane waits for twins longer than a test takes."""
    await database.execute("ALTER FUNCTION orders_pay SET lock_timeout = '30s'")
    yield
    await database.execute("ALTER FUNCTION orders_pay SET lock_timeout = '250ms'")


async def test_a_set_whose_connection_dies_is_paid_once_all_the_same(db, alone, elsewhere, patient):
    sku = await factories.sku(1_000)
    waiting = [await placed(await factories.customer(principal=5_000), sku) for _ in range(3)]
    twin = elsewhere.transaction()
    await twin.start()
    await elsewhere.execute(
        "INSERT INTO request_key (caller, operation, key, fingerprint, answer, created_at)"
        " SELECT 'customer:' || n, 'orders.pay', 'the-twin-key', '', NULL, now() FROM unnest($1::bigint[]) n",
        [order.customer_id for order in waiting],
    )
    payments = [asyncio.create_task(pay(order, "the-twin-key")) for order in waiting]
    while not await database.fetchval(  # not from the transaction: that sees the activity of when it first looked
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE query LIKE '%orders_pay(%' AND pid <> pg_backend_pid() AND state = 'active'"
    ):
        await asyncio.sleep(0.005)
    await twin.rollback()
    await asyncio.gather(*payments, return_exceptions=True)
    again = await asyncio.gather(*(pay(order, "the-twin-key") for order in waiting))
    assert {order.state for order in again} == {"paid"}
    assert {await factories.balance(order.customer_id) for order in waiting} == {(4_000, 0)}
    assert set(alone) == {order.order_no for order in waiting}


async def test_a_set_that_was_paid_but_whose_answer_is_lost_is_paid_once(db, alone, monkeypatch):
    sku, really = await factories.sku(1_000), database.fetch
    waiting = [await placed(await factories.customer(principal=5_000), sku) for _ in range(3)]

    async def loses_answers(sql, *args):
        rows = await really(sql, *args)
        if sql == paying._PAY:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return rows

    monkeypatch.setattr(database, "fetch", loses_answers)
    paid = await asyncio.gather(*map(pay, waiting))
    assert {order.state for order in paid} == {"paid"} and len(alone) == 3
    assert {await factories.balance(order.customer_id) for order in waiting} == {(4_000, 0)}


async def test_one_order_that_breaks_the_set_takes_nobody_along(db, alone):
    """An account whose lots are less than its balance, which only broken books could have."""
    sku = await factories.sku(1_000)
    good, broken = [await factories.customer(principal=5_000) for _ in range(2)]
    waiting = [await placed(customer, sku) for customer in (good, broken)]
    account_id = await database.fetchval(
        "SELECT id FROM account WHERE code = $1", accounts.of_customer(broken.id)
    )
    await database.execute("UPDATE lot SET remaining_fen = 10 WHERE account_id = $1", account_id)
    paid, refused = await asyncio.gather(*map(pay, waiting), return_exceptions=True)
    assert paid.state == "paid"
    assert isinstance(refused, posting.InsufficientBalance)
    await database.execute("UPDATE lot SET remaining_fen = 5000 WHERE account_id = $1", account_id)
    assert not await database.fetchval("SELECT count(*) FROM request_key WHERE caller = $1 AND operation = 'orders.pay'",
                                       accounts.of_customer(broken.id))  # fmt: skip


async def test_a_caller_who_hangs_up_loses_and_doubles_nothing(db):
    sku, chance = await factories.sku(1_000, stock=1000), random.Random(1)
    waiting = [await placed(await factories.customer(principal=5_000), sku) for _ in range(12)]
    payments = [asyncio.create_task(pay(order, "the-same-key")) for order in waiting]
    for payment in chance.sample(payments, 6):
        await asyncio.sleep(chance.choice([0, 0.001]))
        payment.cancel()
    await asyncio.gather(*payments, return_exceptions=True)
    again = await asyncio.gather(*(pay(order, "the-same-key") for order in waiting))
    assert {order.state for order in again} == {"paid"}
    assert {(await factories.balance(order.customer_id)) for order in waiting} == {(4_000, 0)}


async def test_paying_among_cancelling_due_runs_and_top_ups_keeps_the_books(db):
    sku, chance = await factories.sku(700, stock=1000), random.Random(2)
    customers = [await factories.customer(principal=6_000, bonus=300) for _ in range(4)]
    for customer in customers:
        await factories.plan(customer.id, 900, cycle="daily")
    waiting = [await placed(customer, sku) for customer in customers for _ in range(5)]
    chance.shuffle(waiting)
    acts = [pay(order) for order in waiting]
    acts += [orders.cancel(order.customer_id, order.order_no) for order in waiting[::3]]
    acts += [orders._pay_alone(one.customer_id, one.order_no, key=factories.key()) for one in waiting[::4]]
    acts += [
        deductions.run_due(batch=2),
        deductions.run_due(batch=2),
        factories.topped_up(customers[0].id, 500),
    ]
    chance.shuffle(acts)
    outcomes = await asyncio.gather(*acts, return_exceptions=True)
    allowed = (orders.OrderStateForbids, posting.InsufficientBalance)
    assert not [one for one in outcomes if isinstance(one, BaseException) and not isinstance(one, allowed)]
    for customer in customers:
        paid = [one for one in await orders.page(customer.id) if one.state == "paid"]
        charged = await database.fetchval(
            "SELECT coalesce(sum(paid_fen), 0)::int8 FROM bill WHERE customer_id = $1 AND source LIKE 'plan:%'",
            customer.id,
        )
        given = 6_300 + (500 if customer is customers[0] else 0)
        assert sum(await factories.balance(customer.id)) == given - charged - 700 * len(paid)


async def test_inside_a_transaction_the_payment_is_part_of_it(db, alone):
    customer, sku = await factories.customer(principal=5_000), await factories.sku(1_000)
    order = await placed(customer, sku)
    with contextlib.suppress(ZeroDivisionError):
        async with database.transaction():
            await pay(order)
            raise ZeroDivisionError
    assert alone == [order.order_no]
    assert (await orders.get(customer.id, order.order_no)).state == "placed"


async def test_nobody_pays_anothers_order_not_even_among_others(db, alone):
    sku = await factories.sku(600)
    owner, stranger = await factories.customer(principal=1_000), await factories.customer(principal=1_000)
    theirs, own = await placed(owner, sku), await placed(stranger, sku)
    said = await asyncio.gather(
        pay(own), orders.pay(stranger.id, theirs.order_no, key=factories.key()), return_exceptions=True
    )
    assert said[0].state == "paid" and isinstance(said[1], orders.NoSuchOrder)
    assert [await factories.balance(one.id) for one in (owner, stranger)] == [(1_000, 0), (400, 0)]
    assert (await orders.get(owner.id, theirs.order_no)).state == "placed"


async def test_in_a_mixed_set_the_keys_stay_with_those_who_paid(db, alone):
    sku = await factories.sku(600)
    rich, poor = await factories.customer(principal=1_000), await factories.customer(principal=100)
    paid, waits = await placed(rich, sku), await placed(poor, sku)
    await asyncio.gather(pay(paid, "the-rich-key"), pay(waits, "the-poor-key"), return_exceptions=True)
    assert alone == [waits.order_no]
    assert await database.fetchval(
        "SELECT array_agg(key) FROM request_key WHERE operation = 'orders.pay'"
    ) == ["the-rich-key"]
    await factories.topped_up(poor.id, 1_000)
    assert (await pay(waits, "the-poor-key")).state == "paid"
    with pytest.raises(orders.KeyReused):
        await pay(await placed(rich, sku), "the-rich-key")
