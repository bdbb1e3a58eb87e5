"""Bills: paid in full or in parts, by hand or by the clock."""

import asyncio
from datetime import timedelta

import pytest

from billing import bills, collecting
from core import clock
from shop import orders
from tests import factories


async def issued(customer_id, amount_fen, collect_mode="partial"):
    new = bills.NewBill(
        customer_id, "茶位费", f"test:{factories.key()}", amount_fen, clock.now(), collect_mode
    )
    (bill,) = await bills.issue([new])
    return bill


async def test_a_bill_that_may_be_paid_in_parts_takes_what_there_is_each_time(db):
    customer = await factories.customer(principal=300)
    bill = await issued(customer.id, 500)
    part = await collecting.pay(customer.id, bill.bill_no, key=factories.key())
    assert (part.state, part.paid_fen) == ("partly_paid", 300)
    await factories.topped_up(customer.id, 1000)
    whole = await collecting.pay(customer.id, bill.bill_no, key=factories.key())
    assert (whole.state, whole.paid_fen) == ("paid", 500)
    assert await factories.balance(customer.id) == (800, 0)


@pytest.mark.parametrize("collect_mode", ["partial", "full"])
async def test_paying_out_of_nothing_is_refused_and_the_key_can_be_used_again(db, collect_mode):
    customer = await factories.customer()
    bill = await issued(customer.id, 500, collect_mode)
    with pytest.raises(collecting.InsufficientBalance):
        await collecting.pay(customer.id, bill.bill_no, key="the-same-key")
    await factories.topped_up(customer.id, 500)
    assert (await collecting.pay(customer.id, bill.bill_no, key="the-same-key")).state == "paid"


async def test_a_paid_bill_is_not_owed_and_a_key_stands_for_one_bill(db):
    customer = await factories.customer(principal=5000)
    one, other = await issued(customer.id, 500), await issued(customer.id, 500)
    for _ in range(2):
        assert (await collecting.pay(customer.id, one.bill_no, key="the-same-key")).state == "paid"
    with pytest.raises(collecting.KeyReused):
        await collecting.pay(customer.id, other.bill_no, key="the-same-key")
    with pytest.raises(bills.BillNotOwed):
        await collecting.pay(customer.id, one.bill_no, key=factories.key())
    with pytest.raises(bills.NoSuchBill):
        await collecting.pay(customer.id + 1, one.bill_no, key=factories.key())
    assert await factories.balance(customer.id) == (4500, 0)


async def test_an_orders_bill_is_paid_with_its_order_only(db):
    customer, sku = await factories.customer(principal=5000), await factories.sku(2000)
    order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    with pytest.raises(bills.NoSuchBill):
        await collecting.pay(customer.id, order.bill_no, key=factories.key())
    assert await factories.balance(customer.id) == (5000, 0)


@pytest.mark.parametrize(
    ("automatic", "due_in_s", "state"), [(True, 0, "paid"), (True, 60, "open"), (False, 0, "open")]
)
async def test_a_top_up_settles_only_what_is_due_and_was_consented_to(db, automatic, due_in_s, state):
    customer = await factories.customer()
    due_at = clock.now() + timedelta(seconds=due_in_s)
    await bills.issue([bills.NewBill(customer.id, "茶位费", "test:1", 500, due_at, automatic=automatic)])
    await factories.topped_up(customer.id, 5000)
    assert [bill.state for bill in await bills.page(customer.id)] == [state]


@pytest.mark.parametrize("collect_mode", ["partial", "full"])
async def test_one_bill_paid_by_many_hands_at_once_is_taken_once(db, collect_mode):
    customer = await factories.customer(principal=5000)
    bill = await issued(customer.id, 500, collect_mode)
    outcomes = await asyncio.gather(
        *(collecting.pay(customer.id, bill.bill_no, key=factories.key()) for _ in range(8)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Bill"] + ["BillNotOwed"] * 7
    assert await factories.balance(customer.id) == (4500, 0)
