"""Forms from what operations take: the JSON schema of a body or a query as a tree of things to fill in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from core import http as kit
from core.http import signature

_LONG_TEXT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One thing to fill in. ``kind``: text, paragraphs, secret, integer, number, money, day, moment, flag, choice, several, lines, group
    (``parts``), rows (``parts`` of each), variants (one of ``variants``, named by its ``marker``), json; kept: sent back as it came, not shown."""

    name: str
    kind: str
    required: bool = False
    nullable: bool = False
    description: str = ""
    default: Any = None
    options: tuple[str, ...] = ()
    longest: int | None = None
    parts: tuple[Spec, ...] = ()
    variants: Mapping[str, tuple[Spec, ...]] | None = None
    marker: str = ""
    numbers: bool = False
    """Of ``lines`` and ``choice``: what is sent are integers."""


@cache
def of_body(route: kit.Route) -> tuple[Spec, ...]:
    """What the body of an operation is made of; without a body nothing."""
    body = signature.of(route).body
    return () if body is None else _of_object(body.json_schema())


@cache
def of_query(route: kit.Route) -> tuple[Spec, ...]:
    """What a reading operation can be asked for with, beside the page."""
    query = signature.of(route).query
    if query is None:
        return ()
    return tuple(
        spec for spec in _of_object(query.model_json_schema()) if spec.name not in ("cursor", "limit")
    )


def _of_object(schema: Mapping[str, Any]) -> tuple[Spec, ...]:
    defs = schema.get("$defs", {})
    return _parts(_resolved(schema, defs), defs, ())


def _parts(schema: Mapping[str, Any], defs: Mapping[str, Any], seen: tuple[str, ...]) -> tuple[Spec, ...]:
    required = schema.get("required", ())
    return tuple(
        _spec(name, part, defs, seen, required=name in required)
        for name, part in schema.get("properties", {}).items()
    )


def _spec(
    name: str, schema: Mapping[str, Any], defs: Mapping[str, Any], seen: tuple[str, ...], *, required: bool
) -> Spec:
    chosen, nullable = _without_null(schema)
    description = schema.get("description", chosen.get("description", ""))
    if (reference := chosen.get("$ref")) is not None:
        if reference in seen:
            return Spec(name=name, kind="json", required=required, nullable=nullable, description=description)
        seen = (*seen, reference)
        chosen = {**_resolved(chosen, defs), **{key: part for key, part in chosen.items() if key != "$ref"}}
    found = _kind(name, chosen, defs, seen)
    return replace(
        found,
        required=required,
        nullable=nullable,
        description=description or chosen.get("description", ""),
        default=schema.get("default"),
    )


def _without_null(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if "anyOf" in schema and len(options) == 1:
        return options[0], len(options) < len(schema["anyOf"])
    return schema, False


def _resolved(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    found: Mapping[str, Any] = schema if reference is None else defs[reference.rsplit("/", 1)[-1]]
    return found


def _kind(name: str, schema: Mapping[str, Any], defs: Mapping[str, Any], seen: tuple[str, ...]) -> Spec:
    if "oneOf" in schema and "discriminator" in schema:
        return _variants(name, schema, defs, seen)
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Spec(
            name=name,
            kind="choice",
            options=tuple(map(str, values)),
            numbers=all(isinstance(one, int) for one in values),
        )
    kind = schema.get("type")
    if kind == "object" and schema.get("properties"):
        return Spec(name=name, kind="group", parts=_parts(schema, defs, seen))
    if kind == "array":
        return _several(name, schema, defs, seen)
    if kind == "integer":
        return Spec(name=name, kind="money" if name.endswith("_fen") else "integer")
    if kind == "string":
        return _text(name, schema)
    return Spec(name=name, kind={"boolean": "flag", "number": "number"}.get(str(kind), "json"))


def _text(name: str, schema: Mapping[str, Any]) -> Spec:
    longest = schema.get("maxLength")
    if name == "revision":
        return Spec(name=name, kind="kept", longest=longest)
    if "password" in name or "secret" in name:
        return Spec(name=name, kind="secret", longest=longest)
    kind = {"date": "day", "date-time": "moment"}.get(schema.get("format", ""))
    if kind is None:
        kind = "paragraphs" if longest is not None and longest > _LONG_TEXT else "text"
    return Spec(name=name, kind=kind, longest=longest)


def _several(name: str, schema: Mapping[str, Any], defs: Mapping[str, Any], seen: tuple[str, ...]) -> Spec:
    item = schema.get("items", {})
    one = _spec(name, item, defs, seen, required=True)
    if one.kind == "group":
        return replace(one, kind="rows")
    if one.kind == "choice":
        return replace(one, kind="several")
    if one.kind in ("integer", "text", "day", "money"):
        return Spec(name=name, kind="lines", numbers=one.kind in ("integer", "money"))
    return Spec(name=name, kind="json")


def _variants(name: str, schema: Mapping[str, Any], defs: Mapping[str, Any], seen: tuple[str, ...]) -> Spec:
    marker = schema["discriminator"]["propertyName"]
    variants = {}
    for value, reference in schema["discriminator"]["mapping"].items():
        if reference in seen:
            return Spec(name=name, kind="json")
        parts = _parts(_resolved({"$ref": reference}, defs), defs, (*seen, reference))
        variants[value] = tuple(part for part in parts if part.name != marker)
    if any(part.kind == "json" for parts in variants.values() for part in parts):
        return Spec(name=name, kind="json")  # rules within rules: written as they are sent
    return Spec(name=name, kind="variants", variants=variants, marker=marker)
