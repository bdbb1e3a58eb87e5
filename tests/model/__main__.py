"""The long run, on servers of its own:  python -m tests.model STEPS [SEED]

The last line is a summary: ``steps=… seeds=… failures=0``.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback

from app import database
from tests import conftest
from tests.model import run


def _say(line):
    print(line, flush=True)


def main(steps=10_000, first_seed=1):
    logging.disable(logging.CRITICAL)  # quarantined trades are wanted here
    with conftest._local_servers() as servers:
        url = servers.database_url("yucun_model")
        asyncio.run(database.migrate(url))
        asyncio.run(conftest._remember_seeds(url))
        result = run.run(url, steps=int(steps), first_seed=int(first_seed), said=_say)
    for (name, answer), times in sorted(result.met.items()):
        print(f"{name:15} {answer:28} {times:8}")
    if result.failure is not None:
        traceback.print_exception(result.failure)
        print(f"seed {result.failing_seed} fails; again with SEED={result.failing_seed}")
    print(f"{result.seconds:.0f} s, {result.steps / result.seconds:.0f} steps a second")
    print(f"steps={result.steps} seeds={result.seeds} failures={int(result.failure is not None)}")
    return 0 if result.failure is None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
