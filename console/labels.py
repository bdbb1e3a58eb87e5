"""What fields, values, groups of operations and areas are called: the catalogues ``fields``, ``values`` and ``areas`` of ``core/words``.

A field or value means the same wherever it occurs, unless the section ``[in.<tag>]`` says what it is in one group of operations. What
has no label is called what it is called in the code; a test keeps that from happening.
"""

from __future__ import annotations

from core import words


def field(name: str, locale: str, *, tag: str | None = None) -> str:
    """The short label of a field of an answer, a query or a body; ``tag``: of which group of operations (``Route.tag``)."""
    return _said("fields", name, locale, tag) or name


def value(name: str, value: str, locale: str, *, tag: str | None = None) -> str:
    """What one of the fixed values of the field ``name`` is called, e.g. a state."""
    return _said("values", f"{name}.{value}", locale, tag) or value


def tag(name: str, locale: str) -> str:
    """The heading of a group of operations."""
    return _said("areas.tags", name, locale, None) or name


def area(name: str, locale: str) -> str:
    """The name of an area of the console."""
    return _said("areas", name, locale, None) or name


def _said(catalogue: str, name: str, locale: str, tag: str | None) -> str | None:
    for key in (f"{catalogue}.in.{tag}.{name}", f"{catalogue}.{name}"):
        if words.has(key, locale):
            return words.template(key, locale)
    return None
