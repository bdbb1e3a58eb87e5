"""Reading what others wrote: JSON fields of the expected shape, or `Malformed`, and nothing else ever."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone

from gateways.channel import ResultUnknown

BEIJING = timezone(timedelta(hours=8))
"""The zone in which both channels write their times, whatever the shop's own zone is."""

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_BEIJING_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?", re.ASCII)

JsonObject = Mapping[str, object]


class Malformed(ValueError):
    """Not of the shape that the protocol promises. The message names the field, never its value."""


@contextlib.contextmanager
def understood() -> Iterator[None]:
    """Turns an unreadable part of a proven answer of a channel into `ResultUnknown`."""
    try:
        yield
    except Malformed as fault:
        raise ResultUnknown(f"unreadable answer: {fault}") from None


def json_object(raw: bytes) -> JsonObject:
    """The JSON object in `raw` (UTF-8).

    Raises: Malformed.
    """
    try:
        content = json.loads(raw.decode())
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(content, dict):
        raise Malformed("not a JSON object")
    return content


def part(content: JsonObject, name: str) -> JsonObject:
    """The object under `name`."""
    value = content.get(name)
    if not isinstance(value, dict):
        raise Malformed(f"{name} is not an object")
    return value


def text(content: JsonObject, name: str) -> str:
    """The text under `name`, not empty, and such that a database can keep it."""
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"{name} is not a text")
    return storable(value, name)


def optional_text(content: JsonObject, name: str) -> str | None:
    """The text under `name`; None where it is absent, null or empty."""
    return None if content.get(name) in (None, "") else text(content, name)


def whole(content: JsonObject, name: str) -> int:
    """The integer under `name`, between 0 and 10**14."""
    value = content.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 10**14:
        raise Malformed(f"{name} is not a whole number in range")
    return value


def storable(value: str, name: str) -> str:
    """`value`, unless it holds a NUL or half a surrogate pair, which no database takes."""
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Malformed(f"{name} is not clean text")
    return value


def instant(value: str, name: str) -> datetime:
    """RFC 3339 text as an aware UTC instant."""
    if _RFC_3339.fullmatch(value) is None:
        raise Malformed(f"{name} is not a time")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed(f"{name} is not a time") from None


def beijing_instant(value: str, name: str) -> datetime:
    """`yyyy-MM-dd HH:mm:ss`, Beijing time by convention, as an aware UTC instant."""
    if _BEIJING_TIME.fullmatch(value) is None:
        raise Malformed(f"{name} is not a time")
    try:
        return datetime.fromisoformat(value).replace(tzinfo=BEIJING).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed(f"{name} is not a time") from None
