"""Runs a campaign: days pass while everything misbehaves, then calm, then each period is looked at."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from app import database, local_servers
from app.local_servers import children
from billing import deductions, due_bills, dunning, expiry, horizon, plans
from core import clock, db
from ledger import proof
from tests import factories

DAY_S = 86_400
FROZEN_AFTER_S = 1.0
AMOUNT_FEN = 700


@dataclass
class Report:
    """What was done to the workers, and what was wrong afterwards."""

    runs: int
    seed: int
    faults: Counter = field(default_factory=Counter)
    periods: int = 0
    charged: int = 0
    owed: int = 0
    elapsed_s: float = 0.0
    failures: list = field(default_factory=list)

    def __str__(self):
        done = ", ".join(f"{name} {times}" for name, times in sorted(self.faults.items()))
        return (
            f"{self.runs} runs, seed {self.seed}, {self.elapsed_s:.0f} s: {self.periods} periods, {self.charged} charged, {self.owed} owed; "
            f"faults: {sum(self.faults.values())} ({done}); failures: {len(self.failures)}"
        )


@dataclass
class Worker:
    """A process and the file that holds how far its clock is off."""

    process: asyncio.subprocess.Process
    offset: Path
    frozen: bool = False

    def send(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)


class Chaos:
    """Workers on one database, and what befalls them."""

    def __init__(self, url, home, chance, postgres=None):
        self.url, self.home, self.chance, self.postgres = url, home, chance, postgres
        self.workers, self.faults, self.day = [], Counter(), 0

    async def start(self):
        offset = self.home / f"offset-{len(list(self.home.iterdir()))}"
        offset.write_text(str(self.day * DAY_S))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.due_chaos.worker", self.url, str(offset), str(FROZEN_AFTER_S),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self.workers.append(Worker(process, offset))

    async def strike(self):
        """Something happens to one of the workers, or to the database."""
        one = self.chance.choice(self.workers)
        blow = self.chance.choices(
            ("kill", "freeze", "ahead", "behind", "database", "none"), (4, 4, 2, 2, 1 if self.postgres else 0, 3)
        )[0]  # fmt: skip
        self.faults[blow] += 1
        if blow == "kill":
            one.send(signal.SIGKILL)
            await one.process.wait()
            self.workers.remove(one)
            await self.start()
        elif blow == "freeze":
            one.send(signal.SIGSTOP)
            one.frozen = True
            await asyncio.sleep(FROZEN_AFTER_S * self.chance.uniform(0.5, 2.0))
            one.send(signal.SIGCONT)
            one.frozen = False
        elif blow in ("ahead", "behind"):
            off = DAY_S if blow == "ahead" else -DAY_S
            one.offset.write_text(str(self.day * DAY_S + off))
            await asyncio.sleep(self.chance.uniform(0.2, 1.0))
            one.offset.write_text(str(self.day * DAY_S))
        elif blow == "database":
            await asyncio.to_thread(self._crash_database)

    def _crash_database(self):
        """One backend dies, so PostgreSQL ends all others and recovers from its log: what a crash of it does."""
        name = urlsplit(self.url).path[1:]
        asked = f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}' AND backend_type = 'client backend' LIMIT 1"
        with contextlib.suppress(children.LocalServerFailed, ProcessLookupError, ValueError):
            os.kill(int(self.postgres.ask(asked)), signal.SIGKILL)

    def next_day(self):
        self.day += 1
        for one in self.workers:
            one.offset.write_text(str(self.day * DAY_S))

    async def stop(self):
        for one in self.workers:
            one.send(signal.SIGCONT)
            one.send(signal.SIGKILL)
        await asyncio.gather(*(one.process.wait() for one in self.workers))
        self.workers.clear()


def run(runs, seed):
    """So many runs on a PostgreSQL of their own."""
    home = Path(tempfile.mkdtemp(prefix="yucun-due-chaos-"))
    home.chmod(0o755)  # root's PostgreSQL runs as another user
    try:
        with local_servers.start(home / "servers", durable=False) as servers:
            url = servers.database_url("due_chaos")
            asyncio.run(database.migrate(url))
            return asyncio.run(at(url, runs, seed, postgres=servers.postgres))
    finally:
        local_servers.erase(home / "servers")
        shutil.rmtree(home, ignore_errors=True)


async def at(url, runs, seed, *, postgres=None, customers=24, days=4, workers=2, blows=6):
    """So many runs, each with customers of its own, on a migrated database."""
    report, began = Report(runs, seed), time.monotonic()
    for number in range(runs):
        chance = random.Random(f"{seed}:{number}")
        with tempfile.TemporaryDirectory(prefix="yucun-due-chaos-") as home:
            async with database.opened(url, pool_min=1, pool_max=4):
                bought = await _shop(chance, customers)
            chaos = Chaos(url, Path(home), chance, postgres)
            try:
                for _ in range(workers):
                    await chaos.start()
                await asyncio.sleep(2.0)  # they read a lot before they work
                for _ in range(days):
                    for _ in range(max(1, blows // days)):
                        await asyncio.sleep(chance.uniform(0.1, 0.6))
                        await chaos.strike()
                    chaos.next_day()
                await asyncio.sleep(1.0)
            finally:
                await chaos.stop()
                await _recovered(url)
            report.faults += chaos.faults
            async with database.opened(url, pool_min=1, pool_max=4):
                report.failures += [f"run {number}: {one}" for one in await _calm(chaos.day, bought, report)]
    report.elapsed_s = time.monotonic() - began
    return report


async def _recovered(url):
    """Waits until a database that crashed lets people in again."""
    async with asyncio.timeout(60):
        while True:
            try:
                await (await asyncpg.connect(url)).close()
                return
            except (asyncpg.PostgresError, OSError):
                await asyncio.sleep(0.1)


async def _shop(chance, customers):
    """Customers with money for some periods; each with one or two daily plans. Returns what each had."""
    offer = await plans.add_offer(
        name="日课", amount_fen=AMOUNT_FEN, cycle="daily", consent_version="1", consent_text="同意"
    )
    bought = {}
    for _ in range(customers):
        have = AMOUNT_FEN * chance.choice((0, 1, 2, 3, 5, 20)) + chance.choice((0, 1, 699))
        customer = await factories.customer(principal=have)
        for _ in range(chance.choice((1, 1, 2))):
            await plans.subscribe(customer.id, offer_id=offer.id, consent_version="1", key=factories.key())
        bought[customer.id] = have
    return bought


_PERIODS = """
SELECT p.customer_id, count(*) AS periods, count(*) FILTER (WHERE o.state = 'charged') AS charged,
       count(*) FILTER (WHERE o.state = 'owed') AS owed, min(o.due_on) AS first, count(DISTINCT o.bill_id) AS bills
