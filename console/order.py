"""One order: what is in it, what happened to it, and only those steps that are possible now; and one after-sale with its photos."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from console import filling, forms, lists, session
from console.places import PREFIX
from console.request import CSRF, LOCALE, admit, ask, console, eyes, may, page, say, telling
from console.showing import Eyes, Shown
from console.telling import operators
from core import errors
from core.http import problems
from core.http.calling import Asked

_DOES: Mapping[str, str] = {
    "confirm": "orders_confirm",
    "ship": "orders_ship",
    "hand_over": "orders_hand_over",
    "close": "orders_close",
    "reject": "orders_reject",
    "withdraw": "orders_cancel",
}
"""The operation of each step, the usual ones first."""
_NEEDS_REASON = ("reject", "withdraw")


def add_to(door: web.Application) -> None:
    """Adds both pages, and what ships an order."""
    door.router.add_get("/orders/{order_no:[A-Za-z0-9]+}", _order)
    door.router.add_post("/orders/{order_no:[A-Za-z0-9]+}/ship", _ship)
    door.router.add_get("/after-sales/{return_no:[A-Za-z0-9]+}", _after_sale)


async def _order(request: web.Request) -> web.StreamResponse:
    return await _shown(request, {})


async def _shown(
    request: web.Request, texts: filling.Texts, sentences: tuple[str, ...] = (), status: int = 200
) -> web.StreamResponse:
    number = request.match_info["order_no"]
    places, tell = console(request).places.all, telling(request, "order")
    given, place = {"order_no": number}, places["orders_one"]
    order = await ask(request, "orders_one", Asked(path=given))
    returns: list[Any] = []
    if may(request, places["after_sales_listing"]):
        returns = (await ask(request, "after_sales_listing", Asked(query=given))).items
    steps = [one for one in _DOES if one in order.next_steps and may(request, places[_DOES[one]])]
    look, people = eyes(request, place, given), await _operators(request)
    return page(
        request,
        "order.jinja",
        status,
        title=tell("title"),
        tell=tell,
        look=look,
        order=order,
        returns=returns,
        crumbs=lists.crumbs(request, place, given),
        customer=look.value("customer_id", order.customer_id),
        bill=look.value("bill_no", order.bill_no),
        store=await _store(request, order.store_id),
        steps=[_step(request, one, given, tell) for one in steps if one != "ship"],
        ships="ship" in steps,
        texts={name: values[0] for name, values in texts.items() if values},
        key=next(iter(texts.get("_key", ())), "") or secrets.token_hex(16),
        sentences=sentences,
        history=[
            _happened(look, one, _note(look, eyes(request, places["after_sales_one"]), one), people)
            for one in order.history
        ],
        after_sale=places["after_sales_one"],
    )


async def _operators(request: web.Request) -> Mapping[str, Shown]:
    """How operators stand in histories, and their names."""
    return {f"operator:{number}": Shown(name) for number, name in (await operators(request)).items()}


def _happened(
    look: Eyes, event: Any, note: str | None, people: Mapping[str, Shown]
) -> tuple[Shown, Shown, str, Any]:
    by = people.get(event.by) or look.value("by", event.by)
    return look.value("step", event.step), by, note or "", event


_EDIT = re.compile(r"(\d+) → (\d+)")
_REFUND = re.compile(r"(\w+) (\d+)")
_AFTER_SALE = re.compile(r"(\w+) ([a-z_]+)(?:: (.*))?", re.DOTALL)


def _note(look: Eyes, at_after_sales: Eyes, event: Any) -> str | None:
    """What is noted of a step; of a change both totals, of a refund its number and amount, of an after-sale its number and which step of
    it."""
    said = event.note or ""
    if event.step == "edit" and (found := _EDIT.fullmatch(said)):
        return " → ".join(look.value("amount_fen", int(fen)).text for fen in found.groups())
    if event.step == "refund" and (found := _REFUND.fullmatch(said)):
        return f"{found[1]} {look.value('amount_fen', int(found[2])).text}"
    if event.step == "after_sale" and (found := _AFTER_SALE.fullmatch(said)):
        return " ".join(filter(None, (found[1], at_after_sales.value("step", found[2]).text, found[3])))
    return said


def _step(request: web.Request, step: str, given: Mapping[str, str], tell: Any) -> dict[str, Any]:
    place = console(request).places.all[_DOES[step]]
    return {
        "name": step,
        "title": tell(f"do.{step}"),
        "action": place.address(given, {"back": request.path.removesuffix("/ship")}),
        "reason": step in _NEEDS_REASON,
        "key": secrets.token_hex(16),
    }


async def _store(request: web.Request, store_id: int) -> str:
    """Where it goes out: the shop's own, or the number of the store."""
    return telling(request, "order")("own_stock") if store_id == 0 else f"#{store_id}"


