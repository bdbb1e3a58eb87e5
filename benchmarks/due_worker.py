"""A worker process of the benchmark ``due-run-2``: at each line it is given it takes part in the due run of the day the line says, and
answers with how many periods it charged or wrote down as owed."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

import uvloop

from app import database
from billing import deductions
from core import clock


async def _work(url: str) -> None:
    async with database.opened(url, pool_min=1, pool_max=2):
        print((await deductions.run_due()).due, flush=True)  # plans and connections are made ready
        while line := await asyncio.to_thread(sys.stdin.readline):
            clock.set_offset(timedelta(days=int(line)))
            print((await deductions.run_due()).due, flush=True)


if __name__ == "__main__":
    uvloop.run(_work(sys.argv[1]))
