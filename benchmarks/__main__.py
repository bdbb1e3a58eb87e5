"""``python -m benchmarks [--only NAME …] [--json] [--rounds N] [--seconds S]``; ``make bench ONLY=… JSON=1 ROUNDS=… SECONDS=…``."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import uvloop

from app import database
from benchmarks import (
    bot_balance,
    catalogue,
    console_lists,
    counters,
    due_run,
    due_run_slope,
    due_run_two,
    floor,
    growth,
    horizon,
    hot_shop,
    http_doors,
    http_order,
    in_process,
    ingest,
    outbox,
    place,
    reconcile,
    report,
    rounds,
)
from benchmarks.peers import django_oscar, orm, pgledger
from ledger import proof

ROUNDS = 13
SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A name to ask for, and how it is made ready. ``target``: the ratio it is to reach; None: for the record. ``optional``: only
    when asked for by name."""

    name: str
    floor: str
    open: Callable[[place.Place], AbstractAsyncContextManager[rounds.Measurable]]
    target: float | None = None
    optional: bool = False


ALL = (
    Benchmark("http-balance", http_doors.FLOOR, http_doors.balance, 0.8),
    Benchmark("http-pay", http_doors.FLOOR, http_doors.pay, 0.5),
    Benchmark("http-order", floor.NAME, http_order.orders, http_order.TARGET),
    Benchmark("catalogue", catalogue.FLOOR, catalogue.pages, catalogue.TARGET),
    Benchmark("catalogue-search", catalogue.FLOOR, catalogue.searches, catalogue.TARGET),
    Benchmark("bot-balance", bot_balance.FLOOR, bot_balance.questions, bot_balance.TARGET),
    Benchmark("ingest", ingest.FLOOR, ingest.notifications, 0.5),
    Benchmark("posting", floor.NAME, in_process.pay, 0.5),
    Benchmark("post-one", floor.NAME, in_process.post_one),
    Benchmark("due-run", due_run.FLOOR, due_run.periods, due_run.TARGET),
    Benchmark("due-run-2", due_run_two.FLOOR, due_run_two.workers, due_run_two.TARGET),
    Benchmark("due-run-slope", due_run_slope.FLOOR, due_run_slope.sizes, due_run_slope.TARGET),
    Benchmark("horizon", horizon.FLOOR, horizon.periods, horizon.TARGET, optional=True),
    Benchmark("outbox", outbox.FLOOR, outbox.deliveries, 0.8),
    Benchmark("hot-shop", hot_shop.FLOOR, hot_shop.payments, 0.9),
    Benchmark("reconcile", reconcile.FLOOR, reconcile.day, reconcile.TARGET),
    Benchmark("growth", growth.FLOOR, growth.sizes, growth.TARGET),
    Benchmark("console-lists", console_lists.FLOOR, console_lists.sizes, console_lists.TARGET, optional=True),
    Benchmark("peer-pgledger", floor.NAME, pgledger.one_shop),
    Benchmark("peer-pgledger-spread", floor.NAME, pgledger.many_shops),
    Benchmark("peer-orm", floor.NAME, orm.payments),
    Benchmark("peer-oscar", floor.NAME, django_oscar.payments, optional=True),
)


def main() -> None:
    given = _parser().parse_args()
    chosen = [one for one in ALL if (one.name in given.only if given.only else not one.optional)]
    invalid = False
    for benchmark in chosen:
        said = measured(benchmark, count=given.rounds, seconds=given.seconds, seed=given.seed)
        print(report.as_json(said) if given.json else report.as_text(said) + "\n", flush=True)
        invalid |= not said.is_valid
    sys.exit(1 if invalid else 0)


def measured(benchmark: Benchmark, *, count: int, seconds: float, seed: int | None = None) -> report.Report:
    """Runs one benchmark on servers of its own and asks for the proof of the books afterwards."""
    counters.count_from_now()
    with place.started() as where, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(benchmark, where, count=count, seconds=seconds, order=random.Random(seed)))


async def run(
    benchmark: Benchmark, where: place.Place, *, count: int, seconds: float, order: random.Random
) -> report.Report:
    """Runs one benchmark; whatever goes wrong is in the report."""
    done = failed = None
    try:
        async with benchmark.open(where) as contest:
            done = await contest.measured(rounds_=count, seconds=seconds, order=order)
    except rounds.RunFailed as failure:
        failed = str(failure)
    except Exception as fault:  # a benchmark that broke has shown nothing, and the others still run
        traceback.print_exc()
        failed = repr(fault)
    if failed is None:
        failed = await unproven(where)
    return report.Report(
        name=benchmark.name, floor=benchmark.floor, measured=done, target=benchmark.target, failed=failed
    )


async def unproven(where: place.Place) -> str | None:
    """Why the books cannot be believed, or None when they balance."""
    async with database.opened(where.database_url):
        violations = await proof.check()
    return f"the books do not balance: {'; '.join(map(str, violations))}" if violations else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    names = [one.name for one in ALL]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--json", action="store_true", help="一行 JSON · one JSON line each")
    parser.add_argument("--rounds", type=_count, default=int(os.environ.get("ROUNDS", ROUNDS)))
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("SECONDS", SECONDS)))
    parser.add_argument("--seed", type=int, help="顺序的种子 · for the order of turns")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("至少为 1 · at least 1")
    return number


if __name__ == "__main__":
    main()
