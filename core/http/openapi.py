"""The OpenAPI 3.1 document of a door, made from the same table that serves it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pydantic
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from core import errors, words
from core.http import links, problems, refusals, routes, signature, uploads

_REF = "#/components/schemas/{model}"
_PLACEHOLDER = re.compile(r"\{(\w+)(?::\w+)?\}")
_Key = tuple[Any, JsonSchemaMode]


def openapi(api: routes.Api) -> dict[str, Any]:
    """The document as JSON-ready dicts; the same api gives the same document, byte for byte."""
    schemas, linked = _Schemas(api), links.of(api)
    paths: dict[str, dict[str, Any]] = {}
    for route in api.routes:
        paths.setdefault(f"{api.prefix}{route.path}", {})[route.method.lower()] = _operation(
            route, schemas, linked[route.operation_id]
        )
    auths = {route.auth.name: route.auth for route in api.routes if route.auth is not None}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": _both(api.title), "version": api.version},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in api.routes)],
        "paths": paths,
        "components": {
            "schemas": {"Problem": _problem_schema(), "Fault": _fault_schema(), **schemas.definitions},
            "headers": {"X-Request-ID": _REQUEST_ID_HEADER},
            "securitySchemes": {
                name: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": auth.format,
                    "description": _both(auth.description),
                }
                for name, auth in sorted(auths.items())
            },
        },
    }
    about = _CONVENTIONS if api.description is None else (*api.description, *_CONVENTIONS)
    document["info"]["description"] = "\n\n".join(about)
    return document


class _Schemas:
    """Every model of the api, described together so that equal names get distinct, stable references."""

    def __init__(self, api: routes.Api) -> None:
        inputs: list[tuple[Any, JsonSchemaMode, Any]] = []
        answers: list[tuple[type[pydantic.BaseModel], JsonSchemaMode]] = []
        for index, route in enumerate(api.routes):
            body = signature.of(route).body
            if body is not None:
                inputs.append((index, "validation", body))
            if route.answer is not None:
                answers.append((route.answer, "serialization"))
        by_key, described = pydantic.TypeAdapter.json_schemas(inputs, ref_template=_REF)
        self._bodies: dict[Any, dict[str, Any]] = {
            index: _without_titles(schema) for (index, _mode), schema in by_key.items()
        }
        self._routes = {id(route): index for index, route in enumerate(api.routes)}
        by_model, more = models_json_schema(answers, ref_template=_REF)
        self._answers = {model: schema for (model, _mode), schema in by_model.items()}
        found = {**described.get("$defs", {}), **more.get("$defs", {})}
        clashing = [
            name
            for name, schema in described.get("$defs", {}).items()
            if more.get("$defs", {}).get(name, schema) != schema
        ]
        if clashing:
            raise ValueError(f"models of the same name for bodies and answers: {', '.join(sorted(clashing))}")
        self.definitions: dict[str, Any] = _without_titles(dict(sorted(found.items())))

    def body(self, route: routes.Route) -> dict[str, Any]:
        return self._bodies[self._routes[id(route)]]

    def answer(self, route: routes.Route) -> dict[str, Any]:
        assert route.answer is not None
        return self._answers[route.answer]


def _operation(route: routes.Route, schemas: _Schemas, linked: dict[str, Any]) -> dict[str, Any]:
    wants = signature.of(route)
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "tags": [route.tag],
        "summary": _both(route.summary),
        "x-summaries": dict(zip(words.LOCALES, route.summary, strict=True)),
    }
    if route.description is not None:
        operation["description"] = _both(route.description, "\n\n")
    if parameters := [*_path_parameters(wants), *_query_parameters(wants), *_headers(wants, route)]:
        operation["parameters"] = parameters
    if wants.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas.body(route)}},
        }
    if wants.upload:
        operation["requestBody"] = {"required": True, "content": _UPLOAD}
    operation["responses"] = {str(route.status): _success(route, schemas), **_refused(route)}
    if linked:
        operation["responses"][str(route.status)]["links"] = linked
    if route.conditional:
        operation["responses"]["304"] = _UNCHANGED
    operation["security"] = [{route.auth.name: []}] if route.auth is not None else []
    return operation


def _path_parameters(wants: signature.Wants) -> Iterable[dict[str, Any]]:
    for name, adapter in wants.path.items():
        yield {"name": name, "in": "path", "required": True, "schema": _without_titles(adapter.json_schema())}


def _query_parameters(wants: signature.Wants) -> Iterable[dict[str, Any]]:
    if wants.query is None:
        return
    schema = wants.query.model_json_schema()
    if "$defs" in schema:
        raise ValueError(f"{wants.query.__name__}: a query has plain fields only (enums as Literal)")
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        plain = _without_titles({key: value for key, value in part.items() if key != "description"})
        options = [option for option in plain.get("anyOf", []) if option != {"type": "null"}]
        if len(options) == 1:  # "or null" means "left out" in a query string
            plain = {**{key: plain[key] for key in plain if key not in ("anyOf", "default")}, **options[0]}
        parameter = {"name": name, "in": "query", "required": name in required, "schema": plain}
        if "description" in part:
            parameter["description"] = part["description"]
        yield parameter


def _headers(wants: signature.Wants, route: routes.Route) -> Iterable[dict[str, Any]]:
    if route.conditional:
        yield {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "上次答复的 ETag，内容没变则答 304 · the ETag of the answer one has; 304 while it is the same",
            "schema": {"type": "string", "maxLength": 200},
        }
    if wants.key:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "同一次操作用同一个值，重试不会重复执行 · the same value for every try of one action",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
            "example": "order-7f9c2ba4",
        }


def _success(route: routes.Route, schemas: _Schemas) -> dict[str, Any]:
    response: dict[str, Any] = {"description": "成功 · Success", "headers": _HEADERS}
    if route.answer is not None:
        response["content"] = {"application/json": {"schema": schemas.answer(route)}}
    if route.conditional:
        response["headers"] = {**_HEADERS, "ETag": _ETAG_HEADER}
    if route.file is not None:
        response["content"] = {route.file: {}}  # OpenAPI 3.1: no schema, the bytes as they are
        response["headers"] = {**_HEADERS, "Content-Disposition": _DISPOSITION_HEADER}
    return response


def _refused(route: routes.Route) -> dict[str, Any]:
    by_status: defaultdict[int, dict[str, type[errors.DomainError]]] = defaultdict(dict)
    for refusal in refusals.expected(route):
        by_status[problems.status_of(refusal)][refusal.code] = refusal
    return {str(status): _problem_response(by_status[status]) for status in sorted(by_status)}


def _problem_response(by_code: dict[str, type[errors.DomainError]]) -> dict[str, Any]:
    codes = sorted(by_code)
    lines = [f"- `{code}`: {_sentence(code, 'zh-CN')} · {_sentence(code, 'en')}" for code in codes]
    return {
        "description": "\n".join(lines),
        "headers": _HEADERS,
        "content": {
            "application/json": {
                "schema": {
                    "allOf": [{"$ref": "#/components/schemas/Problem"}],
                    "properties": {"code": {"enum": codes}},
                },
                "examples": {code: {"value": _example(code)} for code in codes},
            }
        },
    }


def _example(code: str) -> dict[str, Any]:
    return {
        "code": code,
        "message": _sentence(code, "zh-CN"),
        "message_en": _sentence(code, "en"),
        "params": {},
        "request_id": "4f1c2ab97d3e60815b2f9a7c",
    }


def _sentence(code: str, locale: str) -> str:
    """The sentence with its parameters' names where a real one has values."""
    return _PLACEHOLDER.sub(lambda slot: f"⟨{slot[1]}⟩", words.template(f"errors.{code}", locale))


