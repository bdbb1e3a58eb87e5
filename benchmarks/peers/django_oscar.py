"""django-oscar-accounts, as published: ``facade.transfer`` from a customer's account to the shop's.

No dependency of ours: make an environment for it and name its Python ::

    python3 -m venv /tmp/oscar && /tmp/oscar/bin/pip install django-oscar-accounts psycopg2-binary
    OSCAR_PYTHON=/tmp/oscar/bin/python make bench ONLY=peer-oscar

Every transfer sums up all transactions of both accounts, so it gets slower with every payment the shop receives, and it takes no
locks: balances that differ from their transactions afterwards are counted as ``wrong_balances``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks import floor, place
from benchmarks.rounds import Contest, RunFailed

_WORKER = Path(__file__).with_name("django_oscar_worker.py")
_PATIENCE_S = 600.0
_WRONG = """
SELECT count(*) FROM oscar_accounts_account a
WHERE a.balance <> (SELECT coalesce(sum(t.amount), 0) FROM oscar_accounts_transaction t WHERE t.account_id = a.id)
"""


@contextlib.asynccontextmanager
async def payments(where: place.Place) -> AsyncIterator[Contest]:
    """Two processes with 16 threads each pay into the shop's account."""
    where.servers.postgres.create_database("oscar")
    settled = await _started(where, "migrate")
    await asyncio.wait_for(settled.wait(), _PATIENCE_S)
    async with place.opened(where), contextlib.AsyncExitStack() as stack:
        workers = [
            await _started(where, "pay", str(place.CONNECTIONS // where.processes))
            for _ in range(where.processes)
        ]
        for worker in workers:
            stack.callback(_end, worker)
        failures = 0

        async def subject(seconds: float) -> float:
            nonlocal failures
            said = await asyncio.gather(*(_asked(worker, seconds) for worker in workers))
            failures += sum(one["failures"] for one in said)
            return sum(one["done"] for one in said) / seconds

        async def counted() -> dict[str, float]:
            wrong = where.servers.postgres.ask(_WRONG, database="oscar")
            return {"failures": float(failures), "wrong_balances": float(wrong)}

        async def before_round() -> None:
            """Nothing is used up but money, of which there is plenty."""

        async with floor.pgbench(where) as floored:
            yield Contest(floor=floored, subject=subject, counters=counted, before_round=before_round)


async def _started(where: place.Place, *arguments: str) -> Process:
    python = os.environ.get("OSCAR_PYTHON")
    if not python:
        raise RunFailed(f"OSCAR_PYTHON names no Python with django-oscar-accounts; see {__name__}")
    return await asyncio.create_subprocess_exec(
        *(python, str(_WORKER), *arguments),
        env={**os.environ, "OSCAR_DATABASE_URL": where.servers.postgres.url("oscar")},
        stdin=PIPE,
        stdout=PIPE,
        stderr=sys.stderr,
    )


async def _asked(worker: Process, seconds: float) -> dict[str, int]:
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.write(json.dumps({"seconds": seconds}).encode() + b"\n")
    line = await asyncio.wait_for(worker.stdout.readline(), seconds + 60)
    if not line:
        raise RunFailed("django-oscar-accounts did not start")
    answer: dict[str, int] = json.loads(line)
    return answer


def _end(worker: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.kill()
