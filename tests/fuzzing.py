"""Attacks a door with what its own OpenAPI document allows and forbids, and checks that every answer is one it lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core import http as kit

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def attack(
    api: kit.Api,
    url: str,
    *,
    headers: Mapping[str, str],
    known: Mapping[str, Any],
    skip: frozenset[str] = frozenset(),
    examples: int = 10,
) -> set[int]:
    """Calls every operation (but those in ``skip``) with good and bad input; returns the statuses that were seen.

    ``known`` names objects that exist, by the name of the part of the path: each operation is called with them as well as
    with made-up ones. Blocks; call it in a thread.
    """
    schema = schemathesis.openapi.from_dict(kit.openapi(api))
    schema.config.update(base_url=url)
    seen: set[int] = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.definition.raw["operationId"] in skip:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _attack(operation, mode, headers, known, examples, seen)
    return seen


def _attack(operation, mode, headers, known, examples, seen):
    # one run of generated input, as fast as it goes: no shrinking, the failing request is shown as it was
    bounded = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    turns = iter(range(1_000_000))

    @bounded
    @given(case=operation.as_strategy(generation_mode=mode))
    def once(case):
        if next(turns) % 2:
            case.path_parameters = {
                name: known.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        response = case.call(headers=dict(headers))
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    once()
