"""Those who find the rules for deductions too old read them by one statement; nobody hangs on another, and a change is felt."""

import asyncio

import pytest

from billing import deduction_rules
from core import db as database


class Reads:
    """Counts the statements that read the rules; each answers when it is let go."""

    def __init__(self, fetch):
        self.fetch, self.count, self.go_on = fetch, 0, asyncio.Event()

    async def __call__(self, sql, *args):
        rows = await self.fetch(sql, *args)
        if sql == deduction_rules._ACTIVE:
            self.count += 1
            await self.go_on.wait()
        return rows

    async def begun(self, count):
        async with asyncio.timeout(60):
            while self.count < count:
                await asyncio.sleep(0.001)


@pytest.fixture
def reads(db, monkeypatch):
    counted = Reads(database.fetch)
    monkeypatch.setattr(database, "fetch", counted)
    return counted


def ask():
    return asyncio.create_task(deduction_rules.in_force())


async def in_a_transaction():
    async with database.transaction():
        return await deduction_rules.in_force()


async def add():
    return await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 500}, action="hold", tells_customer=False
    )


async def test_all_who_find_them_too_old_share_one_read(reads):
    asked = [ask() for _ in range(8)]
    await reads.begun(1)
    asked += [ask() for _ in range(8)]
    await asyncio.sleep(0.01)
    reads.go_on.set()
    assert await asyncio.gather(*asked) == [()] * 16
    assert reads.count == 1


async def test_transactions_share_a_read_of_their_own_and_never_wait_for_the_pool(reads):
    outside = ask()
    await reads.begun(1)
    inside = [asyncio.create_task(in_a_transaction()) for _ in range(4)]
    await reads.begun(2)
    await asyncio.sleep(0.02)
    reads.go_on.set()
    assert await asyncio.gather(outside, *inside) == [()] * 5
    assert reads.count == 2


async def test_a_rule_made_while_they_are_read_is_felt_by_who_asks_after_it(reads):
    early = ask()
    await reads.begun(1)
    await add()
    late = ask()
    await reads.begun(2)
    reads.go_on.set()
    assert await early == ()
    assert [rule.name for rule in await late] == ["大额"]
    assert len(await deduction_rules.in_force()) == 1  # what was read before the rule is not kept


async def test_who_hangs_up_takes_nobody_along(reads):
    leaves = ask()
    await reads.begun(1)
    stays = ask()
    await asyncio.sleep(0)
    leaves.cancel()
    reads.go_on.set()
    assert await stays == ()
    assert leaves.cancelled() or await asyncio.gather(leaves, return_exceptions=True)
