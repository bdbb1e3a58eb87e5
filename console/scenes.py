"""QR codes of the official account as they are printed: one with who came by it, or a sheet of many."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import segno
from aiohttp import web

from console import details
from console.places import PREFIX
from console.request import LOCALE, ask, console, eyes, page, telling
from core import clock, errors
from core.http.calling import Asked

_ONE, _LISTING = "chat_scenes_one", "chat_scenes_listing"
_PICTURES = {"svg": "image/svg+xml", "png": "image/png"}
_A_SHEET = 60
_PAIRS = (
    "title", "state", "errcode", "store", "table_no", "operator_id", "days", "expires_at", "welcome_zh", "welcome_en", "scans", "people",
    "followed", "customers", "created_at", "saved_by", "saved_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """A code on paper: what is read beside it."""

    title: str
    where: str
    picture: str


def add_to(door: web.Application) -> None:
    """Adds the page of a code, its picture as a file, and the sheet."""
    door.router.add_get("/chat/scenes/{scene_id:[0-9]{1,18}}", _one)
    door.router.add_get("/chat/scenes/{scene_id:[0-9]{1,18}}/code.{kind:svg|png}", _picture)
    door.router.add_get("/scene-sheet", _sheet)


async def _one(request: web.Request) -> web.StreamResponse:
    place, given = console(request).places.all[_ONE], dict(request.match_info)
    found, look = await ask(request, _ONE, Asked(path=given)), eyes(request, place, given)
    row = {name: getattr(found, name) for name in type(found).model_fields}
    return page(
        request,
        "scene.jinja",
        **{**details.around(request, place, given, found, but=_idle(found)), "files": _files(found)},
        card=_card(request, found) if _is_good(found) else None,
        is_over=found.state == "ready" and not _is_good(found),
        state=found.state,
        pairs=look.pairs(row, [name for name in _PAIRS if row[name] not in (None, "")]),
        b=telling(request, "scenes"),
    )


def _idle(scene: Any) -> tuple[str, ...]:
    """What there is no use in doing: one that is for ever, and there, has nothing to be renewed."""
    return ("chat_scenes_renew",) if scene.state == "ready" and scene.days is None else ()


def _is_good(scene: Any) -> bool:
    """Whether it can be scanned now."""
    return bool(scene.url) and (scene.expires_at is None or scene.expires_at > clock.now())


def _files(scene: Any) -> list[tuple[str, str]]:
    return [(kind.upper(), _address(scene, kind)) for kind in _PICTURES] if _is_good(scene) else []


def _address(scene: Any, kind: str) -> str:
    return f"{PREFIX}/chat/scenes/{scene.id}/code.{kind}"


def _card(request: web.Request, scene: Any) -> Card:
    table = telling(request, "scenes")("table", no=scene.table_no) if scene.table_no else ""
    return Card(
        scene.title,
        " · ".join(filter(None, (scene.store, table if scene.table_no not in scene.title else ""))),
        _address(scene, "svg"),
    )


async def _picture(request: web.Request) -> web.StreamResponse:
    found = await ask(request, _ONE, Asked(path={"scene_id": request.match_info["scene_id"]}))
    if not _is_good(found):
        raise errors.NotFound
    kind, drawn = request.match_info["kind"], io.BytesIO()
    segno.make(found.url, error="m").save(drawn, kind=kind, scale=16 if kind == "png" else 4, border=4)
    response = web.Response(body=drawn.getvalue(), content_type=_PICTURES[kind])
    response.headers["Content-Disposition"] = f'inline; filename="scene-{found.id}.{kind}"'
    return response


async def _sheet(request: web.Request) -> web.StreamResponse:
    wanted = {name: request.query[name] for name in ("store", "cursor") if request.query.get(name)}
    found = await ask(request, _LISTING, Asked(query={**wanted, "limit": str(_A_SHEET)}))
    good = [one for one in found.items if _is_good(one)]
    place = console(request).places.all[_LISTING]
    return page(
        request,
        "scene_sheet.jinja",
        title=telling(request, "scenes")("sheet"),
        crumbs=[(place.title(request[LOCALE]), place.address({}))],
        cards=[_card(request, one) for one in good],
        left_out=len(found.items) - len(good),
        store=request.query.get("store", ""),
        next_cursor=found.next_cursor,
        b=telling(request, "scenes"),
    )
