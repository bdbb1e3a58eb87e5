"""Mutation testing: small changes in money code, one at a time; the tests of that file must notice each.

    python -m tests.mutation [--most N] [--each N] [--seed N] [--jobs N] [--bound S] [FILE …]

One PostgreSQL runs throughout; every mutant's tests get a copy of a migrated database, those that run the changed function are
asked, the quickest first, and the first failure ends it. Python is changed in memory, in a fork of a process that has read all
libraries. Mutants that PostgreSQL or Python cannot read are not counted. A line a file when it is done; the last line is a
summary: ``mutants=… killed=… survived=… score=…``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
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


def main(arguments):
    asked = argparse.ArgumentParser()
    asked.add_argument("--most", type=int)
    asked.add_argument("--each", type=int)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked.add_argument(
        "--bound", type=float, metavar="S", help="of each mutant ask the quickest tests, S seconds' worth"
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
            chosen = _chosen(bench, files, given.most, given.each, given.seed)
            with ThreadPoolExecutor(given.jobs) as pool:
                tests = list(dict.fromkeys(test for file in chosen for test in TARGETS[file]))
                heard = dict(
                    zip(tests, pool.map(lambda test: bench.recorded(test, list(chosen)), tests), strict=True)
                )
                counted = list(
                    pool.map(lambda file: _of_file(bench, heard, file, chosen[file], given.bound), chosen)
                )
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(_summary(sum(counted, Counter())))
    return 1 if any(one["broken"] for one in counted) else 0


def _of_file(bench, heard, file, found, bound_s):
    broken = [test for test in TARGETS[file] if heard[test] is None]
    if broken:
        print(f"{file:40} these tests fail without any change: {' '.join(broken)}", flush=True)
        return Counter(broken=1)
    recorded = {test: one for name in TARGETS[file] for test, one in heard[name].items()}
    asked, counted = Asked(file, bench.code(file), recorded), Counter()
    for mutant in found:
        tests = asked.about(mutant.line, bound_s)
        takes_s = sum(asked.recorded[test]["s"] for test in tests)
        verdict = bench.try_out(mutant, tests, patience_s=30 + 5 * takes_s) if tests else "survived"
        counted[verdict] += 1
        if verdict == "survived":
            print(f"survived  {mutant}  ({len(tests)} tests asked)", flush=True)
    print(f"{file:40} {_summary(counted)}", flush=True)
    return counted


def _summary(counted):
    killed, survived = counted["killed"] + counted["too slow"], counted["survived"]
    score = f"{100 * killed / (killed + survived):.1f}%" if killed + survived else "-"
    return f"mutants={killed + survived} killed={killed} survived={survived} score={score} unreadable={counted['unreadable']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
