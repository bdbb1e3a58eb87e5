"""Who writes down what operators change, and what they are shown of customers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic
from aiohttp import web

from admin_api import personal
from admin_api.services import Operator
from core import http as kit
from core.http.logs import REQUEST_ID
from members import acts

_OF_CUSTOMERS = frozenset({"customer_id", "giver_id", "receiver_id", "gone_id", "kept_id", "into"})
_CUSTOMERS = frozenset({"customer", "giver", "receiver"})
_PART = re.compile(r"\{(\w+)\}")


class Witness:
    """Hands the desk what was asked for, from where and about whom."""

    def watches(self, route: kit.Route) -> bool:
        """Reads that tell of customers."""
        return personal.tells(route)

    async def refused(self, caller: Operator, route: kit.Route, request: web.Request, outcome: str) -> None:
        """What is not their duty, or cannot be understood: of what they sent only the path is kept. Opening the form of a write is a read."""
        is_read = "GET" in (route.method, request.method)
        await acts.refused(_deed(caller, route, request, {}, []), outcome, is_read=is_read)

    async def began(
        self, caller: Operator, route: kit.Route, request: web.Request, asked: Mapping[str, Any]
    ) -> int:
        """Before a write."""
        return await acts.began(_deed(caller, route, request, asked, list(_customers(asked))))

    async def ended(self, act: int, outcome: str, told: Any) -> None:
        """After it."""
        await acts.ended(act, outcome, list(_customers(told)))

    async def read(
        self, caller: Operator, route: kit.Route, request: web.Request, asked: Mapping[str, Any], outcome: str, told: Any
    ) -> None:  # fmt: skip
        """A read, with whom the answer shows."""
        themselves = route.operation_id in personal.CUSTOMERS_THEMSELVES
        shown = [*_customers(asked), *_customers(told, themselves=themselves)]
        await acts.seen(_deed(caller, route, request, asked, shown), outcome)


async def taken_away(
    caller: Operator, route: kit.Route, asked: Mapping[str, Any], told: Any, file: str
) -> None:
    """A page of a list that is about to be written to a file for somebody: a read like any other, asked for by nobody's browser.

    ``file`` says which one, where the request's id stands otherwise.
    """
    if not personal.tells(route):
        return
    themselves = route.operation_id in personal.CUSTOMERS_THEMSELVES
    await acts.seen(
        acts.Deed(
            operator_id=caller.id, operation=route.operation_id, about=f"FILE {route.path}", asked=asked, request_id=file,
            subject=_subject(route, asked), customer_ids=[*_customers(asked), *_customers(told, themselves=themselves)],
        ),
        "done",
    )  # fmt: skip


def _deed(
    caller: Operator,
    route: kit.Route,
    request: web.Request,
    asked: Mapping[str, Any],
    customer_ids: list[int],
) -> acts.Deed:
    body = asked.get("body")
    reason = body.get("reason") if isinstance(body, Mapping) else None
    return acts.Deed(
        operator_id=caller.id, operation=route.operation_id, about=f"{request.method} {request.path}", asked=asked,
        request_id=REQUEST_ID.get(), subject=_subject(route, asked), customer_ids=customer_ids,
        reason=reason if isinstance(reason, str) else None, address=request[kit.CLIENT_ADDRESS],
        user_agent=kit.user_agent(request),
    )  # fmt: skip


def _subject(route: kit.Route, asked: Mapping[str, Any]) -> str | None:
    """What the last part of a path names: ``bill:B2026…`` for ``/bills/{bill_no}/pay``."""
    named = [name for name in _PART.findall(route.path) if name in asked]
    return f"{named[-1].removesuffix('_id').removesuffix('_no')}:{asked[named[-1]]}" if named else None


def _customers(told: Any, *, themselves: bool = False) -> Iterator[int]:
    """The customers that an answer or plain data names."""
    if isinstance(told, pydantic.BaseModel):
        told = told.__dict__
    if isinstance(told, Mapping):
        for name, value in told.items():
            if isinstance(value, int):
                if name in _OF_CUSTOMERS or (themselves and name == "id"):
                    yield value
            elif name in _CUSTOMERS:
                yield from _customers(value, themselves=True)
            else:
                yield from _customers(value, themselves=themselves and name == "items")
    elif isinstance(told, list):
        for one in told:
            yield from _customers(one, themselves=themselves)
