"""How messages read: the kinds of messages, and the editor of a wording beside what a customer would read; what breaks a platform's
limit is said at its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from console import acting, forms, session
from console.places import PREFIX
from console.request import CSRF, LOCALE, ask, console, eyes, is_part, may, page, say
from console.showing import described
from core import words
from core.http import problems
from core.http.calling import Asked
from notifications import editing

_KINDS, _SAVE = "messages_kinds_of_messages", "messages_save"
_EDITOR = "/message-wordings/edit"
_BLANK_ROWS = 2
_MOST_ROWS = 30

_PLATFORM = (("template_id", "text"), ("page", "text"), ("fields", "map"))
_FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "subscribe": _PLATFORM,
    "template": _PLATFORM,
    "customer_service": (("text", "paragraphs"),),
    "sms": (("template_code", "text"), ("sign_name", "text"), ("params", "map"), ("text", "paragraphs")),
    "email": (("subject", "text"), ("body", "paragraphs")),
    "inbox": (("title", "text"), ("body", "paragraphs")),
}
"""What a wording is made of, by channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the editor: a text, or a pair of a platform's field and what stands in it."""

    id: str
    label: str
    kind: str
    text: str
    name: str | None = None
    fault: str = ""


def add_to(door: web.Application) -> None:
    """Adds the pages."""
    door.router.add_get("/message-kinds", _kinds)
    door.router.add_get(_EDITOR, _editor)
    door.router.add_post(_EDITOR, _edited)


async def _kinds(request: web.Request) -> web.StreamResponse:
    place = console(request).places.all[_KINDS]
    found, look = await ask(request, _KINDS), eyes(request, place)
    saved = await _saved(request)
    groups: dict[str, list[Any]] = {}
    for one in found.items:
        shown = [
            (look.value("channel", channel).text, _address(one.kind, channel, request[LOCALE]),
             any((one.kind, channel, locale) in saved for locale in words.LOCALES))
            for channel in one.channels
        ]  # fmt: skip
        groups.setdefault(one.kind_class, []).append((look.value("kind", one.kind).text, shown))
    told = [(look.value("kind_class", name).text, rows) for name, rows in groups.items()]
    return page(request, "message_kinds.jinja", title=place.title(request[LOCALE]), groups=told)


def _address(kind: str, channel: str, locale: str) -> str:
    return f"{PREFIX}{_EDITOR}?{urlencode({'kind': kind, 'channel': channel, 'locale': locale})}"


async def _saved(request: web.Request) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    found = await ask(request, "messages_wordings_in_force")
    return {(one.kind, one.channel, one.locale): one.content for one in found.items if one.content}


def _which(request: web.Request) -> tuple[str, str, str]:
    """The wording that is meant.

    Raises:
        NoSuchWording.
    """
    kind, channel, locale = (request.query.get(name, "") for name in ("kind", "channel", "locale"))
    if channel not in _FIELDS or locale not in words.LOCALES or not re.fullmatch("[a-z_]{1,30}", kind):
        raise editing.NoSuchWording
    return kind, channel, locale


async def _editor(request: web.Request) -> web.StreamResponse:
    kind, channel, locale = _which(request)
    content = (await _saved(request)).get((kind, channel, locale))
    start = content if content is not None else _house(kind, channel, locale)
    return await _shown(request, dict(start), is_saved=content is not None)


def _house(kind: str, channel: str, locale: str) -> dict[str, Any]:
    """What the catalogue says, to begin with, where a wording is a title and a text."""
    names = {"inbox": ("title", "body"), "email": ("subject", "body"), "customer_service": ("", "text")}
    title, body = names.get(channel, ("", ""))
    found = {title: f"messages.{kind}.title", body: f"messages.{kind}.body"}
    return {
        name: words.template(key, locale) for name, key in found.items() if name and words.has(key, locale)
    }


async def _edited(request: web.Request) -> web.StreamResponse:
    """Looks at it, saves it, or goes back to the house's words."""
    kind, channel, locale = _which(request)
    sent = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
    session.check_form(sent.get("_csrf"), request[CSRF])
    content, does = _content(channel, sent), sent.get("do", "preview")
    if does == "preview":
        return await _shown(request, content)
    whole = {
        "kind": kind, "channel": channel, "locale": locale, "content": content if does == "save" else None,
    }  # fmt: skip
    try:
        await ask(request, _SAVE, Asked(body=whole))
    except (problems.InvalidRequest, editing.WordingWrong) as refusal:
        return await _shown(request, content, refusal=refusal, status=422)
    return acting.done_there(_SAVE, _address(kind, channel, locale))


