"""Runs a campaign: customers are told things while everything misbehaves, then calm, then what was accepted is looked at."""

import asyncio
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from app import database, local_servers
from core import clock, db, sealed
from notifications import letterbox, wordings
from tests import keys
from tests.message_chaos import stand_ins, verdict
from tests.message_chaos.customers import Crowd
from tests.message_chaos.worker import POLICY, Wheel

SKEW_S = 55.0
"""So far two workers' clocks are off against the world's, one ahead and one behind: together more than a lease."""
OUTAGE = timedelta(days=3)


@dataclass
class Report:
    """What was done, how messages ended, and what was wrong afterwards."""

    runs: int
    seed: int
    blows: Counter = field(default_factory=Counter)
    said: Counter = field(default_factory=Counter)
    """What the other side said or failed to say."""
    ends: Counter = field(default_factory=Counter)
    accepted: int = 0
    elapsed_s: float = 0.0
    failures: list = field(default_factory=list)

    def __str__(self):
        def listed(counts):
            return ", ".join(f"{name} {times}" for name, times in sorted(counts.items()) if times)

        never = sorted(name for name, times in self.said.items() if not times)
        return (
            f"{self.runs} runs, seed {self.seed}, {self.elapsed_s:.0f} s: {sum(self.ends.values())} messages ({listed(self.ends)}), "
            f"{self.accepted} accepted by stand-ins; workers: {listed(self.blows)}; {sum(self.said.values())} faults: {listed(self.said)}; "
            f"never: {', '.join(never) or 'none'}; failures: {len(self.failures)}"
        )


class Workers:
    """Processes that deliver, and what befalls them."""

    def __init__(self, outside, home, world_clock):
        self.outside, self.home, self.clock = outside, home, world_clock
        self.running, self.blows, self.change, self.offset_s = {}, Counter(), 0, 0.0
        self._skews = itertools.cycle((0.0, SKEW_S, -SKEW_S))

    async def open(self):
        self.nurse = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.message_chaos.worker", json.dumps(asdict(self.outside)),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def start(self):
        wheel = Wheel(self.home / f"wheel-{len(list(self.home.iterdir()))}")
        wheel.skew_s = next(self._skews)
        wheel.change, wheel.offset_s = self.change, self.offset_s + wheel.skew_s
        self.nurse.stdin.write(f"{wheel.path}\n".encode())
        self.running[int(await self.nurse.stdout.readline())] = wheel

    async def kill(self, pid):
        self.running.pop(pid)
        os.kill(pid, signal.SIGKILL)
        while os.path.exists(f"/proc/{pid}"):
            await asyncio.sleep(0.005)

    def move(self, by):
        """All clocks are moved. Returns the time before and after."""
        before = self.clock.now()
        self.clock.advance(by.total_seconds())
        self.offset_s = self.clock._offset_s
        for wheel in self.running.values():
            wheel.offset_s = self.offset_s + wheel.skew_s
        clock.set_offset(timedelta(seconds=self.offset_s))
        return before, self.clock.now()

    async def settled(self):
        """Waits until every worker is in a run that began after all that was changed until now.

        Raises: TimeoutError; RuntimeError when one has ended by itself.
        """
        self.change += 1
        for wheel in self.running.values():
            wheel.change = self.change
        async with asyncio.timeout(120):
            while any(wheel.known < self.change for wheel in self.running.values()):
                for wheel in self.running.values():
                    fault = Path(f"{wheel.path}.fault")
                    if fault.exists():
                        raise RuntimeError(fault.read_text())
                await asyncio.sleep(0.01)
        return self.clock.now()

    async def close(self):
        for pid in list(self.running):
            os.kill(pid, signal.SIGCONT)
            await self.kill(pid)
        self.nurse.kill()
        await self.nurse.communicate()


def run(runs, seed, most_s=float("inf")):
    """So many runs on a PostgreSQL and a Redis of their own; after ``most_s`` none is begun any more."""
    home = Path(tempfile.mkdtemp(prefix="yucun-message-chaos-"))
    home.chmod(0o755)  # root's PostgreSQL runs as another user
    try:
        with local_servers.start(home / "servers", durable=False) as servers:
            url = servers.database_url("message_chaos")
            asyncio.run(database.migrate(url))
            return asyncio.run(at(url, servers.redis_url, runs, seed, most_s=most_s))
    finally:
        local_servers.erase(home / "servers")
        shutil.rmtree(home, ignore_errors=True)


