"""Orders whose money the shop is yet to record, and those that keep no other waiting."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing import approvals, counter, terms, vouchers
from core import clock
from core import db as database
from shop import order_changes, order_steps, orders, shipments
from tests import factories
from tests.factories import key


async def _still_waits(customer, order):
    clock.set_offset(orders.UNPAID_LIFETIME + timedelta(minutes=1))
    assert await orders.expire_unpaid() == 0
    change = order_changes.Change({order.lines[0].sku_id: 2})
    with pytest.raises(orders.BillPaymentAwaited):
        await order_changes.edit(customer.id, order.order_no, change, key=key())
    with pytest.raises(orders.BillPaymentAwaited):
        await orders.cancel(customer.id, order.order_no)
    with pytest.raises(orders.BillPaymentAwaited):
        await orders._expire(customer.id, order.order_no)


async def test_what_was_paid_at_the_counter_waits_for_the_second_person(db):
    terms.use(replace(terms.current(), counter_approval_above_fen=999))
    customer = await factories.customer()
    order = await factories.order(customer.id)
    taken = await counter.bill(1, order.bill_no, counter.Taking("card", "T1"), key=key())
    assert taken.approval_no
    await _still_waits(customer, order)
    await approvals.reject(2, taken.approval_no, key=key())
    assert await orders.expire_unpaid() == 1
    other = await factories.order(customer.id)
    taken = await counter.bill(1, other.bill_no, counter.Taking("card", "T1"), key=key())
    assert (await approvals.approve(2, taken.approval_no, key=key())).state == "executed"
    assert (await orders.get(customer.id, other.order_no)).state == "paid"


async def test_what_a_voucher_shows_waits_until_it_is_decided(db):
    customer = await factories.customer()
    order = await factories.order(customer.id)
    made = await vouchers.start(customer.id, amount_fen=1_000, bill_no=order.bill_no, key=key())
    await database.execute(
        "UPDATE voucher SET state = 'submitted', image_hash = 'x' WHERE voucher_no = $1", made.voucher_no
    )
    await _still_waits(customer, order)
    await vouchers.reject(1, made.voucher_no, reason="没有到账", key=key())
    assert await orders.expire_unpaid() == 1


async def test_an_order_that_cannot_be_completed_keeps_no_other_waiting(db, monkeypatch):
    customer = await factories.customer(principal=10_000)
    numbers = []
    for _ in range(2):
        order = await factories.order(customer.id)
        await orders.pay(customer.id, order.order_no, key=key())
        await shipments.ship(
            shipments.By(1), order.order_no, shipments.Parcel("顺丰", order.order_no), key=key()
        )
        numbers.append(order.order_no)
    tell = order_steps.tell

    async def broken(order, *said, **more):
        assert order.order_no != numbers[0]
        await tell(order, *said, **more)

    monkeypatch.setattr(order_steps, "tell", broken)
    clock.set_offset(timedelta(days=terms.current().complete_after_days, minutes=1))
    assert await orders.complete_due() == 1
    assert [(await orders.get(customer.id, number)).state for number in numbers] == ["shipped", "completed"]