FROM plan_period o JOIN plan p ON p.id = o.plan_id
WHERE p.customer_id = ANY ($1::bigint[]) AND o.due_on <= $2 GROUP BY p.customer_id
"""
_PLANS = "SELECT customer_id, count(*) FROM plan WHERE customer_id = ANY ($1::bigint[]) GROUP BY 1"


async def _calm(day, bought, report):
    """Nothing misbehaves any more: one worker does the rest. Returns what is wrong then."""
    clock.set_offset(timedelta(days=day + 1))
    try:
        await horizon.run()
        for job in (deductions.run_due, due_bills.run, dunning.run, expiry.expire_bonus):
            await job()
        wrong = [str(one) for one in await proof.check()]
        ids, until = list(bought), clock.today()
        plans_of = {row[0]: row[1] for row in await db.fetch(_PLANS, ids)}
        for row in await db.fetch(_PERIODS, ids, until):
            wrong += _wrong(row, bought[row["customer_id"]], plans_of[row["customer_id"]] * (day + 2))
            report.periods += row["periods"]
            report.charged += row["charged"]
            report.owed += row["owed"]
        return wrong
    finally:
        clock.set_offset(timedelta())


def _wrong(row, have, due):
    """A customer's periods are as many as days and plans; as many are charged as the money goes, the rest is owed; each has a bill."""
    charged = min(due, have // AMOUNT_FEN)
    found = (row["periods"], row["charged"], row["owed"], row["bills"])
    wanted = (due, charged, due - charged, due)
    return [] if found == wanted else [f"customer {row['customer_id']}: {found} instead of {wanted}"]
