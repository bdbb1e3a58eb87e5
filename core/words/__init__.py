"""Sentences for people, in catalogues (``core/words/<locale>/<topic>.toml``), never in code.

``say("errors.insufficient_balance", "zh-CN", available_fen=5)``. Placeholders are ``{name}``, with the formats ``:yuan``
(fen as ``12.50``), ``:day`` (a date in the shop's zone) and ``:minute`` (date and time to the minute).
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from core import clock, money

DEFAULT_LOCALE = "zh-CN"
LOCALES = ("zh-CN", "en")


_FORMATS = ("", "yuan", "day", "minute")


class _Formatter(string.Formatter):
    """``str.format`` without attribute or index access, plus our three formats."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        return kwargs.get(field_name, ""), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "yuan":
            return money.yuan(value) if isinstance(value, int) else str(value)
        if format_spec in ("day", "minute"):
            return _moment(value, format_spec)
        return str(value)


_FORMATTER = _Formatter()


def say(key: str, locale: str = DEFAULT_LOCALE, /, **params: Any) -> str:
    """The sentence under ``key`` with its parameters filled in.

    Raises:
        KeyError: no catalogue of this locale has the key; a test keeps that from happening in production.
    """
    return _filled(_catalogue(locale if locale in LOCALES else DEFAULT_LOCALE)[key], params)


def fill(pattern: str, /, **params: Any) -> str:
    """A sentence that does not stand in a catalogue, with its parameters filled in as ``say`` does; unknown ones are empty."""
    return _filled(pattern, params)


def _filled(pattern: str, params: Mapping[str, Any]) -> str:
    pieces = _pieces(pattern)
    if pieces is None:
        return _FORMATTER.vformat(pattern, (), params)
    told = []
    for literal, name, spec in pieces:
        told.append(literal)
        if name:
            told.append(_FORMATTER.format_field(params.get(name, ""), spec))
    return "".join(told)


@lru_cache(maxsize=4096)
def _pieces(pattern: str) -> tuple[tuple[str, str, str], ...] | None:
    """A sentence taken apart: text, and the name and format of what follows it (no name: nothing does). None where there is more in its
    braces than that; those are read anew each time."""
    parsed = list(_FORMATTER.parse(pattern))
    if all(
        name is None or (name.isidentifier() and not conversion and spec in _FORMATS)
        for _, name, spec, conversion in parsed
    ):
        return tuple((literal, name or "", spec or "") for literal, name, spec, _ in parsed)
    return None


def placeholders(pattern: str) -> dict[str, str]:
    """The names a sentence has to be told, with the format each is written in.

    Raises:
        ValueError: it is no sentence with placeholders in it: a brace stands alone, or something but a name is in one.
    """
    found: dict[str, str] = {}
    for _, name, spec, conversion in _FORMATTER.parse(pattern):
        if name is None:
            continue
        if not name.isidentifier() or conversion or spec not in _FORMATS:
            raise ValueError(f"not a placeholder: {name[:40]!r}")
        found[name] = spec or ""
    return found


def has(key: str, locale: str) -> bool:
    """Whether the locale's catalogue has the key."""
    return key in _catalogue(locale)


def template(key: str, locale: str) -> str:
    """The sentence under ``key`` with its placeholders as they stand, for documents.

    Raises:
        KeyError: no catalogue of this locale has the key.
    """
    return _catalogue(locale)[key]


def keys(locale: str) -> frozenset[str]:
    """All keys of a locale; both locales must have the same."""
    return frozenset(_catalogue(locale))


@cache
def _catalogue(locale: str) -> dict[str, str]:
    sentences: dict[str, str] = {}
    for file in sorted((Path(__file__).parent / locale).glob("*.toml")):
        _flatten(file.stem, tomllib.loads(file.read_text("utf-8")), sentences)
    return sentences


def _flatten(prefix: str, table: dict[str, Any], into: dict[str, str]) -> None:
    for name, value in table.items():
        if isinstance(value, dict):
            _flatten(f"{prefix}.{name}", value, into)
        else:
            into[f"{prefix}.{name}"] = str(value)


def _moment(value: Any, precision: str) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(clock.zone())
        return f"{local:%Y-%m-%d %H:%M}" if precision == "minute" else f"{local:%Y-%m-%d}"
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else str(value)
