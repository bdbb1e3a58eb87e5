"""What was found in a text, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """``text[start:end]`` means ``value``; ``concept`` is what it is called in rules."""

    start: int
    end: int
    concept: str
    value: Any = None

    def overlaps(self, other: Span) -> bool:
        """Whether both claim a character."""
        return self.start < other.end and other.start < self.end


def without_overlap(found: Iterable[Span]) -> list[Span]:
    """Those that stand alone, in the order of the text; of two that overlap the one that was found first."""
    kept: list[Span] = []
    for one in found:
        if not any(one.overlaps(other) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda span: span.start)
