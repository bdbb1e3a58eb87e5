"""Types for what clients send, each with limits, and the base models of bodies, queries and answers.

The kit refuses to build a door whose input has an unlimited integer, text or list, so every field ends up with one of
these (or with limits of its own).
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, NewType

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from core import money

MAX_BIGINT = 2**63 - 1
"""The largest number PostgreSQL's bigint holds."""

Id = Annotated[int, Field(ge=1, le=MAX_BIGINT)]
"""A row's id."""

Fen = Annotated[int, Field(ge=0, le=money.MAX_FEN)]
"""An amount that may be zero."""

PositiveFen = Annotated[int, Field(ge=1, le=money.MAX_FEN)]
"""An amount that moves."""

SignedFen = Annotated[int, Field(ge=-money.MAX_FEN, le=money.MAX_FEN)]
"""An amount whose sign says the direction."""

Count = Annotated[int, Field(ge=1, le=10_000)]
"""How many of a thing somebody wants."""

Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""One line of text without control characters. Narrower: ``Annotated[Text, Field(max_length=32)]``."""

Paragraphs = Annotated[
    str, StringConstraints(max_length=4000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]
"""Text that may have line breaks and tabs, but no other control characters."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""What people call a thing: one line, not empty."""

Token = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[\x21-\x7e]+$")]
"""An opaque value given by a platform or by us: visible ASCII without spaces."""

No = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
"""A human number such as an order number. What a bare ``str`` path parameter is held to."""

Instant = AwareDatetime
"""A moment with its offset, RFC 3339."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _written_day(value: Any) -> Any:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("a day is written 2026-11-23")  # pydantic alone also takes counts of seconds
    return value


Day = Annotated[
    date, BeforeValidator(_written_day), Field(strict=False, ge=date(2000, 1, 1), le=date(2999, 12, 31))
]
"""A business day, ``2026-11-23``."""


def _written_instant(value: Any) -> Any:
    if not isinstance(value, str | datetime):
        raise ValueError(
            "an instant is written 2026-01-31T08:00:00Z"
        )  # pydantic alone also takes counts of seconds
    return value


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_written_instant),
    Field(
        strict=False, ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)
    ),
]
"""An instant that a client sends, RFC 3339 with its offset, within the centuries a shop has to do with."""

IdempotencyKey = NewType("IdempotencyKey", str)
"""The client's name for one attempt: the same key again must not do the thing twice. Handlers take it as ``key``."""


class Body(BaseModel):
    """A JSON body: no unknown fields, no coercion (``"12"`` and ``true`` are not integers)."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class Query(BaseModel):
    """A query string: no unknown names; a name given twice only where the field is a list."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class Answer(BaseModel):
    """What a door gives back. Built from keyword arguments, or by the kit from any object with the same attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def number(text: str) -> int | None:
    """The number that a text from a form or an address is: decimal digits that a bigint holds. None: it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def unlimited(schema: dict[str, Any]) -> list[str]:
    """Names the places of an input's JSON schema where a client could send a number, text or list of any size."""
    found: list[str] = []
    _walk(schema, "", schema.get("$defs", {}), found, ())
    return found


_TEXT_LIMITS = ("maxLength", "enum", "const", "format")


def _walk(
    node: dict[str, Any], place: str, defs: dict[str, Any], found: list[str], seen: tuple[str, ...]
) -> None:
    if (reference := node.get("$ref")) is not None:
        name = reference.rsplit("/", 1)[-1]
        if name not in seen:
            _walk(defs[name], place, defs, found, (*seen, name))
        return
    kind = node.get("type")
    named = "enum" in node or "const" in node
    upper, lower = _has(node, "maximum", "exclusiveMaximum"), _has(node, "minimum", "exclusiveMinimum")
    if (
        (kind in ("integer", "number") and not named and not (upper and lower))
        or (kind == "string" and not _has(node, *_TEXT_LIMITS))
        or (kind == "array" and "maxItems" not in node)
    ):
        found.append(place or "(itself)")
    for option in (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
        _walk(option, place, defs, found, seen)
    if isinstance(node.get("items"), dict):
        _walk(node["items"], f"{place}[]", defs, found, seen)
    if isinstance(node.get("additionalProperties"), dict):
        _walk(node["additionalProperties"], f"{place}.*", defs, found, seen)
    for name, part in node.get("properties", {}).items():
        _walk(part, f"{place}.{name}".lstrip("."), defs, found, seen)


def _has(node: dict[str, Any], *names: str) -> bool:
    return any(name in node for name in names)
