"""A deduction that a rule held back: what the rule saw, beside how the customer usually pays, and the decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aiohttp import web

from console import details, offering, telling
from console.request import ask, console, eyes, may, page
from console.showing import fields_of
from core import clock
from core.http.calling import Asked

_ONE = "reviews_one"
_DEEDS = ("reviews_approve", "reviews_reject")
_LOOKS_BACK = timedelta(days=90)


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/reviews/{review_no}", _review)


async def _review(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    places = console(request).places.all
    place = places[_ONE]
    found = await ask(request, _ONE, Asked(path=given))
    look, row = eyes(request, place, given), fields_of(found)
    names = await telling.customers(request, [found.customer_id])
    return page(
        request,
        "review.jinja",
        **details.around(request, place, given, found, but=_DEEDS),
        b=telling.speaker(request),
        amount=telling.yuan(found.amount_fen),
        state=look.value("state", found.state),
        subject=found.title,
        customer=telling.person(request, found.customer_id, names.get(found.customer_id)),
        bill=look.value("bill_no", found.bill_no),
        ends_at=telling.minute(found.expires_at),
        is_waiting=found.state == "waiting",
        findings=[
            (one.name, one.text, look.pairs(one.facts, one.facts), one.rule_id) for one in found.findings
        ],
        rules=places["deduction_rules_listing"].address({})
        if may(request, places["deduction_rules_listing"])
        else None,
        approve=offering.deed(request, "reviews_approve", given, found),
        reject=offering.deed(request, "reviews_reject", given, found),
        lines=await _lines(request, found.customer_id),
        earlier=await _earlier(request, found.customer_id, found.review_no),
        bills=await _bills(request, found.customer_id),
        pairs=look.pairs(row, telling.present(row, ("findings", "review_no"))),
    )


async def _lines(request: web.Request, customer_id: int) -> dict[str, Any]:
    """What moved on the customer's balance lately, the newest first."""
    place = console(request).places.all["statements_read"]
    today = clock.today()
    query = {"from": (today - _LOOKS_BACK).isoformat(), "to": today.isoformat(), "limit": "100"}
    found = await ask(request, place.name, Asked(path={"customer_id": str(customer_id)}, query=query))
    look = eyes(request, place)
    columns = ("at", "kind", "memo", "principal_fen", "bonus_fen", "balance_after_fen")
    rows = [[look.value(name, getattr(one, name)) for name in columns] for one in reversed(found.items)]
    return {
        "rows": [(None, cells[0].text, cells[1:]) for cells in rows[:15]],
        "head": [look.label(name) for name in columns],
        "all": place.address({"customer_id": customer_id}, {"from": query["from"], "to": query["to"]}),
    }


async def _earlier(request: web.Request, customer_id: int, but: str) -> dict[str, Any]:
    """Their earlier reviews and how they ended."""
    place, one = (console(request).places.all[name] for name in ("reviews_listing", _ONE))
    found = await ask(request, place.name, Asked(query={"customer_id": str(customer_id), "limit": "10"}))
    look = eyes(request, place)
    columns = ("created_at", "title", "amount_fen", "state", "reason")
    rows = [
        (one.address({"review_no": each.review_no}), each.review_no, [look.value(name, getattr(each, name)) for name in columns])
        for each in found.items
        if each.review_no != but
    ]  # fmt: skip
    return {"rows": rows, "head": [look.label(name) for name in ("review_no", *columns)]}


async def _bills(request: web.Request, customer_id: int) -> dict[str, Any]:
    """Their newest bills."""
    place, one = (console(request).places.all[name] for name in ("bills_of_customer", "bills_one"))
    given = {"customer_id": str(customer_id)}
    found = await ask(request, place.name, Asked(path=given, query={"limit": "10"}))
    look = eyes(request, place)
    columns = ("title", "amount_fen", "paid_fen", "state", "due_at")
    rows = [
        (one.address({"bill_no": each.bill_no}), each.bill_no, [look.value(name, getattr(each, name)) for name in columns])
        for each in found.items
    ]  # fmt: skip
    head = [look.label(name) for name in ("bill_no", *columns)]
    return {"rows": rows, "head": head, "all": place.address(given)}
