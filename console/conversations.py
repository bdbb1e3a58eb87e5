"""The desk for conversations: who waits at the left, what is said in the middle, the customer beside it; taking, answering, handing on,
giving back to the bot."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from console import acting, forms, session, talk, talk_live
from console.request import CSRF, LOCALE, ask, console, is_part, page, say
from core import errors
from core.http import fields, problems
from core.http.calling import Asked

_DEEDS: Mapping[str, str] = {
    "take": "conversations_take",
    "reply": "conversations_reply",
    "hand-over": "conversations_hand",
    "close": "conversations_close",
}
_ONE = "/conversations/{conversation_id:[0-9]{1,18}}"


def add_to(door: web.Application) -> None:
    """Adds the desk, its parts and what can be done there."""
    router = door.router
    router.add_get("/conversations", _desk)
    router.add_get(_ONE, _desk)
    router.add_get(f"{_ONE}/foot", _foot)
    router.add_get(f"{_ONE}/words", _words)
    router.add_post(f"{_ONE}/{{deed:{'|'.join(_DEEDS)}}}", _do)
    router.add_get("/live/conversations", talk_live.answer)


async def _desk(request: web.Request) -> web.StreamResponse:
    return await _shown(request)


async def _shown(
    request: web.Request, *, refused: str = "", status: int = 200, **foot: Any
) -> web.StreamResponse:
    """The whole desk; with ``refused``, why something could not be done."""
    last = await talk_live.newest(request)
    over = request.query.get("state") == "closed"
    told: dict[str, Any] = {
        "title": console(request).places.all[talk.LISTING].title(request[LOCALE]),
        "last": last,
        "over": over,
        "refused": refused,
        "open_id": None,
        **(await talk.over(request) if over else await talk.entries(request)),
    }
    if "conversation_id" in request.match_info:
        told |= await _open(request)
        told |= await _footing(request, told["talk"], **foot)
    return page(request, "conversations.jinja", status, **told)


async def _open(request: web.Request) -> dict[str, Any]:
    conversation = await _conversation(request)
    said, older = await talk.said(request, conversation)
    return {
        "open_id": conversation.id,
        "said": said,
        "older": _older(conversation.id, older),
        **talk.head(request, conversation),
        **await talk.beside(request, conversation),
    }


async def _conversation(request: web.Request) -> Any:
    return await ask(request, talk.ONE, Asked(path=_path(request)))


def _path(request: web.Request) -> dict[str, str]:
    return {"conversation_id": request.match_info["conversation_id"]}


def _older(conversation_id: int, cursor: str | None) -> str | None:
    return f"{conversation_id}/words?cursor={cursor}" if cursor else None


async def _words(request: web.Request) -> web.StreamResponse:
    """What was said before."""
    conversation = await _conversation(request)
    said, older = await talk.said(request, conversation, cursor=request.query.get("cursor"))
    told = {"said": said, "older": _older(conversation.id, older), "open_id": conversation.id}
    return page(request, "_talk_older.jinja" if is_part(request) else "talk_words.jinja", **told, title=say(request, "talk.older"))  # fmt: skip


async def _foot(request: web.Request) -> web.StreamResponse:
    """The form for an answer, where one may be given."""
    conversation = await _conversation(request)
    return page(request, "_talk_foot.jinja", **await _footing(request, conversation))


async def _footing(
    request: web.Request,
    conversation: Any,
    *,
    text: str = "",
    key: str | None = None,
    fault: str = "",
    again: bool = False,
) -> dict[str, Any]:
    """The form for an answer; ``again``: one was sent just now, and the next can be written."""
    told = {**talk.head(request, conversation), "open_id": conversation.id}
    if told["may_answer"]:
        told |= {"ready": await talk.ready_texts(request, conversation)}
        told |= await talk.others(request, conversation)
    return {
        **told,
        "text": text,
        "key": key or secrets.token_hex(16),
        "fault": fault,
        "again": again or bool(fault),
    }


async def _do(request: web.Request) -> web.StreamResponse:
    """Does one of the deeds; what is refused is said where it was asked for."""
    deed = request.match_info["deed"]
    sent = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
    session.check_form(sent.get("_csrf"), request[CSRF])
    asked = Asked(path=_path(request), body=_body(deed, sent), key=sent.get("_key"))
    try:
        await ask(request, _DEEDS[deed], asked)
    except problems.InvalidRequest as refusal:
        by_name, rest = forms.sentences(refusal.params["faults"], request[LOCALE])
        return await _refused(request, sent, " ".join([*by_name.values(), *rest]))
    except errors.Conflict as refusal:
        return await _refused(request, sent, refusal.sentence(request[LOCALE]))
    except errors.Invalid as refusal:
        return await _refused(request, sent, refusal.sentence(request[LOCALE]))
    return await _done(request, deed)


def _body(deed: str, sent: Mapping[str, str]) -> Any:
    if deed == "reply":
        text, canned = sent.get("text", "").replace("\r\n", "\n"), fields.number(sent.get("canned_id", ""))
        return {"text": text} if text.strip() else {} if canned is None else {"canned_id": canned}
    if deed == "hand-over":
        kind, _, to = sent.get("to", "").partition(":")
        colleague = fields.number(to) if kind == "operator" else None
        return {"store": to or None} if colleague is None else {"operator_id": colleague}
    if deed == "close":
        return {"last_message_id": fields.number(sent.get("last_message_id", ""))}
    return {}


async def _refused(request: web.Request, sent: Mapping[str, str], sentence: str) -> web.StreamResponse:
    foot: dict[str, Any] = {"text": sent.get("text", ""), "key": sent.get("_key"), "fault": sentence}
    if not is_part(request):
        if request.match_info["deed"] == "reply":
            return await _shown(request, status=422, **foot)
        return await _shown(request, status=409, refused=sentence)
    conversation = await _conversation(request)
    return page(request, "_talk_foot.jinja", **await _footing(request, conversation, **foot))


async def _done(request: web.Request, deed: str) -> web.StreamResponse:
    if is_part(request):
        conversation = await _conversation(request)
        return page(request, "_talk_foot.jinja", **await _footing(request, conversation, again=True))
    if deed in ("close", "hand-over"):
        return acting.done_there(_DEEDS[deed], console(request).places.all[talk.LISTING].address({}))
    where = console(request).places.all[talk.ONE].address(_path(request))
    return web.Response(status=303, headers={"Location": where})
