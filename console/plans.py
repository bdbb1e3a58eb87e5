"""A customer's plan: its periods along a line, what was and what comes, and what its state allows to be done."""

from __future__ import annotations

from typing import Any

import pydantic
from aiohttp import web

from console import details, offering, telling
from console.request import ask, console, eyes, page
from console.showing import fields_of
from core import clock
from core.http.calling import Asked

_ONE = "plans_one"
_DEEDS = (
    "plans_pause", "plans_resume", "plans_cancel", "plans_new_price", "plans_withdraw_price", "plans_agreed_price", "plans_use",
)  # fmt: skip
_MOST_PERIODS = "60"


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/plans/{plan_id:[0-9]+}", _plan)


async def _plan(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    place = console(request).places.all[_ONE]
    found = await ask(request, _ONE, Asked(path=given))
    look, row = eyes(request, place, given), fields_of(found)
    names = await telling.customers(request, [found.customer_id])
    periods = await ask(request, "plans_periods", Asked(path=given, query={"limit": _MOST_PERIODS}))
    terms = fields_of(found.terms)
    terms |= {name: value for name, value in _flat(terms) if value is not None}
    offered = [offering.deed(request, name, given, found) for name in _DEEDS]
    return page(
        request,
        "plan.jinja",
        **details.around(request, place, given, found, but=(*_DEEDS, "plans_skip")),
        b=telling.speaker(request),
        name=found.name,
        state=look.value("state", found.state),
        customer=telling.person(request, found.customer_id, names.get(found.customer_id)),
        amount=telling.yuan(found.amount_fen),
        every=look.value("cycle", found.cycle),
        next_due=found.next_due_on.isoformat() if found.next_due_on else None,
        steps=[one for one in offered if one is not None],
        periods=[_period(request, look, found, one) for one in reversed(periods.items)],
        more=console(request).places.all["plans_periods"].address(given) if periods.next_cursor else None,
        pairs=look.pairs(row, telling.present(row, ("terms", "events", "name", "id"))),
        terms=look.pairs(terms, telling.present(terms)),
        events=look.value("events", found.events),
    )


def _flat(terms: dict[str, Any]) -> list[tuple[str, Any]]:
    """What stands within what was agreed on, e.g. the days of its rule, without what is not said."""
    inner = {name: fields_of(value) for name, value in terms.items() if isinstance(value, pydantic.BaseModel)}
    return [
        (name, {field: said for field, said in fields.items() if said is not None})
        for name, fields in inner.items()
    ]


def _period(request: web.Request, look: Any, plan: Any, one: Any) -> dict[str, Any]:
    ahead = one.state == "upcoming" and one.due_on >= clock.today() and not one.units
    fixed = {"period_no": str(one.period_no)}
    return {
        "no": one.period_no,
        "due_on": one.due_on.isoformat(),
        "covers": f"{one.covers_from.isoformat()} – {one.covers_to.isoformat()}",
        "amount": telling.yuan(one.amount_fen),
        "state": look.value("state", one.state),
        "reason": look.value("reason", one.reason) if one.reason else None,
        "bill": look.value("bill_no", one.bill_no) if one.bill_no else None,
        "is_next": one.due_on == plan.next_due_on,
        "skip": offering.deed(
            request, "plans_skip", {"plan_id": plan.id}, plan, near=str(one.period_no), fixed=fixed
        )
        if ahead
        else None,
    }
