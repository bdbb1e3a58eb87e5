"""The kitchen: the orders of a store that are to be made, live, the oldest first, in large type, with one button each."""

from __future__ import annotations

from typing import Any

import aiohttp_jinja2
from aiohttp import web

from console import live, session
from console.places import PREFIX
from console.request import AROUND, CSRF, LOCALE, admit, ask, caller, console, eyes, may, page, telling
from core import clock, errors
from core.http.calling import Asked
from shop import order_states

_MOST_PAGES = 5
_DOES = {"confirm": "orders_confirm", "hand_over": "orders_hand_over"}


def add_to(door: web.Application) -> None:
    """Adds the screen, its live part and its buttons."""
    door.router.add_get("/kitchen", _shown)
    door.router.add_get("/live/kitchen", _live)
    door.router.add_post("/kitchen/{order_no:[A-Za-z0-9]+}/{step:confirm|hand_over}", _step)


async def _refuse(request: web.Request) -> None:
    await admit(request, console(request).places.all["orders_listing"])


async def _shown(request: web.Request) -> web.StreamResponse:
    await _refuse(request)
    tell = telling(request, "kitchen")
    stores = await _stores(request)
    told = await _told(request, _store(request, stores))
    return page(request, "kitchen.jinja", title=tell("title"), stores=stores, **told)


async def _live(request: web.Request) -> web.StreamResponse:
    await _refuse(request)
    store = _store(request, await _stores(request))

    async def render() -> str:
        context = {**request.config_dict[AROUND](request), **await _told(request, store)}
        return aiohttp_jinja2.render_string("_kitchen.jinja", request, context)

    async def mark() -> int:
        return int((await ask(request, "orders_mark")).newest_step)

    return live.stream(request, "kitchen", render, mark=mark)


async def _stores(request: web.Request) -> list[tuple[str, str]]:
    within = caller(request).stores("orders.see")
    found = [
        (one.code, one.name)
        for one in (await ask(request, "stores_listing")).items
        if within is None or one.code in within
    ]
    return found if within is not None else [("", telling(request, "kitchen")("everywhere")), *found]


def _store(request: web.Request, stores: list[tuple[str, str]]) -> str:
    """The store that was asked for, if it is theirs, else their first."""
    wanted = request.query.get("store", "")
    codes = [code for code, _name in stores]
    return wanted if wanted in codes else next(iter(codes), "")


async def _told(request: web.Request, store: str) -> dict[str, Any]:
    tell, places = telling(request, "kitchen"), console(request).places.all
    look = eyes(request, places["orders_listing"])
    now = clock.now()
    orders = sorted(await _orders(request, store), key=lambda one: one.placed_at)
    return {
        "tell": tell,
        "store": store,
        "orders": [
            {
                "order": one,
                "state": look.value("state", one.state),
                "waits": int((now - one.placed_at).total_seconds() // 60),
                "step": _next(request, one),
                "lines": [
                    (line, line.quantity - line.shipped) for line in one.lines if line.quantity > line.shipped
                ],
            }
            for one in orders
        ],
    }


async def _orders(request: web.Request, store: str) -> list[Any]:
    """All that are to be made; the list has the newest first, so that its end is read, too."""
    asked: dict[str, Any] = {"state": list(order_states.TO_BE_DELIVERED), "limit": "100"} | (
        {"store": store} if store else {}
    )
    found: list[Any] = []
    for _page in range(_MOST_PAGES):
        answer = await ask(request, "orders_listing", Asked(query=asked))
        found.extend(one for one in answer.items if not one.is_refunded)
        if answer.next_cursor is None:
            break
        asked["cursor"] = answer.next_cursor
    return found


def _next(request: web.Request, order: Any) -> str | None:
    """The one button of an order: it is accepted, then given out; what is sent has its form on its own page."""
    places = console(request).places.all
    for step in ("confirm", "ship" if order.address is not None else "hand_over"):
        if step in order.next_steps and may(request, places[_DOES.get(step, "orders_ship")]):
            return step
    return None


async def _step(request: web.Request) -> web.StreamResponse:
    await _refuse(request)
    form = await request.post()
    session.check_form(str(form.get("_csrf", "")), request[CSRF])
    number, step = request.match_info["order_no"], request.match_info["step"]
    stores = await _stores(request)
    sentence = ""
    try:
        # one key an order and step, so that two taps, or two cooks, are one step
        asked = Asked(path={"order_no": number}, body={"note": ""}, key=f"kitchen-{step}-{number}")
        await ask(request, _DOES[step], asked)
    except errors.Unauthenticated:
        raise
    except errors.DomainError as refusal:
        sentence = refusal.sentence(request[LOCALE])
    store = _store(request, stores)
    if request.headers.get("HX-Request") == "true":
        return page(request, "_kitchen.jinja", **await _told(request, store), sentence=sentence)
    if sentence:
        told = await _told(request, store)
        title = telling(request, "kitchen")("title")
        return page(request, "kitchen.jinja", 409, title=title, stores=stores, sentence=sentence, **told)
    return web.Response(status=303, headers={"Location": f"{PREFIX}/kitchen?store={store}"})
