"""Pages of what goes through steps: a message with every attempt to send it, a ticket from what was said to how content its customer was."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from console import lists
from console.places import Place
from console.request import LOCALE, ask, console, eyes, may, page, say
from console.showing import Shown
from core.http.calling import Asked

_MESSAGE, _TICKET = "messages_one", "tickets_one"
_BEST = 5


def add_to(door: web.Application) -> None:
    """Adds the pages."""
    door.router.add_get("/messages/{message_id:[0-9]{1,18}}", _message)
    door.router.add_get("/tickets/{ticket_no}", _ticket)


async def _message(request: web.Request) -> web.StreamResponse:
    place, given = console(request).places.all[_MESSAGE], dict(request.match_info)
    found, look = await ask(request, _MESSAGE, Asked(path=given)), eyes(request, place, given)
    message = found.message
    row = {name: getattr(message, name) for name in type(message).model_fields}
    steps = [(look.value("created_at", message.created_at), say(request, "letter.written"), "", "green")]
    for one in reversed(found.attempts):
        result, channel = look.value("result", one.result), look.value("channel", one.channel)
        why = " · ".join(part for part in (one.code, one.note) if part)
        steps.append((look.value("at", one.at), f"{channel.text}：{result.text}", why, result.colour))
    if message.ended_at is not None:
        state = look.value("state", message.state)
        why = look.value("reason", message.reason).text if message.reason else ""
        steps.append((look.value("ended_at", message.ended_at), state.text, why, state.colour))
    elif message.next_attempt_at is not None:
        at = look.value("next_attempt_at", message.next_attempt_at)
        steps.append((at, look.label("next_attempt_at"), "", "yellow"))
    shown = ("kind", "customer_id", "state", "channel", "reason", "error", "attempts", "stale_after")
    deeds = ("messages_replay",) if message.state == "dead" else ()
    return page(
        request,
        "letter.jinja",
        **_around(request, place, given, deeds),
        pairs=look.pairs(row, shown),
        told=look.value("params", found.params),
        told_label=look.label("params"),
        steps=steps,
    )


async def _ticket(request: web.Request) -> web.StreamResponse:
    place, given = console(request).places.all[_TICKET], dict(request.match_info)
    found, look = await ask(request, _TICKET, Asked(path=given)), eyes(request, place, given)
    row = {name: getattr(found, name) for name in type(found).model_fields}
    steps: list[tuple[Shown, str, str, str]] = [
        (look.value("created_at", found.created_at), look.value("kind", found.kind).text, found.content, "yellow")
    ]  # fmt: skip
    if found.answered_at is not None:
        who = found.operator_name or ""
        at = look.value("answered_at", found.answered_at)
        steps.append((at, say(request, "letter.answered", name=who), found.answer or "", "green"))
    if found.closed_at is not None:
        at = look.value("closed_at", found.closed_at)
        steps.append((at, look.value("state", "closed").text, "", "green"))
    is_open = found.state != "closed"
    places = console(request).places.all
    answer = places["tickets_answer"]
    return page(
        request,
        "ticket.jinja",
        **_around(request, place, given, ("tickets_take", "tickets_close") if is_open else ()),
        pairs=look.pairs(row, ("state", "customer_id", "customer_name", "store", "operator_name")),
        steps=steps,
        score=None if found.score is None else (found.score, "★" * found.score + "☆" * (_BEST - found.score)),
        answer=answer.address(given, {"back": request.path}) if is_open and may(request, answer) else None,
        answer_title=answer.title(request[LOCALE]),
    )


def _around(
    request: web.Request, place: Place, given: Mapping[str, str], deeds: tuple[str, ...]
) -> dict[str, Any]:
    """Title and way; the deeds that need nothing to be filled in, as buttons."""
    places = console(request).places.all
    return {
        "title": place.title(request[LOCALE]),
        "named": given[place.slots[-1]],
        "crumbs": lists.crumbs(request, place, given),
        "deeds": [
            (places[name].title(request[LOCALE]), places[name].address(given, {"back": request.path}))
            for name in deeds
            if may(request, places[name])
        ],
        "key": secrets.token_hex(16),
    }
