"""What a handler asks for, read once from its signature when the door is built."""

import functools
import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pydantic
from aiohttp import web

from core.http import fields, routes

_SLOT = re.compile(r"\{([a-z_]+)\}")
_GIVEN = ("caller", "services", "locale")


@dataclass(frozen=True, slots=True)
class Wants:
    """A handler's parameters by where their values come from."""

    body: pydantic.TypeAdapter[Any] | None
    query: type[pydantic.BaseModel] | None
    query_lists: frozenset[str]
    path: dict[str, pydantic.TypeAdapter[Any]]
    numbers: frozenset[str]
    key: bool
    request: str | None
    upload: bool
    given: frozenset[str]


@functools.cache
def of(route: routes.Route) -> Wants:
    """Reads a route's handler.

    Raises:
        TypeError: the handler asks for something the kit cannot give, or takes input without limits.
    """
    slots = frozenset(_SLOT.findall(route.path))
    hints = typing.get_type_hints(route.handler, include_extras=True)
    parameters = inspect.signature(route.handler).parameters
    wrong = functools.partial(_wrong, route)
    path: dict[str, pydantic.TypeAdapter[Any]] = {}
    numbers: set[str] = set()
    request: str | None = None
    for name in parameters:
        hint = hints.get(name)
        if hint is None:
            raise wrong(f"parameter {name!r} has no annotation")
        if hint is web.Request:
            request = name
        elif name in slots:
            path[name] = pydantic.TypeAdapter(_limited(hint))
            if path[name].json_schema().get("type") == "integer":
                numbers.add(name)
        elif name not in (*_GIVEN, "body", "query", "key", "upload"):
            raise wrong(
                f"nothing is called {name!r}: not a part of the path, nor body, query, key, {', '.join(_GIVEN)}"
            )
    if missing := slots - path.keys():
        raise wrong(f"the path has {sorted(missing)}, the handler does not take them")
    if "caller" in parameters and route.auth is None:
        raise wrong("takes the caller, but the route has no auth")
    if ("key" in parameters) != route.idempotent:
        raise wrong("idempotent=True and a parameter `key: kit.IdempotencyKey` go together")
    if ("upload" in parameters) != (route.upload is not None) or (
        "upload" in parameters and "body" in parameters
    ):
        raise wrong("upload=<bytes> and a parameter `upload: kit.Upload` go together, without a body")
    query = hints["query"] if "query" in parameters else None
    body = pydantic.TypeAdapter(hints["body"]) if "body" in parameters else None
    if body is not None and route.method == "GET":
        raise wrong("a GET has no body")
    _check_limits(body, query, path, wrong)
    return Wants(
        body=body,
        query=query,
        query_lists=_lists(query),
        path=path,
        numbers=frozenset(numbers),
        key="key" in parameters,
        request=request,
        upload="upload" in parameters,
        given=frozenset(parameters) & frozenset(_GIVEN),
    )


def pattern(route: routes.Route) -> str:
    """The route's path as aiohttp matches it: integers only where digits stand."""
    numbers = of(route).numbers
    return _SLOT.sub(
        lambda slot: f"{{{slot[1]}:[0-9]{{1,19}}}}" if slot[1] in numbers else slot[0], route.path
    )


def _limited(hint: Any) -> Any:
    return {int: fields.Id, str: fields.No}.get(hint, hint) if isinstance(hint, type) else hint


def _lists(query: type[pydantic.BaseModel] | None) -> frozenset[str]:
    if query is None:
        return frozenset()
    listed = []
    for name, part in query.model_json_schema()["properties"].items():
        options = part.get("anyOf", [part])
        if any(option.get("type") == "array" for option in options):
            listed.append(name)
    return frozenset(listed)


def _check_limits(
    body: pydantic.TypeAdapter[Any] | None,
    query: type[pydantic.BaseModel] | None,
    path: dict[str, pydantic.TypeAdapter[Any]],
    wrong: Callable[[str], TypeError],
) -> None:
    schemas = {f"path.{name}": adapter.json_schema() for name, adapter in path.items()}
    if body is not None:
        schemas["body"] = body.json_schema()
    if query is not None:
        schemas["query"] = query.model_json_schema()
    for place, schema in schemas.items():
        if found := fields.unlimited(schema):
            raise wrong(
                f"{place} takes {', '.join(found)} of any size; use kit.Id, kit.Fen, kit.Text or own limits"
            )


def _wrong(route: routes.Route, why: str) -> TypeError:
    handler = route.handler
    return TypeError(f"{route.method} {route.path} → {handler.__module__}.{handler.__name__}: {why}")
