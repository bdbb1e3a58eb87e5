"""Lists in an order that somebody chose: by a column and, where that is the same, by id, so that a page begins exactly after the row the last
one ended at. Each order needs an index of the column and the id; one that would sort a whole table is not offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sort:
    """``text``: what somebody chose: the name of a field, with ``-`` before it the largest first. ``after``: the value and the id of the row
    the last page ended at; None: from the beginning."""

    text: str
    after: tuple[Any, int] | None = None

    @property
    def by(self) -> str:
        """The field."""
        return self.text.removeprefix("-")

    @property
    def falling(self) -> bool:
        """Whether the largest comes first."""
        return self.text.startswith("-")


def statement(
    select: str,
    where: Mapping[str, tuple[object, ...]],
    sort: Sort,
    *,
    column: str,
    number: str = "id",
    limit: int,
) -> tuple[str, list[object]]:
    """The SQL of a page and its arguments. ``select``: the statement up to its conditions. ``where``: conditions that hold for all rows wanted,
    with ``{0}``, ``{1}`` where the values beside them go; those whose first value is None are left out. ``column`` and ``number``: SQL of what
    it is sorted by, and of the id.
    """
    conditions: list[str] = []
    args: list[object] = []
    for condition, values in where.items():
        if values[0] is not None:
            conditions.append(condition.format(*(f"${len(args) + at}" for at in range(1, len(values) + 1))))
            args += values
    compare, way = ("<", " DESC") if sort.falling else (">", "")
    if sort.after is not None:
        conditions.append(f"({column}, {number}) {compare} (${len(args) + 1}, ${len(args) + 2})")
        args += sort.after
    held = " AND ".join(conditions) or "true"
    args.append(limit)
    return f"{select} WHERE {held} ORDER BY {column}{way}, {number}{way} LIMIT ${len(args)}", args
