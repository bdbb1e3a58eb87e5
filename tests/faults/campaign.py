"""Runs a campaign: stories while everything misbehaves, then calm, then the comparison."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp

from app import database, local_servers
from billing import refunds
from core import clock, db
from tests.faults import compare, plan
from tests.faults import shop as shops
from tests.faults.stories import Story

AT_ONCE = 24
_CALM_PATIENCE_S = 300.0
_EVERYTHING_IS_OVER_S = 3_600


@dataclass
class Report:
    """What was done, and what did not agree afterwards."""

    scenarios: int
    seed: int
    faults: Counter = field(default_factory=Counter)
    movements: int = 0
    paid_fen: int = 0
    set_aside: Counter = field(default_factory=Counter)
    elapsed_s: float = 0.0
    failures: list[str] = field(default_factory=list)

    def __str__(self):
        aside = ", ".join(f"{reason} {times}" for reason, times in sorted(self.set_aside.items()))
        struck = ", ".join(f"{name} {times}" for name, times in sorted(self.faults.items()))
        return (
            f"{self.scenarios} scenarios, seed {self.seed}, {self.elapsed_s:.0f} s: {self.movements} movements at the channels, "
            f"{self.paid_fen / 100:.2f} yuan paid; set aside: {aside or 'nothing'}; faults injected: {sum(self.faults.values())} ({struck}); "
            f"failures: {len(self.failures)}"
        )


def run(scenarios, seed, *, only=None):
    """So many stories in a shop of its own; with ``only`` just the one of that number."""
    home = Path(tempfile.mkdtemp(prefix="yucun-faults-"))
    home.chmod(0o755)  # root's PostgreSQL runs as another user
    try:
        with local_servers.start(home / "servers", durable=False) as servers:
            url = servers.database_url("campaign")
            asyncio.run(database.migrate(url))
            place = shops.Place(url, servers.redis_url, servers.postgres)
            return asyncio.run(at(home, place, scenarios, seed, only=only))
    finally:
        local_servers.erase(home / "servers")
        shutil.rmtree(home, ignore_errors=True)


async def at(home, place, scenarios, seed, *, only=None, processes=2, between_blows_s=(4.0, 12.0)):
    """The same in a given place, the shop's files in ``home``."""
    report, began = Report(scenarios, seed), time.monotonic()
    async with shops.opened(home, place, processes=processes) as shop:
        await _answers(shop)
        world = shop.sandbox.world
        world.faults.seed(seed)
        for rule in plan.rules():
            world.faults.add(rule)
        shop.between_blows_s = between_blows_s
        striking = asyncio.create_task(shop.strike(random.Random(f"{seed}:blows")))
        try:
            report.failures += await _stories(shop, seed, range(scenarios) if only is None else [only])
        finally:
            striking.cancel()
            await asyncio.gather(striking, return_exceptions=True)
        report.faults = shop.faults + Counter(_struck(world.faults.rules()))
        world.faults.clear()
        async with database.opened(shop.database_url):
            report.failures += await _calm(shop)
            movements = world.wallets.movements()
            report.failures += await compare.failures(movements)
            report.set_aside = await compare.set_aside()
        report.movements = len(movements)
        report.paid_fen = sum(one.amount_fen for one in movements if one.kind == "paid")
    report.elapsed_s = time.monotonic() - began
    return report


async def _answers(shop):
    """Waits until the server is there."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(120):
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with http.get(f"{shop.url}/ready") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.2)


async def _stories(shop, seed, numbers):
    waiting, wrong = iter(numbers), []
    connector = aiohttp.TCPConnector(limit=AT_ONCE * 2)

    async def teller(http):
        for number in waiting:
            try:
                await Story(shop, http, seed, number).run()
            except Exception as error:
                wrong.append(f"story {number}: {type(error).__name__}: {error}")

    async with aiohttp.ClientSession(connector=connector) as http:
        await asyncio.gather(*(teller(http) for _ in range(AT_ONCE)))
    return wrong


def _struck(rules):
    for rule in rules:
        yield from [f"{rule['op'].split('.')[0]} {rule['do']}"] * rule["hits"]


async def _calm(shop):
    """Nothing misbehaves any more and everybody's time to pay is over: the clock finds out what became of everything, an operator
    sees to what is stuck. Returns what is still not known in the end."""
    step_s = _EVERYTHING_IS_OVER_S
    shop.sandbox.world.clock.advance(step_s)
    deadline = time.monotonic() + _CALM_PATIENCE_S
    while time.monotonic() < deadline:
        clock.set_offset(timedelta(seconds=shop.sandbox.world.clock.offset_s))
        await asyncio.sleep(1)
        await _see_to_stuck_refunds()
        left = await compare.unfinished()
        if not sum(left.values()) and not shop.sandbox.world.agenda.busy(within_s=5):
            return []
        if left["refunds"] or left["notices"]:  # they wait longer each time
            shop.sandbox.world.clock.advance(600)
    return [f"still not known: {dict(left)}"]


_STUCK = "SELECT DISTINCT r.refund_no FROM refund r JOIN refund_part p ON p.refund_id = r.id WHERE p.state = 'abnormal'"


async def _see_to_stuck_refunds():
    """What a channel is stuck with is paid out at the counter."""
    for row in await db.fetch(_STUCK):
        number = row["refund_no"]
        await refunds.to_counter(1, number, key=f"counter-{number}")
        await refunds.paid_out(1, number, key=f"paid-{number}")
