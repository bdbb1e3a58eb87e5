"""Controlled misbehaviour: one small plan that all three stand-ins ask before they act.

A rule names an operation (`wechat_pay.jsapi`, shell patterns such as `alipay.*` allowed) and what to do to
it. Rules are used up in order. Faults of HTTP answers, the same for every stand-in:

    500_before, 429, timeout_before, drop_before     the request is not executed
    500_after, timeout, drop_connection              it is executed, the caller never learns
    delay                                            executed and answered `seconds` late
    slow_drip                                        executed and answered a little at a time, over `seconds`

Anything else (signtest, bad_signature, duplicate …) belongs to the operation that declared it. A rule strikes
only operations that can do what it says, so a broad pattern is not used up by one that cannot.
"""

from __future__ import annotations

import asyncio
import fnmatch
import random
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

BEFORE = {"500_before", "429", "timeout_before", "drop_before"}
AFTER = {"500_after", "timeout", "drop_connection", "delay", "slow_drip"}
HTTP = BEFORE | AFTER


@dataclass
class Rule:
    """`skip` operations pass first, then `times` are hit (0 = for ever), each with `probability`."""

    op: str
    do: str
    times: int = 1
    skip: int = 0
    probability: float = 1.0
    seconds: float = 0.0
    value: Any = None
    hits: int = 0


class FaultPlan:
    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._able: dict[str, frozenset[str]] = {}
        self._random = random.Random(0)  # noqa: S311 - repeatable misbehaviour, not a secret

    def declare(self, op: str, able: Collection[str]) -> None:
        """Says which faults an operation can do; shell patterns allowed (`errcode:*`)."""
        self._able[op] = frozenset(able)

    def add(self, plan: dict[str, Any]) -> Rule:
        """Raises: ValueError when the rule is not understood."""
        try:
            rule = Rule(**{key: value for key, value in plan.items() if key != "hits"})
        except TypeError as wrong:
            raise ValueError(str(wrong)) from wrong
        if not any(self._strikes(rule, op) for op in self._able):
            raise ValueError(f"no operation matches {rule.op!r} and can do {rule.do!r}")
        self._rules.append(rule)
        return rule

    def seed(self, number: int) -> None:
        self._random.seed(number)

    def clear(self) -> None:
        self._rules.clear()

    def rules(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self._rules]

    def take(self, op: str) -> Rule | None:
        """The fault that hits this operation now, if any; using it up."""
        for rule in self._rules:
            if not self._strikes(rule, op) or (rule.times and rule.hits >= rule.times):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.probability < 1.0 and self._random.random() >= rule.probability:
                continue
            rule.hits += 1
            return rule
        return None

    def _strikes(self, rule: Rule, op: str) -> bool:
        able = self._able[op]
        return fnmatch.fnmatchcase(op, rule.op) and any(fnmatch.fnmatchcase(rule.do, one) for one in able)


@dataclass(frozen=True)
class Dialect:
    """How one stand-in words a transport fault, and how it spoils a good answer."""

    server_error: Callable[[], web.Response]
    too_many: Callable[[], web.Response]
    spoil: Callable[[web.Response, Rule], web.Response]


async def answer(
    request: web.Request, fault: Rule | None, execute: Callable[[], Awaitable[web.Response]], dialect: Dialect
) -> web.StreamResponse:
    """Executes one API request under the fault that was taken for it."""
    if fault is None:
        return await execute()
    if fault.do in BEFORE:
        return await _transport_fault(request, fault, dialect)
    response = await execute()
    if fault.do in AFTER:
        if fault.do == "delay":
            await asyncio.sleep(fault.seconds)
            return response
        if fault.do == "slow_drip":
            return await _drip(request, response, fault.seconds)
        return await _transport_fault(request, fault, dialect)
    return dialect.spoil(response, fault)


async def _transport_fault(request: web.Request, fault: Rule, dialect: Dialect) -> web.StreamResponse:
    if fault.do == "429":
        return dialect.too_many()
    if fault.do.startswith("500"):
        return dialect.server_error()
    if fault.do.startswith("timeout"):
        await asyncio.sleep(fault.seconds or 60.0)
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


DRIPS = 20


async def _drip(request: web.Request, response: web.Response, seconds: float) -> web.StreamResponse:
    body = response.body if isinstance(response.body, bytes) else b""
    slow = web.StreamResponse(status=response.status, headers=response.headers)
    slow.content_length = len(body)
    await slow.prepare(request)
    for nth in range(DRIPS):
        await asyncio.sleep(seconds / DRIPS)
        await slow.write(body[nth * len(body) // DRIPS : (nth + 1) * len(body) // DRIPS])
    await slow.write_eof()
    return slow
