"""Part of a balance becomes another customer's and stays what it was; two accounts that turn out to be one; both at once."""

import asyncio
from dataclasses import replace

import pytest

from billing import adjustments, approvals, deductions, reversals, terms, transfers
from core import clock
from core import db as database
from ledger import accounts, holds
from shop import orders
from tests import factories

ASKS, DECIDES = 1, 2


async def send(giver, receiver, principal=0, bonus=0, reason="家人", **more):
    gift = transfers.Gift(giver.id, receiver.id, principal, bonus, reason)
    return await transfers.send(ASKS, gift, key=more.get("key") or factories.key())


async def lots(customer):
    rows = await database.fetch(
        "SELECT l.kind, l.remaining_fen, l.expires_at FROM lot l JOIN account a ON a.id = l.account_id"
        " WHERE a.code = $1 AND l.remaining_fen > 0 ORDER BY l.id",
        accounts.of_customer(customer.id),
    )
    return [tuple(row) for row in rows]


async def told(customer):
    rows = await database.fetch(
        "SELECT kind, params::text FROM outbox_message WHERE customer_id = $1 ORDER BY id", customer.id
    )
    return [row["kind"] for row in rows]


async def test_lots_keep_kind_and_expiry_and_both_are_told(db):
    giver = await factories.customer("小林", principal=1_000, bonus=300, bonus_days=5)
    receiver = await factories.customer("小周", principal=10)
    (*_, bonus_lot) = await lots(giver)
    made = await send(giver, receiver, 400, 200)
    assert await factories.balance(giver.id) == (600, 100)
    assert await factories.balance(receiver.id) == (410, 200)
    assert ("bonus", 200, bonus_lot[2]) in await lots(receiver)
    assert (await told(giver))[-1] == "transfer_sent" and (await told(receiver))[-1] == "transfer_received"
    one = await transfers.get(made.transfer_no)
    assert (one.giver_id, one.receiver_id, one.principal_fen, one.bonus_fen, one.operator) == (
        giver.id, receiver.id, 400, 200, "operator:1",
    )  # fmt: skip
    assert (
        await transfers.page(customer_id=receiver.id) == [one] == await transfers.page(customer_id=giver.id)
    )


async def test_what_comes_in_settles_what_the_receiver_owes(db):
    giver, receiver = await factories.customer(principal=1_000), await factories.customer("小周")
    await factories.plan(receiver.id, 300)
    await deductions.run_due()
    await send(giver, receiver, 500)
    assert await factories.balance(receiver.id) == (200, 0)


@pytest.mark.parametrize(
    ("principal", "bonus", "refusal"),
    [
        (0, 0, transfers.NothingToTransfer),
        (-1, 5, transfers.NothingToTransfer),
        (1_001, 0, transfers.InsufficientBalance),
        (0, 301, transfers.InsufficientBalance),
    ],
)
async def test_transfers_that_cannot_be_are_refused(db, principal, bonus, refusal):
    giver, receiver = await factories.customer(principal=1_000, bonus=300), await factories.customer()
    with pytest.raises(refusal):
        await send(giver, receiver, principal, bonus)
    assert await factories.balance(giver.id) == (1_000, 300)


async def test_held_money_and_bonus_that_is_over_stay(db):
    giver, receiver = (
        await factories.customer(principal=1_000, bonus=300, bonus_days=1),
        await factories.customer(),
    )
    await holds.place(accounts.of_customer(giver.id), reference="h1", amount_fen=1_200)
    with pytest.raises(transfers.InsufficientBalance):
        await send(giver, receiver, 101)
    await send(giver, receiver, 100)
    await holds.release("h1")
    clock.set_offset(factories.DAYS * 3)
    with pytest.raises(transfers.InsufficientBalance):
        await send(giver, receiver, 0, 1)


async def test_only_between_two_active_customers_and_below_the_receivers_limit(db):
    giver, receiver = await factories.customer(principal=1_000), await factories.customer(principal=100)
    with pytest.raises(transfers.NothingToTransfer):
        await send(giver, giver, 1)
    with pytest.raises(transfers.NoSuchCustomer):
        await transfers.send(ASKS, transfers.Gift(giver.id, 404, 1, 0, "r"), key=factories.key())
    terms.use(replace(terms.current(), named_cap_fen=600, unnamed_cap_fen=600))
    with pytest.raises(transfers.ReceiverLimit):
        await send(giver, receiver, 501)
    await send(giver, receiver, 500)
    await database.execute("UPDATE customer SET state = 'blocked' WHERE id = $1", receiver.id)
    with pytest.raises(transfers.NotBetweenThese):
        await send(giver, receiver, 1)


async def test_above_the_limit_a_second_person_decides(db):
    terms.use(replace(terms.current(), approval_above_fen=100))
    giver, receiver = await factories.customer(principal=1_000), await factories.customer()
    made = await send(giver, receiver, 101)
    assert made.transfer_no is None and await factories.balance(receiver.id) == (0, 0)
    done = await approvals.approve(DECIDES, made.approval_no, key=factories.key())
    assert (await transfers.get(done.result)).approval_no == made.approval_no
    assert await factories.balance(receiver.id) == (101, 0)


async def test_customers_themselves_only_where_the_shop_lets_them(db):
    giver, receiver = await factories.customer(principal=1_000), await factories.customer()
    gift, key = transfers.Gift(giver.id, receiver.id, 100, 0, "生日快乐"), factories.key()
    with pytest.raises(transfers.TransfersClosed):
        await transfers.send_own(gift, key=key)
    terms.use(replace(terms.current(), customer_transfers=True))
    made = await asyncio.gather(*(transfers.send_own(gift, key=key) for _ in range(3)))
    assert {one.transfer_no for one in made} == {made[0].transfer_no}
    assert made[0].operator == f"customer:{giver.id}" and await factories.balance(receiver.id) == (100, 0)


