"""An account is given up: principal is paid out, bonus goes back, and money that comes later is never lost."""

import asyncio

import pytest

from billing import approvals, closings, deductions, invoices, payments, payouts, plans, staff_alerts
from core import db as database
from members import customers, sign_in
from shop import orders
from tests import factories

ASKS, DECIDES = 1, 2


async def asked(customer):
    return await closings.request(ASKS, customer.id, reason="搬家", key=factories.key())


async def closing_of(customer):
    done = await approvals.approve(DECIDES, await asked(customer), key=factories.key())
    assert done.state == "executed", done
    return done.result


async def pay_out(number, amount=None, **more):
    return await payouts.at_counter(
        ASKS, number, receipt_no="SJ-001", amount_fen=amount, key=more.get("key") or factories.key()
    )


async def state(customer):
    return (await customers.get(customer.id)).state


async def test_bonus_goes_back_plans_end_and_principal_is_paid_out(db):
    customer = await factories.customer(principal=1_000, bonus=300)
    plan = await factories.plan(customer.id, 100)
    await deductions.run_due()
    seen = await closings.preview(customer.id)
    assert (seen.principal_fen, seen.bonus_fen, seen.plans, seen.obstacles) == (1_000, 200, 1, ())
    number = await closing_of(customer)
    assert await factories.balance(customer.id) == (1_000, 0)
    assert (await plans.get(customer.id, plan.id)).state == "cancelled"
    assert await state(customer) == "closing"
    with pytest.raises(customers.AccountClosed):
        await sign_in.admitted(customer.id)
    part = await pay_out(number, 400)
    assert (part.state, part.paid_out_fen, part.bonus_fen) == ("paying", 400, 200)
    with pytest.raises(payouts.NothingToPayOut):
        await pay_out(number, 601)
    key = factories.key()
    done = await asyncio.gather(*(pay_out(number, key=key) for _ in range(3)))
    assert {(one.state, one.paid_out_fen) for one in done} == {("closed", 1_000)}
    assert await state(customer) == "closed"
    assert [(one.amount_fen, one.receipt_no) for one in await payouts.of(number)] == [
        (400, "SJ-001"), (600, "SJ-001"),
    ]  # fmt: skip
    assert [one.closing_no for one in await closings.page(state="closed")] == [number]
    counter = await database.fetchval(
        "SELECT sum(amount_fen) FROM posting JOIN account a ON a.id = target_id WHERE a.code = 'house:counter'"
    )
    assert counter == 1_000
    with pytest.raises(closings.CannotClose):
        await asked(customer)


async def test_an_empty_account_is_closed_at_once(db):
    customer = await factories.customer()
    number = await closing_of(customer)
    assert (await closings.get(number)).state == "closed"
    assert await state(customer) == "closed"


async def test_what_is_owed_stands_in_the_way(db):
    customer = await factories.customer(principal=1_000)
    number = await asked(customer)
    await factories.plan(customer.id, 5_000)
    await deductions.run_due()
    assert (await closings.preview(customer.id)).obstacles == ("bill_owed",)
    with pytest.raises(closings.CannotClose):
        await asked(customer)
    failed = await approvals.approve(DECIDES, number, key=factories.key())
    assert (failed.state, failed.refusal["code"]) == ("failed", "cannot_close")
    assert await state(customer) == "active"
    assert [plan.state for plan in await plans.page(customer.id)] == ["active"], (
        "what was refused changed nothing"
    )


async def ask_for_invoice(customer, top_up_no):
    title = invoices.Title("personal", "林小满")
    return await invoices.request(
        customer.id, "top_up", top_up_no, title, door="mini_program", key=factories.key()
    )


async def test_an_invoice_that_is_asked_for_is_decided_on_first_also_when_it_is_asked_for_at_once(db):
    customer = await factories.customer()
    made = await factories.topped_up(customer.id, 1_000)
    number = await asked(customer)
    outcomes = await asyncio.gather(
        ask_for_invoice(customer, made.top_up_no),
        approvals.approve(DECIDES, number, key=factories.key()),
        return_exceptions=True,
    )
    wish, decided = outcomes
    if decided.state == "failed":
        assert (decided.refusal["code"], wish.state) == ("cannot_close", "requested")
        assert (await closings.preview(customer.id)).obstacles == ("invoice_open",)
        with pytest.raises(closings.CannotClose):
            await asked(customer)
        await invoices.refuse(1, wish.invoice_no, "即将销户", key=factories.key())
        await closing_of(customer)
    else:
        assert isinstance(wish, customers.CustomerHasLeft)
    assert await state(customer) == "closing"
    assert await invoices.page(customer_id=customer.id, state="requested") == []


