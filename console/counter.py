"""The counter: a cashier finds who tops up, says how much and how it was paid, sees what will be credited, confirms, prints the receipt."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from console import filling, forms, picking, session, specs
from console.places import PREFIX
from console.request import CSRF, LOCALE, admit, ask, caller, console, eyes, may, page, say, telling
from core import errors
from core.http import problems
from core.http.calling import Asked

_TOP_UP = "counter_top_up"
TENDERS = ("cash", "card", "transfer", "cheque")
_FIELDS = ("package_id", "amount_fen", "store", "tender", "reference", "memo", "agreement_version")


def add_to(door: web.Application) -> None:
    """Adds the page, what it shows while it is filled in, and what it ends with."""
    door.router.add_get("/counter", _shown)
    door.router.add_post("/counter", _done)
    door.router.add_post("/counter/foreseen", _foreseen)
    door.router.add_get("/counter/taken/{counter_no}", _taken)
    door.router.add_get("/counter/waiting/{approval_no}", _waiting)
    door.router.add_get(f"/do/{_TOP_UP}", _to_counter)


async def _refuse(request: web.Request) -> None:
    await admit(request, console(request).places.all[_TOP_UP])


async def _to_counter(request: web.Request) -> web.StreamResponse:
    await _refuse(request)
    number = request.query.get("customer_id", "")
    asked = f"?customer_id={number}" if number.isascii() and number.isdigit() else ""
    return web.Response(status=303, headers={"Location": f"{PREFIX}/counter{asked}"})


async def _shown(request: web.Request) -> web.StreamResponse:
    await _refuse(request)
    number = request.query.get("customer_id", "")
    if not number:
        return await _searched(request, request.query.get("query", ""))
    return await _form(request, number, {"tender": ["cash"]})


async def _searched(request: web.Request, query: str, sentence: str = "") -> web.StreamResponse:
    found = await picking.customers(request, query, leads_to=f"{PREFIX}/counter")
    if len(found) == 1 and query:
        return web.Response(status=303, headers={"Location": str(found[0].href)})
    tell = telling(request, "counter")
    return page(
        request,
        "counter_find.jinja",
        title=tell("title"),
        tell=tell,
        found=found,
        query=query,
        sentence=sentence or ("" if found or not query else tell("nobody")),
    )


def _said(texts: filling.Texts, name: str) -> str:
    return next(iter(texts.get(name, ())), "").strip()


def _read(request: web.Request, texts: filling.Texts) -> filling.Filled:
    """What the form says: an amount counts where no package is chosen."""
    chosen = {
        name: ([] if name == "amount_fen" and _said(texts, "package_id") else values)
        for name, values in texts.items()
    }
    return filling.read(
        specs.of_body(console(request).places.all[_TOP_UP].route), chosen, blank_is_null=False
    )


def _wish(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(values[name]) for name in ("package_id", "amount_fen", "store") if name in values}


async def _told(request: web.Request, customer_id: str, texts: filling.Texts) -> dict[str, Any]:
    """What will be credited, as the page says it beside the form."""
    tell, filled = telling(request, "counter"), _read(request, texts)
    wish, faults = (
        _wish(filled.values),
        {name: say(request, f"faults.{one}") for name, one in filled.faults.items()},
    )
    told: dict[str, Any] = {
        "tell": tell,
        "foreseen": None,
        "sentence": "",
        "seen": "",
        "customer_id": customer_id,
    }
    if faults:
        return told | {"sentence": " ".join(faults.values())}
    if not {"package_id", "amount_fen"} & set(wish):
        return told
    try:
        foreseen = await ask(
            request, "counter_foreseen", Asked(path={"customer_id": customer_id}, query=wish)
        )
    except problems.InvalidRequest as refusal:
        by_name, others = forms.sentences(refusal.params["faults"], request[LOCALE])
        return told | {"sentence": " ".join([*by_name.values(), *others])}
    except errors.DomainError as refusal:
        return told | {"sentence": refusal.sentence(request[LOCALE])}
    return told | {"foreseen": foreseen, "look": eyes(request), "seen": _mark(wish)}


def _mark(wish: Mapping[str, str]) -> str:
    return "/".join(f"{name}={wish[name]}" for name in sorted(wish))


async def _foreseen(request: web.Request) -> web.StreamResponse:
    await _refuse(request)
    texts = filling.texts_of(await request.post())
    session.check_form(_said(texts, "_csrf"), request[CSRF])
    return page(request, "_foreseen.jinja", **await _told(request, _said(texts, "customer_id"), texts))


async def _form(
    request: web.Request,
    customer_id: str,
    texts: filling.Texts,
    *,
    faults: Mapping[str, str] | None = None,
    others: tuple[str, ...] = (),
    status: int = 200,
) -> web.StreamResponse:
    tell, look = telling(request, "counter"), eyes(request)
    try:
        customer = await ask(request, "customers_one", Asked(path={"customer_id": customer_id}))
    except errors.NotFound:
        return await _searched(request, "", tell("nobody"))
    stores = await _stores(request)
    texts = {"store": [stores[0][0] if stores else ""], **texts}
    store = _said(texts, "store")
    offers = await ask(
        request,
        "counter_offers",
        Asked(path={"customer_id": customer_id}, query={"store": store} if store else {}),
    )
    return page(
        request,
        "counter.jinja",
        status,
        title=tell("title"),
        customer=customer,
        offers=offers.items,
        stores=stores,
        texts={name: _said(texts, name) for name in _FIELDS},
        tenders=[(one, look.value("tender", one).text) for one in TENDERS],
        agreement=await _agreement(request),
        key=_said(texts, "_key") or secrets.token_hex(16),
        faults=dict.fromkeys(_FIELDS, "") | dict(faults or {}),
        others=others,
        **({"look": look} | await _told(request, customer_id, texts)),
    )


async def _stores(request: web.Request) -> list[tuple[str, str]]:
    """Where the cashier may take money: codes and names; an empty code is the shop's own counter."""
    within = caller(request).stores("money.take")
    found = await ask(request, "stores_listing")
    stores = [
        (one.code, one.name)
        for one in found.items
        if one.state == "open" and (within is None or one.code in within)
    ]
    return stores if within is not None else [("", telling(request, "counter")("shops_own")), *stores]


