"""The statistics of the benchmarks, and how rounds are run."""

from __future__ import annotations

import random

import pytest

from benchmarks import rounds


def test_the_ratio_is_the_median_of_paired_ratios():
    # the machine slows down by half after the second round: pairs do not care
    found = rounds.ratio([(50, 100), (52, 100), (25, 50), (24, 50), (25, 50)])
    assert found.middle == pytest.approx(0.5)
    assert 0.48 <= found.low <= found.middle <= found.high <= 0.52


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    chance = random.Random(7)
    hits = 0
    for trial in range(60):
        pairs = [(0.6 * chance.lognormvariate(0, 0.1), 1.0) for _ in range(13)]
        found = rounds.ratio(pairs, seed=trial)
        hits += found.low <= 0.6 <= found.high
    assert hits >= 52


def test_the_same_rounds_give_the_same_interval():
    pairs = [(1.0, 2.0), (1.2, 2.0), (0.9, 2.0)]
    assert rounds.ratio(pairs) == rounds.ratio(pairs)


@pytest.mark.parametrize(
    ("ratio", "noisy"),
    [
        (rounds.Ratio(1.0, 0.86, 1.14), False),
        (rounds.Ratio(1.0, 0.84, 1.10), True),
        (rounds.Ratio(0.1, 0.09, 0.12), True),
    ],
)
def test_an_interval_wider_than_15_percent_is_called_noisy(ratio, noisy):
    assert ratio.is_noisy is noisy


@pytest.mark.parametrize("pairs", [[], [(1.0, 0.0)], [(0.0, 1.0)]])
def test_standing_still_is_a_failure_not_a_ratio(pairs):
    with pytest.raises(rounds.RunFailed):
        rounds.ratio(pairs)


class Turns:
    """A contest that writes down who worked when; the subject is half as fast as the floor."""

    def __init__(self):
        self.taken = []
        self.contest = rounds.Contest(
            floor=self.floor, subject=self.subject, counters=self.counters, before_round=self.before_round
        )

    async def floor(self, seconds):
        self.taken.append(("floor", seconds))
        return 1000.0

    async def subject(self, seconds):
        self.taken.append(("subject", seconds))
        return 500.0

    async def counters(self):
        return {"statements": 3.0}

    async def before_round(self):
        self.taken.append(("prepare", 0))


async def test_rounds_warm_up_prepare_and_alternate_in_random_order():
    turns = Turns()
    measured = await rounds.run(turns.contest, rounds=20, seconds=2.0, order=random.Random(3), still_s=0)
    assert turns.taken[:3] == [("prepare", 0), ("floor", 1.0), ("subject", 1.0)]
    rest = turns.taken[3:]
    each = [rest[at : at + 4] for at in range(0, len(rest), 4)]
    assert len(each) == 20
    assert all(one[0] == ("prepare", 0) for one in each)
    assert all(sorted(one[1:]) == [("floor", 2.0), ("floor", 2.0), ("subject", 2.0)] for one in each)
    assert {[who for who, _ in one].index("subject") for one in each} == {1, 2, 3}
    assert (measured.ratio.middle, measured.control.middle) == (0.5, 1.0)
    assert measured.counters == {"statements": 3.0}


async def test_a_slow_machine_gets_fewer_rounds_but_enough_for_an_interval():
    measured = await rounds.run(
        Turns().contest, rounds=20, seconds=2.0, order=random.Random(3), at_most_s=0.0, still_s=0
    )
    assert len(measured.rounds) == rounds.ENOUGH
