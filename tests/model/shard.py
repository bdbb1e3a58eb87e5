"""One process of a long run:  python -m tests.model.shard URL STEPS FIRST STRIDE

Says how far it is after each seed, a line of JSON each on its standard output; what hypothesis prints goes to the other. A failing
seed is explained and the next one begun, for a few times.
SIGTERM ends it within a step.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import signal
import sys
import traceback

from tests.model import run

MOST_FAILURES = 10


def main(url, steps, first, stride):
    logging.disable(logging.CRITICAL)  # quarantined trades are wanted here
    seeds = run.Seeds(int(steps), int(first), int(stride))
    heard = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with run.opened(url) as shop:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(shop, "stopped", True))
        seeds_done = failures = 0
        while failures < MOST_FAILURES:
            result = None
            for result in run.each(shop, seeds):
                failures += result.failure is not None
                _say(heard, shop, seeds_done + result.seeds, failures, result)
            seeds_done += result.seeds
            if result.failure is None:
                return
            seeds = dataclasses.replace(seeds, first=result.failing_seed + seeds.stride)
            shop.renew()


def _say(heard, shop, seeds, failures, result):
    said = {"steps": shop.steps, "seeds": seeds, "failures": failures}
    said["met"] = [[name, answer, times] for (name, answer), times in shop.met.items()]
    if result.failure is not None:
        said["failing"] = result.failing_seed
        said["text"] = "".join(traceback.format_exception(result.failure))
    print(json.dumps(said), file=heard, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
