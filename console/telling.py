"""What pages about money and the books say beyond labels, and who is meant by the numbers in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from console.request import LOCALE, ask, console, may
from console.showing import Shown
from core import clock, errors, money, words
from core.http.calling import Asked

_MOST_PAGES = 5


def speaker(request: web.Request) -> Callable[..., str]:
    """Says a sentence of these pages in the operator's language."""

    def say(key: str, /, **params: Any) -> str:
        return words.say(f"money_pages.{key}", request[LOCALE], **params)

    return say


def yuan(fen: int) -> str:
    """An amount as pages write it."""
    return f"¥{money.yuan(fen)}"


def minute(at: datetime) -> str:
    """An instant in the shop's time."""
    return f"{at.astimezone(clock.zone()):%Y-%m-%d %H:%M}"


async def operators(request: web.Request) -> Mapping[int, str]:
    """The names of operators by number, as far as who looks may see them."""
    if not may(request, console(request).places.all["staff_listing"]):
        return {}
    found: dict[int, str] = {}
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        page = await ask(request, "staff_listing", Asked(query=query))
        found.update({one.id: one.name for one in page.items})
        if (cursor := page.next_cursor) is None:
            break
    return found


async def customers(request: web.Request, ids: Iterable[int | None]) -> Mapping[int, str]:
    """The names of these customers by number, as far as who looks may see them."""
    if not may(request, console(request).places.all["customers_one"]):
        return {}
    found: dict[int, str] = {}
    for number in {one for one in ids if one is not None}:
        try:
            found[number] = (
                await ask(request, "customers_one", Asked(path={"customer_id": str(number)}))
            ).name
        except errors.NotFound:
            continue
    return found


def person(request: web.Request, number: int, name: str | None) -> Shown:
    """A customer, as a link to their page where it may be opened."""
    place = console(request).places.all["customers_one"]
    label = speaker(request)("customer", name=name or f"#{number}")
    return Shown(label, href=place.address({"customer_id": number}) if may(request, place) else None)


def operator(request: web.Request, number: int, names: Mapping[int, str]) -> str:
    """An operator's name, or their number."""
    return names.get(number) or speaker(request)("operator", number=number)


def present(row: Mapping[str, Any], but: Collection[str] = ()) -> list[str]:
    """The fields of a thing in which something stands, without those the page tells elsewhere."""
    return [name for name, value in row.items() if name not in but and value not in (None, "", [])]
