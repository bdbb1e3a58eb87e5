"""Specifications 规格: the axes a product's SKUs differ in (颜色, 尺寸), and which SKUs can stand on them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from core import errors

MAX_AXES = 3
MAX_VALUES = 30
MAX_SKUS = 100
_NAME_LENGTH = 60
_BETWEEN = " / "


class SpecsDoNotFit(errors.Invalid):
    """A SKU does not have exactly one value of each axis of its product."""

    code = "specs_do_not_fit"


class SpecsTwice(errors.Invalid):
    """An axis, a value of an axis, or the same values for two SKUs were given twice."""

    code = "specs_twice"


@dataclass(frozen=True, slots=True)
class Axis:
    """What SKUs differ in, and the values there are, in the order they are shown."""

    name: str
    values: tuple[str, ...]


def check(axes: Sequence[Axis], skus: Iterable[Sequence[str]]) -> None:
    """Whether these SKUs, each given by its values, can stand on these axes.

    Raises:
        SpecsDoNotFit, SpecsTwice.
    """
    for names in ([axis.name for axis in axes], *(axis.values for axis in axes)):
        _once(names)
    known = [frozenset(axis.values) for axis in axes]
    seen: list[str] = []
    for values in skus:
        if len(values) != len(axes) or any(
            value not in there for value, there in zip(values, known, strict=True)
        ):
            raise SpecsDoNotFit(specs=name_of(values) or "-")
        if axes:
            seen.append(json.dumps(values))
    _once(seen)


def _once(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SpecsTwice(name=name)


def name_of(values: Sequence[str]) -> str:
    """What a SKU of these values is called where it has no name of its own."""
    return _BETWEEN.join(values)[:_NAME_LENGTH]


def written(axes: Sequence[Axis]) -> str:
    """Axes as the database keeps them."""
    return json.dumps([asdict(axis) for axis in axes], ensure_ascii=False)


@functools.lru_cache(maxsize=4096)
def read(kept: str) -> tuple[Axis, ...]:
    """Axes from what the database keeps."""
    return tuple(Axis(one["name"], tuple(one["values"])) for one in json.loads(kept))


def kept(values: Sequence[str]) -> str:
    """A SKU's values in one text, for statements that take many SKUs at once."""
    return json.dumps(values, ensure_ascii=False)
