"""Customers' own transfers meet the rules for abnormal deductions as other debits do."""

import asyncio
from dataclasses import replace

import pytest

from billing import deduction_rules, reversals, staff_alerts, terms, transfers
from tests import factories


@pytest.fixture(autouse=True)
def _allowed():
    terms.use(replace(terms.current(), customer_transfers=True))


async def rule(action, *, kind="size", tells_customer=False, **params):
    await deduction_rules.add(
        name="大额", kind=kind, params=params or {"at_least_fen": 500}, action=action, tells_customer=tells_customer
    )  # fmt: skip


async def two():
    return (await factories.customer(principal=5_000)).id, (await factories.customer()).id


def give(giver, receiver, amount_fen=600):
    return transfers.send_own(transfers.Gift(giver, receiver, amount_fen, 0, "生日快乐"), key=factories.key())


async def alerts():
    return [alert.kind for alert in await staff_alerts.page(is_open=True)]


async def test_one_that_a_rule_would_hold_is_not_made_and_the_shop_is_told(db):
    giver, receiver = await two()
    await rule("hold")
    for _ in range(2):
        with pytest.raises(transfers.TransferNeedsReview):
            await give(giver, receiver)
    assert await factories.balance(giver) == (5_000, 0) and await transfers.page() == []
    (alert,) = await staff_alerts.page(is_open=True)
    assert alert.kind == "transfer_stopped" and "6.00" in alert.text("zh-CN") and "6.00" in alert.text("en")
    await give(giver, receiver, 499)
    await transfers.send(1, transfers.Gift(giver, receiver, 600, 0, "代办"), key=factories.key())
    assert await factories.balance(receiver) == (1_099, 0)


async def test_one_that_a_rule_only_tells_of_is_made_and_told(db):
    giver, receiver = await two()
    await rule("alert", tells_customer=True)
    await give(giver, receiver)
    assert await factories.balance(receiver) == (600, 0)
    assert await alerts() == ["abnormal_deduction"]
    assert await factories.told(giver, "abnormal_deduction") == 1
    assert await factories.told(receiver, "abnormal_deduction") == 0


async def test_a_gift_that_was_taken_back_is_no_habit_of_who_had_it(db):
    giver, receiver = await two()
    await factories.topped_up(receiver, 1_000)
    made = await transfers.send(1, transfers.Gift(giver, receiver, 600, 0, "代办"), key=factories.key())
    await reversals.reverse_transfer(1, made.transfer_no, reason="录错了", key=factories.key())
    await rule("hold", kind="frequency", more_than=1, minutes=60)
    await give(receiver, giver, 100)
    assert await factories.balance(receiver) == (900, 0)


async def test_transfers_at_once_are_counted_one_after_the_other(db):
    giver, receiver = await two()
    await rule("hold", kind="frequency", more_than=2, minutes=60)
    made = await asyncio.gather(*(give(giver, receiver, 100) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, transfers.TransferNeedsReview) for one in made) == 2
    assert await factories.balance(receiver) == (200, 0)
