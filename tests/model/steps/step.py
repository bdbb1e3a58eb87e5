"""What steps are made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

KINDS = ("principal", "bonus")


@dataclass
class Step:
    name: str
    asked: tuple
    call: Callable[[], Awaitable[Any]]
    parts: Callable[[Any], list[Callable]]
    seen_when_refused: Callable[[], Awaitable[Any]] | None = None
    plan: int | None = None
    """The plan it ends."""
    passing_by: Callable[[int, int, Any], list[Callable]] | None = None
    """So many parts, the first of which leave out these plans."""

    def __str__(self):
        return f"{self.name}{self.asked}"

    __repr__ = __str__


def step(call, *parts, more_parts=None, seen_when_refused=None):
    """A step that consists of these transactions, or of those ``more_parts`` finds in the model."""
    return Step("", (), call, more_parts or (lambda model: list(parts)), seen_when_refused)


def pick(items, number):
    """One of the items, if there are any."""
    items = list(items)
    return items[number % len(items)] if items else None


def a_key(machine, number):
    """Some keys are used again and again, most are new."""
    return f"{machine.prefix}-key-{number if number < 2 else 10 + machine.number()}"
