"""The desk for conversations, live: the list, what is said in the open conversation, and what can be done with it.

The table of events says what happened (``conversations_events``) and PostgreSQL's bell when to look. The numbers of events are given to
the browser, which comes back with the last it saw: then nothing is missed, and nothing is said twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from admin_api import Operator
from console import live, talk
from console.request import AROUND, CALLER, ask, caller, console
from core import errors
from core import http as kit
from core.http import fields, streams
from core.http.calling import Asked
from members import operators

_UNHEARD_S, _HEARD_S = 2.0, 15.0
"""So often it is looked without and with the bell; each look that finds nothing is a sign of life to the browser."""


async def newest(request: web.Request) -> int:
    """The number of the last event: asked for before the page is put together, so that it misses nothing after."""
    found = await ask(_asking(request), "conversations_events")
    return int(found.last_id)


async def answer(request: web.Request) -> web.StreamResponse:
    """``/live/conversations?after=…&open=…``"""
    seen = streams.last_id(request)
    start = seen if seen is not None else fields.number(request.query.get("after", "")) or 0
    desk = _Desk(
        request=_asking(request),
        open_id=fields.number(request.query.get("open", "")),
        last=start,
        is_new=seen is None,
        may_answer=request.query.get("answers") == "yes",
    )
    return kit.EventStream(_told(request, desk))


def _asking(request: web.Request) -> web.Request:
    """The request as one for a page of events, whatever the browser accepts: the operation gives its own stream to who takes streams."""
    return request.clone(headers={"Accept": "application/json"}) if streams.wants(request) else request


@dataclass(slots=True)
class _Desk:
    """One desk that is watched: up to which event, and what it shows."""

    request: web.Request
    open_id: int | None
    last: int
    is_new: bool
    """The first look of a browser that does not say what it has seen: then all words are sent, if there are new ones."""
    may_answer: bool
    """What the page has: a form for answers, or none."""
    shown: dict[str, str] = field(default_factory=dict)


async def _told(request: web.Request, desk: _Desk) -> AsyncIterator[kit.ServerEvent]:
    bell, closing = console(request).bell, live.closing(request)
    token, me = caller(request).token, caller(request).id
    async with bell.ear() as ear:
        while not closing.is_set() and not bell.is_closed:
            ear.clear()
            found = await operators.on_duty(me) if await operators.is_open(token) else None
            if found is None:
                return
            desk.request[CALLER] = Operator(found, token)
            try:
                told = await _look(desk)
            except errors.Forbidden:
                return
            for kind, html in told:
                yield kit.ServerEvent(kind, " ".join(html.split("\n")), desk.last)
            if not told:
                yield kit.ServerEvent()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HEARD_S if bell.is_heard else _UNHEARD_S):
                    await ear.wait()


async def _look(desk: _Desk) -> list[tuple[str, str]]:
    """The parts that are others than before, by the name of their event."""
    asked = Asked(query={"after": str(desk.last)})
    found = await ask(desk.request, "conversations_events", asked)
    is_new, desk.is_new, desk.last = desk.is_new, False, found.last_id
    if not found.items and not found.reset:
        return []
    told = [await _part(desk, "list"), await _part(desk, "waiting")]
    touched = [one for one in found.items if one.conversation_id == desk.open_id]
    if desk.open_id is not None and (touched or found.reset):
        told.extend(await _open(desk, touched, whole=is_new or found.reset))
    return [part for part in told if part is not None]


async def _part(desk: _Desk, name: str) -> tuple[str, str] | None:
    told = {**await talk.entries(desk.request), "open_id": desk.open_id}
    return _changed(desk, name, f"_talk_{name}.jinja", told)


async def _open(desk: _Desk, touched: list[Any], *, whole: bool) -> list[tuple[str, str] | None]:
    """Of the open conversation: what is new in it, and how it stands."""
    try:
        conversation = await ask(desk.request, talk.ONE, Asked(path={"conversation_id": str(desk.open_id)}))
    except errors.NotFound:  # it went to a store that is not theirs
        return []
    said, _ = await talk.said(desk.request, conversation)
    told: list[tuple[str, str] | None] = []
    if whole:
        told.append(_changed(desk, "log", "_talk_log.jinja", {"said": said}))
    else:
        news = {one.message_id for one in touched if one.kind == "message"}
        fates = {one.message_id for one in touched if one.kind == "delivery"} - news
        new = [one for one in said if one.id in news]
        if new:
            told.append(("words", _render(desk, "_talk_words.jinja", {"said": new})))
        if known := [one for one in said if one.id in fates]:
            told.append(("fates", _render(desk, "_talk_fates.jinja", {"said": known})))
    head = talk.head(desk.request, conversation)
    told.append(_changed(desk, "head", "_talk_head.jinja", head))
    if head["may_answer"] != desk.may_answer:
        desk.may_answer = head["may_answer"]
        told.append(("foot", _render(desk, "_talk_foot_anew.jinja", head)))
    return told


def _changed(desk: _Desk, name: str, template: str, told: Mapping[str, Any]) -> tuple[str, str] | None:
    html = _render(desk, template, told)
    if desk.shown.get(name) == html:
        return None
    desk.shown[name] = html
    return name, html


def _render(desk: _Desk, template: str, told: Mapping[str, Any]) -> str:
    request = desk.request
    return aiohttp_jinja2.render_string(template, request, {**request.config_dict[AROUND](request), **told})
