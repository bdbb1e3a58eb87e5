"""Deposits and pre-authorisations: held, told, captured once in part or whole, or let go; what becomes free settles what is due."""

import asyncio
from datetime import timedelta

import pytest

from billing import approvals, bill_refunds, bills, closings, deductions, operator_holds
from core import clock
from core import db as database
from ledger import accounts
from tests import factories


async def held(principal=1_000, amount_fen=600, *, minutes=None, **customer):
    made = await factories.customer(principal=principal, **customer)
    ends = None if minutes is None else clock.now() + timedelta(minutes=minutes)
    hold_no = await operator_holds.place(
        1, made.id, amount_fen=amount_fen, title="茶具押金", expires_at=ends, key=factories.key()
    )
    return made.id, hold_no


async def standing(customer_id, hold_no):
    """(state, captured, principal, held, what the customer was told)."""
    hold = await operator_holds.get(hold_no)
    balance = await accounts.balance(customer_id)
    rows = await database.fetch(
        "SELECT kind FROM outbox_message WHERE customer_id = $1 AND kind <> 'topped_up' ORDER BY id",
        customer_id,
    )
    told = [row["kind"] for row in rows]
    return hold.state, hold.captured_fen, balance.principal_fen, balance.held_fen, told


async def test_a_hold_is_told_and_what_is_held_cannot_be_spent(db):
    customer_id, hold_no = await held()
    assert await standing(customer_id, hold_no) == ("open", 0, 1_000, 600, ["held"])
    (seen,) = await operator_holds.page(customer_id, state="open")
    assert (seen.hold_no, seen.kind, seen.title, seen.operator) == (
        hold_no,
        "operator",
        "茶具押金",
        "operator:1",
    )
    with pytest.raises(operator_holds.InsufficientBalance):
        await operator_holds.place(
            1, customer_id, amount_fen=401, title="押金", expires_at=None, key=factories.key()
        )


async def test_a_capture_in_part_becomes_a_paid_bill_and_lets_the_rest_go(db):
    customer_id, hold_no = await held()
    await operator_holds.capture(2, hold_no, amount_fen=200, title="茶杯破损", key=factories.key())
    assert await standing(customer_id, hold_no) == ("captured", 200, 800, 0, ["held", "deducted"])
    (bill,) = await bills.page(customer_id)
    assert (bill.state, bill.amount_fen, bill.title, bill.source) == (
        "paid",
        200,
        "茶杯破损",
        f"hold:{hold_no}",
    )
    row = await database.fetchrow(
        "SELECT kind, memo, operator FROM transfer WHERE reference = $1", f"hold:{hold_no}"
    )
    assert tuple(row) == ("bill_payment", "茶杯破损", "operator:2")


async def test_all_that_is_held_can_be_captured(db):
    customer_id, hold_no = await held()
    await operator_holds.capture(1, hold_no, amount_fen=600, key=factories.key())
    assert await standing(customer_id, hold_no) == ("captured", 600, 400, 0, ["held", "deducted"])


async def test_a_release_is_told_and_the_money_is_free(db):
    customer_id, hold_no = await held()
    key = factories.key()
    for _ in range(2):
        assert await operator_holds.release(1, hold_no, key=key) == hold_no
    assert await standing(customer_id, hold_no) == ("released", 0, 1_000, 0, ["held", "hold_released"])


async def test_the_clock_lets_go_what_nobody_captured_in_time(db):
    customer_id, hold_no = await held(minutes=30)
    assert await operator_holds.expire_due() == 0
    clock.set_offset(timedelta(minutes=31))
    assert sorted(await asyncio.gather(operator_holds.expire_due(), operator_holds.expire_due())) == [0, 1]
    assert await standing(customer_id, hold_no) == ("expired", 0, 1_000, 0, ["held", "hold_released"])


@pytest.mark.parametrize("how", ["release", "expire", "capture"])
async def test_what_becomes_free_settles_what_is_due(db, how):
    customer_id, hold_no = await held(minutes=30)
    await factories.plan(customer_id, 700)
    await deductions.run_due()
    assert (await accounts.balance(customer_id)).principal_fen == 1_000
    if how == "release":
        await operator_holds.release(1, hold_no, key=factories.key())
    elif how == "capture":
        await operator_holds.capture(1, hold_no, amount_fen=100, key=factories.key())
    else:
        clock.set_offset(timedelta(minutes=31))
        await operator_holds.expire_due()
    left_fen = (await accounts.balance(customer_id)).principal_fen
    assert left_fen == (200 if how == "capture" else 300)


