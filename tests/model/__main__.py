"""The long run, on servers of its own:  python -m tests.model STEPS [SEED [JOBS]]

Each of ``JOBS`` processes has a database of its own and every JOBS-th seed. The last line is a summary, also of a run that was
interrupted: ``steps=… seeds=… failures=0``. A failure is a seed that failed, or a process that died of itself. The exit status is 0
when all steps were done without one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections import Counter

from tests import conftest, keeper

SAY_EVERY_S = 60
INTERRUPTED = 130
LONGEST_LINE = 2**24


def main(steps=10_000, first_seed=1, jobs=1):
    jobs = max(1, min(int(jobs), int(steps)))
    run = Run(int(steps), int(first_seed))
    signal.signal(signal.SIGTERM, _too_early)
    with conftest._local_servers() as servers:
        asyncio.run(run.all(list(_databases(servers.postgres, jobs))))
    return run.sum_up()


def _too_early(*_):
    print("steps=0 seeds=0 failures=0 interrupted", flush=True)
    sys.exit(1)


def _databases(postgres, jobs):
    """The addresses of so many migrated databases."""
    postgres.create_database("yucun_model")
    keeper.prepare(postgres.url("yucun_model"))
    for job in range(jobs):
        name = f"yucun_model_{job}"
        postgres.create_database(name, template="yucun_model")
        yield postgres.url(name)


class Run:
    """The processes of a run, and what each said last."""

    def __init__(self, steps, first_seed):
        self.steps, self.first_seed = steps, first_seed
        self.last, self.processes, self.failing = {}, [], []
        self.broken, self.interrupted = 0, False

    async def all(self, urls):
        self.began = time.monotonic()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        saying = asyncio.create_task(self._say())
        await asyncio.gather(*(self._shard(job, url, len(urls)) for job, url in enumerate(urls)))
        saying.cancel()
        self.seconds = time.monotonic() - self.began

    def stop(self):
        self.interrupted = True
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

    async def _shard(self, job, url, jobs):
        asked = (url, -(-self.steps // jobs), self.first_seed + job, jobs)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.model.shard", *map(str, asked), stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE, start_new_session=True,
        )  # fmt: skip
        self.processes.append(process)
        async for line in process.stdout:
            said = self.last[job] = json.loads(line)
            if "failing" in said:
                self.failing.append(said["failing"])
                print(
                    f"{said['text']}\nseed {said['failing']} fails; again with SEED={said['failing']}",
                    flush=True,
                )
        ended = await process.wait()
        # one that was told to end before it could hear it has not failed
        self.broken += ended != 0 and not (self.interrupted and ended == -signal.SIGTERM)

    async def _say(self):
        while True:
            await asyncio.sleep(SAY_EVERY_S)
            print(f"… {self._total('steps')} steps, {self._rate(time.monotonic())} a second", flush=True)

    def _total(self, what):
        return sum(said[what] for said in self.last.values())

    def _rate(self, now):
        return round(self._total("steps") / max(now - self.began, 0.001))

    def sum_up(self):
        met = Counter()
        for said in self.last.values():
            met.update({(name, answer): times for name, answer, times in said["met"]})
        for (name, answer), times in sorted(met.items()):
            print(f"{name:16} {answer:28} {times:8}")
        print(f"{self.seconds:.0f} s, {self._rate(self.began + self.seconds)} steps a second")
        failures = self._total("failures") + self.broken
        how = " interrupted" if self.interrupted else ""
        print(
            f"steps={self._total('steps')} seeds={self._total('seeds')} failures={failures}{how}", flush=True
        )
        if self.interrupted and not failures:
            return INTERRUPTED
        return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
