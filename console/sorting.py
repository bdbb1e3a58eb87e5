"""Sorting a list by clicking on a column: which columns an operation can be asked to sort by, and where a click leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from console import specs
from console.places import Place

SORT = "sort"
"""The field of a query that says by what is sorted: the name of a column, with ``-`` before it the largest first."""


@dataclass(frozen=True, slots=True)
class Link:
    """The head of a column that can be sorted by. ``now``: how the list is sorted by it; None: it is not."""

    href: str
    now: Literal["ascending", "descending"] | None


def links(place: Place, given: Mapping[str, str], kept: Mapping[str, Any]) -> dict[str, Link]:
    """By column. ``kept``: what the list is asked for with now; the first page of the other order is asked for with the same."""
    options = next((one.options for one in specs.of_query(place.route) if one.name == SORT), ())
    now = next(iter(kept.get(SORT, ())), "")
    found = {}
    for name in dict.fromkeys(option.removeprefix("-") for option in options):
        first, other = (name, f"-{name}") if _is_text(place, name) else (f"-{name}", name)
        wanted = other if now == first else first
        found[name] = Link(place.address(given, {**kept, SORT: wanted}), _way(name, now))
    return found


def _way(name: str, now: str) -> Literal["ascending", "descending"] | None:
    if now.removeprefix("-") != name:
        return None
    return "descending" if now.startswith("-") else "ascending"


def _is_text(place: Place, name: str) -> bool:
    return place.model is not None and place.model.model_fields[name].annotation is str
