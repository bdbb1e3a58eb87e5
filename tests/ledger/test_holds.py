"""Holds: reserved once, ended once."""

import asyncio
from datetime import timedelta

import pytest

from core import clock
from ledger import accounts, holds, posting
from tests import factories


async def held(amount_fen=400, principal=1_000):
    customer = await factories.customer(principal=principal)
    code = accounts.of_customer(customer.id)
    await holds.place(code, reference="h1", amount_fen=amount_fen)
    return customer, code


async def test_held_money_is_not_available_but_still_the_customers(db):
    customer, code = await held()
    balance = await accounts.balance(customer.id)
    assert (balance.balance_fen, balance.held_fen, balance.available_fen) == (1_000, 400, 600)
    with pytest.raises(posting.InsufficientBalance):
        await holds.place(code, reference="h2", amount_fen=601)
    spend = posting.Transfer("s", "payment", [posting.debit(code, accounts.REVENUE, 601)], operator=code)
    with pytest.raises(posting.InsufficientBalance) as refused:
        await posting.post_one(spend)
    assert refused.value.params == {"available_fen": 600, "amount_fen": 601}


async def test_a_capture_takes_its_part_frees_the_rest_and_repeats_harmlessly(db):
    customer, _ = await held()
    capture = {"target": accounts.REVENUE, "kind": "capture", "operator": "clock"}
    first = await holds.capture("h1", amount_fen=150, **capture)
    again = await holds.capture("h1", amount_fen=150, **capture)
    assert (first.outcome, again.outcome, again.transfer_id) == ("posted", "repeated", first.transfer_id)
    balance = await accounts.balance(customer.id)
    assert (balance.balance_fen, balance.held_fen) == (850, 0)
    with pytest.raises(holds.HoldEnded):
        await holds.capture("h1", amount_fen=151, **capture)
    with pytest.raises(holds.HoldEnded):
        await holds.release("h1")


async def test_more_than_is_held_cannot_be_captured(db):
    await held()
    with pytest.raises(holds.CaptureTooLarge):
        await holds.capture("h1", amount_fen=401, target=accounts.REVENUE, kind="capture", operator="clock")


async def test_capture_and_release_at_once_end_the_hold_once(db):
    customer, _ = await held()
    capture = {"target": accounts.REVENUE, "kind": "capture", "operator": "clock"}
    await asyncio.gather(
        holds.capture("h1", amount_fen=400, **capture),
        holds.release("h1"),
        holds.capture("h1", amount_fen=400, **capture),
        return_exceptions=True,
    )
    balance = await accounts.balance(customer.id)
    assert balance.held_fen == 0 and balance.balance_fen in (600, 1_000)


async def test_a_hold_expires_and_placing_it_again_is_harmless(db):
    customer = await factories.customer(principal=1_000)
    code = accounts.of_customer(customer.id)
    for _ in range(2):
        await holds.place(code, reference="h1", amount_fen=400, expires_at=clock.now() + timedelta(minutes=5))
    with pytest.raises(posting.ReferenceTaken):
        await holds.place(code, reference="h1", amount_fen=401)
    assert await holds.over() == []
    clock.set_offset(timedelta(minutes=6))
    assert [one.reference for one in await holds.over()] == ["h1"]
    assert [await holds.expire("h1") for _ in range(2)] == [True, False]
    assert (await accounts.balance(customer.id)).available_fen == 1_000


async def test_an_unknown_hold_or_account_is_refused(db):
    with pytest.raises(holds.NoSuchHold):
        await holds.release("nothing")
    with pytest.raises(posting.NothingMoved):
        await holds.place("customer:77", reference="h", amount_fen=1)


async def test_many_holds_at_once_never_hold_more_than_there_is(db):
    customer = await factories.customer(principal=1_000)
    code = accounts.of_customer(customer.id)
    outcomes = await asyncio.gather(
        *(holds.place(code, reference=f"h{n}", amount_fen=300) for n in range(10)), return_exceptions=True
    )
    assert outcomes.count(None) == 3
    assert {type(outcome) for outcome in outcomes} == {type(None), posting.InsufficientBalance}


@pytest.mark.parametrize("end", ["released", "expired"])
async def test_placing_a_hold_that_ended_is_refused_instead_of_reserving_nothing(db, end):
    customer = await factories.customer(principal=1_000)
    code = accounts.of_customer(customer.id)
    place = {"reference": "h1", "amount_fen": 400, "expires_at": clock.now() + timedelta(minutes=5)}
    await holds.place(code, **place)
    if end == "released":
        await holds.release("h1")
    else:
        clock.set_offset(timedelta(minutes=6))
        await holds.expire("h1")
    with pytest.raises(holds.HoldEnded):
        await holds.place(code, **place)


async def test_a_hold_that_could_never_be_captured_is_not_placed(db):
    customer = await factories.customer(principal=1_000)
    code = accounts.of_customer(customer.id)
    with pytest.raises(AssertionError):
        await holds.place(code, reference="h" * 96, amount_fen=1)
    await holds.place(code, reference="h" * 95, amount_fen=1)
    capture = {"target": accounts.REVENUE, "kind": "capture", "operator": "clock"}
    assert (await holds.capture("h" * 95, amount_fen=1, **capture)).is_new