async def at(url, redis_url, runs, seed, *, customers=24, steps=10, workers=2, most_s=float("inf")):
    """So many runs, each with customers of its own, on a migrated database."""
    sealed.use(keys.RING)
    report, began = Report(0, seed), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="yucun-message-chaos-") as home:
        async with stand_ins.opened() as outside, database.opened(url, pool_min=1, pool_max=6):
            for (kind, channel, content), locale in itertools.product(outside.wordings(), ("zh-CN", "en")):
                await wordings.save(kind, channel, locale, content, by="operator:1")
            at_work = Workers(outside.outside(url, redis_url), Path(home), outside.world.clock)
            await at_work.open()
            try:
                for number in range(runs):
                    if time.monotonic() - began > most_s:
                        break
                    chance = random.Random(f"{seed}:{number}")
                    story = Story(outside, at_work, chance, workers)
                    found = await story.told(customers, steps)
                    report.failures += [f"run {number}: {one}" for one in found]
                    report.ends += story.ends
                    report.accepted += story.accepted
                    report.runs += 1
            finally:
                await at_work.close()
                clock.set_offset(timedelta())
            report.blows, report.said = at_work.blows, outside.hits
    report.elapsed_s = time.monotonic() - began
    return report


class Story:
    """One run."""

    def __init__(self, outside, workers, chance, most):
        self.outside, self.workers, self.chance, self.most = outside, workers, chance, most
        self.moves = []
        self.ends, self.accepted = Counter(), 0

    async def told(self, customers, steps):
        """Returns what was wrong."""
        await self._move_to(self.chance.uniform(0, 24))
        crowd = Crowd(self.outside, self.chance)
        await crowd.gather(customers)
        self.outside.misbehave(self.chance.random())
        while len(self.workers.running) < self.most:
            await self.workers.start()
        outage = self.chance.randrange(2, steps)
        for step in range(steps):
            await crowd.tell()
            await asyncio.sleep(self.chance.uniform(0, 0.12))
            await self._strike()
            await crowd.change_minds()
            crowd.minds_changed(await self.workers.settled())
            if step == outage:
                await self._outage(crowd)
            else:
                await self._move(timedelta(minutes=self.chance.choice((1, 2, 5, 11, 60, 240, 600, 1500))))
        self.outside.behave()
        await self._calm(crowd)
        self.accepted, self.ends, wrong = await verdict.of(crowd, self.moves, POLICY)
        return wrong

    async def _strike(self):
        pid = self.chance.choice(list(self.workers.running))
        blow = self.chance.choice(("kill", "kill", "freeze", "none"))
        self.workers.blows[blow] += 1
        if blow == "kill":
            await self.workers.kill(pid)
            await self.workers.start()
        elif blow == "freeze":
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(self.chance.uniform(0, 0.1))
            move = self.workers.move(timedelta(seconds=self.chance.uniform(20, 150)))
            await asyncio.sleep(self.chance.uniform(0.05, 0.2))
            os.kill(pid, signal.SIGCONT)
            self.moves.append((*move, await self.workers.settled()))

    async def _outage(self, crowd):
        """Nobody delivers for three days, in which much of what waits ceases to be true."""
        self.workers.blows["outage"] += 1
        for pid in list(self.workers.running):
            await self.workers.kill(pid)
        await crowd.tell()
        await crowd.recover()
        move = self.workers.move(OUTAGE)
        crowd.recovered_at(move[1])
        while len(self.workers.running) < self.most:
            await self.workers.start()
        self.moves.append((*move, await self.workers.settled()))

    async def _move(self, by):
        move = self.workers.move(by)
        self.moves.append((*move, await self.workers.settled()))

    async def _move_to(self, hour):
        """To that hour of the next day, so that a seed always begins at the same."""
        now = self.outside.world.clock.now().astimezone(clock.zone())
        there = datetime.combine(
            now.date() + timedelta(days=1), datetime.min.time(), clock.zone()
        ) + timedelta(hours=hour)
        self.workers.move(there - now)

    async def _calm(self, crowd):
        """Until nothing waits any more; what is dead by our own fault is mended, and sent again by an operator."""
        for nth in range(80):
            await self._move(timedelta(minutes=(1, 11, 60, 660)[min(nth, 3)]))
            if not await db.fetchval("SELECT count(*) FROM outbox_message WHERE state = 'queued'"):
                if not await crowd.mend():
                    return
                with contextlib.suppress(letterbox.MessageNotDead):
                    await letterbox.replay_all(by="operator:1")
