"""What fields, values, groups of operations and areas are called: the catalogues ``fields``, ``values`` and ``areas`` of ``core/words``.

A field or value means the same wherever it occurs, unless the section ``[in.<tag>]`` says what it is in one group of operations. What
has no label is called what it is called in the code; a test keeps that from happening.
"""

from __future__ import annotations

from collections.abc import Mapping

from core import words

_WHO = (
    "by", "asked_by", "bill_given_by", "changed_by", "closed_by", "consent_by", "created_by", "decided_by", "ended_by", "given_by",
    "issued_by", "operator", "proposed_by", "resolved_by", "saved_by", "set_by", "undone_by", "voided_by",
)  # fmt: skip
_SAME: Mapping[str, str] = dict.fromkeys(_WHO, "who") | {
    "after": "burn_policy",
    "before": "burn_policy",
    "became": "state",
    "channels": "channel",
    "choices": "intent",
    "consent_channel": "door",
    "consent_door": "door",
    "message_kind": "kind",
    "order_state": "state",
    "party": "channel",
    "reference": "source",
    "next_steps": "step",
    "reverses": "source",
    "theirs_state": "ours_state",
    "trying": "channel",
    "was": "state",
    "ways": "resolution",
}
"""Fields that have the values of another."""

_WITH_NUMBERS = frozenset({"who", "source", "applies_to"})
"""Vocabularies whose words are also followed by a colon and a number."""


def field(name: str, locale: str, *, tag: str | None = None) -> str:
    """The short label of a field of an answer, a query or a body; ``tag``: of which group of operations (``Route.tag``)."""
    return _said("fields", name, locale, tag) or name


def value(name: str, value: str, locale: str, *, tag: str | None = None) -> str:
    """What one of the fixed values of the field ``name`` is called, e.g. a state.

    Who did something, and what a number is of, are written ``operator:7``, ``channel:alipay``, ``plan:42:3``: then what stands before
    the colon is said in words.
    """
    vocabulary = _SAME.get(name, name)
    if said := _said("values", f"{vocabulary}.{value}", locale, tag):
        return said
    head, colon, number = value.partition(":")
    if not colon or vocabulary not in _WITH_NUMBERS:
        return value
    if head == "channel":
        return _said("values", f"channel.{number}", locale, None) or value
    said = _said("values", f"{vocabulary}.{head}", locale, tag)
    return f"{said} {number}" if said else value


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
