"""Attacks a door with what its own OpenAPI document allows and forbids, and checks that every answer is one it lists."""

from __future__ import annotations

import contextlib
import os
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Flaky, Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.generation.stateful.state_machine import normalize_name
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core import http as kit

WALKS = int(os.environ.get("YUCUN_WALKS", "6"))
"""How many walks along the links of a document; ``make walks`` takes more."""
EXAMPLES = int(os.environ.get("YUCUN_FUZZ", "4"))
"""How much good and how much bad input for each operation; ``make fuzz`` takes more."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def attack(
    api: kit.Api,
    url: str,
    *,
    headers: Mapping[str, str],
    known: Mapping[str, Any],
    skip: frozenset[str] = frozenset(),
    examples: int = EXAMPLES,
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
        _attack(operation, GenerationMode.POSITIVE, headers, known, examples, seen)
        with contextlib.suppress(Unsatisfiable):  # nothing of what is sent can be wrong
            _attack(operation, GenerationMode.NEGATIVE, headers, known, examples, seen)
    return seen


_ROUTES_AT_ONCE = 150
_WALKS_AT_ONCE = 12


@dataclass
class _Told:
    """What walks came to."""

    begun: int = 0
    followed: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: list[BaseException] = field(default_factory=list)


def wander(
    api: kit.Api,
    url: str,
    *,
    headers: Mapping[str, str],
    known: Mapping[str, Any],
    skip: frozenset[str] = frozenset(),
    walks: int = WALKS,
    steps: int = 10,
) -> Counter[tuple[str, int]]:
    """Walks along the links of the document: each step calls an operation with what an earlier one answered. Returns how often each
    operation was come to by a link and answered so. Which way a walk takes is chance: while they have led to too little
    (``have_led_somewhere``) more are begun, up to ten times as many.

    Walks go over some groups of operations at a time, others each time: everything that tells of a customer is linked with everything one
    can do with one, and hypothesis looks among ten thousand rules only for one that a walk can begin with.

    ``known`` names things that exist, by the name of the field: walks begin with them, so that they lead somewhere. Blocks; call it in
    a thread.
    """
    schema = schemathesis.openapi.from_dict(kit.openapi(api))
    schema.config.update(base_url=url)
    schema.config.generation.update(modes=[GenerationMode.POSITIVE])
    told, most = _Told(), walks
    while told.begun < most and not told.faults:
        walk = _walk_over(schema, _some(api, skip), told, headers=headers, known=known)
        many = min(most - told.begun, _WALKS_AT_ONCE)
        # a shop remembers the walks before: the same steps lead elsewhere, which hypothesis calls flaky
        with contextlib.suppress(Flaky):
            walk.run(settings=_bounded(many, stateful_step_count=steps, derandomize=False))
        if told.begun >= most and not have_led_somewhere(told.followed, walks):
            most = min(most + walks, 10 * walks)
    if told.faults:
        raise told.faults[0]
    return told.followed


def _some(api: kit.Api, skip: frozenset[str]) -> frozenset[str]:
    """The operations of groups that chance picks, as many as are walked over at once."""
    groups = sorted({route.tag for route in api.routes})
    random.shuffle(groups)
    picked: set[str] = set()
    for group in groups:
        if len(picked) < _ROUTES_AT_ONCE:
            picked |= {route.operation_id for route in api.routes if route.tag == group}
    return frozenset(picked) - skip


def _walk_over(schema, operations, told, *, headers, known):
    part = schema.include(func=lambda context: context.operation.definition.raw["operationId"] in operations)

    class Walk(part.as_state_machine()):
        def setup(self):
            told.begun += 1

        def step(self, input):
            self.is_linked = input.transition is not None and input.is_applied
            input.case.body, input.case.query = (
                _knowing(part, known) for part in (input.case.body, input.case.query)
            )
            return super().step(input)

        def get_call_kwargs(self, case):
            return {"headers": dict(headers)}

        def validate_response(self, response, case, **more):
            if self.is_linked:
                told.followed[case.operation.definition.raw["operationId"], response.status_code] += 1
            try:
                case.validate_response(response, checks=CHECKS)
            except BaseException as fault:
                told.faults.append(fault)
                raise

    for operation in part.get_all_operations():
        if "{" in operation.ok().path:  # nobody begins with a number that was made up
            setattr(Walk, normalize_name(f"RANDOM -> {operation.ok().label}"), None)
    return Walk


def have_led_somewhere(followed: Counter[tuple[str, int]], walks: int = WALKS) -> bool:
    """Whether walks came to several operations that did something, and by links at every second walk."""
    done = {operation for operation, status in followed if status < 300}
    return len(done) >= 3 and followed.total() >= walks // 2


def _knowing(part, known):
    """The body or query, with what is known in place of what was made up; None leaves it out."""
    if isinstance(part, dict):
        said = {
            name: known[name] if name in known else _knowing(value, known) for name, value in part.items()
        }
        return {name: value for name, value in said.items() if name not in known or value is not None}
    return [_knowing(one, known) for one in part] if isinstance(part, list) else part


def _attack(operation, mode, headers, known, examples, seen):
    turns = iter(range(1_000_000))

    @_bounded(examples)
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


def _bounded(examples, **more):
    # one run of generated input, as fast as it goes: no shrinking, the failing request is shown as it was
    return settings(
        **{
            "max_examples": examples,
            "deadline": None,
            "derandomize": True,
            "database": None,
            "phases": [Phase.generate],
            "suppress_health_check": list(HealthCheck),
            **more,
        }
    )