def _content(channel: str, sent: Mapping[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, kind in _FIELDS[channel]:
        if kind == "map":
            pairs = (
                (sent.get(f"{name}.{number}.name", "").strip(), sent.get(f"{name}.{number}.text", ""))
                for number in range(_MOST_ROWS)
            )
            content[name] = {key: text.strip() for key, text in pairs if key}
        elif text := sent.get(name, "").replace("\r\n", "\n").strip():
            content[name] = text
    return content


async def _shown(
    request: web.Request,
    content: dict[str, Any],
    *,
    is_saved: bool = True,
    refusal: problems.InvalidRequest | editing.WordingWrong | None = None,
    status: int = 200,
) -> web.StreamResponse:
    kind, channel, locale = _which(request)
    filled, faults = await _looked_at(request, content)
    if refusal is not None:
        faults = {**faults, **_faults(request, refusal)}
    rows = _rows(request, channel, content, faults)
    at_fields = {row.id for row in rows}
    told: dict[str, Any] = {
        "rows": rows,
        "filled": [(field.name, field.text, field.wrong is not None) for field in filled.fields] if filled else [],
        "pieces": filled.pieces if filled else None,
        "others": [fault for name, fault in faults.items() if _id(channel, content, name) not in at_fields],
        "address": _address(kind, channel, locale),
    }  # fmt: skip
    if is_part(request):
        return page(request, "_wording_preview.jinja", **told)
    return page(request, "wording.jinja", status, **told, **await _around(request, is_saved))


async def _looked_at(request: web.Request, content: dict[str, Any]) -> tuple[Any, dict[str, str]]:
    """The preview, and what is wrong by the dotted names of fields."""
    kind, channel, locale = _which(request)
    if not content:
        return None, {}
    whole = {"kind": kind, "channel": channel, "locale": locale, "content": content}
    try:
        found = await ask(request, "messages_preview", Asked(body=whole))
    except (problems.InvalidRequest, editing.WordingWrong) as refusal:
        return None, _faults(request, refusal)
    wrong = {field.name: _limit(field.wrong, request[LOCALE]) for field in found.fields if field.wrong}
    return found, wrong


def _limit(limit: str, locale: str) -> str:
    """A limit in one language. The number is written once, for both: ``≤ 40 字 · characters``."""
    number = re.match(r"≤ \d+ ", limit)
    said = described(limit, locale)
    return said if number is None or said.startswith("≤") else number[0] + said


def _faults(request: web.Request, refusal: problems.InvalidRequest | editing.WordingWrong) -> dict[str, str]:
    if isinstance(refusal, editing.WordingWrong):
        return {str(refusal.params["field"]): _limit(str(refusal.params["limit"]), request[LOCALE])}
    by_name, rest = forms.sentences(refusal.params["faults"], request[LOCALE])
    found = {name.removeprefix("content."): said for name, said in by_name.items()}
    return {**found, **({"": " ".join(rest)} if rest else {})}


def _rows(
    request: web.Request, channel: str, content: Mapping[str, Any], faults: Mapping[str, str]
) -> list[Row]:
    look, rows = eyes(request, console(request).places.all[_SAVE]), []
    for name, kind in _FIELDS[channel]:
        label = look.label(name)
        if kind != "map":
            text = str(content.get(name, ""))
            rows.append(Row(id=name, label=label, kind=kind, text=text, fault=faults.get(name, "")))
            continue
        pairs = [*dict(content.get(name) or {}).items(), *[("", "")] * _BLANK_ROWS][:_MOST_ROWS]
        for number, (key, text) in enumerate(pairs):
            fault = faults.get(f"{name}.{key}", "") if key else ""
            if number == 0 and not fault:
                fault = faults.get(name, "")
            rows.append(Row(id=f"{name}.{number}", label=label, kind="map", text=text, name=key, fault=fault))
    return rows


def _id(channel: str, content: Mapping[str, Any], name: str) -> str:
    """The line of the editor at which a fault of this field is said."""
    first, _, key = name.partition(".")
    if dict(_FIELDS[channel]).get(first) != "map":
        return first
    keys = list(content.get(first) or {})
    return f"{first}.{keys.index(key) if key in keys else 0}"


async def _around(request: web.Request, is_saved: bool) -> dict[str, Any]:
    kind, channel, locale = _which(request)
    places = console(request).places.all
    look = eyes(request, places[_KINDS])
    found = await ask(request, _KINDS)
    one = next((one for one in found.items if one.kind == kind), None)
    if one is None:
        raise editing.NoSuchWording
    query = {"kind": kind, "channel": channel, "locale": locale}
    past = await ask(request, "messages_wording_history", Asked(query=query))
    return {
        "title": look.value("kind", kind).text,
        "listing": (places[_KINDS].title(request[LOCALE]), places[_KINDS].address({})),
        "channels": [
            (look.value("channel", name).text, _address(kind, name, locale), name == channel)
            for name in _FIELDS
        ],
        "languages": [
            (say(request, f"wording.{name}"), _address(kind, channel, name), name == locale)
            for name in words.LOCALES
        ],
        "values": [(f"{{{name}}}", look.label(name)) for name in one.values],
        "is_saved": is_saved,
        "may_save": may(request, places[_SAVE]),
        "past": [
            (version.version, look.value("saved_by", version.saved_by), look.value("saved_at", version.saved_at))
            for version in past.items
        ],
    }  # fmt: skip