async def test_there_and_back_and_spending_at_once_deadlocks_nobody_and_loses_nothing(db):
    one, two = (
        await factories.customer("甲", principal=10_000),
        await factories.customer("乙", principal=10_000),
    )
    sku = await factories.sku(70)
    placed = [
        await orders.place(who.id, [orders.Wanted(sku.id, 1)], key=factories.key()) for who in (one, two) * 4
    ]
    said = await asyncio.gather(
        *(send(giver, receiver, 90) for giver, receiver in ((one, two), (two, one)) * 6),
        *(orders.pay(order.customer_id, order.order_no, key=factories.key()) for order in placed),
        return_exceptions=True,
    )
    assert not [problem for problem in said if isinstance(problem, BaseException)]
    assert await factories.balance(one.id) == (10_000 - 280, 0) == await factories.balance(two.id)


async def test_several_gifts_of_the_same_money_give_it_once(db):
    giver, receivers = await factories.customer(principal=250), [await factories.customer() for _ in range(4)]
    said = await asyncio.gather(*(send(giver, one, 100) for one in receivers), return_exceptions=True)
    assert sum(isinstance(one, transfers.InsufficientBalance) for one in said) == 2
    assert await factories.balance(giver.id) == (50, 0)


# undoing


async def adjusted(customer, amount, kind="principal"):
    made = await adjustments.adjust(
        ASKS, customer.id, kind=kind, amount_fen=amount, reason="r", key=factories.key()
    )
    return made.adjustment_no


async def undo(number, **more):
    return await reversals.reverse_adjustment(
        ASKS, number, reason="录错了", key=more.get("key") or factories.key()
    )


async def test_an_adjustment_is_undone_by_its_exact_opposite_once(db):
    customer = await factories.customer(principal=1_000, bonus=300)
    up, down = await adjusted(customer, 500), await adjusted(customer, -200, "bonus")
    for number in (up, down):
        made = await undo(number)
        assert (await adjustments.get(number)).reversed_by_no == made.number
        assert (await adjustments.get(made.number)).reverses_no == number
        with pytest.raises(reversals.AlreadyReversed):
            await undo(number)
        with pytest.raises(reversals.NotReversible):
            await undo(made.number)
    assert await factories.balance(customer.id) == (1_000, 300)


async def test_money_that_was_spent_is_not_taken_back(db):
    customer = await factories.customer()
    number = await adjusted(customer, 500)
    await adjusted(customer, 400)
    await holds.place(accounts.of_customer(customer.id), reference="h1", amount_fen=500)
    with pytest.raises(reversals.MoneySpent):
        await undo(number)
    await holds.release("h1")
    sku = await factories.sku(1)
    placed = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    await orders.pay(customer.id, placed.order_no, key=factories.key())
    with pytest.raises(reversals.MoneySpent):
        await undo(number)


async def test_undoing_twice_at_once_undoes_once(db):
    customer = await factories.customer()
    number = await adjusted(customer, 500)
    said = await asyncio.gather(*(undo(number) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, reversals.AlreadyReversed) for one in said) == 3, said
    assert await factories.balance(customer.id) == (0, 0)


async def test_undoing_above_the_limit_waits_and_a_second_wish_is_told(db):
    customer = await factories.customer()
    number = await adjusted(customer, 500)
    terms.use(replace(terms.current(), approval_above_fen=100))
    made = await undo(number)
    with pytest.raises(reversals.AlreadyReversed):
        await undo(number)
    assert await factories.balance(customer.id) == (500, 0)
    done = await approvals.approve(DECIDES, made.approval_no, key=factories.key())
    assert (await adjustments.get(number)).reversed_by_no == done.result
    assert await factories.balance(customer.id) == (0, 0)


async def test_a_transfer_goes_back_into_the_very_lots_it_took(db):
    giver = await factories.customer(principal=1_000, bonus=300, bonus_days=5)
    receiver = await factories.customer("小周", principal=70)
    before = await lots(giver)
    made = await send(giver, receiver, 400, 300)
    done = await reversals.reverse_transfer(ASKS, made.transfer_no, reason="给错人", key=factories.key())
    assert await lots(giver) == before
    assert await factories.balance(receiver.id) == (70, 0)
    assert (await transfers.get(made.transfer_no)).reversed_by_no == done.number
    for number, refusal in (
        (made.transfer_no, reversals.AlreadyReversed),
        (done.number, reversals.NotReversible),
    ):
        with pytest.raises(refusal):
            await reversals.reverse_transfer(ASKS, number, reason="r", key=factories.key())


async def test_a_transfer_undone_twice_at_once_is_undone_once_and_the_other_is_told_so(db):
    """The loser waits for the accounts; what it finds then is not spent money but an undone transfer."""
    giver, receiver = await factories.customer(principal=1_000), await factories.customer()
    made = await send(giver, receiver, 400)
    wishes = [
        reversals.reverse_transfer(ASKS, made.transfer_no, reason="r", key=factories.key()) for _ in range(4)
    ]
    said = await asyncio.gather(*wishes, return_exceptions=True)
    assert sum(isinstance(one, reversals.AlreadyReversed) for one in said) == 3, said
    assert await factories.balance(giver.id) == (1_000, 0)


async def test_a_transfer_of_which_something_is_spent_stays(db):
    giver, receiver = await factories.customer(principal=1_000), await factories.customer()
    made = await send(giver, receiver, 400)
    await send(receiver, giver, 1)
    with pytest.raises(reversals.MoneySpent):
        await reversals.reverse_transfer(ASKS, made.transfer_no, reason="r", key=factories.key())
