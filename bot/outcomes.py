"""How pushed messages ended, counted in this process since it began; for ``/metrics``. Nothing of who wrote or what."""

from __future__ import annotations

from collections import Counter
from typing import Literal

Outcome = Literal["answered", "repeated", "nothing", "failed", "late", "given_up", "refused"]
"""``answered``: by a delivery that acted; ``repeated``: with what was kept; ``nothing``: there is nothing to say; ``failed``: with an
apology; ``late``: acknowledged, the answer follows; ``given_up``: late, and too many others are; ``refused``: not from the platform, or not
to be read."""

_counted: Counter[Outcome] = Counter()


def count(outcome: Outcome) -> None:
    """One more."""
    _counted[outcome] += 1


def counted() -> dict[str, int]:
    """How many there were of each that there was."""
    return {str(outcome): count for outcome, count in _counted.items()}
