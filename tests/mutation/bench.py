"""Where mutants are tried: one PostgreSQL and Redis, a migrated database to copy, and a process for each trial at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from queue import Queue
from urllib.parse import urlsplit

import asyncpg

from tests import conftest, keeper

ROOT = Path(__file__).parents[2]


class Bench:
    """Tries mutants out on a copy of the tree as it was when the run began."""

    def __init__(self, servers, home, jobs):
        self.url = servers.database_url("yucun_mutation")
        self.admin_url = servers.database_url("postgres")
        keeper.prepare(self.url)
        self.home, self.count, self.lock = home, 0, threading.Lock()
        self.tree = tree = home / "tree"
        _copy(tree)
        self.trials, self.processes = Queue(), []
        for job in range(jobs):
            own = {"PYTHONPATH": str(tree), "YUCUN_TEST_REDIS_URL": _redis_database(servers.redis_url, job)}
            trial = subprocess.Popen(
                [sys.executable, "-m", "tests.mutation.trial"], cwd=tree, text=True,
                env=os.environ | own, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
            self.processes.append(trial)
            self.trials.put(trial)

    def code(self, file):
        """What a file says, whatever has been written since the run began."""
        return (self.tree / file).read_text("utf-8")

    def close(self):
        for trial in self.processes:
            trial.stdin.close()
            trial.wait()

    def try_out(self, mutant, tests, patience_s):
        """``killed``, ``survived``, ``unreadable`` or (also killed) ``too slow``."""
        asked = {"tests": tests, "patience_s": patience_s}
        if not mutant.file.endswith(".sql"):
            asked |= {"file": mutant.file, "code": mutant.code}
        try:
            with self._template(mutant) as template:
                return self._answer(asked, template)["verdict"]
        except asyncpg.PostgresError:
            return "unreadable"

    def recorded(self, test_file, files):
        """What unchanged code does: by test, how long it takes and which functions of ``files`` it runs; None where one fails."""
        record = self.home / f"record{self._next()}"
        asked = {"tests": [test_file], "patience_s": 1200, "files": files, "record": str(record)}
        answer = self._answer(asked, "yucun_mutation")
        if answer["verdict"] == "survived":
            return json.loads(record.read_text("utf-8"))
        print(answer.get("said", "too slow"), file=sys.stderr, flush=True)
        return None

    def _answer(self, asked, template):
        asked["env"] = {"YUCUN_TEST_DATABASE_URL": self.admin_url, "YUCUN_TEST_TEMPLATE": template}
        trial = self.trials.get()
        try:
            trial.stdin.write(json.dumps(asked) + "\n")
            trial.stdin.flush()
            return json.loads(trial.stdout.readline())
        finally:
            self.trials.put(trial)

    @contextlib.contextmanager
    def _template(self, mutant):
        if not mutant.file.endswith(".sql"):
            yield "yucun_mutation"
            return
        name = f"yucun_mutant_{self._next()}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE yucun_mutation')
        try:
            url = self.admin_url.replace("/postgres", f"/{name}")
            asyncio.run(conftest._execute(url, _again(mutant.code)))
            yield name
        finally:
            self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _do(self, sql):
        asyncio.run(conftest._execute(self.admin_url, sql))

    def _next(self):
        with self.lock:
            self.count += 1
            return self.count


def _redis_database(url, number):
    """Tests empty their database of Redis, so those that run side by side have one each."""
    return urlsplit(url)._replace(path=f"/{number}").geturl()


def _again(code):
    return re.sub(r"CREATE (?=FUNCTION|TRIGGER)", "CREATE OR REPLACE ", code)


def _copy(place):
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
