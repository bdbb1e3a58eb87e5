"""Credit: what a balance does not cover is drawn up to a limit, and the next money pays it back first."""

import asyncio

import asyncpg
import pytest

from billing import (
    adjustments,
    approvals,
    bills,
    collecting,
    credit_draws,
    credit_limits,
    deductions,
    operator_bills,
    statements,
    terms,
)
from core import clock
from core import db as database
from ledger import accounts, credit_line, holds, proof
from shop import orders
from tests import factories

OPERATOR, SECOND = 1, 2


async def on_credit(limit_fen, *, automatic_only=False, **money):
    made = await factories.customer(**money)
    await set_limit(made.id, limit_fen, automatic_only=automatic_only)
    return made.id


async def set_limit(customer_id, limit_fen, *, automatic_only=False, assessed=False, key=None):
    return await credit_limits.set_limit(
        OPERATOR, customer_id, limit_fen=limit_fen, automatic_only=automatic_only, reason="老顾客", assessed=assessed,
        key=key or factories.key(),
    )  # fmt: skip


async def ordered(customer_id, price_fen):
    sku = await factories.sku(price_fen)
    return (await orders.place(customer_id, [orders.Wanted(sku.id, 1)], key=factories.key())).order_no


async def bought(customer_id, price_fen):
    number = await ordered(customer_id, price_fen)
    return await orders.pay(customer_id, number, key=factories.key())


async def used(customer_id):
    return (await credit_line.of(customer_id)).used_fen


async def told(customer_id):
    rows = await database.fetch(
        "SELECT kind, params::jsonb ->> 'amount_fen' FROM outbox_message WHERE customer_id = $1 ORDER BY id",
        customer_id,
    )
    return [(row[0], int(row[1])) for row in rows if row[1] is not None]


async def issued(customer_id, amount_fen, *, mode="full", automatic=False, source="x"):
    new = bills.NewBill(
        customer_id, "茶会", f"{source}:{factories.key()}", amount_fen, clock.now(), mode, automatic
    )
    (bill,) = await bills.issue([new])
    return bill.bill_no


async def test_an_order_the_balance_does_not_cover_draws_the_rest(db):
    customer = await on_credit(1000, principal=300, bonus=200)
    assert (await bought(customer, 900)).state == "paid"
    assert await factories.balance(customer) == (0, 0)
    assert await used(customer) == 400
    assert ("credit_drawn", 400) in await told(customer)
    assert ("deducted", 900) in await told(customer)
    change = await statements.last_deduction(customer)
    assert [piece.source.split(":")[0] for piece in change.pieces] == ["top_up", "top_up", "credit_draw"]


async def test_a_balance_that_is_enough_draws_nothing(db):
    customer = await on_credit(1000, principal=900)
    await bought(customer, 900)
    assert await used(customer) == 0


async def test_beyond_the_limit_nothing_moves(db):
    customer = await on_credit(1000, principal=300)
    number = await ordered(customer, 1301)
    with pytest.raises(orders.InsufficientBalance):
        await orders.pay(customer, number, key=factories.key())
    assert (await factories.balance(customer), await used(customer)) == ((300, 0), 0)
    await bought(customer, 1300)
    assert await used(customer) == 1000
    with pytest.raises(orders.InsufficientBalance):
        await bought(customer, 1)


async def test_what_comes_in_pays_credit_back_before_anything_else(db):
    customer = await on_credit(1000)
    await bought(customer, 800)
    await issued(customer, 250, automatic=True)
    await factories.topped_up(customer, 1000, 100)
    assert await used(customer) == 0
    assert await factories.balance(customer) == (50, 0)
    assert [kind for kind, _ in await told(customer)][-3:] == ["topped_up", "credit_repaid", "deducted"]
    assert ("credit_repaid", 800) in await told(customer)


async def test_a_small_top_up_pays_back_a_part_and_its_bonus_nothing(db):
    customer = await on_credit(1000)
    await bought(customer, 800)
    await factories.topped_up(customer, 300, 200)
    assert (await factories.balance(customer), await used(customer)) == ((0, 200), 500)


async def test_a_due_bill_is_paid_on_credit_by_the_clock(db):
    customer = await on_credit(9800)
    await factories.plan(customer, 9800)
    assert await deductions.run_due() == deductions.DueRun(1, 1)
    assert await used(customer) == 9800


async def test_credit_may_be_for_automatic_deductions_only(db):
    customer = await on_credit(9800, automatic_only=True, principal=100)
    with pytest.raises(orders.InsufficientBalance):
        await bought(customer, 101)
    await factories.plan(customer, 9800)
    await deductions.run_due()
    assert await used(customer) == 9700


