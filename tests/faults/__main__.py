"""``make faults SCENARIOS=10000 SEED=1``; the last line is the summary, the exit code says whether all is well."""

import sys

from tests.faults import campaign

if __name__ == "__main__":
    scenarios, seed = (int(argument) for argument in sys.argv[1:3])
    only = int(sys.argv[3]) if sys.argv[3:] else None
    report = campaign.run(scenarios, seed, only=only)
    for failure in report.failures[:50]:
        print(failure)
    print(report)
    sys.exit(bool(report.failures))
