"""What bills and our books do not agree on: a queue in which somebody takes each, remarks on it and decides how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from console import details, forms, lists, offering, telling
from console.request import ask, caller, console, eyes, page
from console.showing import Shown, fields_of
from core.http.calling import Asked

_LIST, _ONE = "differences_listing", "differences_one"
_DEEDS = ("differences_assign", "differences_note", "differences_resolve")
_QUEUE = frozenset({"state", "cursor", "owner_id", "channel", "day"})
"""What the queue can be narrowed by; with anything else the list answers."""


def add_to(door: web.Application) -> None:
    """Adds the queue and the page of one."""
    door.router.add_get("/differences", _queue)
    door.router.add_get("/differences/{difference_no}", _one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A difference as people read it, and what can be done about it."""

    number: str
    href: str
    sentence: str
    at_stake: str
    state: Shown
    day: str
    day_href: str
    owner: str | None
    is_mine: bool
    remark: str
    waits: Shown | None
    facts: list[tuple[str, Shown, Shown]]
    take: offering.Offered | None
    assign: offering.Offered | None
    note: offering.Offered | None
    resolve: offering.Offered | None
    ways: list[tuple[str, str]]


async def _queue(request: web.Request) -> web.StreamResponse:
    places = console(request).places
    place = places.all[_LIST]
    state = request.query.get("state", "open")
    if state not in ("open", "asking") or set(request.query) - _QUEUE:
        return await lists.shown(request, place)
    query = {name: value for name, value in request.query.items() if name in _QUEUE}
    found = await ask(request, _LIST, Asked(query={**query, "state": state, "limit": "20"}))
    names, me = await telling.operators(request), str(caller(request).id)
    b = telling.speaker(request)
    following = {**query, "cursor": found.next_cursor}
    return page(
        request,
        "differences.jinja",
        title=b("differences.title"),
        b=b,
        several=[await told(request, one, names) for one in found.items],
        tabs=[
            (b("differences.open"), place.address({}), state == "open" and "owner_id" not in query),
            (b("differences.mine"), place.address({}, {"owner_id": me}), query.get("owner_id") == me),
            (b("differences.asking"), place.address({}, {"state": "asking"}), state == "asking"),
            (b("differences.resolved"), place.address({}, {"state": "resolved"}), False),
        ],
        next_address=place.address({}, following) if found.next_cursor else None,
    )


async def _one(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    place = console(request).places.all[_ONE]
    found = await ask(request, place.name, Asked(path=given))
    look, row = eyes(request, place, given), fields_of(found.difference)
    return page(
        request,
        "difference.jinja",
        **details.around(request, place, given, found, but=_DEEDS),
        b=telling.speaker(request),
        one=await told(request, found.difference, await telling.operators(request)),
        pairs=look.pairs(row, telling.present(row, ("difference_no", "ways"))),
        history=look.value("history", found.history),
    )


async def told(
    request: web.Request, found: Any, names: Mapping[int, str], *, back: str | None = None
) -> Told:
    """One difference; ``names`` of operators by number."""
    places, b = console(request).places, telling.speaker(request)
    look, given = eyes(request, places.all[_ONE]), {"difference_no": found.difference_no}
    me = caller(request).id

    def offered(name: str, **how: Any) -> offering.Offered | None:
        return offering.deed(request, name, given, found, near=found.difference_no, back=back, **how)

    waits = await _waits(request, found)
    mine = {"owner_id": str(me)}
    is_mine = found.owner_id == me
    assign = offered("differences_assign", values={"owner_id": found.owner_id})
    resolve = offered("differences_resolve") if not waits else None
    return Told(
        number=found.difference_no,
        href=places.all[_ONE].address(given),
        sentence=sentence(request, found),
        at_stake=telling.yuan(found.at_stake_fen),
        state=look.value("state", found.state),
        day=f"{look.value('channel', found.channel).text} {found.day.isoformat()}",
        day_href=places.all["reconciliation_one"].address({"channel": found.channel, "day": found.day}),
        owner=telling.operator(request, found.owner_id, names) if found.owner_id is not None else None,
        is_mine=is_mine,
        remark=found.remark,
        waits=look.value("approval_no", found.approval_no) if waits else None,
        facts=_facts(look, found, b("differences.fee")),
        take=None if is_mine else offered("differences_assign", fixed=mine, title=b("differences.take")),
        assign=_by_name(assign, names, b("differences.nobody")),
        note=offered("differences_note", values={"remark": found.remark}),
        resolve=_only(resolve, found.ways),
        ways=[(look.value("resolution", way).text, b(f"differences.way.{way}")) for way in found.ways],
    )


def sentence(request: web.Request, found: Any) -> str:
    """What does not agree."""
    look = eyes(request, console(request).places.all[_ONE])
    told = {
        "channel": look.value("channel", found.channel).text,
        "subject": look.value("subject", found.subject).text,
        "number": found.refund_no or found.payment_no,
        "what": look.value("ours_state", found.ours_state).text,
    }
    return telling.speaker(request)(f"differences.kind.{found.kind}", **told)


def _facts(look: Any, found: Any, fee: str) -> list[tuple[str, Shown, Shown]]:
    """What both sides say, a line for each thing."""
    several = [
        (
            look.label("amount_fen"),
            look.value("x_fen", found.ours_fen),
            look.value("x_fen", found.theirs_fen),
        ),
        (
            look.label("state"),
            look.value("ours_state", found.ours_state),
            look.value("theirs_state", found.theirs_state),
        ),
    ]
    if found.expected_milli is not None and found.billed_milli is not None:
        several.append((fee, _milli(found.expected_milli), _milli(found.billed_milli)))
    return several


def _milli(thousandths: int | None) -> Shown:
    return (
        Shown("—", kind="nothing")
        if thousandths is None
        else Shown(f"¥{thousandths / 100_000:.5f}", kind="money")
    )


async def _waits(request: web.Request, found: Any) -> bool:
    """Whether a second person may still agree to how it is to end."""
    if found.approval_no is None or found.state == "resolved":
        return False
    asked = await ask(request, "approvals_one", Asked(path={"approval_no": found.approval_no}))
    return bool(asked.state == "waiting")


def _by_name(one: offering.Offered | None, names: Mapping[int, str], nobody: str) -> offering.Offered | None:
    """The form with a choice of people instead of a number to be known."""
    if one is None or not names:
        return one
    options = (("", nobody), *((str(number), name) for number, name in names.items()))
    return replace(one, fields=tuple(_chosen(field, "owner_id", options) for field in one.fields))


def _only(one: offering.Offered | None, ways: list[str]) -> offering.Offered | None:
    """The form with only those ways that are open."""
    if one is None:
        return None
    kept = {
        field.name: tuple(option for option in field.options if option[0] in ways)
        for field in one.fields
        if field.name == "resolution"
    }
    fields = [replace(field, options=kept.get(field.name, field.options)) for field in one.fields]
    return replace(
        one, fields=tuple(field for field in fields if field.name != "refund_no" or "send_back" in ways)
    )


def _chosen(field: forms.Drawn, name: str, options: tuple[tuple[str, str], ...]) -> forms.Drawn:
    if field.name != name:
        return field
    spec = replace(field.spec, kind="choice", required=True)
    return replace(field, spec=spec, options=options, text=field.text or "")
