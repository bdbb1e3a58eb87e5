"""One act of an operator: who, when, from where and why, and what it changed, before and after side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console import details, telling
from console.request import ask, console, eyes, page
from console.showing import Eyes, Shown, fields_of
from core.http.calling import Asked

_ONE = "acts_one"


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/acts/{act_id:[0-9]+}", _act)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A row that was added, changed or taken away: what differs, field by field."""

    table: str
    row: str
    how: str
    fields: list[tuple[str, Shown, Shown]]


async def _act(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    place = console(request).places.all[_ONE]
    found = await ask(request, _ONE, Asked(path=given))
    look, row, b = eyes(request, place, given), fields_of(found), telling.speaker(request)
    operation = console(request).places.all.get(found.operation)
    return page(
        request,
        "act.jinja",
        **details.around(request, place, given, found),
        b=b,
        done=operation.title(look.locale) if operation is not None else found.operation,
        who=b("acts.who", who=found.operator_name, at=telling.minute(found.began_at), address=found.address),
        reason=found.reason,
        outcome=look.value("outcome", found.outcome),
        changes=[_changed(look, b, one) for one in found.changes],
        asked=look.pairs(found.asked, found.asked),
        pairs=look.pairs(row, telling.present(row, ("changes", "asked", "id"))),
    )


def _changed(look: Eyes, b: Any, one: Any) -> Changed:
    before, after = one.before or {}, one.after or {}
    how = "added" if one.before is None else "removed" if one.after is None else "changed"
    return Changed(
        table=look.value("of_table", one.of_table).text,
        row="" if one.row_id is None else str(one.row_id),
        how=b("acts.more" if one.row_id is None else f"acts.{how}"),
        fields=[
            (look.label(name), _side(look, name, before), _side(look, name, after))
            for name in dict.fromkeys([*before, *after])
        ],
    )


def _side(look: Eyes, name: str, side: Mapping[str, Any]) -> Shown:
    return look.value(name, side.get(name), row=side)
