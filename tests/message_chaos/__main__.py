"""``make message-chaos RUNS=20 SEED=1`` (``MOST_S=600``: begins none after as many seconds); the last line is the summary, the exit code says whether all is well."""

import sys

from tests.message_chaos import campaign

if __name__ == "__main__":
    report = campaign.run(*(int(argument) for argument in sys.argv[1:4]))
    for failure in report.failures[:50]:
        print(failure)
    print(report)
    sys.exit(bool(report.failures))
