"""Questions of one moment travel together; nobody is answered from before they asked, and nobody hangs on another."""

from __future__ import annotations

import asyncio

import pytest

from core import db as database
from core import together


class Book:
    """Reads that wait until they are let go, and write down what they were asked."""

    def __init__(self):
        self.value = 0
        self.asked = []
        self.gates = []
        self.fails = False

    async def read(self, keys):
        self.asked.append(list(keys))
        seen = self.value
        gate = asyncio.Event()
        self.gates.append(gate)
        await gate.wait()
        if self.fails:
            raise ConnectionError("the database went away")
        return {key: (key, seen) for key in keys if key != "nobody"}


@pytest.fixture
def book():
    return Book()


@pytest.fixture
def ask(db, book):
    asked = together.Together(book.read, linger_s=0.5)
    return lambda key: asyncio.create_task(asked.get(key))


async def ticks(count=4):
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_is_asked_in_one_moment_is_read_once_and_each_key_once(ask, book):
    asked = [ask(key) for key in ("a", "b", "a", "nobody")]
    await ticks()
    assert book.asked == [["a", "b", "nobody"]]
    book.gates[0].set()
    assert await asyncio.gather(*asked) == [("a", 0), ("b", 0), ("a", 0), None]


async def test_who_asks_while_a_read_is_under_way_gets_a_later_one(ask, book):
    first = ask("a")
    await ticks()
    book.value = 1  # changed after the first read looked
    second = ask("a")
    await ticks()
    book.gates[0].set()
    assert await first == ("a", 0)
    await ticks()
    book.gates[1].set()
    assert await second == ("a", 1)
    assert book.asked == [["a"], ["a"]]


async def test_a_read_that_hangs_holds_nobody_back_for_long(ask, book):
    hangs = ask("a")
    await ticks()
    later = [ask("b"), ask("c")]
    await ticks()
    assert len(book.asked) == 1  # they wait a little, to go with others
    await asyncio.sleep(together._PATIENCE_S * 4)
    assert book.asked[1:] == [["b", "c"]]
    book.gates[-1].set()
    assert await asyncio.gather(*later) == [("b", 0), ("c", 0)]
    assert not hangs.done()
    book.gates[0].set()
    await hangs


async def test_enough_of_them_wait_for_nobody(ask, book):
    hangs = ask("a")
    await ticks()
    crowd = [ask(f"b{number}") for number in range(together._ENOUGH)]
    await ticks()
    assert [len(keys) for keys in book.asked] == [1, together._ENOUGH]
    for gate in book.gates:
        gate.set()
    await asyncio.gather(hangs, *crowd)


async def test_those_who_were_just_served_are_waited_for_a_moment(ask, book):
    crowd = [ask(f"a{number}") for number in range(8)]
    await ticks()
    book.gates[0].set()
    await asyncio.gather(*crowd)
    early = ask("b0")
    await ticks()
    assert len(book.asked) == 1
    late = [ask(f"b{number}") for number in range(1, 8)]
    await ticks()
    assert [len(keys) for keys in book.asked] == [8, 8]
    book.gates[1].set()
    await asyncio.gather(early, *late)
    alone = ask("c")  # nobody else comes back this time
    async with asyncio.timeout(60):
        while len(book.asked) < 3:
            await asyncio.sleep(0.01)
    assert book.asked[2:] == [["c"]]
    book.gates[2].set()
    assert await alone == ("c", 0)


async def test_who_hangs_up_takes_nobody_along(ask, book):
    leaves, stays = ask("a"), ask("a")
    await ticks()
    leaves.cancel()
    await ticks()
    book.gates[0].set()
    assert await stays == ("a", 0)
    leaves_early, waits = ask("b"), ask("c")
    leaves_early.cancel()
    await ticks(8)
    assert book.asked[1:] == [["c"]]
    book.gates[1].set()
    assert await waits == ("c", 0)


async def test_a_fault_is_told_to_everybody_it_concerns_and_the_next_are_answered(ask, book):
    asked = [ask("a"), ask("b")]
    await ticks()
    book.fails = True
    book.gates[0].set()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in told] == [ConnectionError, ConnectionError]
    book.fails = False
    again = ask("a")
    await ticks()
    book.gates[1].set()
    assert await again == ("a", 0)


async def test_inside_a_transaction_the_transaction_itself_is_asked(db):
    async def read(keys):
        return {key: await database.fetchval("SELECT count(*) FROM customer") for key in keys}

    counted = together.Together(read)
    async with database.transaction():
        await database.execute(
            "INSERT INTO customer (name, locale, state, created_at) VALUES ('x', 'zh-CN', 'active', now())"
        )
        assert await counted.get("all") == 1
        elsewhere = asyncio.get_running_loop().create_task(counted.get("all"))
        assert await elsewhere == 1  # a task started in here is on the same transaction
    assert await counted.get("all") == 1
