"""The official account's menus: how each looks on a phone, whether the platform has it, and writing one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from aiohttp import web

from console import acting, forms, offering, session
from console.places import PREFIX
from console.request import CSRF, LOCALE, ask, console, eyes, may, page, telling
from core import errors
from core.http import problems
from core.http.calling import Asked

_STATE, _LANGUAGES, _SAVE, _RESTORE = (
    "chat_menus_state",
    "chat_menus_languages",
    "chat_menus_save",
    "chat_menus_restore",
)
ADDRESS = f"{PREFIX}/chat/menus"
TOP, BELOW = 3, 5
_DOES = ("says", "url", "page")


class Line(NamedTuple):
    """One button of the form, as texts. ``does``: what a tap does, ``below`` with others below it."""

    name: str = ""
    does: str = "says"
    to: str = ""
    url: str = ""
    app_id: str = ""


@dataclass(frozen=True, slots=True)
class Top:
    """One at the top, and the lines below it."""

    line: Line
    below: tuple[Line, ...]

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written; a button that has only no name is one that lacks it."""
        return not (self.line.name or self.line.to or self.line.url or self.below)


def add_to(door: web.Application) -> None:
    """Adds the pages."""
    door.router.add_get("/chat/menus", _overview)
    door.router.add_get("/chat/menus/languages", _there)
    door.router.add_get("/chat/menus/languages/{language:default|zh-CN|en}", _form)
    door.router.add_post("/chat/menus/languages/{language:default|zh-CN|en}", _saved)


async def _there(request: web.Request) -> web.StreamResponse:
    return web.Response(status=303, headers={"Location": ADDRESS})


async def _overview(request: web.Request) -> web.StreamResponse:
    places = console(request).places.all
    found = (await ask(request, _LANGUAGES)).items
    look, sentence, differs = eyes(request, places[_LANGUAGES]), "", None
    try:
        differs = (await ask(request, _STATE)).differs
    except errors.Unavailable as refusal:
        sentence = refusal.sentence(request[LOCALE])
    history = (await ask(request, "chat_menus_publications", Asked(query={"limit": "5"}))).items
    return page(
        request,
        "menus.jinja",
        title=places[_STATE].title(request[LOCALE]),
        menus=[(one, [_drawn(top) for top in _lines(one.buttons)]) for one in found],
        differs=differs,
        sentence=sentence,
        may_write=may(request, places[_SAVE]),
        publish=_publish(request) if any(one.buttons for one in found) else None,
        restores={
            one.language: offering.deed(
                request, _RESTORE, {"language": one.language}, None, back=ADDRESS, near=one.language
            )
            for one in found
            if one.is_own
        },
        saved={one.language: look.value("saved_by", one.saved_by).text for one in found if one.is_own},
        history=[
            [
                look.value(name, getattr(one, name))
                for name in ("asked_at", "asked_by", "state", "errcode", "error")
            ]
            for one in history
        ],
        heads=[look.label(name) for name in ("asked_at", "asked_by", "state", "errcode", "error")],
        all_of_it=places["chat_menus_publications"].address({}),
        b=telling(request, "menus"),
    )


def _publish(request: web.Request) -> offering.Offered | None:
    found = offering.deed(request, "chat_menus_publish", {}, None, back=ADDRESS)
    return replace(found, about="") if found is not None else None  # the page says it in plainer words


async def _form(request: web.Request) -> web.StreamResponse:
    wanted = request.match_info["language"]
    (found,) = [one for one in (await ask(request, _LANGUAGES)).items if one.language == wanted]
    return _page(request, _lines(found.buttons))


async def _saved(request: web.Request) -> web.StreamResponse:
    sent = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
    session.check_form(sent.get("_csrf"), request[CSRF])
    tops = _read(sent)
    if sent.get("do") == "preview":
        return _page(request, tops, is_preview=True)
    body = {"top": [_told(top) for top in tops if not top.is_blank]}
    try:
        await ask(request, _SAVE, Asked(path=dict(request.match_info), body=body))
    except problems.InvalidRequest as refusal:
        by_name, others = forms.sentences(refusal.params["faults"], request[LOCALE])
        return _page(request, tops, " ".join([*by_name.values(), *others]))
    except (errors.Invalid, errors.Conflict, errors.Unavailable) as refusal:
        return _page(request, tops, refusal.sentence(request[LOCALE]))
    return acting.done_there(_SAVE, ADDRESS)


def _page(
    request: web.Request, tops: Sequence[Top], sentence: str = "", *, is_preview: bool = False
) -> web.Response:
    filled = [*tops, *[Top(Line(), ()) for _ in range(TOP - len(tops))]]
    return page(
        request,
        "menu.jinja",
        422 if sentence else 200,
        title=console(request).places.all[_SAVE].title(request[LOCALE]),
        language=request.match_info["language"],
        tops=[(top.line, [*top.below, *[Line() for _ in range(BELOW - len(top.below))]]) for top in filled],
        does=_DOES,
        sentence=sentence,
        is_preview=is_preview,
        buttons=[_drawn(top) for top in tops if top.line.name],
        may_save=may(request, console(request).places.all[_SAVE]),
        back=ADDRESS,
        b=telling(request, "menus"),
    )


def _lines(buttons: Sequence[Mapping[str, Any]]) -> list[Top]:
    """Buttons as the platform writes them, as the form has them."""
    return [Top(_line(one), tuple(_line(below) for below in one.get("sub_button") or ())) for one in buttons]


def _line(button: Mapping[str, Any]) -> Line:
    name = str(button.get("name", ""))
    if button.get("sub_button"):
        return Line(name, "below")
    if button.get("pagepath"):
        return Line(name, "page", button["pagepath"], button.get("url", ""), button.get("appid", ""))
    if button.get("url"):
        return Line(name, "url", button["url"])
    return Line(name, "says", str(button.get("key", "")))


def _read(sent: Mapping[str, str]) -> list[Top]:
    tops = []
    for number in range(TOP):
        top = _line_of(sent, f"b{number}")
        below = [_line_of(sent, f"b{number}-{nth}") for nth in range(BELOW)]
        tops.append(
            Top(top, tuple(one for one in below if one.name or one.to) if top.does == "below" else ())
        )
    return tops


def _line_of(sent: Mapping[str, str], begin: str) -> Line:
    name, does, to, url, app_id = (sent.get(f"{begin}-{part}", "").strip() for part in Line._fields)
    return Line(name, does if does in (*_DOES, "below") else "says", to, url, app_id)


def _told(top: Top) -> dict[str, Any]:
    """A top button as the operation takes it."""
    if top.line.does == "below":
        return {"name": top.line.name, "below": [_told(Top(one, ())) for one in top.below]}
    line = top.line
    told = {"name": line.name, line.does: line.to}
    if line.does == "page":
        told |= {"url": line.url, **({"app_id": line.app_id} if line.app_id else {})}
    return told


def _drawn(top: Top) -> dict[str, Any]:
    """A top button as its picture takes it."""
    return {"name": top.line.name, "sub_button": [{"name": one.name} for one in top.below]}
