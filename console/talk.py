"""What the desk for conversations shows: who waits and who is looked after, what was said, and whose conversation it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from console.request import LOCALE, ask, caller, console, eyes, may, say
from console.showing import Shown
from core import clock, words
from core.http.calling import Asked

LISTING = "conversations_listing"
ONE = "conversations_one"
_AT_ONCE = 100
_STILL_OWED = ("open", "partly_paid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One conversation in the list."""

    id: int
    name: str
    about: str
    since: Shown
    who: str
    waits: bool
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something that was said. ``side``: customer, operator or system; ``fate``: how it went out, None of what the customer said."""

    id: int
    side: str
    who: str
    lines: tuple[str, ...]
    kind: str
    picture_url: str | None
    fate: Shown | None
    because: str
    at: Shown


async def entries(request: web.Request) -> dict[str, Any]:
    """The list at the left: those that wait, one's own, the others'."""
    found = await ask(request, LISTING, Asked(query={"limit": str(_AT_ONCE)}))
    groups: dict[str, list[Entry]] = {"waiting": [], "mine": [], "others": []}
    for one in found.items:
        mine = one.operator_id == caller(request).id
        groups["waiting" if one.state == "waiting" else "mine" if mine else "others"].append(
            _entry(request, one)
        )
    groups["mine"].sort(key=lambda one: not one.waits)
    return {
        "groups": [(name, say(request, f"talk.{name}"), rows) for name, rows in groups.items()],
        "waiting": say(request, "talk.so_many_wait", count=len(groups["waiting"])),
        "more": found.next_cursor is not None,
    }


async def over(request: web.Request) -> dict[str, Any]:
    """The list of those that are closed, the newest first."""
    query = {name: request.query[name] for name in ("cursor", "mine", "unanswered") if name in request.query}
    found = await ask(request, LISTING, Asked(query={**query, "state": "closed", "limit": "30"}))
    place = console(request).places.all[LISTING]
    rest = {**query, "state": "closed", "cursor": found.next_cursor}
    return {
        "groups": [("closed", say(request, "talk.closed"), [_entry(request, one) for one in found.items])],
        "more": False,
        "next_address": place.address({}, rest) if found.next_cursor else None,
    }


def _entry(request: web.Request, one: Any) -> Entry:
    look = eyes(request, console(request).places.all[LISTING])
    since = one.closed_at or one.unanswered_since or one.last_customer_at or one.opened_at
    return Entry(
        id=one.id,
        name=name_of(request, one),
        about=look.value("reason", one.reason).text,
        since=_shortly(look.value("opened_at", since)),
        who=one.operator_name or "",
        waits=one.state != "closed" and one.unanswered_since is not None,
        address=console(request).places.all[ONE].address({"conversation_id": one.id}),
    )


def _shortly(at: Shown) -> Shown:
    """An instant as short as it can be said: of today the time, else the day."""
    day, _, minute = at.text.partition(" ")
    return replace(at, text=minute if day == clock.today().isoformat() else day[5:])


def name_of(request: web.Request, one: Any) -> str:
    """What the customer of a conversation is called."""
    return str(one.customer_name or say(request, "talk.unknown", number=one.id))


async def said(request: web.Request, conversation: Any, *, limit: int = 50, cursor: str | None = None) -> Any:
    """What was said last, the oldest first, and the cursor of what was said before."""
    query = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
    path = {"conversation_id": str(conversation.id)}
    found = await ask(request, "conversations_messages", Asked(path=path, query=query))
    return [_said(request, conversation, one) for one in reversed(found.items)], found.next_cursor


def _said(request: web.Request, conversation: Any, one: Any) -> Said:
    look = eyes(request, console(request).places.all[LISTING])
    who = {"customer": name_of(request, conversation), "operator": one.operator_name}.get(one.author)
    return Said(
        id=one.id,
        side=one.author,
        who=who or look.value("author", one.author).text,
        lines=tuple(one.text.split("\n")) if one.text else (look.value("kind", one.kind).text,),
        kind=one.kind,
        picture_url=one.picture_url,
        fate=look.value("delivery", one.delivery) if one.delivery is not None else None,
        because=look.value("reason", one.reason).text if one.reason else "",
        at=look.value("created_at", one.created_at),
    )


def head(request: web.Request, conversation: Any) -> dict[str, Any]:
    """What stands above the words, and what can be done now."""
    places, look = console(request).places.all, eyes(request, console(request).places.all[LISTING])
    answers = may(request, places["conversations_reply"])
    mine = conversation.state == "with_operator" and conversation.operator_id == caller(request).id
    return {
        "talk": conversation,
        "name": name_of(request, conversation),
        "state": look.value("state", conversation.state),
        "reason": look.value("reason", conversation.reason).text,
        "provider": look.value("provider", conversation.provider).text,
        "until": look.value("writable_until", conversation.writable_until),
        "may_take": answers and conversation.state == "waiting",
        "may_answer": answers and mine,
    }


async def beside(request: web.Request, conversation: Any) -> dict[str, Any]:
    """What is known of the customer, as far as the operator may see it."""
    return {
        "customer": await _customer(request, conversation.customer),
        "before": _before(request, conversation.context),
    }


async def _customer(request: web.Request, customer: Any) -> dict[str, Any] | None:
    if customer is None:
        return None
    places, look = console(request).places.all, eyes(request)
    path = {"customer_id": customer.id}
    owed = None
    if may(request, places["bills_of_customer"]):
        found = await ask(
            request,
            "bills_of_customer",
            Asked(path={"customer_id": str(customer.id)}, query={"state": _STILL_OWED, "limit": "10"}),
        )
        owed = [
            (
                bill.title,
                look.value("left_fen", bill.amount_fen - bill.paid_fen).text,
                look.value("due_at", bill.due_at),
                places["bills_one"].address({"bill_no": bill.bill_no}),
            )
            for bill in found.items
        ]
    return {
        "name": customer.name,
        "address": places["customers_one"].address(path),
        "state": eyes(request, places["customers_one"]).value("state", customer.state),
        "tier": customer.tier,
        "balance": [
            (look.label(name), look.value(name, getattr(customer.balance, name)))
            for name in ("available_fen", "principal_fen", "bonus_fen", "held_fen")
        ],
        "owed": owed,
        "deeds": [
            (places[name].title(request[LOCALE]), places[name].address(path, {"back": request.path}))
            for name in ("counter_top_up", "bills_issue")
            if may(request, places[name])
        ],
    }


def _before(request: web.Request, context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was said to the bot before, and what it answered."""
    return [
        (str(one.get("said", "")), str(one.get("answered", "")))
        for one in context.get("before", ())
        if isinstance(one, Mapping)
    ]


async def ready_texts(request: web.Request, conversation: Any) -> list[tuple[int, str, str]]:
    """The canned answers: number, title, and the text filled in for this customer."""
    if not may(request, console(request).places.all["canned_answers_listing"]):
        return []
    found = await ask(request, "canned_answers_listing", Asked(query={"limit": str(_AT_ONCE)}))
    names = {"customer": conversation.customer_name or "", "operator": caller(request).name}
    shop = console(request).shop_name
    return [(one.id, one.title, words.fill(one.text, shop=shop, **names)) for one in found.items]


async def others(request: web.Request, conversation: Any) -> dict[str, Any]:
    """Whom it can be handed to, and where it can wait."""
    places = console(request).places.all
    query = {"store": conversation.store} if conversation.store else {}
    found = await ask(request, "conversations_colleagues", Asked(query=query))
    stores = await ask(request, "stores_listing") if may(request, places["stores_listing"]) else None
    return {
        "colleagues": [
            (one.id, one.name, one.conversations) for one in found.items if one.id != caller(request).id
        ],
        "stores": [(one.code, one.name) for one in stores.items if one.state == "open"] if stores else [],
    }
