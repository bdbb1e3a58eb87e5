"""Teaching the chat: what it did not understand, most often asked first; an answer or a word taught from there; how a text is understood."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from yarl import URL

from console import forms, session
from console.places import PREFIX
from console.request import CSRF, LOCALE, admit, ask, console, eyes, is_part, may, page, say
from console.showing import fields_of
from core import errors
from core.http import problems
from core.http.calling import Asked

_QUESTIONS, _EXPLAIN = "chat_words_unanswered", "chat_words_explain"
_STATES = ("open", "taught", "dismissed")
_LONG = ("pieces", "candidates", "slots")


def add_to(door: web.Application) -> None:
    """Adds the pages."""
    door.router.add_get("/chat/unanswered", _unanswered)
    door.router.add_get("/chat/teach", _teach)
    door.router.add_get(f"/do/{_EXPLAIN}", _box)
    door.router.add_post(f"/do/{_EXPLAIN}", _explained)


async def _unanswered(request: web.Request) -> web.StreamResponse:
    place, places = console(request).places.all[_QUESTIONS], console(request).places.all
    state = request.query.get("state", "open")
    state = state if state in _STATES else "open"
    query = {"state": state, "limit": "50"} | (
        {"cursor": request.query["cursor"]} if "cursor" in request.query else {}
    )
    found = await ask(request, _QUESTIONS, Asked(query=query))
    look, back = eyes(request, place), {"back": request.path_qs}
    return page(
        request,
        "unanswered.jinja",
        title=place.title(request[LOCALE]),
        state=state,
        states=[(one, look.value("state", one).text, place.address({}, {"state": one})) for one in _STATES],
        may_teach=may(request, places["chat_words_add_answer"]),
        rows=[
            {
                "text": one.text,
                "times": one.times,
                "last": look.value("last_at", one.last_at),
                "by": look.value("decided_by", one.decided_by),
                "teach": _teach_address(one.id, one.text),
                "dismiss": places["chat_words_dismiss"].address({"unanswered_id": one.id}, back),
            }
            for one in found.items
        ],
        key=secrets.token_hex(16),
        next_address=place.address({}, {"state": state, "cursor": found.next_cursor})
        if found.next_cursor
        else None,
    )


def _teach_address(number: int, text: str) -> str:
    return str(URL.build(path=f"{PREFIX}/chat/teach", query={"unanswered_id": str(number), "text": text}))


async def _teach(request: web.Request) -> web.StreamResponse:
    """An answer or a word, straight from a question."""
    places = console(request).places.all
    answer, word = places["chat_words_add_answer"], places["chat_words_add_synonym"]
    for place in (answer, word):
        await admit(request, place)
    text = request.query.get("text", "")[:500]
    back = {"back": places[_QUESTIONS].address({})}
    return page(
        request,
        "teach.jinja",
        title=say(request, "teach.title"),
        text=text,
        number=request.query.get("unanswered_id", ""),
        answer=(answer.title(request[LOCALE]), answer.address({}, back)),
        word=(word.title(request[LOCALE]), word.address({}, back)),
        keys=(secrets.token_hex(16), secrets.token_hex(16)),
        listing=places[_QUESTIONS].address({}),
        concepts=await _concepts(request),
        matches=[(one, eyes(request).value("match", one).text) for one in ("contains", "exact")],
        **(await _understood(request, {"text": text}) if text.strip() else _nothing()),
    )


async def _concepts(request: web.Request) -> list[tuple[str, str]]:
    found, look = await ask(request, "chat_words_concepts"), eyes(request)
    return [(one.concept, look.value("concept", one.concept).text) for one in found.items]


async def _box(request: web.Request) -> web.StreamResponse:
    await admit(request, console(request).places.all[_EXPLAIN])
    return await _boxed(request, {"text": request.query.get("text", "")}, _nothing())


async def _explained(request: web.Request) -> web.StreamResponse:
    sent = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
    session.check_form(sent.get("_csrf"), request[CSRF])
    told = await _understood(request, sent)
    if is_part(request):
        return page(request, "_understood.jinja", **told)
    return await _boxed(request, sent, told)


async def _boxed(
    request: web.Request, sent: Mapping[str, str], told: Mapping[str, Any]
) -> web.StreamResponse:
    title = console(request).places.all[_EXPLAIN].title(request[LOCALE])
    return page(
        request,
        "explain.jinja",
        title=title,
        sent={name: sent.get(name, "") for name in ("text", "word", "concept")},
        concepts=await _concepts(request),
        **told,
    )


def _nothing() -> dict[str, Any]:
    return {"understood": None, "refused": ""}


async def _understood(request: web.Request, sent: Mapping[str, str]) -> dict[str, Any]:
    """How a text is understood, with a word that is tried and not saved; or why that cannot be said."""
    body: dict[str, Any] = {"text": sent.get("text", "").replace("\r\n", "\n")}
    if sent.get("word", "").strip() and sent.get("concept"):
        body["synonyms"] = {sent["word"].strip(): sent["concept"]}
    try:
        found = await ask(request, _EXPLAIN, Asked(body=body))
    except problems.InvalidRequest as refusal:
        by_name, rest = forms.sentences(refusal.params["faults"], request[LOCALE])
        return {"understood": None, "refused": " ".join([*by_name.values(), *rest])}
    except (errors.Conflict, errors.Invalid) as refusal:
        return {"understood": None, "refused": refusal.sentence(request[LOCALE])}
    look, row = eyes(request, console(request).places.all[_EXPLAIN]), fields_of(found)
    short = [(name, row[name]) for name in row if name not in _LONG]
    return {
        "refused": "",
        "understood": {
            "intent": look.value("intent", found.intent) if found.intent else None,
            "pairs": [(look.label(name), look.value(name, value)) for name, value in short],
            "long": [(look.label(name), look.value(name, row[name])) for name in _LONG if row[name]],
        },
    }
