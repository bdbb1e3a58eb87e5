"""Every step of every money path, on servers of its own:  python -m tests.crash [--every N] [--jobs N] [PATH …]

Each of ``--jobs`` processes takes one path after the other, with a fresh database for each. A line a path when it is done; the last line is a
summary, also of a run that was interrupted: ``paths=… steps=… killed=… failures=0``.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from queue import Empty, SimpleQueue

from app import database
from tests import conftest
from tests.crash import driver

TEMPLATE = "yucun_crash"


class Run:
    """The processes of a run, and what they found."""

    def __init__(self, paths, every, jobs):
        self.every, self.jobs, self.began = every, jobs, time.monotonic()
        self.left, self.processes, self.found = SimpleQueue(), [], Counter()
        self.interrupted = False
        for path in paths:
            self.left.put(path)

    def all(self, postgres):
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        threads = [threading.Thread(target=self._job, args=(postgres,)) for _ in range(self.jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def stop(self, *_):
        self.interrupted = True
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)

    def _job(self, postgres):
        process = None
        while not self.interrupted:
            try:
                path = self.left.get_nowait()
            except Empty:
                break
            process = process or self._driver()
            postgres.create_database(f"crash_{path}", template=TEMPLATE)
            report = _answered(process, f"{path} {postgres.url(f'crash_{path}')}")
            postgres.drop_database(f"crash_{path}")
            if report is None:
                process = self._ended(process, path)
            else:
                self._tell(path, report)
        if process is not None:
            process.communicate()

    def _driver(self):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.driver", str(self.every)], text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def _ended(self, process, path):
        process.communicate()
        if not self.interrupted:
            self.found.update(paths=1, failures=1)
            print(f"{path:24} the run of this path itself failed", flush=True)

    def _tell(self, path, report):
        missed = report["tried"] - report["killed"]
        self.found.update(paths=1, steps=report["steps"], killed=report["killed"])
        self.found.update(failures=len(report["wrong"]))
        print(
            f"{path:24} steps={report['steps']} killed={report['killed']} missed={missed} wrong={len(report['wrong'])}"
            f" {report['s']} s",
            flush=True,
        )
        for one in report["wrong"]:
            print(f"{path}, killed at {one['step']}: {one['verdict']}", flush=True)

    def sum_up(self):
        said = " ".join(f"{what}={self.found[what]}" for what in ("paths", "steps", "killed", "failures"))
        print(f"{time.monotonic() - self.began:.0f} s")
        print(f"{said}{' interrupted' if self.interrupted else ''}", flush=True)
        return 1 if self.found["failures"] or self.interrupted else 0


def _answered(process, asked):
    try:
        process.stdin.write(asked + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    except BrokenPipeError:
        return None
    return json.loads(answer) if answer else None


def main(arguments):
    asked = argparse.ArgumentParser()
    asked.add_argument("--every", type=int, default=1)
    asked.add_argument("--jobs", type=int, default=2)
    asked.add_argument("paths", nargs="*", metavar="PATH")
    given = asked.parse_args(arguments)
    paths = [path for one in given.paths for path in one.split()] or list(driver.PATHS)
    if unknown := set(paths) - set(driver.PATHS):
        asked.error(f"no such path: {' '.join(sorted(unknown))}")
    with conftest._local_servers() as servers:
        servers.postgres.create_database(TEMPLATE)
        asyncio.run(database.migrate(servers.postgres.url(TEMPLATE)))
        run = Run(paths, given.every, given.jobs)
        run.all(servers.postgres)
    return run.sum_up()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
