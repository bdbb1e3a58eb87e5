"""Mutation testing: small changes in money code, one at a time; the tests of that file must notice each.

    python -m tests.mutation [--most N] [--each N] [--seed N] [--jobs N] [--bound N] [FILE …]

One PostgreSQL runs throughout; every mutant's tests get a copy of a migrated database, those that run the changed function are
asked, the quickest first, and the first failure ends it. Python is changed in memory, in a fork of a process that has read all
libraries. Mutants that PostgreSQL or Python cannot read are not counted. A line a file when it is done; the last line is a
summary, also of a run that was interrupted: ``files=… mutants=… killed=… survived=… score=…``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tests import conftest
from tests.mutation import mutants
from tests.mutation.asked import Asked
from tests.mutation.bench import Bench
from tests.mutation.targets import TARGETS


def _chosen(bench, files, most, each, seed):
    """By file; at most ``each`` of a file and ``most`` in all, chosen by the seed alone."""
    chosen = {}
    for file in files:
        found = mutants.of(file, bench.code(file))
        if each is not None and each < len(found):
            found = random.Random(f"{seed}:{file}").sample(found, each)
        chosen[file] = found
    every = [one for found in chosen.values() for one in found]
    if most is not None and most < len(every):
        every = random.Random(seed).sample(every, most)
    return {file: kept for file in files if (kept := [one for one in every if one.file == file])}


class Run:
    """What a run has heard of the tests and counted of the mutants, file by file."""

    def __init__(self, bench, chosen, bound):
        self.bench, self.chosen, self.bound = bench, chosen, bound
        self.heard, self.lock, self.counted, self.interrupted = {}, threading.Lock(), Counter(), False

    def stop(self, *_):
        self.interrupted = True

    def of_file(self, file):
        recorded = {test: self._recorded(test) for test in TARGETS[file] if not self.interrupted}
        if self.interrupted:
            return
        broken = [test for test, heard in recorded.items() if heard is None]
        if broken:
            print(f"{file:40} these tests fail without any change: {' '.join(broken)}", flush=True)
            self.counted["broken"] += 1
            return
        asked = Asked(
            file, self.bench.code(file), {k: v for heard in recorded.values() for k, v in heard.items()}
        )
        counted = Counter(files=1)
        for mutant in self.chosen[file]:
            if not self.interrupted:
                counted[self._tried(mutant, asked)] += 1
        self.counted.update(counted)
        print(f"{file:40} {_summary(counted)}", flush=True)

    def _recorded(self, test):
        """What is known of a file of tests; whoever needs it first asks, and the others wait for them."""
        with self.lock:
            asks = test not in self.heard
            known = self.heard.setdefault(test, Future())
        if asks:
            try:
                known.set_result(self.bench.recorded(test, list(self.chosen)))
            except BaseException as error:
                known.set_exception(error)
        return known.result()

    def _tried(self, mutant, asked):
        tests = asked.about(mutant.line)
        if not mutant.file.endswith(".sql"):  # nobody was seen running that
            tests = tests[: self.bound]
        takes_s = sum(asked.recorded[test]["s"] for test in tests)
        verdict = self.bench.try_out(mutant, tests, patience_s=30 + 5 * takes_s) if tests else "survived"
        if verdict == "survived":
            print(f"survived  {mutant}  ({len(tests)} tests asked)", flush=True)
        return verdict


def main(arguments):
    asked = argparse.ArgumentParser()
    asked.add_argument("--most", type=int)
    asked.add_argument("--each", type=int)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked.add_argument(
        "--bound",
        type=int,
        metavar="N",
        help="ask of each mutant the N quickest tests that run it; of SQL all tests",
    )
    asked.add_argument("files", nargs="*", default=[])
    given = asked.parse_args(arguments)
    files = [file for one in given.files for file in one.split()] or list(TARGETS)
    home = Path(tempfile.mkdtemp(prefix="yucun-mutation-"))
    home.chmod(0o755)
    try:
        with (
            conftest._local_servers() as servers,
            contextlib.closing(Bench(servers, home, given.jobs)) as bench,
        ):
            run = Run(bench, _chosen(bench, files, given.most, given.each, given.seed), given.bound)
            signal.signal(signal.SIGTERM, run.stop)
            signal.signal(signal.SIGINT, run.stop)
            with ThreadPoolExecutor(given.jobs) as pool:
                list(pool.map(run.of_file, run.chosen))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    how = " interrupted" if run.interrupted else ""
    print(f"files={run.counted['files']} {_summary(run.counted)}{how}")
    return 1 if run.counted["broken"] or run.interrupted else 0


def _summary(counted):
    killed, survived = counted["killed"] + counted["too slow"], counted["survived"]
    score = f"{100 * killed / (killed + survived):.1f}%" if killed + survived else "-"
    return f"mutants={killed + survived} killed={killed} survived={survived} score={score} unreadable={counted['unreadable']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
