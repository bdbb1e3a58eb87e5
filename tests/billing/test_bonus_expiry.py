"""Bonus expires by a posted transfer; principal never does."""

import asyncio
from datetime import timedelta

import pytest

from billing import expiry
from core import clock
from core import db as database
from ledger import accounts, explain, holds, posting
from shop import orders
from tests import factories


async def test_bonus_lives_to_the_end_of_its_last_day_and_then_goes_back_to_the_house(db):
    customer = await factories.customer(principal=1_000, bonus=300, bonus_days=30)
    (bonus, principal) = await explain.lots(customer.id)
    assert (bonus.kind, bonus.expires_at) == ("bonus", clock.start_of(clock.today() + timedelta(days=31)))
    assert (principal.kind, principal.expires_at) == ("principal", None)
    clock.set_offset(bonus.expires_at - clock.now() - timedelta(seconds=1))
    assert await expiry.expire_bonus() == 0
    clock.set_offset(clock.offset() + timedelta(seconds=2))
    assert await expiry.expire_bonus() == 1
    assert await expiry.expire_bonus() == 0
    assert await factories.balance(customer.id) == (1_000, 0)
    told = await database.fetchval("SELECT count(*) FROM outbox_message WHERE kind = 'bonus_expired'")
    assert told == 1


async def test_only_what_is_left_of_a_lot_expires(db):
    customer = await factories.customer(principal=1_000, bonus=300, bonus_days=1)
    sku = await factories.sku(120)
    order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    await orders.pay(customer.id, order.order_no, key=factories.key())
    clock.set_offset(timedelta(days=3))
    assert await expiry.expire_bonus() == 1
    assert await factories.balance(customer.id) == (1_000, 0)
    # What is given back into a lot that has expired expires in the next run.
    await orders.cancel(customer.id, order.order_no)
    assert await factories.balance(customer.id) == (1_000, 120)
    assert await expiry.expire_bonus() == 1
    assert await factories.balance(customer.id) == (1_000, 0)


async def test_held_money_does_not_expire_under_its_hold(db):
    customer = await factories.customer(principal=100, bonus=300, bonus_days=1)
    code = accounts.of_customer(customer.id)
    await holds.place(code, reference="h", amount_fen=350)
    clock.set_offset(timedelta(days=3))
    assert await expiry.expire_bonus() == 1
    assert await factories.balance(customer.id) == (100, 250)
    await holds.release("h")
    assert await expiry.expire_bonus() == 1
    assert await factories.balance(customer.id) == (100, 0)


async def test_expiry_and_spending_at_once_take_each_fen_once(db):
    customer = await factories.customer(principal=1_000, bonus=500, bonus_days=1)
    code = accounts.of_customer(customer.id)
    clock.set_offset(timedelta(days=3))
    spends = [
        posting.post(
            [posting.Transfer(f"s{n}", "spend", [posting.debit(code, accounts.REVENUE, 50)], operator="t")]
        )
        for n in range(10)
    ]
    await asyncio.gather(*spends, expiry.expire_bonus(), expiry.expire_bonus())
    while await expiry.expire_bonus():
        pass
    principal, bonus = await factories.balance(customer.id)
    assert bonus == 0 and 500 <= principal <= 1_000


async def test_an_expiry_that_crosses_the_threshold_alerts(db):
    await factories.customer(principal=100, bonus=300, bonus_days=1, threshold_fen=200)
    clock.set_offset(timedelta(days=3))
    await expiry.expire_bonus()
    kinds = [row[0] for row in await database.fetch("SELECT kind FROM outbox_message ORDER BY id")]
    assert kinds[-2:] == ["bonus_expired", "low_balance"]


async def test_principal_cannot_be_given_an_expiry(db):
    customer = await factories.customer()
    leg = posting.credit(
        accounts.WECHAT_PAY, accounts.of_customer(customer.id), 1, kind="principal", expires_at=clock.now()
    )
    with pytest.raises(Exception, match="lot_principal_never_expires"):
        await posting.post_one(posting.Transfer("t", "grant", [leg], operator="t"))


async def test_a_change_is_explained_by_the_lots_it_moved_and_the_rule_that_chose_them(db):
    customer = await factories.customer(principal=1_000, bonus=300, bonus_days=1)
    sku = await factories.sku(500)
    order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    await orders.pay(customer.id, order.order_no, key=factories.key())
    paid = await explain.change(customer.id, 2)
    assert paid.burn_policy == "bonus_first" and paid.change.reference == f"bill:{order.bill_no}:0"
    assert [(piece.kind, piece.amount_fen) for piece in paid.pieces] == [("bonus", -300), ("principal", -200)]
    assert {piece.source for piece in paid.pieces} == {(await explain.lots(customer.id))[0].source}
    await orders.cancel(customer.id, order.order_no)
    back = await explain.change(customer.id, 3)
    assert back.reverses == paid.change.reference and back.burn_policy is None
    assert [(piece.kind, piece.amount_fen) for piece in back.pieces] == [("principal", 200), ("bonus", 300)]
    for number in (0, 4):
        with pytest.raises(explain.NoSuchChange):
            await explain.change(customer.id, number)
    other = await factories.customer()
    with pytest.raises(explain.NoSuchChange):
        await explain.change(other.id, 2)
