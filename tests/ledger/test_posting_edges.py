"""What small changes of the one verb would break: each test was missed by a mutant once (``make mutate``)."""

import asyncio

import pytest

from core import db as database
from ledger import accounts, posting
from tests.ledger.test_posting import balance, opened, spend


async def outcomes(*transfers):
    return [one.outcome for one in await posting.post(list(transfers))]


async def test_debits_that_are_not_plain_wait_for_each_other_too(db):
    code = await opened(principal=1_000, bonus=300)
    wishes = [spend(code, 300, f"part:{n}", kind="principal", partial=True) for n in range(3)]
    wishes += [spend(code, 200, f"whole:{n}", kind="principal") for n in range(4)]
    taken = await asyncio.gather(*(posting.post([wish]) for wish in wishes))
    assert len(taken) == 7
    moved = await database.fetchval("SELECT sum(amount_fen) FROM posting WHERE source_lot_id IS NOT NULL")
    assert await balance() == (1_000 - moved, 300)
    assert 0 <= 1_000 - moved < 200


async def test_one_leg_that_is_not_covered_refuses_them_all(db):
    code = await opened(principal=1_000, bonus=300)
    principal, bonus = [row[0] for row in await database.fetch("SELECT id FROM lot ORDER BY id")]
    legs = [
        posting.debit(code, accounts.REVENUE, 500, lot=principal),
        posting.debit(code, accounts.REVENUE, 400, lot=bonus),
    ]
    assert await outcomes(posting.Transfer("both:1", "payment", legs, operator="t")) == ["insufficient"]
    assert await balance() == (1_000, 300)


async def test_one_lot_without_room_refuses_them_all(db):
    code = await opened(principal=1_000, bonus=300)
    await posting.post([spend(code, 200, kind="bonus")])
    principal, bonus = [row[0] for row in await database.fetch("SELECT id FROM lot ORDER BY id")]
    legs = [
        posting.give_back(accounts.REVENUE, code, 100, lot=bonus),
        posting.give_back(accounts.REVENUE, code, 1, lot=principal),
    ]
    assert await outcomes(posting.Transfer("back:1", "refund", legs, operator="t")) == ["no_room"]
    assert await balance() == (1_000, 100)


@pytest.mark.parametrize("target", ["house:nobody", "customer:1"])
async def test_a_plain_debit_goes_to_a_house_that_there_is(db, target):
    code = await opened(principal=1_000)
    wrong = posting.Transfer("wrong:1", "payment", [posting.debit(code, target, 100)], operator="t")
    assert await outcomes(wrong, spend(code, 100)) == ["no_account", "posted"]
    assert await balance() == (900, 0)
