"""A transfer voucher to be decided on: its image beside the form, and a warning where the very same image was shown before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from console import details, offering, telling
from console.request import ask, console, eyes, may, page
from console.showing import Shown, fields_of
from core import errors
from core.http.calling import Asked

_ONE = "vouchers_one"


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/vouchers/{voucher_no}", _voucher)


async def _voucher(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    places = console(request).places
    place, b = places.all[_ONE], telling.speaker(request)
    found = await ask(request, _ONE, Asked(path=given))
    look, row = eyes(request, place, given), fields_of(found)
    names = await telling.customers(request, [found.customer_id])
    around = details.around(request, place, given, found, but=("vouchers_confirm", "vouchers_reject"))
    shown = telling.present(row, ("voucher_no", "same_as_no", "customer_id"))
    waits = found.state == "submitted" and await _waits(request, found.approval_no)
    return page(
        request,
        "voucher.jinja",
        **around,
        b=b,
        customer=telling.person(request, found.customer_id, names.get(found.customer_id)),
        amount=telling.yuan(found.amount_fen),
        state=look.value("state", found.state),
        note=found.note,
        pairs=look.pairs(row, shown),
        image=places.all["vouchers_image"].address(given) if found.state != "started" else None,
        same=await _same(request, found.same_as_no),
        waits=look.value("approval_no", found.approval_no) if waits else None,
        bill=look.value("bill_no", found.bill_no) if found.bill_no else None,
        confirm=None
        if waits
        else _without_choice(offering.deed(request, "vouchers_confirm", given, found), found),
        reject=None if waits else offering.deed(request, "vouchers_reject", given, found),
        others=await _others(request, found.customer_id, found.voucher_no),
    )


def _without_choice(one: offering.Offered | None, found: Any) -> offering.Offered | None:
    """What is meant for no bill can only go on the balance."""
    if one is None or found.bill_no is not None:
        return one
    return replace(one, fields=tuple(field for field in one.fields if field.name != "to_balance"))


async def _waits(request: web.Request, approval_no: str | None) -> bool:
    """Whether a second person may still agree to it."""
    if approval_no is None:
        return False
    found = await ask(request, "approvals_one", Asked(path={"approval_no": approval_no}))
    return bool(found.state == "waiting")


async def _same(request: web.Request, voucher_no: str | None) -> tuple[Shown, list[tuple[str, Shown]]] | None:
    """The older voucher with the same image, and what became of it."""
    if voucher_no is None:
        return None
    place = console(request).places.all[_ONE]
    try:
        older = await ask(request, _ONE, Asked(path={"voucher_no": voucher_no}))
    except errors.NotFound:
        return None
    look = eyes(request, place)
    told = fields_of(older)
    names = ("state", "customer_id", "amount_fen", "counter_no", "decided_at", "created_at")
    link = Shown(voucher_no, href=place.address({"voucher_no": voucher_no}))
    return link, look.pairs({**told}, [name for name in names if told[name] is not None])


async def _others(request: web.Request, customer_id: int, but: str) -> dict[str, object]:
    """What else the customer has shown: rows of the list."""
    place = console(request).places.all["vouchers_listing"]
    if not may(request, place):
        return {"rows": []}
    query = {"customer_id": str(customer_id), "limit": "6"}
    found = await ask(request, place.name, Asked(query=query))
    look = eyes(request, place)
    columns = ("created_at", "amount_fen", "state", "note")
    rows = [
        (console(request).places.all[_ONE].address({"voucher_no": one.voucher_no}), one.voucher_no,
         [look.value(name, getattr(one, name)) for name in columns])
        for one in found.items
        if one.voucher_no != but
    ]  # fmt: skip
    head = [look.label(name) for name in ("voucher_no", *columns)]
    return {"rows": rows, "head": head, "all": place.address({}, {"customer_id": customer_id})}
