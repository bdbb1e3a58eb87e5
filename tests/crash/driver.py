"""Kills a process at the steps of one money path, and says what was wrong afterwards.

python -m tests.crash.driver top_up postgres://… [every so many-th step; 1: all]
"""

import json
import sys

from tests.crash import combined_paths, due_paths, killing, operator_paths, paying_paths, refund_paths

PATHS = {
    **paying_paths.PATHS,
    **combined_paths.PATHS,
    **due_paths.PATHS,
    **operator_paths.PATHS,
    **refund_paths.PATHS,
}


if __name__ == "__main__":
    print(
        json.dumps(
            killing.run(PATHS[sys.argv[1]](), sys.argv[2], every=int(sys.argv[3]) if sys.argv[3:] else 1)
        )
    )
