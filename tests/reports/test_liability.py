"""I15: what customers are owed at an instant is what came in less what went out before it."""

from datetime import datetime, timedelta

import pytest

from billing import adjustments, expiry
from core import clock
from core import db as rows
from reports import liability
from shop import orders
from tests import factories

DAY = timedelta(days=1)


async def by_postings(at):
    """The same question asked of the other table: everything that entered customers' lots, less what left them."""
    return await rows.fetchval(
        "SELECT coalesce(sum(CASE WHEN p.target_lot_id IS NOT NULL THEN amount_fen ELSE 0 END"
        " - CASE WHEN p.source_lot_id IS NOT NULL THEN amount_fen ELSE 0 END), 0)::bigint"
        " FROM posting p JOIN transfer t ON t.id = p.transfer_id WHERE t.created_at < $1",
        at,
    )


async def a_fortnight(began_at):
    """Top-ups with bonus that expires, orders, a cancelled one, corrections: a bit every day, for three customers."""
    sku = await factories.sku(price_fen=700)
    people = [await factories.customer(f"顾客{number}") for number in range(3)]
    for day in range(14):
        clock.set_offset(day * DAY)
        customer = people[day % 3]
        await factories.topped_up(customer.id, 1_000 + day, 100)
        placed = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
        await orders.pay(customer.id, placed.order_no, key=factories.key())
        if day % 4 == 0:
            await orders.cancel(customer.id, placed.order_no)
        if day % 5 == 0:
            await adjustments.adjust(
                1, customer.id, kind="principal", amount_fen=-day - 1, reason="r", key=factories.key()
            )
    return people


async def test_at_any_instant_it_is_what_the_postings_say_and_now_what_the_balances_say(db):
    began_at = clock.now() - timedelta(minutes=1)
    people = await a_fortnight(began_at)
    for half_day in range(29):
        at = began_at + half_day * DAY / 2
        if at <= clock.now():
            assert (await liability.at(at)).total_fen == await by_postings(at)
    now = await liability.at()
    balances = [await factories.balance(customer.id) for customer in people]
    assert (now.principal_fen, now.bonus_fen) == (sum(p for p, _ in balances), sum(b for _, b in balances))
    assert now.customers == 3
    nothing = await liability.at(began_at - 3650 * DAY)
    assert (nothing.total_fen, nothing.customers) == (0, 0)


async def test_movements_lead_from_one_instant_to_the_other(db):
    began_at = clock.now() - timedelta(minutes=1)
    await a_fortnight(began_at)
    first, middle, last = began_at + 2 * DAY, began_at + 7 * DAY, began_at + 12 * DAY
    whole = await liability.between(first, last)
    early, late = await liability.between(first, middle), await liability.between(middle, last)
    for one in (whole, early, late):
        assert (
            one.opening.total_fen + sum(moved.total_fen for moved in one.movements) == one.closing.total_fen
        )
    assert early.closing == late.opening
    assert {moved.kind for moved in whole.movements} == {
        "top_up", "bill_payment", "bill_refund", "manual_adjustment"
    }  # fmt: skip
    assert sum(moved.changes for moved in whole.movements) == sum(
        moved.changes for one in (early, late) for moved in one.movements
    )
    assert (await liability.between(first, first)).movements == []


async def test_what_happens_at_the_very_instant_comes_after_it(db):
    await factories.customer(principal=100)
    at = await rows.fetchval("SELECT created_at FROM entry")
    tick = timedelta(microseconds=1)
    assert ((await liability.at(at)).total_fen, (await liability.at(at + tick)).total_fen) == (0, 100)
    until, since = await liability.between(at - DAY, at), await liability.between(at, at + tick)
    assert (until.movements, until.closing.total_fen, since.opening.total_fen) == ([], 0, 0)
    assert [moved.total_fen for moved in since.movements] == [100]
    await factories.customer()
    assert (await liability.at()).customers == 1


async def test_expired_bonus_is_owed_no_more(db):
    customer = await factories.customer()
    await factories.topped_up(customer.id, 1_000, 300, bonus_days=10)
    clock.set_offset(40 * DAY)
    before_at = clock.now()
    await expiry.expire_bonus()
    assert (await liability.at(before_at)).bonus_fen == 300
    (moved,) = (await liability.between(before_at)).movements
    assert (moved.kind, moved.bonus_fen, moved.principal_fen) == ("bonus_expiry", -300, 0)
    assert (await liability.at()).bonus_fen == 0


async def test_the_future_is_nobodys_to_tell(db):
    with pytest.raises(liability.NotYet):
        await liability.at(clock.now() + timedelta(minutes=1))
    with pytest.raises(liability.NotYet):
        await liability.between(clock.now() - DAY, clock.now() + DAY)
    with pytest.raises(liability.InstantsReversed):
        await liability.between(clock.now(), clock.now() - DAY)
    assert isinstance((await liability.at()).at, datetime)