async def test_a_hold_ends_once_however_many_try_at_once(db):
    customer_id, hold_no = await held(minutes=30)
    clock.set_offset(timedelta(minutes=31))
    outcomes = await asyncio.gather(
        *(operator_holds.capture(1, hold_no, amount_fen=100 + n, key=factories.key()) for n in range(3)),
        operator_holds.release(1, hold_no, key=factories.key()),
        operator_holds.expire_due(),
        return_exceptions=True,
    )
    refused = [one for one in outcomes if isinstance(one, operator_holds.HoldEnded)]
    assert outcomes.count(hold_no) + (outcomes[-1] == 1) == 1, outcomes
    assert len(refused) + outcomes.count(hold_no) == 4
    state, captured_fen, principal_fen, held_fen, _ = await standing(customer_id, hold_no)
    assert (principal_fen, held_fen, state != "open") == (1_000 - captured_fen, 0, True)


async def test_the_same_key_captures_once_also_at_once(db):
    customer_id, hold_no = await held()
    key = factories.key()
    answers = await asyncio.gather(
        *(operator_holds.capture(1, hold_no, amount_fen=100, key=key) for _ in range(4))
    )
    assert set(answers) == {hold_no}
    assert await standing(customer_id, hold_no) == ("captured", 100, 900, 0, ["held", "deducted"])
    with pytest.raises(operator_holds.KeyReused):
        await operator_holds.capture(1, hold_no, amount_fen=101, key=key)


async def test_what_cannot_be_is_refused_and_moves_nothing(db):
    customer_id, hold_no = await held()
    with pytest.raises(operator_holds.CaptureTooLarge):
        await operator_holds.capture(1, hold_no, amount_fen=601, key=factories.key())
    for number in ("H1", "combined:C1", hold_no.lower()):
        with pytest.raises(operator_holds.NotAnOperatorsHold):
            await operator_holds.release(1, number, key=factories.key())
    with pytest.raises(operator_holds.NoSuchCustomer):
        await operator_holds.place(1, 10**9, amount_fen=1, title="押金", expires_at=None, key=factories.key())
    for wrong in (clock.now(), clock.now() + operator_holds.LONGEST * 2):
        with pytest.raises(operator_holds.HoldExpiryOutOfRange):
            await operator_holds.place(
                1, customer_id, amount_fen=1, title="押金", expires_at=wrong, key=factories.key()
            )
    assert await standing(customer_id, hold_no) == ("open", 0, 1_000, 600, ["held"])


async def test_nothing_new_is_held_on_an_account_that_is_being_closed(db):
    customer = await factories.customer(principal=1_000)
    asked = await closings.request(1, customer.id, reason="搬家", key=factories.key())
    await approvals.approve(2, asked, key=factories.key())
    with pytest.raises(operator_holds.CustomerHasLeft):
        await operator_holds.place(
            1, customer.id, amount_fen=1, title="押金", expires_at=None, key=factories.key()
        )
    assert (await accounts.balance(customer.id)).held_fen == 0


async def test_operators_do_not_end_what_holds_a_payment_under_way(db):
    customer_id, _ = await held()
    payment = await factories.combined_payment(await factories.order(customer_id, 1_000))
    (seen, _) = await operator_holds.page(customer_id, state="open")
    assert (seen.hold_no, seen.kind, seen.title) == (payment.combined_no, "payment", "龙井")
    for number in (payment.combined_no, f"combined:{payment.combined_no}"):
        with pytest.raises(operator_holds.NotAnOperatorsHold):
            await operator_holds.capture(1, number, amount_fen=1, key=factories.key())


async def test_holding_may_cross_the_low_balance_line_and_capturing_does_not_again(db):
    customer_id, hold_no = await held(threshold_fen=500)
    assert (await standing(customer_id, hold_no))[4] == ["held", "low_balance"]
    await operator_holds.capture(1, hold_no, amount_fen=600, key=factories.key())
    assert (await standing(customer_id, hold_no))[4] == ["held", "low_balance", "deducted"]


async def test_what_was_captured_is_refunded_like_any_bill(db):
    customer_id, hold_no = await held()
    await operator_holds.capture(1, hold_no, amount_fen=300, key=factories.key())
    (bill,) = await bills.page(customer_id)
    async with database.transaction():
        await bill_refunds.in_full(await bills.lock(bill.bill_no), operator="operator:1")
    assert (await accounts.balance(customer_id)).principal_fen == 1_000
