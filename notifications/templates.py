"""How a queued message reads: in the mini-program's inbox, and in the platform's template fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, money, words
from notifications import limits

VALUES = ("title", "tip", "amount", "bonus", "balance", "time")
"""What a template's fields may be filled with, for every kind."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the platform's, of the mini-program or the official account.

    ``fields`` maps the platform's keyword (``thing1``, ``amount2``, ``time3`` …) to the name of one of our values (``VALUES``), or
    to a pattern of them (``{title}``) and of what the message's sentences know (``{amount_fen:yuan}``).
    """

    template_id: str
    fields: Mapping[str, str]
    page: str | None = None
    title: str = ""
    """What the platform calls it; the customer is asked to accept messages under this name."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A message in words."""

    title: str
    body: str


def read(
    kind: str,
    params: Mapping[str, Any],
    locale: str = words.DEFAULT_LOCALE,
    saved: Mapping[str, Any] | None = None,
) -> Reading:
    """The message as the customer reads it; ``saved``: the title and body that operators have put it into."""
    if saved is not None:
        return Reading(
            text(saved, kind, params, locale, part="title"), text(saved, kind, params, locale, part="body")
        )
    values = _with_instants(params)
    body = f"messages.{kind}.body"
    for part in ("bonus", "balance"):
        without = f"messages.{kind}.body_without_{part}"
        if not params.get(f"{part}_fen") and words.has(without, locale):
            body = without
    if "runs_out_on" in params and words.has(f"messages.{kind}.body_with_forecast", locale):
        body = f"messages.{kind}.body_with_forecast"
    return Reading(words.say(f"messages.{kind}.title", locale, **values), words.say(body, locale, **values))


def fill(template: Template, kind: str, params: Mapping[str, Any], locale: str) -> dict[str, str]:
    """The template's fields, each within the platform's limit for its type."""
    values = _values(kind, params, locale)
    return {
        keyword: limits.fitted(keyword, _filled(name, values, params) if "{" in name else values[name])
        for keyword, name in template.fields.items()
    }


def of_content(content: Mapping[str, Any]) -> Template:
    """A template as an operator saved it."""
    return Template(content["template_id"], content["fields"], content.get("page") or None)


def text(
    content: Mapping[str, Any] | None,
    kind: str,
    params: Mapping[str, Any],
    locale: str,
    *,
    part: str = "text",
) -> str:
    """The message in one piece, as an operator put it (``part`` of what was saved), else as the catalogue does."""
    if content is not None and content.get(part):
        return _filled(content[part], _values(kind, params, locale), params)
    return read(kind, params, locale).body


def patterns(content: Mapping[str, str], kind: str, params: Mapping[str, Any], locale: str) -> dict[str, str]:
    """Each pattern filled in, on one line."""
    values = _values(kind, params, locale)
    return {name: " ".join(_filled(pattern, values, params).split()) for name, pattern in content.items()}


def _filled(pattern: str, values: Mapping[str, str], params: Mapping[str, Any]) -> str:
    return words.fill(pattern, **{**_with_instants(params), **values})


INSTANTS = frozenset({"at", "until"})
"""The parameters that are instants; kept as text, as the outbox is."""


def _with_instants(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _instant(value) if name in INSTANTS else value for name, value in params.items()}


def _values(kind: str, params: Mapping[str, Any], locale: str) -> dict[str, str]:
    at = _instant(params["at"]) if "at" in params else clock.now()
    amount_fen = params.get("amount_fen", params.get("threshold_fen", 0))
    return {
        "title": str(
            params.get("title") or params.get("reason") or words.say(f"messages.{kind}.title", locale)
        ),
        "tip": words.say(f"messages.{kind}.tip", locale),
        "amount": f"{money.yuan(abs(amount_fen))}元",
        "bonus": f"{money.yuan(params.get('bonus_fen', 0))}元",
        "balance": f"{money.yuan(params.get('available_fen', 0))}元",
        "time": f"{at.astimezone(clock.zone()):%Y-%m-%d %H:%M}",
    }


def _instant(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