async def test_an_operator_does_not_draw_on_credit_for_automatic_deductions_only(db):
    customer = await on_credit(500, automatic_only=True, principal=100)
    number = await issued(customer, 300)
    with pytest.raises(orders.InsufficientBalance):
        await operator_bills.pay(OPERATOR, number, amount_fen=None, key=factories.key())
    assert await used(customer) == 0


async def test_bills_of_one_set_share_what_is_left(db):
    customer = await on_credit(1000, principal=500)
    for amount in (800, 600, 700):
        await issued(customer, amount, automatic=True)
    async with database.transaction():
        owed = await bills.lock_overdue(customer)
        collected = await collecting.collect(owed, operator="clock")
    assert [one.taken_fen for one in collected] == [800, 600, 0]  # 300 and 600 drawn; 100 is left
    assert await used(customer) == 900


async def test_a_bill_paid_in_parts_draws_as_far_as_the_limit_goes(db):
    customer = await on_credit(400, principal=300)
    number = await issued(customer, 1000, mode="partial")
    paid = await collecting.pay(customer, number, key=factories.key())
    assert (paid.state, paid.paid_fen, await used(customer)) == ("partly_paid", 700, 400)


async def test_a_refund_pays_credit_back_before_it_is_the_customers(db):
    customer = await on_credit(1000, principal=300)
    order = await bought(customer, 900)
    await orders.cancel(customer, order.order_no)
    assert (await factories.balance(customer), await used(customer)) == ((300, 0), 0)
    assert await adjusted(customer, -300) == (0, 0)


async def adjusted(customer, amount_fen, kind="principal"):
    await adjustments.adjust(
        OPERATOR, customer, kind=kind, amount_fen=amount_fen, reason="r", key=factories.key()
    )
    return await factories.balance(customer)


async def test_money_drawn_for_held_money_is_paid_back_when_the_hold_ends(db):
    customer = await on_credit(1000, principal=300)
    await holds.place(accounts.of_customer(customer), reference="h1", amount_fen=300)
    await bought(customer, 200)
    assert (await factories.balance(customer), await used(customer)) == ((300, 0), 200)
    assert await credit_draws.repay_freed() == 0
    await holds.release("h1")
    assert await credit_draws.repay_freed() == 1
    assert (await factories.balance(customer), await used(customer)) == ((100, 0), 0)


async def test_only_the_customers_own_money_counts_for_the_low_balance_alert(db):
    customer = await on_credit(1000, principal=300, threshold_fen=350)
    await bought(customer, 600)
    assert "low_balance" not in [kind for kind, _ in await told(customer)]
    await factories.topped_up(customer, 1000)
    await bought(customer, 400)
    kinds = await database.fetchval(
        "SELECT count(*) FROM outbox_message WHERE kind = 'low_balance' AND customer_id = $1", customer
    )
    assert kinds == 1


async def test_spenders_at_the_edge_succeed_exactly_as_often_as_balance_and_limit_allow(db):
    customer = await on_credit(1000, principal=550)
    numbers = [await ordered(customer, 300) for _ in range(8)]
    done = await asyncio.gather(
        *(orders.pay(customer, number, key=factories.key()) for number in numbers), return_exceptions=True
    )
    assert sum(isinstance(one, orders.Order) for one in done) == 5
    assert all(isinstance(one, (orders.Order, orders.InsufficientBalance)) for one in done)
    assert (await factories.balance(customer), await used(customer)) == ((0, 0), 950)


async def test_a_top_up_and_a_payment_at_once_leave_the_same_whoever_is_first(db):
    customer = await on_credit(1000)
    await bought(customer, 700)
    number = await ordered(customer, 300)
    await asyncio.gather(
        factories.topped_up(customer, 500), orders.pay(customer, number, key=factories.key())
    )
    assert (await factories.balance(customer), await used(customer)) == ((0, 0), 500)


async def test_the_limit_is_set_with_a_reason_and_told(db):
    customer = await factories.customer()
    key = factories.key()
    for _ in range(2):
        done = await set_limit(customer.id, 2000, key=key)
    assert (done.approval_no, done.credit) == (None, credit_line.Line(2000, 0, False))
    (change,) = await credit_limits.changes(customer.id)
    assert (change.limit_before_fen, change.limit_fen, change.reason) == (0, 2000, "老顾客")
    assert await told(customer.id) == [("credit_limit_set", 2000)]
    with pytest.raises(credit_limits.KeyReused):
        await set_limit(customer.id, 3000, key=key)


