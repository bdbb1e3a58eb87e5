"""Files of lists, and saved views: asking for them, how far they are, fetching them."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode

from aiohttp import web

from console import columns, filling, session, specs
from console.places import PREFIX, Place
from console.request import CSRF, LOCALE, admit, caller, console, is_part, page, say
from core import errors
from core import http as kit
from core.http.logs import REQUEST_ID
from members import acts, list_exports, saved_views

_LONGEST_QUERY = 2000


def add_to(door: web.Application) -> None:
    """Adds the pages."""
    door.router.add_get("/exports", _page)
    door.router.add_post("/exports", _ask)
    door.router.add_get("/exports/{export_id:[0-9]{1,18}}/file", _file)
    door.router.add_post("/exports/{export_id:[0-9]{1,18}}/cancel", _cancel)
    door.router.add_post("/views", _save_view)
    door.router.add_post("/views/{view_id:[0-9]{1,18}}/drop", _drop_view)


async def told_of(request: web.Request, place: Place) -> dict[str, Any]:
    """What a list says of files and views."""
    views = await saved_views.of(caller(request).id, place.name)
    return {
        "views": [(view.id, view.name, view.query) for view in views],
        "export_key": secrets.token_hex(16),
    }


async def _form(request: web.Request) -> dict[str, str]:
    form = await request.post()
    session.check_form(str(form.get("_csrf", "")), request[CSRF])
    return {name: str(form[name]) for name in form}


async def _list_named(request: web.Request, name: str) -> Place:
    place = console(request).places.all.get(name)
    if place is None or not place.is_list:
        raise errors.NotFound
    await admit(request, place)
    if place.route.gate is not None:
        place.route.gate(caller(request))
    return place


async def _ask(request: web.Request) -> web.StreamResponse:
    form = await _form(request)
    place = await _list_named(request, form.get("operation", ""))
    query = parse_qs(form.get("query", "")[:_LONGEST_QUERY])
    path = {slot: form.get(f"path.{slot}", "") for slot in place.slots}
    known = place.query.model_fields if place.query is not None else {}
    texts = {name: values for name, values in query.items() if name in known}
    filled = filling.read(specs.of_query(place.route), texts, blank_is_null=False)
    wanted = form.get("form", "")
    if wanted not in list_exports.FORMS:
        raise errors.NotFound
    asked = {"path": path, "query": filled.values}
    deed = acts.Deed(
        operator_id=caller(request).id, operation=f"{place.name}:export", about=f"POST {request.path}", asked=asked,
        request_id=REQUEST_ID.get(), address=request[kit.CLIENT_ADDRESS], user_agent=kit.user_agent(request),
    )  # fmt: skip
    act, outcome = await acts.began(deed), "failed"
    try:
        await list_exports.ask(
            caller(request).id,
            operation=place.name,
            title=place.title(request[LOCALE]),
            asked=asked,
            columns=columns.of(place, query.get("columns", [])),
            form="csv" if wanted == "csv" else "xlsx",
            locale=request[LOCALE],
            key=form.get("_key", "")[:64] or secrets.token_hex(16),
        )
        outcome = "done"
    except errors.DomainError as refusal:
        outcome = refusal.code
        raise
    finally:
        await acts.ended(act, outcome)
    return web.Response(status=303, headers={"Location": f"{PREFIX}/exports"})


async def _page(request: web.Request) -> web.StreamResponse:
    found = await list_exports.page(caller(request).id)
    waiting = any(one.state in ("queued", "running") for one in found)
    told = {"exports": found, "waiting": waiting}
    template = "_exports.jinja" if is_part(request) else "exports.jinja"
    return page(request, template, title=say(request, "exports"), **told)


async def _file(request: web.Request) -> web.StreamResponse:
    found = await list_exports.one(caller(request).id, int(request.match_info["export_id"]))
    if found.state != "done":
        raise list_exports.NoSuchExport
    place = await _list_named(request, found.operation)
    name = f"{place.title(found.locale)} {found.created_at:%Y-%m-%d}.{found.form}"
    kind = kit.CSV if found.form == "csv" else kit.XLSX
    return kit.download(list_exports.content(found), name=name, media_type=kind, locale=found.locale)


async def _cancel(request: web.Request) -> web.StreamResponse:
    await _form(request)
    await list_exports.cancel(caller(request).id, int(request.match_info["export_id"]))
    return web.Response(status=303, headers={"Location": f"{PREFIX}/exports"})


async def _save_view(request: web.Request) -> web.StreamResponse:
    form = await _form(request)
    place = await _list_named(request, form.get("operation", ""))
    name = form.get("name", "").strip()[:40]
    query = urlencode(parse_qs(form.get("query", "")[:_LONGEST_QUERY]), doseq=True)
    if name:
        await saved_views.save(caller(request).id, place.name, name, query)
    return web.Response(status=303, headers={"Location": session.own_address(form.get("back"))})


async def _drop_view(request: web.Request) -> web.StreamResponse:
    form = await _form(request)
    await saved_views.drop(caller(request).id, int(request.match_info["view_id"]))
    return web.Response(status=303, headers={"Location": session.own_address(form.get("back"))})
