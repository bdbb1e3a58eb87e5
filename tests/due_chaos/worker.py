"""A worker process of the campaign: runs what comes for due periods, at a clock of its own that the campaign can move.

python -m tests.due_chaos.worker DATABASE_URL OFFSET_FILE FROZEN_AFTER_S
"""

import asyncio
import contextlib
import logging
import sys
from datetime import timedelta
from pathlib import Path

import uvloop

from app import database
from billing import deductions, due_bills, dunning, expiry, horizon, job_record, upkeep
from core import clock
from schedulers import jobs, runner
from shop import orders as _orders  # noqa: F401 (a bill that is paid may be an order's)

EVERY_S = 0.2


def table():
    """The jobs that meet at due periods, and one for one worker at a time."""
    return (
        jobs.Job("horizon", EVERY_S, horizon.run),
        jobs.Job("due_run", EVERY_S, lambda: deductions.run_due(batch=7)),
        jobs.Job("due_bills", EVERY_S, lambda: due_bills.run(batch=7)),
        jobs.Job("dunning", EVERY_S, lambda: dunning.run(batch=7)),
        jobs.Job("bonus_expiry", EVERY_S, expiry.expire_bonus),
        jobs.Job("proof", EVERY_S * 4, upkeep.prove, alone=True),
    )


async def _follow(file):
    """The clock of this process is as far off as the file says, from one moment to the next."""
    while True:
        with contextlib.suppress(OSError, ValueError):
            clock.set_offset(timedelta(seconds=float(file.read_text())))
        await asyncio.sleep(0.05)


async def work(url, file, frozen_after_s):
    job_record.LEASE = timedelta(seconds=frozen_after_s)
    with contextlib.suppress(OSError, ValueError):
        clock.set_offset(timedelta(seconds=float(file.read_text())))
    following = asyncio.create_task(_follow(file))
    async with database.opened(url, pool_min=1, pool_max=4, frozen_after_s=frozen_after_s):
        await runner.run(table(), asyncio.Event())
    following.cancel()


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    uvloop.run(work(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
