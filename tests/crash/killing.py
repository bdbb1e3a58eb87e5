"""Kills a process at each step of a money path, starts another that does what a restarted shop and an impatient customer do, and
compares.

A step is the moment before or after each statement sent to PostgreSQL (begin and commit included) and each call to a channel or
platform. They are counted by wrapping the pool's connections and the channel, so a new statement in a path is a
new step here without anybody writing it down.
"""

import functools
import os
import random
import signal
import time

from app import database
from tests.crash import processes

STEPS_AT_MOST = 600


class Stopwatch:
    """Writes steps down and kills this very process at the one it was set to."""

    def __init__(self):
        self.kill_at, self.armed, self.steps, self.last_words = None, False, [], None

    def step(self, name):
        if not self.armed:
            return
        self.steps.append(name)
        if len(self.steps) == self.kill_at:
            os.write(self.last_words, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self, function, name=lambda function, *args: function.__name__):
        @functools.wraps(function)
        async def watched(*args, **kwargs):
            called = name(function, *args)
            self.step(f"before {called}")
            result = await function(*args, **kwargs)
            self.step(f"after {called}")
            return result

        return watched


def _statement(function, connection, said, *args):
    return " ".join(said.split())[:70]


WATCH = Stopwatch()
for name in ("fetch", "fetchrow", "fetchval", "fetchmany", "execute", "executemany", "copy_to_table"):
    method = getattr(database.PooledConnection, name)
    setattr(database.PooledConnection, name, WATCH.wrap(method, _statement))


def run(path, url, *, every=1):
    """Counts the path's steps, then kills at each of them, or with ``every`` at each so many-th from one chosen at random."""
    began = time.monotonic()
    with processes.Stagehand(path, url) as stagehand:
        made = stagehand.sets_up()
        counted = processes.in_child(_acted(path, made, None), url)
        steps = counted.get("said")
        assert steps and len(steps) < STEPS_AT_MOST, counted
        wrong = _wrong(stagehand, path, made, url, "the end")
        tried, killed = range(random.randint(1, min(every, len(steps))), len(steps) + 1, every), 0
        for kill_at in tried:
            made, step = stagehand.sets_up(), f"{kill_at}, {steps[kill_at - 1]}"
            ended = processes.in_child(_acted(path, made, kill_at), url, killed_by=WATCH)
            if _hit(path, ended, steps[kill_at - 1]):
                killed += 1
            else:
                wrong.append({"step": step, "verdict": ended})
            stagehand.sees_it_gone()
            wrong += _wrong(stagehand, path, made, url, step)
    took_s = round(time.monotonic() - began, 1)
    return {"steps": len(steps), "tried": len(tried), "killed": killed, "wrong": wrong, "s": took_s}


def _hit(path, ended, step):
    """Killed at the step that was counted; where several act at once, at the same number of steps: whose turn it is differs."""
    return ended == {"killed": step} or ("killed" in ended and getattr(path, "at_once", False))


def _acted(path, made, kill_at):
    async def acted():
        WATCH.kill_at, WATCH.armed = kill_at, True
        await path.act(made)
        WATCH.armed = False
        return WATCH.steps

    return acted


def _wrong(stagehand, path, made, url, step):
    """What is wrong when the restarted shop and the customer have done their part, here or in the books."""

    async def restarted():
        await path.again(made)
        return await path.wrong(made) or None

    ended = processes.in_child(restarted, url)
    violations = stagehand.proves()
    verdict = violations or (None if ended == {"said": None} else ended)
    return [{"step": step, "verdict": verdict}] if verdict else []
