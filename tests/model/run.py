"""Runs the machine for so many steps."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import conftest
from tests.model.machine import Machine
from tests.model.shop import Shop

STEPS_AN_EXAMPLE, EXAMPLES_A_SEED = 50, 20


@dataclass
class Result:
    steps: int
    seeds: int
    seconds: float
    failure: BaseException | None = None
    failing_seed: int | None = None
    met: Counter = field(default_factory=Counter)
    """How often each step got which answer."""


def run(url, *, steps, first_seed=1, within_s=None, explain=True, prepare=None, mend=None, said=None):
    """So many steps from ``first_seed`` on, seed by seed, until one fails or the time is over.

    ``explain``: a failing example is made small before it is shown. ``prepare(shop)`` is called on the opened shop and
    ``mend(shop)`` at the end; ``said`` hears of the progress.
    """
    with Shop(url, clear=lambda url: asyncio.run(conftest._emptied(url))) as shop:
        if prepare:
            prepare(shop)
        try:
            return _seeds(shop, steps, first_seed, within_s, explain, said)
        finally:
            if mend:
                mend(shop)


def _seeds(shop, steps, first_seed, within_s, explain, said):
    began = time.monotonic()
    for done, number in enumerate(itertools.count(first_seed)):
        seconds = time.monotonic() - began
        if shop.steps >= steps or (within_s is not None and seconds > within_s):
            return Result(shop.steps, done, seconds, met=shop.met)
        if said and done and done % 25 == 0:
            said(f"… {shop.steps} steps, {shop.steps / seconds:.0f} a second")
        try:
            _one_seed(shop, number, explain, steps - shop.steps)
        except Exception as failure:
            return Result(shop.steps, done + 1, time.monotonic() - began, failure, number, shop.met)


def _one_seed(shop, number, explain, left):
    @seed(number)
    class Seeded(Machine):
        pass

    Seeded.shop = shop
    run_state_machine_as_test(
        Seeded,
        settings=settings(
            max_examples=max(1, min(EXAMPLES_A_SEED, -(-left // STEPS_AN_EXAMPLE))),
            stateful_step_count=STEPS_AN_EXAMPLE, deadline=None, database=None, print_blob=False,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink) if explain else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
