"""One process that has read everybody else's libraries; for each trial a fork of it reads ours, with one file changed in memory.

    python -m tests.mutation.trial < questions > answers

A question is a line of JSON: ``tests`` to ask in this order, ``env``, ``patience_s``, and perhaps ``file`` and ``code``, what that
file is to say; or ``files`` and ``record``, to be told which functions of those files each test ran and how long it took.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

_LIBRARIES = (
    "aiohttp", "alipay", "argon2", "asyncpg", "cryptography.x509", "defusedxml", "hypothesis", "jwt", "prometheus_client", "pydantic",
    "pytest_asyncio.plugin", "redis.asyncio", "tortoise.migrations.executor", "uvloop", "wechatpy",
)  # fmt: skip
_UNREADABLE = (
    "PostgresSyntaxError", "UndefinedColumnError", "UndefinedFunctionError", "DatatypeMismatchError", "AmbiguousColumnError",
    "IndeterminateDatatypeError", "InvalidColumnReferenceError", "GroupingError", "AmbiguousParameterError",
    "FeatureNotSupportedError", "UndefinedTableError", "CannotCoerceError",
)  # fmt: skip


class _Changed(importlib.abc.MetaPathFinder):
    """Finds one of our files as it would be with the change."""

    def __init__(self, file, code):
        self.path = str(Path(file).resolve())
        self.name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self.code = code

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(
            fullname, self.path, loader=_InMemory(fullname, self.path, self.code)
        )


class _InMemory(importlib.machinery.SourceFileLoader):
    def __init__(self, name, path, code):
        super().__init__(name, path)
        self.said = code

    def get_code(self, fullname):
        return compile(self.said, self.path, "exec", dont_inherit=True)


class _Ordered:
    """Asks the tests in the order they were named in."""

    def __init__(self, tests):
        self.rank = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items):
        items.sort(key=lambda item: self.rank.get(item.nodeid, -1))


class _Recorder:
    """Writes down which functions of some files each test ran, and how long it took."""

    def __init__(self, files, path):
        self.files = {str(Path(file).resolve()): file for file in files}
        self.path, self.ran, self.tests = path, set(), {}

    def _heard(self, frame, event, arg):
        if event == "call" and (file := self.files.get(frame.f_code.co_filename)):
            self.ran.add((file, frame.f_code.co_qualname))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        self.ran, began = set(), time.monotonic()
        sys.setprofile(self._heard)
        yield
        sys.setprofile(None)
        self.tests[item.nodeid] = {"s": time.monotonic() - began, "ran": sorted(self.ran)}

    def pytest_sessionfinish(self):
        Path(self.path).write_text(json.dumps(self.tests), "utf-8")


def _child(asked):
    os.environ.update(asked["env"])
    if asked.get("code") is not None:
        sys.meta_path.insert(0, _Changed(asked["file"], asked["code"]))
    plugin = _Recorder(asked["files"], asked["record"]) if asked.get("record") else _Ordered(asked["tests"])
    arguments = ["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *asked["tests"]]
    return int(pytest.main(arguments, plugins=[plugin]))


def _tried(asked):
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            ended = 70
            try:
                os.setsid()
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                ended = _child(asked)
            finally:
                os._exit(ended)
        code = _waited(child, time.monotonic() + asked["patience_s"])
        said.seek(0)
        text = said.read().decode(errors="replace")
    if code is None:
        return {"verdict": "too slow"}
    if code == 0:
        return {"verdict": "survived"}
    unreadable = any(word in text for word in _UNREADABLE)
    return {"verdict": "unreadable" if unreadable else "killed", "said": text[-3000:]}


def _waited(child, until):
    """How it ended; None when it was too slow."""
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.01)


def main():
    for library in _LIBRARIES:
        importlib.import_module(library)
    for line in sys.stdin:
        print(json.dumps(_tried(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
