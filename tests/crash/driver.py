"""Kills a process at the steps of money paths, and says what was wrong afterwards.

python -m tests.crash.driver postgres://… [every so many-th step; 1: all] < names of paths > a line of JSON each
"""

import json
import sys

from tests.crash import (
    clock_paths,
    combined_paths,
    counter_paths,
    due_paths,
    killing,
    operator_paths,
    paying_paths,
    reconciliation_paths,
    refund_paths,
    remittance_paths,
    top_up_paths,
)

PATHS = {
    **paying_paths.PATHS,
    **top_up_paths.PATHS,
    **combined_paths.PATHS,
    **due_paths.PATHS,
    **clock_paths.PATHS,
    **operator_paths.PATHS,
    **refund_paths.PATHS,
    **counter_paths.PATHS,
    **remittance_paths.PATHS,
    **reconciliation_paths.PATHS,
}


if __name__ == "__main__":
    url, every = sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else 1
    for name in sys.stdin:
        print(json.dumps(killing.run(PATHS[name.strip()](), url, every=every)), flush=True)
