"""Which columns a list shows."""

from __future__ import annotations

from collections.abc import Sequence

from console import arrangement
from console.places import Place


def of(place: Place, asked: Sequence[str]) -> list[str]:
    """The columns of a list of which these are asked for; without any, those that stand for it."""
    all_of_them = list(place.model.model_fields) if place.model is not None else []
    wanted = [name for name in asked if name in all_of_them]
    if wanted:
        return wanted
    first = arrangement.COLUMNS.get(place.name)
    return [name for name in first or all_of_them if name in all_of_them][
        : None if first else arrangement.MOST_COLUMNS
    ]