async def test_a_limit_is_between_nothing_and_the_shops_ceiling(db):
    customer = await factories.customer()
    for wrong in (-1, terms.current().credit_ceiling_fen + 1):
        with pytest.raises(credit_limits.CreditLimitOutOfRange):
            await set_limit(customer.id, wrong)
    with pytest.raises(credit_limits.NoSuchAccount):
        await set_limit(10**9, 100)


async def test_a_limit_below_what_is_used_is_refused_and_one_equal_to_it_stops_draws(db):
    customer = await on_credit(1000)
    await bought(customer, 600)
    with pytest.raises(credit_limits.CreditLimitBelowUsed):
        await set_limit(customer, 599)
    await set_limit(customer, 600)
    with pytest.raises(orders.InsufficientBalance):
        await bought(customer, 1)


async def test_lowering_the_limit_while_it_is_being_used_ends_one_way_or_the_other(db):
    customer = await on_credit(1000)
    number = await ordered(customer, 600)
    paid, lowered = await asyncio.gather(
        orders.pay(customer, number, key=factories.key()), set_limit(customer, 100), return_exceptions=True
    )
    refused = [
        isinstance(paid, orders.InsufficientBalance),
        isinstance(lowered, credit_limits.CreditLimitBelowUsed),
    ]
    assert sorted(refused) == [False, True]


async def test_a_large_limit_waits_for_a_second_person(db):
    above = terms.current().approval_above_fen + 1
    customer = await factories.customer()
    waiting = await set_limit(customer.id, above, assessed=True)
    assert waiting.credit.limit_fen == 0
    done = await approvals.approve(SECOND, waiting.approval_no, key=factories.key())
    assert done.state == "executed"
    assert (await credit_line.of(customer.id)).limit_fen == above
    (change,) = await credit_limits.changes(customer.id)
    assert change.assessment["points"] == 0
    assert (await set_limit(customer.id, above - 1)).approval_no is None, "lowering needs nobody"


async def test_an_approved_limit_that_became_impossible_sets_nothing(db):
    above = terms.current().approval_above_fen + 1
    customer = await factories.customer()
    waiting = await set_limit(customer.id, above)
    terms.use(terms.Terms(credit_ceiling_fen=100))
    done = await approvals.approve(SECOND, waiting.approval_no, key=factories.key())
    assert (done.state, done.refusal["code"]) == ("failed", "credit_limit_out_of_range")


@pytest.mark.broken_books
@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE account SET credit_used_fen = 399 WHERE code = 'customer:1'",
        "INSERT INTO credit_movement (account_id, transfer_id, amount_fen, used_after_fen, created_at)"
        " SELECT id, 0, 5, 405, now() FROM account WHERE code = 'customer:1'",
        "ALTER TABLE credit_movement DISABLE TRIGGER append_only;"
        "UPDATE credit_movement SET used_after_fen = 401;"
        "ALTER TABLE credit_movement ENABLE TRIGGER append_only",
        "ALTER TABLE credit_movement DISABLE TRIGGER append_only; DELETE FROM credit_movement;"
        "ALTER TABLE credit_movement ENABLE TRIGGER append_only",
        "ALTER TABLE account DROP CONSTRAINT account_credit_used;"
        "UPDATE account SET credit_limit_fen = 100 WHERE code = 'customer:1'",
    ],
)
@pytest.mark.parametrize("incremental", [False, True])
async def test_the_proof_finds_credit_that_is_not_what_moved(database_url, broken, incremental):
    from app import database as opening

    async with opening.opened(database_url, pool_min=1, pool_max=3):
        assert (await proof.run()).is_mark
        customer = await on_credit(1000)
        assert customer == 1
        await bought(customer, 400)
        assert await proof.check() == []
        breaking = await asyncpg.connect(database_url)
        try:
            await breaking.execute(broken)
            found = await proof.run(since_last=incremental)
        finally:
            await breaking.execute("ALTER TABLE account DROP CONSTRAINT IF EXISTS account_credit_used")
            await breaking.execute("UPDATE account SET credit_limit_fen = 1000 WHERE code = 'customer:1'")
            await breaking.execute(
                "ALTER TABLE account ADD CONSTRAINT account_credit_used CHECK (credit_used_fen BETWEEN 0 AND credit_limit_fen)"
            )
            await breaking.close()
    assert "I3" in {violation.invariant for violation in found.violations}
