"""What waits for a second person: each wish in a sentence, with who asked and why, decided on where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console import lists, offering, telling
from console.request import LOCALE, ask, caller, console, eyes, page
from console.showing import Eyes, Shown
from core import words
from core.http.calling import Asked

_LIST, _ONE = "approvals_listing", "approvals_one"
_OTHERS = ("receiver_id", "into")
"""How acts name a second customer."""


def add_to(door: web.Application) -> None:
    """Adds the queue and the page of one."""
    door.router.add_get("/approvals", _queue)
    door.router.add_get("/approvals/{approval_no}", _one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An act that was asked for, as a person reads it."""

    number: str
    href: str
    sentence: str
    customer: Shown | None
    amount: str
    reason: str
    asked_by: str
    asked_at: str
    ends_at: str
    state: Shown
    is_waiting: bool
    is_mine: bool
    above: str
    exactly: list[tuple[str, Shown]]
    approve: offering.Offered | None
    reject: offering.Offered | None
    withdraw: offering.Offered | None


async def _queue(request: web.Request) -> web.StreamResponse:
    """What waits; with other filters, and in other states, the list."""
    place = console(request).places.all[_LIST]
    if request.query.get("state", "waiting") != "waiting" or set(request.query) - {"state", "cursor"}:
        return await lists.shown(request, place)
    query = {"state": "waiting", "limit": "20"} | {
        name: request.query[name] for name in ("cursor",) if name in request.query
    }
    found = await ask(request, _LIST, Asked(query=query))
    names = await _names(request, found.items)
    following = {"state": "waiting", "cursor": found.next_cursor}
    return page(
        request,
        "approvals.jinja",
        title=telling.speaker(request)("approvals.title"),
        b=telling.speaker(request),
        wishes=[_wish(request, one, names) for one in found.items],
        decided_address=place.address({}, {"state": "executed"}),
        next_address=place.address({}, following) if found.next_cursor else None,
    )


async def _one(request: web.Request) -> web.StreamResponse:
    found = await ask(request, _ONE, Asked(path=dict(request.match_info)))
    names = await _names(request, [found])
    place = console(request).places.all[_ONE]
    shown = ("state", "decided_by", "decided_at", "note", "result", "refusal")
    row = {name: getattr(found, name) for name in shown}
    if found.decided_by is not None:
        row["decided_by"] = telling.operator(request, found.decided_by, names[0])
    return page(
        request,
        "approval.jinja",
        title=place.title(request[LOCALE]),
        named=found.approval_no,
        b=telling.speaker(request),
        crumbs=lists.crumbs(request, place, dict(request.match_info)),
        wish=_wish(request, found, names),
        outcome=eyes(request, place).pairs(row, shown),
    )


Names = tuple[Mapping[int, str], Mapping[int, str]]


async def _names(request: web.Request, found: list[Any]) -> Names:
    several = [one.customer_id for one in found] + [
        one.params.get(name) for one in found for name in _OTHERS if isinstance(one.params.get(name), int)
    ]
    return await telling.operators(request), await telling.customers(request, several)


def _wish(request: web.Request, found: Any, names: Names) -> Wish:
    places, given = console(request).places, {"approval_no": found.approval_no}
    look = eyes(request, places.all[_ONE])

    def offered(name: str) -> offering.Offered | None:
        return offering.deed(request, name, given, found, near=found.approval_no, back=request.path_qs)

    customer = (
        telling.person(request, found.customer_id, names[1].get(found.customer_id))
        if found.customer_id is not None
        else None
    )
    exactly = {name: value for name, value in found.params.items() if name != "reason"}
    return Wish(
        number=found.approval_no,
        href=places.all[_ONE].address(given),
        sentence=sentence(look, found, names),
        customer=customer,
        amount=telling.yuan(found.amount_fen),
        reason=found.reason,
        asked_by=telling.operator(request, found.requested_by, names[0]),
        asked_at=telling.minute(found.requested_at),
        ends_at=telling.minute(found.expires_at),
        state=look.value("state", found.state),
        is_waiting=found.state == "waiting",
        is_mine=found.requested_by == caller(request).id,
        above=_above(request, found),
        exactly=look.pairs(exactly, exactly),
        approve=offered("approvals_approve"),
        reject=offered("approvals_reject"),
        withdraw=offered("approvals_withdraw"),
    )


def _above(request: web.Request, found: Any) -> str:
    """Why somebody who may decide cannot agree to this one."""
    above = found.above_limit
    if above is None:
        return ""
    return telling.speaker(request)(f"approvals.above_{above.per}", most=telling.yuan(above.most_fen))


def sentence(look: Eyes, found: Any, names: Names) -> str:
    """What would be done, e.g. 给顾客林晓增加本金 ¥500.00."""
    key = f"money_pages.approvals.{found.kind}"
    if found.kind == "adjustment":
        key += "_less" if found.params.get("amount_fen", 0) < 0 else "_more"
    if not words.has(key, look.locale):
        key = "money_pages.approvals.other"
    other = next((found.params[name] for name in _OTHERS if name in found.params), None)
    told = {name: look.value(name, value).text for name, value in found.params.items()}
    told |= {"act": found.act, "amount": telling.yuan(found.amount_fen)}
    for name, number in (("customer", found.customer_id), ("receiver", other)):
        if number is not None:
            told[name] = words.say(
                "money_pages.customer", look.locale, name=names[1].get(number) or f"#{number}"
            )
    return words.say(key, look.locale, **told)
