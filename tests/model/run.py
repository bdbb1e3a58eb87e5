"""Runs the machine for so many steps."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import keeper
from tests.model.machine import Machine
from tests.model.shop import Shop

STEPS_AN_EXAMPLE, EXAMPLES_A_SEED = 100, 20


@dataclass
class Result:
    steps: int
    seeds: int
    seconds: float
    failure: BaseException | None = None
    failing_seed: int | None = None
    met: Counter = field(default_factory=Counter)
    """How often each step got which answer."""


@dataclass(frozen=True)
class Seeds:
    """Which seeds are run, and for how long: ``steps`` is where no new one is begun."""

    steps: int
    first: int = 1
    stride: int = 1
    within_s: float | None = None
    explain: bool = True
    """A failing example is made small before it is shown."""


def run(url, seeds, *, prepare=None, mend=None):
    """Seed by seed until one fails or the time is over.

    ``prepare(shop)`` is called on the opened shop and ``mend(shop)`` at the end.
    """
    with opened(url) as shop:
        if prepare:
            prepare(shop)
        try:
            *_, last = each(shop, seeds)
            return last
        finally:
            if mend:
                mend(shop)


def opened(url):
    return Shop(url, clear=lambda url: asyncio.run(keeper.emptied(url)))


def each(shop, seeds):
    """The result so far after each seed; a failure ends it."""
    began = time.monotonic()
    yield Result(shop.steps, 0, 0.0, met=shop.met)
    for done, number in enumerate(itertools.count(seeds.first, seeds.stride), 1):
        seconds = time.monotonic() - began
        too_long = seeds.within_s is not None and seconds > seeds.within_s
        if shop.steps >= seeds.steps or too_long or shop.stopped:
            return
        failure = shop.found = None
        try:
            _one_seed(shop, number, seeds.explain, seeds.steps - shop.steps)
        except Exception as found:
            failure = found
            failure.add_note(f"first it was: {shop.found}")
        yield Result(
            shop.steps, done, time.monotonic() - began, failure, number if failure else None, shop.met
        )
        if failure:
            return


def _one_seed(shop, number, explain, left):
    @seed(number)
    class Seeded(Machine):
        pass

    Seeded.shop = shop
    run_state_machine_as_test(
        Seeded,
        settings=settings(
            max_examples=max(2, min(EXAMPLES_A_SEED, -(-left // STEPS_AN_EXAMPLE))),  # the first has no steps
            stateful_step_count=STEPS_AN_EXAMPLE, deadline=None, database=None, print_blob=False,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink) if explain else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
