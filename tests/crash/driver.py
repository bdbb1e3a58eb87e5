"""Kills processes at the steps of money paths, and says what was wrong afterwards.

python -m tests.crash.driver [every so many-th step; 1: all] < a line "path postgres://…" each > a line of JSON each
"""

import json
import pathlib
import sys
import tempfile

from core import sealed
from tests import keys
from tests.crash import (
    after_sale_paths,
    booking_paths,
    clock_paths,
    combined_paths,
    counter_paths,
    due_paths,
    killing,
    member_paths,
    operator_paths,
    order_paths,
    path,
    paying_paths,
    processes,
    reconciliation_paths,
    refund_paths,
    remittance_paths,
    top_up_paths,
)

PATHS = {
    **paying_paths.PATHS,
    **order_paths.PATHS,
    **booking_paths.PATHS,
    **top_up_paths.PATHS,
    **combined_paths.PATHS,
    **due_paths.PATHS,
    **clock_paths.PATHS,
    **operator_paths.PATHS,
    **refund_paths.PATHS,
    **after_sale_paths.PATHS,
    **counter_paths.PATHS,
    **remittance_paths.PATHS,
    **reconciliation_paths.PATHS,
    **member_paths.PATHS,
}


def main(every=1):
    sealed.use(keys.RING)
    processes.get_ready()
    for line in sys.stdin:
        name, url = line.split()
        with tempfile.TemporaryDirectory(prefix="yucun-crash-") as home:
            path.RememberingChannel.home = pathlib.Path(home)
            print(json.dumps(killing.run(PATHS[name](), url, every=every)), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
