"""Numbers that people read out: their form, their order in a run, and how far it is from one to the next."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core import clock, ids


def test_a_number_is_prefix_day_and_thirteen_digits():
    no = ids.new_no("T")
    assert len(no) == 20 and no.startswith(f"T{clock.today():%y%m%d}") and no[1:].isdigit()


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_a_run_rises_and_repeats_nothing(count):
    run = ids.new_run_of_nos("B", count)
    assert len(run) == len(set(run)) == count and run == sorted(run)
    assert all(len(no) == 20 and no[1:].isdigit() for no in run)


def test_who_knows_one_number_of_a_run_knows_no_other():
    steps: set[int] = set()
    for _ in range(20):
        run = [int(no[7:]) for no in ids.new_run_of_nos("B", 1000)]
        steps.update(after - before for before, after in pairwise(run))
    assert len(steps) > 19_000, "hardly any step comes twice"
    assert min(steps) >= 1 and max(steps) <= 4_000_000 and 1_900_000 < sum(steps) / len(steps) < 2_100_000


def test_runs_begin_where_chance_has_them():
    assert len({ids.new_run_of_nos("B", 2)[0][:11] for _ in range(50)}) > 45
