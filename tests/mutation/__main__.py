"""Mutation testing: small changes in money code, one at a time; the tests of that file must notice each.

    python -m tests.mutation [--most N] [--seed N] [--jobs N] [FILE …]

One PostgreSQL runs throughout; every mutant's tests get a copy of a migrated database and stop at the first failure. Mutants
that PostgreSQL or Python cannot read are not counted. The last line is a summary: ``mutants=… killed=… survived=… score=…``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import asyncpg

from app import database
from tests import conftest
from tests.mutation import mutants
from tests.mutation.targets import TARGETS

ROOT = Path(__file__).parents[2]
_UNREADABLE = (
    "PostgresSyntaxError", "UndefinedColumnError", "UndefinedFunctionError", "DatatypeMismatchError", "AmbiguousColumnError",
    "IndeterminateDatatypeError", "InvalidColumnReferenceError", "GroupingError", "AmbiguousParameterError",
    "FeatureNotSupportedError", "UndefinedTableError", "CannotCoerceError",
)  # fmt: skip


class Bench:
    """Servers, a migrated template, and a copy of the tree for each of the mutants that are tried at once."""

    def __init__(self, servers, home, jobs):
        self.url, self.redis_url = servers.database_url("yucun_mutation"), servers.redis_url
        self.admin_url = servers.database_url("postgres")
        self.places, self.edits = Queue(), 0
        for number in range(jobs):
            place = home / f"tree{number}"
            _copy(place)
            self.places.put(place)

    def try_out(self, mutant, tests, patience_s):
        """``killed``, ``survived``, ``unreadable`` or (also killed) ``too slow``."""
        place = self.places.get()
        file = place / mutant.file
        right = file.read_text("utf-8")
        try:
            self._write(file, mutant.code)
            with self._template(mutant) as template:
                return self._asked(place, tests, template, patience_s)
        except asyncpg.PostgresError:
            return "unreadable"
        finally:
            self._write(file, right)
            self.places.put(place)

    def asked(self, tests):
        """Whether unchanged code passes, and how long that takes."""
        place, began = self.places.get(), time.monotonic()
        try:
            return self._asked(place, tests, "yucun_mutation", 600) == "survived", time.monotonic() - began
        finally:
            self.places.put(place)

    def _asked(self, place, tests, template, patience_s):
        environment = os.environ | {
            "YUCUN_TEST_DATABASE_URL": self.admin_url, "YUCUN_TEST_REDIS_URL": self.redis_url, "YUCUN_TEST_TEMPLATE": template,
        }  # fmt: skip
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            *tests,
        ]
        try:
            ran = subprocess.run(
                command, cwd=place, env=environment, capture_output=True, text=True, timeout=patience_s
            )
        except subprocess.TimeoutExpired:
            return "too slow"
        if ran.returncode == 0:
            return "survived"
        return "unreadable" if any(word in ran.stdout for word in _UNREADABLE) else "killed"

    @contextlib.contextmanager
    def _template(self, mutant):
        if not mutant.file.endswith(".sql"):
            yield "yucun_mutation"
            return
        self.edits += 1
        name = f"yucun_mutant_{self.edits}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE yucun_mutation')
        try:
            url = self.admin_url.replace("/postgres", f"/{name}")
            asyncio.run(conftest._execute(url, _again(mutant.code)))
            yield name
        finally:
            self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _do(self, sql):
        asyncio.run(conftest._execute(self.admin_url, sql))

    def _write(self, file, code):
        """With a time of its own: compiled files are told apart by whole seconds and size."""
        self.edits += 1
        file.write_text(code, "utf-8")
        os.utime(file, (1_600_000_000 + self.edits, 1_600_000_000 + self.edits))


def _again(code):
    return code.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def _copy(place):
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)


def _chosen(files, most, seed):
    found = {file: mutants.of(file, (ROOT / file).read_text("utf-8")) for file in files}
    every = [one for each in found.values() for one in each]
    if most is not None and most < len(every):
        every = random.Random(seed).sample(every, most)
    return every


def main(arguments):
    asked = argparse.ArgumentParser()
    asked.add_argument("--most", type=int)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked.add_argument("files", nargs="*", default=[])
    given = asked.parse_args(arguments)
    files = [file for one in given.files for file in one.split()] or list(TARGETS)
    chosen = _chosen(files, given.most, given.seed)
    home = Path(tempfile.mkdtemp(prefix="yucun-mutation-"))
    home.chmod(0o755)
    try:
        with conftest._local_servers() as servers:
            bench = Bench(servers, home, given.jobs)
            asyncio.run(database.migrate(bench.url))
            return _report(chosen, _verdicts(bench, chosen, given.jobs))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _verdicts(bench, chosen, jobs):
    patience_s = {}
    for file in dict.fromkeys(one.file for one in chosen):
        passes, seconds = bench.asked(TARGETS[file])
        if not passes:
            sys.exit(f"the tests of {file} fail without any change: {' '.join(TARGETS[file])}")
        patience_s[file] = 30 + 3 * seconds
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda one: bench.try_out(one, TARGETS[one.file], patience_s[one.file]), chosen)


def _report(chosen, verdicts):
    by_file = {}
    for mutant, verdict in zip(chosen, verdicts, strict=True):
        by_file.setdefault(mutant.file, Counter())[verdict] += 1
        if verdict == "survived":
            print(f"survived  {mutant}", flush=True)
    total = Counter()
    for file, counted in sorted(by_file.items()):
        print(f"{file:36} {_summary(counted)}")
        total += counted
    print(_summary(total))
    return 0


def _summary(counted):
    killed, survived = counted["killed"] + counted["too slow"], counted["survived"]
    score = f"{100 * killed / (killed + survived):.1f}%" if killed + survived else "-"
    return f"mutants={killed + survived} killed={killed} survived={survived} score={score} unreadable={counted['unreadable']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
