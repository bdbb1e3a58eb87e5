"""Finding a customer or a product as one types: what the search boxes of pages and forms show below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console.places import PREFIX
from console.request import ask, eyes, page, telling
from core.http.calling import Asked

_MOST = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One hit: its number, what it is called, what else is known of it, and where a click leads, where it leads somewhere."""

    number: int
    name: str
    about: str
    href: str | None = None


def add_to(door: web.Application) -> None:
    """Adds what is asked for while somebody types."""
    door.router.add_get("/pick/customers", _customers)
    door.router.add_get("/pick/skus", _skus)


async def customers(request: web.Request, query: str, *, leads_to: str | None = None) -> list[Found]:
    """Customers of this name, id or phone number; ``leads_to``: the page that a click opens, about the customer."""
    if not query.strip():
        return []
    found = await ask(
        request, "customers_listing", Asked(query={"query": query.strip()[:60], "limit": str(_MOST)})
    )
    look = eyes(request)
    return [
        Found(
            one.id,
            one.name or str(one.id),
            " · ".join(
                filter(
                    None,
                    [
                        f"#{one.id}",
                        one.tier,
                        look.value("state", one.state).text if one.state != "active" else "",
                    ],
                )
            ),
            None if leads_to is None else f"{leads_to}?customer_id={one.id}",
        )
        for one in found.items
    ]


async def _customers(request: web.Request) -> web.StreamResponse:
    query = request.query.get("query", "")
    leads_to = f"{PREFIX}/counter" if request.query.get("for") == "counter" else None
    return _page(request, await customers(request, query, leads_to=leads_to), query)


async def _skus(request: web.Request) -> web.StreamResponse:
    query = request.query.get("query", "").strip()[:60]
    items: list[Any] = []
    if query:
        items = (await ask(request, "products_listing", Asked(query={"q": query, "limit": str(_MOST)}))).items
    look = eyes(request)
    found = [
        Found(sku.id, f"{product.name} {sku.name}".strip(), look.value("price_fen", sku.price_fen).text)
        for product in items
        for sku in product.skus
        if sku.state == "on_sale"
    ]
    return _page(request, found[: 2 * _MOST], query)


def _page(request: web.Request, found: list[Found], query: str) -> web.Response:
    return page(request, "_found.jinja", found=found, query=query, tell=telling(request, "picker"))
