"""How well chats are understood, on what was written for it:

    python -m tests.bot.utterances [dev|held] [--wrong]

``dev.tsv`` may be looked at while words and rules are written, ``held.tsv`` may not: its wrong ones are listed by intent only.
The last line is a summary: ``utterances=… right=… accuracy=… asked_back=… wrong=…``.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.bot.utterances import judged, labelled


def main() -> int:
    """Prints the accuracy of one part, by intent, and what was taken for what."""
    parser = argparse.ArgumentParser(prog="python -m tests.bot.utterances")
    parser.add_argument("part", nargs="?", choices=("dev", "held"), default="held")
    parser.add_argument("--wrong", action="store_true", help="each that is not right (of dev only)")
    chosen = parser.parse_args()
    verdicts = [judged(one) for one in labelled(chosen.part)]
    by_intent = Counter(verdict.label.intent for verdict in verdicts)
    right = Counter(verdict.label.intent for verdict in verdicts if verdict.is_right)
    for intent, many in sorted(by_intent.items()):
        print(f"{intent:18} {right[intent]:3} of {many:3}")
    confused = Counter((one.label.intent, one.heard) for one in verdicts if not one.is_right)
    for (meant, heard), many in confused.most_common():
        print(f"{many:3} × {meant} heard as {heard}")
    if chosen.wrong and chosen.part == "dev":
        for verdict in verdicts:
            if not verdict.is_right:
                print(f"  {verdict.label.intent} ← {verdict.heard} {verdict.understood.confidence:.2f}: {verdict.label.text}"
                      f"  [{verdict.explained}] {verdict.slots_wrong}")  # fmt: skip
    asked = sum(one.heard.startswith("?") for one in verdicts)
    wrong = sum(
        not one.is_right and not one.heard.startswith("?") and one.heard != "nothing" for one in verdicts
    )
    total, good = len(verdicts), sum(right.values())
    print(f"utterances={total} right={good} accuracy={good / total:.3f} asked_back={asked} wrong={wrong}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