async def _agreement(request: web.Request) -> str | None:
    found = await ask(request, "agreements_listing", Asked(query={"limit": "1"}))
    return found.items[0].version if found.items else None


async def _done(request: web.Request) -> web.StreamResponse:
    await _refuse(request)
    texts = filling.texts_of(await request.post())
    session.check_form(_said(texts, "_csrf"), request[CSRF])
    customer_id, filled = _said(texts, "customer_id"), _read(request, texts)
    if filled.faults:
        faults = {name: say(request, f"faults.{one}") for name, one in filled.faults.items()}
        return await _form(request, customer_id, texts, faults=faults, status=422)
    if "confirm" not in texts:
        return await _form(request, customer_id, texts)
    if _said(texts, "confirm") != _mark(_wish(filled.values)):
        return await _form(
            request, customer_id, texts, others=(telling(request, "counter")("changed"),), status=422
        )
    try:
        asked = Asked(path={"customer_id": customer_id}, body=filled.values, key=_said(texts, "_key"))
        outcome = await ask(request, _TOP_UP, asked)
    except problems.InvalidRequest as refusal:
        faults, others = forms.sentences(refusal.params["faults"], request[LOCALE])
        return await _form(request, customer_id, texts, faults=faults, others=tuple(others), status=422)
    except errors.Unauthenticated:
        raise
    except errors.DomainError as refusal:
        return await _form(
            request, customer_id, texts, others=(refusal.sentence(request[LOCALE]),), status=422
        )
    where = (
        f"waiting/{outcome.approval_no}" if outcome.payment is None else f"taken/{outcome.payment.counter_no}"
    )
    return web.Response(status=303, headers={"Location": f"{PREFIX}/counter/{where}"})


async def _taken(request: web.Request) -> web.StreamResponse:
    """What is printed and given to the customer."""
    number = request.match_info["counter_no"]
    payment = await ask(request, "counter_one", Asked(path={"counter_no": number}))
    receipt = await ask(request, "receipts_one", Asked(path={"source_no": number}))
    about = {"customer_id": str(payment.customer_id)}
    customer = await ask(request, "customers_one", Asked(path=about))
    changes = await ask(request, "customers_changes", Asked(path=about, query={"limit": "20"}))
    tell, places = telling(request, "counter"), console(request).places
    credited = [one for one in changes.items if one.reference == f"top_up:{payment.purpose_no}"]
    undo = places.all["counter_undo"]
    return page(
        request,
        "counter_taken.jinja",
        title=tell("undone" if receipt.is_undone else "taken"),
        tell=tell,
        look=eyes(request),
        payment=payment,
        receipt=receipt,
        customer=customer,
        change=credited[-1] if credited else None,
        official=places.all["receipts_page"].address({"source_no": number}),
        undo=undo.address({"counter_no": number}, {"back": request.path})
        if may(request, undo) and not receipt.is_undone
        else None,
    )


async def _waiting(request: web.Request) -> web.StreamResponse:
    number = request.match_info["approval_no"]
    approval = await ask(request, "approvals_one", Asked(path={"approval_no": number}))
    tell = telling(request, "counter")
    return page(
        request,
        "counter_waiting.jinja",
        title=tell("waiting"),
        tell=tell,
        look=eyes(request),
        approval=approval,
        href=console(request).places.all["approvals_one"].address({"approval_no": number}),
    )
