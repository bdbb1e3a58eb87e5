"""Forms filled in: from the texts a browser sends to the values an operation takes, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pydantic_core
from multidict import MultiMapping

from console.specs import Spec
from core import clock, money

Texts = Mapping[str, Sequence[str]]
"""What stands in a form: texts by dotted names, ``lines.0.quantity``."""

MOST_ROWS = 200
_ON = "on"


@dataclass(slots=True)
class Filled:
    """What a form said: the values, and what could not be read, by dotted names, as keys of sentences."""

    values: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def texts_of(form: MultiMapping[Any]) -> dict[str, list[str]]:
    """The texts of a form, without its files."""
    return {name: [one for one in form.getall(name) if isinstance(one, str)] for name in form}


def read(specs: Iterable[Spec], texts: Texts, *, blank_is_null: bool) -> Filled:
    """What a form says. What was left empty is not sent, or with ``blank_is_null`` sent as null where that is allowed."""
    filled = Filled()
    filled.values = _group(specs, texts, "", filled, blank_is_null)
    return filled


def _group(
    specs: Iterable[Spec], texts: Texts, prefix: str, filled: Filled, blank_is_null: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for spec in specs:
        name = f"{prefix}{spec.name}"
        value = _value(spec, texts, name, filled, blank_is_null)
        if value is not None:
            found[spec.name] = value
        elif spec.nullable and blank_is_null:
            found[spec.name] = None
    return found


def _value(spec: Spec, texts: Texts, name: str, filled: Filled, blank_is_null: bool) -> Any:
    if spec.kind == "group":
        whole = _group(spec.parts, texts, f"{name}.", filled, blank_is_null)
        says = any(
            part not in (None, "") and part is not False for part in whole.values()
        )  # nought is a word
        return whole if spec.required or says else None
    if spec.kind == "rows":
        return _rows(spec, texts, name, filled, blank_is_null)
    if spec.kind == "variants":
        return _variant(spec, texts, name, filled, blank_is_null)
    several = [text for text in texts.get(name, ()) if text.strip()]
    if spec.kind == "flag":
        return _flag(spec, several)
    if spec.kind == "several":
        return several if several or spec.required else None
    if not several:
        return [] if spec.kind == "lines" and spec.required else None
    return _one(spec, several[0], name, filled)


def _flag(spec: Spec, several: Sequence[str]) -> bool | None:
    if spec.nullable:  # a choice of yes, no and nothing
        return {"yes": True, "no": False}.get(several[0]) if several else None
    return bool(several)


def _rows(spec: Spec, texts: Texts, name: str, filled: Filled, blank_is_null: bool) -> list[Any] | None:
    rows: list[Any] = []
    for number in row_numbers(texts, name):
        begin = f"{name}.{number}."
        if not any(text.strip() for key, values in texts.items() if key.startswith(begin) for text in values):
            continue  # a row that was offered and not used
        row = Filled()
        values = _group(spec.parts, texts, begin, row, blank_is_null)
        moved = f"{name}.{len(rows)}."
        filled.faults.update({moved + key.removeprefix(begin): fault for key, fault in row.faults.items()})
        rows.append(values)
    return rows if rows or spec.required else None


def row_numbers(texts: Texts, name: str) -> list[int]:
    """The numbers of the rows that stand in a form."""
    one = re.compile(re.escape(name) + r"\.(\d{1,4})\.")
    found = {int(match[1]) for key in texts if (match := one.match(key))}
    return sorted(found)[:MOST_ROWS]


def _variant(
    spec: Spec, texts: Texts, name: str, filled: Filled, blank_is_null: bool
) -> dict[str, Any] | None:
    assert spec.variants is not None
    chosen = next(iter(texts.get(f"{name}.{spec.marker}", ())), "")
    if chosen not in spec.variants:
        return None
    parts = _group(spec.variants[chosen], texts, f"{name}.{chosen}.", filled, blank_is_null)
    return {spec.marker: chosen, **parts}


def _one(spec: Spec, text: str, name: str, filled: Filled) -> Any:
    """One value; what cannot be read stays the text it is, so that the form shows it again."""
    raw = text if spec.kind in ("paragraphs", "secret") else text.strip()
    reader = _READERS.get(spec.kind)
    try:
        if spec.kind == "lines":
            parts = [part for part in re.split(r"[\n,，、]+", raw) if part.strip()]
            return [int(part) if spec.numbers else part.strip() for part in parts]
        if spec.kind == "choice" and spec.numbers:
            return int(raw)
        return raw.replace("\r\n", "\n") if reader is None else reader(raw)
    except (ValueError, RecursionError):
        filled.faults[name] = f"not_{spec.kind}"
        return raw


def _fen(text: str) -> int:
    return money.fen_from_yuan(text.lstrip("¥￥").replace(",", ""))


def _moment(text: str) -> str:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo is not None else found.replace(tzinfo=clock.zone())).isoformat()


_READERS: Mapping[str, Callable[[str], Any]] = {
    "money": _fen,
    "integer": int,
    "number": float,
    "moment": _moment,
    "json": json.loads,
}


def texts(specs: Iterable[Spec], values: Mapping[str, Any], prefix: str = "") -> dict[str, list[str]]:
    """What stands in a form that says these values."""
    found: dict[str, list[str]] = {}
    for spec in specs:
        if (value := values.get(spec.name)) is not None:
            found.update(_texts(spec, value, f"{prefix}{spec.name}"))
    return found


def _texts(spec: Spec, value: Any, name: str) -> dict[str, list[str]]:
    if spec.kind == "group" and isinstance(value, Mapping):
        return texts(spec.parts, value, f"{name}.")
    if spec.kind == "rows" and isinstance(value, list):
        rows = [texts(spec.parts, row, f"{name}.{number}.") for number, row in enumerate(value)]
        return {key: part for row in rows for key, part in row.items()}
    if spec.kind == "variants" and isinstance(value, Mapping):
        chosen = str(value.get(spec.marker))
        parts = (spec.variants or {}).get(chosen, ())
        return {f"{name}.{spec.marker}": [chosen], **texts(parts, value, f"{name}.{chosen}.")}
    if spec.kind == "several" and isinstance(value, list):
        return {name: [str(one) for one in value]}
    return {name: [_text(spec, value)]} if value is not False or spec.nullable else {}


def _text(spec: Spec, value: Any) -> str:
    if spec.kind == "flag":
        return ("yes" if value else "no") if spec.nullable else _ON
    if spec.kind == "money" and isinstance(value, int):
        return money.yuan(value)
    if spec.kind == "moment":
        try:
            return f"{datetime.fromisoformat(str(value)).astimezone(clock.zone()):%Y-%m-%dT%H:%M}"
        except ValueError:
            return str(value)
    if spec.kind == "lines" and isinstance(value, list):
        return "\n".join(map(str, value))
    if spec.kind == "json" and not isinstance(value, str):
        return json.dumps(pydantic_core.to_jsonable_python(value), ensure_ascii=False, indent=1)
    return str(value)


def unchanged(specs: Iterable[Spec], now: Texts, was: Texts) -> set[str]:
    """The names of what stands in a form as it stood when it was given out."""
    return {spec.name for spec in specs if _below(now, spec.name) == _below(was, spec.name)}


def _below(texts: Texts, name: str) -> dict[str, list[str]]:
    return {
        key: [text.replace("\r\n", "\n") for text in values]
        for key, values in texts.items()
        if (key == name or key.startswith(f"{name}.")) and any(text.strip() for text in values)
    }
