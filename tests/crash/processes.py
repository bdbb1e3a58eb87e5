"""The processes of a crash run: forks of one that has read all code and has served nobody, each with connections of its own.

What is not under test is the ``Stagehand``'s work. It lives as long as its path: its connection has made its plans, so that proving
the books, all of them, after each kill costs tens of milliseconds instead of a second.
"""

import asyncio
import gc
import json
import os
import signal
import socket
import traceback
from datetime import timedelta

from tortoise.context import TortoiseContext

from app import database
from billing import deduction_rules, terms
from core import clock, db
from ledger import proof

_SHOP = TortoiseContext()
_DOOMED = "yucun doomed"


def get_ready():
    """Before the first fork: what every process would do at its start, done once. And what it would do again after some seconds
    it does not, or a slow machine would take other steps than were counted."""
    deduction_rules.KNOWN_S = 3600
    with _SHOP:
        asyncio.run(_SHOP.init(config=database.tortoise_config("postgres://nobody@127.0.0.1/none")))
    gc.collect()
    gc.freeze()


def in_child(work, url, *, killed_by=None):
    """How ``work`` ended in a new process: it ``said`` something, it ``failed``, or the stopwatch ``killed`` it somewhere."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        if killed_by is not None:
            killed_by.last_words = writing
        _live(lambda: _told(work, writing), url, _DOOMED if killed_by else "yucun restarted")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert killed_by is not None and os.WTERMSIG(status) == signal.SIGKILL
        return {"killed": answer.decode()}
    assert os.WEXITSTATUS(status) == 0, "the child failed"
    return json.loads(answer)


async def _told(work, writing):
    try:
        answer = {"said": await work()}
    except Exception:
        answer = {"failed": traceback.format_exc()}
    os.write(writing, json.dumps(answer).encode())


class Stagehand:
    """Sets the path up, waits until PostgreSQL has noticed who is dead, proves the books."""

    def __init__(self, path, url):
        ours, theirs = socket.socketpair()
        self.child = os.fork()
        if self.child == 0:
            ours.close()
            _live(lambda: _served(path, theirs.makefile("rw")), url, "yucun stagehand")
        theirs.close()
        self.wire = ours.makefile("rw")
        ours.close()

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.wire.close()
        os.waitpid(self.child, 0)

    def sets_up(self):
        return self._asked("set up")

    def sees_it_gone(self):
        return self._asked("gone")

    def proves(self):
        return self._asked("prove")

    def _asked(self, what):
        self.wire.write(f"{what}\n")
        self.wire.flush()
        answer = self.wire.readline()
        assert answer, f"the stagehand failed: {what}"
        return json.loads(answer)


async def _served(path, wire):
    works = {"set up": path.before, "gone": _gone, "prove": _proven}
    while asked := wire.readline():
        clock.set_offset(timedelta())
        terms.use()
        deduction_rules.forget()
        wire.write(json.dumps(await works[asked.strip()]()) + "\n")
        wire.flush()


async def _gone():
    """A killed process's sessions end when PostgreSQL reads that nobody is there any more: long before a new shop is started."""
    left = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"
    )
    while await db.fetchval(left, _DOOMED):
        await asyncio.sleep(0.002)


async def _proven():
    return [str(violation) for violation in await proof.check()]


def _live(work, url, name):
    """A fork's whole life; it never returns."""
    try:
        asyncio.run(_opened(work, url, name))
    except BaseException:
        traceback.print_exc()
    os._exit(1)


async def _opened(work, url, name):
    config = database.tortoise_config(url, pool_max=3, application_name=name)["connections"]["default"]
    config["credentials"] |= {"statement_cache_size": 1000}
    _SHOP.connections.discard("default")
    _SHOP.connections.db_config["default"] = config
    with _SHOP:
        await work()
        os._exit(0)