_CONVENTIONS = (
    "**约定**：金额为整数「分」；时间为 RFC 3339（UTC）；列表用 `cursor` 和 `limit` 翻页，`next_cursor` 为 null 即最后一页；"
    "出错时返回统一的 Problem，程序判断 `code`；`Accept-Language` 选择 `message` 的语言；"
    "每个响应都带 `X-Request-ID`；收到 429 或 503 时按 `Retry-After` 等待后重试。",
    "**Conventions**: amounts are integers of fen; times are RFC 3339 in UTC; lists are paged by `cursor` and `limit`, and "
    "`next_cursor` is null on the last page; refusals are a Problem, whose `code` is for programs; `Accept-Language` picks "
    "the language of `message`; every response has an `X-Request-ID`; after 429 or 503 wait as long as `Retry-After` says.",
)


def _without_titles(node: Any) -> Any:
    """The schema without the titles pydantic makes out of field names: they say nothing new."""
    if isinstance(node, dict):
        return {
            key: part if key in _VALUES else _without_titles(part)
            for key, part in node.items()
            if not (key == "title" and isinstance(part, str))
        }
    return [_without_titles(part) for part in node] if isinstance(node, list) else node


_VALUES = ("const", "default", "enum", "example", "examples")  # what stands there is no schema


def _both(pair: routes.Words, between: str = " · ") -> str:
    return between.join(pair)


_REQUEST_ID_HEADER = {
    "description": "请求编号，报障时提供 · name this when reporting a problem",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$"},
}
_UPLOAD = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": [uploads.FIELD],
            "properties": {uploads.FIELD: {"type": "string", "format": "binary"}},
        }
    },
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
}
_DISPOSITION_HEADER = {
    "description": "文件名，RFC 6266 · the file's name",
    "schema": {"type": "string"},
}
_ETAG_HEADER = {
    "description": "内容的标记 · what marks this very answer",
    "schema": {"type": "string"},
}
_HEADERS = {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}}

_UNCHANGED = {"description": "没有变化 · Not modified", "headers": {**_HEADERS, "ETag": _ETAG_HEADER}}


def _problem_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "程序看 code，人看 message · programs look at `code`, people at `message`",
        "required": ["code", "message", "message_en", "params", "request_id"],
        "properties": {
            "code": {"type": "string"},
            "message": {
                "type": "string",
                "description": "按 Accept-Language · in the language of Accept-Language",
            },
            "message_en": {"type": "string"},
            "params": {
                "type": "object",
                "properties": {"faults": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}}},
            },
            "request_id": {"type": "string"},
        },
    }


def _fault_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "一处错误 · one thing that is wrong with a request",
        "required": ["location", "type", "message", "message_en"],
        "properties": {
            "location": {
                "type": "array",
                "items": {"type": ["string", "integer"]},
                "examples": [["body", "lines", 0, "quantity"]],
            },
            "type": {"type": "string", "examples": ["greater_than_equal"]},
            "message": {"type": "string"},
            "message_en": {"type": "string"},
        },
    }
