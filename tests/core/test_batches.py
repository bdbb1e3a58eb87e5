"""Acts done in sets while others of their kind are under way."""

import asyncio
import contextlib

from core import batches
from core import db as database


class Counter:
    """Does sets slowly and remembers them. An act is (whose, what); ``says`` may answer for it instead."""

    def __init__(self, says=None):
        self.sets, self.at_once, self.most_at_once = [], set(), 0
        self.says = says or (lambda act: act)
        self.open = asyncio.Event()
        self.open.set()
        self.batches = batches.Batches(self.do, of=lambda act: act[0])

    async def do(self, acts):
        self.sets.append(list(acts))
        whose = {act[0] for act in acts}
        assert len(whose) == len(acts) and not whose & self.at_once, "two acts of one at the same time"
        self.at_once |= whose
        try:
            await self.open.wait()
            await asyncio.sleep(0.002)
            return [self.says(act) for act in acts]
        finally:
            self.at_once -= whose


async def ticks():
    for _ in range(4):
        await asyncio.sleep(0)


async def test_who_comes_alone_goes_at_once(db):
    counter = Counter()
    assert await counter.batches.done(("a", 1)) == ("a", 1)
    assert counter.sets == [[("a", 1)]]


async def test_who_comes_together_goes_together_and_gets_their_own_answer(db):
    counter = Counter()
    acts = [(f"customer {n}", n) for n in range(40)]
    assert await asyncio.gather(*map(counter.batches.done, acts)) == acts
    assert len(counter.sets) == batches.UNDER_WAY


async def test_who_comes_while_sets_are_under_way_goes_with_the_next(db):
    counter = Counter()
    counter.open.clear()
    first = [asyncio.ensure_future(counter.batches.done((n, n))) for n in range(10)]
    await ticks()
    later = [asyncio.ensure_future(counter.batches.done((n, n))) for n in range(10, 20)]
    await ticks()
    assert [len(acts) for acts in counter.sets] == [10]
    counter.open.set()
    await asyncio.gather(*first, *later)
    assert [len(acts) for acts in counter.sets] == [10, 10]


async def test_enough_of_them_wait_for_no_set(db):
    counter = Counter()
    counter.open.clear()
    first = [asyncio.ensure_future(counter.batches.done((n, n))) for n in range(10)]
    await ticks()
    later = [asyncio.ensure_future(counter.batches.done((n, n))) for n in range(10, 10 + batches._ENOUGH)]
    await ticks()
    assert [len(acts) for acts in counter.sets] == [10, batches._ENOUGH]
    counter.open.set()
    await asyncio.gather(*first, *later)


async def test_where_halves_take_turns_the_next_is_gone_before_the_answers_of_the_last_are_told(db):
    counter, seen = Counter(), []

    async def asks(whose):
        await counter.batches.done((whose, 1))
        seen.append(len(counter.sets))

    await asyncio.gather(*(asks(n) for n in range(batches._ENOUGH)))
    await asyncio.sleep(0.2)  # they come again after longer than a set is away
    counter.open.clear()
    last = [asyncio.ensure_future(asks(n)) for n in range(batches._ENOUGH)]
    await ticks()
    following = [asyncio.ensure_future(asks(n)) for n in range(100, 112)]
    await ticks()
    gone = len(counter.sets)
    seen.clear()
    counter.open.set()
    await asyncio.gather(*last, *following)
    assert [len(acts) for acts in counter.sets[gone:]] == [12]
    assert seen[: batches._ENOUGH] == [gone + 1] * batches._ENOUGH


async def test_a_set_that_ends_before_it_began_lets_its_place_go_and_leaves_nobody_waiting(db):
    counter = Counter()
    members = [asyncio.ensure_future(counter.batches.done((n, n))) for n in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    (queue,) = counter.batches._queues.values()
    (under_way,) = queue._sets
    assert counter.sets == [], "not begun"
    under_way.task.cancel()
    answers = await asyncio.wait_for(asyncio.gather(*members, return_exceptions=True), 5)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError] * 3
    assert await counter.batches.done((1, "again")) == (1, "again")


async def test_a_set_that_hangs_holds_nobody_back_for_long(db):
    counter = Counter()
    counter.open.clear()
    hangs = asyncio.ensure_future(counter.batches.done(("hangs", 1)))
    await ticks()
    waits = asyncio.ensure_future(counter.batches.done(("waits", 1)))
    while len(counter.sets) < 2:
        await asyncio.sleep(batches._PATIENCE_S)
    assert not hangs.done()
    counter.open.set()
    await asyncio.gather(hangs, waits)


async def test_no_set_is_larger_than_the_bound(db):
    counter = Counter()
    await asyncio.gather(*(counter.batches.done((n, n)) for n in range(400)))
    assert max(map(len, counter.sets)) <= batches.MOST


async def test_acts_of_one_go_one_after_the_other_in_the_order_they_came(db):
    counter = Counter()
    acts = [("one", n) for n in range(6)] + [(f"other {n}", n) for n in range(6)]
    await asyncio.gather(*map(counter.batches.done, acts))
    assert [what for acts in counter.sets for whose, what in acts if whose == "one"] == list(range(6))


async def test_a_set_that_fails_leaves_all_of_it_to_the_other_way_and_the_next_one_works(db):
    def poisoned(act):
        if act[1] == "poison":
            raise RuntimeError("one spoils it for all")
        return act

    counter = Counter(poisoned)
    answers = await asyncio.gather(*map(counter.batches.done, [("a", 1), ("b", "poison"), ("c", 2)]))
    assert answers == [None, None, None]
    assert await counter.batches.done(("a", 3)) == ("a", 3)


async def test_what_was_in_the_way_is_tried_again_but_not_for_ever(db):
    tries = []

    def busy_twice(act):
        tries.append(act)
        return batches.AGAIN if len(tries) < 3 else act

    assert await Counter(busy_twice).batches.done(("a", 1)) == ("a", 1)
    assert await Counter(lambda act: batches.AGAIN).batches.done(("a", 1)) is None


async def test_a_caller_who_leaves_disturbs_nobody(db):
    counter = Counter()
    counter.open.clear()
    under_way = [asyncio.ensure_future(counter.batches.done((n, n))) for n in range(8)]
    await ticks()
    waiting = [asyncio.ensure_future(counter.batches.done((n, n))) for n in range(8, 12)]
    await ticks()
    for leaving in (under_way[0], waiting[0]):
        leaving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await leaving
    counter.open.set()
    assert await asyncio.gather(*under_way[1:], *waiting[1:]) == [
        (n, n) for n in (*range(1, 8), *range(9, 12))
    ]
    done = [act for acts in counter.sets for act in acts]
    assert (0, 0) in done and (8, 8) not in done


async def test_inside_a_transaction_nothing_is_done_outside_of_it(db):
    counter = Counter()
    async with database.transaction():
        assert await counter.batches.done(("a", 1)) is None
    assert counter.sets == []


def test_a_loop_that_ends_leaves_nobody_waiting(database_url):
    from app import database as app_database

    async def work():
        async with app_database.opened(database_url, pool_min=1, pool_max=2):
            counter = Counter()
            counter.open.clear()
            waiting = [asyncio.ensure_future(counter.batches.done(("one", n))) for n in range(3)]
            await asyncio.sleep(0.01)
            for task in asyncio.all_tasks() - {asyncio.current_task(), *waiting}:
                task.cancel()
            return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)

    answers = asyncio.run(work())
    assert [type(answer) for answer in answers] == [asyncio.CancelledError] * 3