async def _ship(request: web.Request) -> web.StreamResponse:
    """Sends out what was filled in; of a line that is left empty nothing."""
    number = request.match_info["order_no"]
    await admit(request, console(request).places.all["orders_ship"])
    texts = filling.texts_of(await request.post())
    session.check_form(next(iter(texts.get("_csrf", ())), None), request[CSRF])
    said = {name: values[0].strip() for name, values in texts.items() if values}
    quantities = {
        name.removeprefix("quantity."): text
        for name, text in said.items()
        if name.startswith("quantity.") and text not in ("", "0")
    }
    if not all(text.isascii() and text.isdigit() for text in quantities.values()):
        return await _shown(request, texts, (say(request, "faults.not_integer"),), 422)
    if not quantities:
        return await _shown(request, texts, (telling(request, "order")("nothing_to_ship"),), 422)
    body = {
        "carrier": said.get("carrier", ""),
        "tracking_no": said.get("tracking_no", ""),
        "lines": [{"sku_id": int(sku_id), "quantity": int(text)} for sku_id, text in quantities.items()],
    }
    try:
        await ask(request, "orders_ship", Asked(path={"order_no": number}, body=body, key=said.get("_key")))
    except problems.InvalidRequest as refusal:
        by_name, others = forms.sentences(refusal.params["faults"], request[LOCALE])
        look = eyes(request, console(request).places.all["orders_ship"])
        told = (*(f"{look.label(name.split('.')[-1])}：{one}" for name, one in by_name.items()), *others)
        return await _shown(request, texts, told, 422)
    except errors.Unauthenticated:
        raise
    except errors.DomainError as refusal:
        return await _shown(request, texts, (refusal.sentence(request[LOCALE]),), 422)
    return web.Response(status=303, headers={"Location": f"{PREFIX}/orders/{number}"})


async def _after_sale(request: web.Request) -> web.StreamResponse:
    given = {"return_no": request.match_info["return_no"]}
    places = console(request).places.all
    place = places["after_sales_one"]
    found = await ask(request, "after_sales_one", Asked(path=given))
    look, tell, back = eyes(request, place, given), telling(request, "order"), {"back": request.path}
    possible, people = [places[f"after_sales_{one}"] for one in found.next_steps], await _operators(request)
    row = {name: getattr(found, name) for name in type(found).model_fields}
    names = (
        "order_no", "customer_id", "most_fen", "refund_fen", "reduced_fen", "refund_no", "approval_no", "carrier", "tracking_no",
        "new_carrier", "new_tracking_no", "reject_reason", "created_at", "ended_at",
    )  # fmt: skip
    photo = places["after_sales_photo"]
    return page(
        request,
        "after_sale.jinja",
        title=tell("after_sale"),
        named=found.return_no,
        tell=tell,
        look=look,
        found=found,
        state=look.value("state", found.state),
        crumbs=lists.crumbs(request, place, given),
        deeds=[
            forms.Deed.of(one, one.address(given, back), request[LOCALE])
            for one in possible
            if may(request, one)
        ],
        files=[],
        pairs=[(label, value) for label, value in look.pairs(row, names) if value.kind != "nothing"],
        photos=[photo.address({**given, "nth": nth}) for nth in range(1, found.photos + 1)],
        lines=look.value("lines", found.lines),
        trails=found.trails,
        history=[_happened(look, one, one.note, people) for one in found.events],
    )
