"""Who sets off beside a group under way, and who waits for it to be back."""

import asyncio
from types import SimpleNamespace

import pytest

from core import gathering

ENOUGH = 16


class Watch:
    """Tells a time that passes when a test says so, not while the machine is busy."""

    s = 0.0

    async def goes_on(self, seconds):
        self.s += seconds
        await asyncio.sleep(0)


WATCH = Watch()


@pytest.fixture(autouse=True)
def _time_is_the_watchs(monkeypatch):
    monkeypatch.setattr("core.gathering.time", SimpleNamespace(monotonic=lambda: WATCH.s))


class Ferry:
    """Groups that leave when ``gathering`` says so; who waits at that moment goes along."""

    def __init__(self, *, may_take_turns=True, patience_s=30.0):
        self.waiting, self.groups, self.left_at = 0, [], []
        self.gathering = gathering.Gathering(
            self.leave, enough=ENOUGH, patience_s=patience_s, linger_s=30.0, may_take_turns=may_take_turns
        )

    def leave(self):
        if self.waiting:
            self.groups.append(self.waiting)
            self.waiting = 0
            self.left_at.append(self.gathering.left())

    async def come(self, count):
        for _ in range(count):
            self.waiting += 1
            self.gathering.came()
            self.gathering.prepare(self.waiting)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def back(self, count, *, after_s=0.0):
        await WATCH.goes_on(after_s)
        self.back_now(count)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def back_now(self, count):
        self.gathering.back(count, self.left_at.pop(0), waiting=self.waiting)


async def busy(*, away_s, returning_s, **how):
    """A place where the first group was away so long, and its members took so long to come again."""
    ferry = Ferry(**how)
    await ferry.come(ENOUGH)
    await ferry.back(ENOUGH, after_s=away_s)
    await WATCH.goes_on(returning_s)
    await ferry.come(ENOUGH)
    assert ferry.groups == [ENOUGH, ENOUGH]
    return ferry


async def test_those_who_come_again_at_once_leave_beside_a_group_under_way():
    ferry = await busy(away_s=0.1, returning_s=0.0)
    await ferry.come(ENOUGH)
    assert ferry.groups[2:] == [ENOUGH]


async def test_where_coming_again_takes_as_long_as_a_group_is_away_one_half_waits_for_the_other():
    ferry = await busy(away_s=0.01, returning_s=0.1)
    await ferry.come(ENOUGH)
    assert ferry.groups[2:] == [], "they wait"
    await ferry.back(ENOUGH)
    assert ferry.groups[2:] == [ENOUGH], "and leave as soon as the other half is back"


async def test_a_half_leaves_in_the_moment_the_other_is_back_and_need_not_be_complete():
    ferry = await busy(away_s=0.01, returning_s=0.1)
    await ferry.come(10)
    ferry.back_now(ENOUGH)
    assert ferry.groups[2:] == [10]


async def test_nobody_takes_turns_with_a_group_that_is_held_up():
    ferry = await busy(away_s=0.001, returning_s=0.1, patience_s=0.02)
    await WATCH.goes_on(0.05)
    await ferry.come(ENOUGH)
    assert ferry.groups[2:] == [ENOUGH]


async def test_a_group_is_as_long_away_as_it_was_whichever_left_before_it():
    ferry = await busy(away_s=0.001, returning_s=0.1)
    held_up = ferry.left_at.pop()
    await WATCH.goes_on(0.15)
    await ferry.come(2 * ENOUGH)
    assert ferry.groups[2:] == [2 * ENOUGH]
    await ferry.back(2 * ENOUGH, after_s=0.02)
    await WATCH.goes_on(0.03)
    await ferry.come(2 * ENOUGH)
    assert ferry.gathering._turns.pay, (
        "those served came again after 30 ms, and their group was away for 20, not for 150"
    )
    ferry.gathering.back(ENOUGH, held_up, waiting=0)


async def test_so_many_that_they_are_two_groups_wait_for_nobody_even_in_turns():
    ferry = await busy(away_s=0.01, returning_s=0.1)
    await ferry.come(2 * ENOUGH)
    assert ferry.groups[2:] == [2 * ENOUGH]


async def test_few_who_wait_for_their_turn_wait_for_those_just_served_too():
    ferry = await busy(away_s=0.01, returning_s=0.1)
    await ferry.come(3)
    await ferry.back(ENOUGH)
    assert ferry.groups[2:] == []
    await ferry.come(ENOUGH - 3)
    assert ferry.groups[2:] == [ENOUGH]


async def test_halves_take_turns_only_where_they_may():
    ferry = await busy(away_s=0.01, returning_s=0.1, may_take_turns=False)
    await ferry.come(ENOUGH)
    assert ferry.groups[2:] == [ENOUGH]


@pytest.mark.parametrize("count", [1, 3])
async def test_a_quiet_place_lets_everybody_go_at_once(count):
    ferry = Ferry()
    for _ in range(4):
        await ferry.come(count)
        await ferry.back(count, after_s=0.005)
    assert ferry.groups == [count] * 4