async def test_an_invoice_that_waits_stands_in_the_way(db):
    customer = await factories.customer()
    made = await factories.topped_up(customer.id, 1_000)
    number = await asked(customer)
    wish = await ask_for_invoice(customer, made.top_up_no)
    assert (await approvals.approve(DECIDES, number, key=factories.key())).refusal["code"] == "cannot_close"
    await invoices.issue(1, wish.invoice_no, "25332000000000000001", key=factories.key())
    await closing_of(customer)
    assert await state(customer) == "closing"


async def test_late_money_opens_the_closing_again_and_staff_are_told(db):
    customer = await factories.customer(principal=1_000)
    waiting = await factories.top_up(customer.id, 700, 70)
    number = await closing_of(customer)
    await pay_out(number)
    assert await payments.confirm(factories.trade(waiting)) == "credited"
    assert await state(customer) == "closing"
    (alert,) = await staff_alerts.page(is_open=True)
    assert (alert.kind, alert.params) == ("late_money", {"customer_id": customer.id, "amount_fen": 770})
    again = await pay_out(number)
    assert (again.state, again.paid_out_fen, again.bonus_fen) == ("closed", 1_700, 70)
    assert await staff_alerts.page(is_open=True) == []


async def test_what_left_another_way_closes_as_well(db):
    customer = await factories.customer(principal=1_000)
    number = await closing_of(customer)
    sku = await factories.sku(1_000)
    placed = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    await orders.pay(customer.id, placed.order_no, key=factories.key())
    assert await closings.finish_paid() == 1
    assert (await closings.get(number)).state == "closed"
    assert await closings.finish_paid() == 0


async def test_closing_topping_up_and_spending_at_once(db):
    for _ in range(3):
        customer = await factories.customer(principal=1_000, bonus=300)
        waiting = await factories.top_up(customer.id, 700, 70)
        sku = await factories.sku(500)
        placed = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
        asked_no = await asked(customer)
        done, *_ = await asyncio.gather(
            approvals.approve(DECIDES, asked_no, key=factories.key()),
            payments.confirm(factories.trade(waiting)),
            orders.pay(customer.id, placed.order_no, key=factories.key()),
        )
        assert done.state == "executed", done
        closing = await pay_out(done.result)
        assert closing.state == "closed"
        spent_bonus = 370 - closing.bonus_fen
        assert closing.paid_out_fen == 1_700 - (500 - spent_bonus)
        assert await factories.balance(customer.id) == (0, 0)


async def test_of_two_pay_outs_at_once_one_pays(db):
    customer = await factories.customer(principal=1_000)
    number = await closing_of(customer)
    said = await asyncio.gather(*(pay_out(number) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, payouts.NothingToPayOut) for one in said) == 3, said
    assert (await closings.get(number)).paid_out_fen == 1_000
    with pytest.raises(closings.NoSuchClosing):
        await pay_out("Z0")


async def test_late_money_for_an_unpaid_order_of_a_closed_account_is_told(db):
    who = await factories.customer()
    order = await factories.order(who.id, 1_000)
    payment = await factories.combined_payment(order, 0)
    word = factories.trade(payment, state="closed", channel_trade_no=None, paid_at=None)
    assert await payments.confirm(word) == "closed"
    number = await closings.request(1, who.id, reason="销户", key=factories.key())
    assert (await approvals.approve(2, number, key=factories.key())).state == "executed"
    assert await database.fetchval("SELECT state FROM customer WHERE id = $1", who.id) == "closed"
    await payments.confirm(factories.trade(payment))
    alerts = await database.fetch("SELECT kind FROM staff_alert WHERE resolved_at IS NULL")
    assert "late_money" in [row["kind"] for row in alerts]
