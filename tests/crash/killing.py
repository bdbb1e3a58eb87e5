"""Kills a process at each step of a money path, starts another that does what a restarted shop and an impatient customer do, and
compares.

A step is the moment before or after each statement sent to PostgreSQL (begin and commit included) and each call to a channel or
platform. They are counted by wrapping ``core.db``, Tortoise's transactions and the channel, so a new statement in a path is a
new step here without anybody writing it down.
"""

import asyncio
import json
import os
import random
import signal

from tortoise.backends.asyncpg.client import TransactionWrapper

from app import database
from core import db
from ledger import proof

STEPS_AT_MOST = 400


class Stopwatch:
    """Counts steps and kills this very process at the one it was set to."""

    def __init__(self):
        self.kill_at, self.count, self.armed = None, 0, False

    def step(self):
        if not self.armed:
            return
        self.count += 1
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self, function):
        async def watched(*args, **kwargs):
            self.step()
            result = await function(*args, **kwargs)
            self.step()
            return result

        return watched


WATCH = Stopwatch()
for name in ("fetch", "fetchrow", "fetchval", "execute", "copy_in"):
    setattr(db, name, WATCH.wrap(getattr(db, name)))
for name in ("begin", "commit", "rollback", "savepoint", "release_savepoint"):
    setattr(TransactionWrapper, name, WATCH.wrap(getattr(TransactionWrapper, name)))


def in_child(work, url):
    """Runs ``work`` in a forked process with its own connections; None when it was killed, else what it returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            result = asyncio.run(opened(work, url))
            os.write(writing, json.dumps(result).encode())
            os._exit(0)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            import traceback

            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert os.WEXITSTATUS(status) == 0, "the child failed"
    return json.loads(answer)


async def opened(work, url):
    async with database.opened(url, pool_min=1, pool_max=3):
        return await work()


def run(path, url, *, every=1):
    """Counts the path's steps, then kills at each of them, or with ``every`` at each so many-th from one chosen at random."""
    made = in_child(path.before, url)

    async def counted():
        WATCH.armed = True
        await path.act(made)
        WATCH.armed = False
        return WATCH.count

    steps = in_child(counted, url)
    assert 0 < steps < STEPS_AT_MOST, f"a path of {steps} steps"
    wrong = (
        [] if not (verdict := in_child(_restarted(path, made), url)) else [{"step": None, "verdict": verdict}]
    )
    tried, killed = range(random.randint(1, min(every, steps)), steps + 1, every), 0
    for kill_at in tried:
        made = in_child(path.before, url)

        async def doomed(made=made, kill_at=kill_at):
            WATCH.kill_at, WATCH.armed = kill_at, True
            await path.act(made)
            WATCH.armed = False
            return "survived"

        killed += in_child(doomed, url) is None
        if verdict := in_child(_restarted(path, made), url):
            wrong.append({"step": kill_at, "verdict": verdict})
    return {"steps": steps, "tried": len(tried), "killed": killed, "wrong": wrong}


def _restarted(path, made):
    async def restarted():
        await path.again(made)
        violations = await proof.check()
        return [str(violation) for violation in violations] or await path.wrong(made)

    return restarted
