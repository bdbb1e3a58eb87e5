"""Making the files of lists, in a worker: the list is asked for page by page as the operator who wants it, who must still be allowed to."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, BinaryIO

import admin_api
from admin_api import routes
from console import cells
from console.places import Place, Places
from console.showing import Eyes, fields_of
from core import errors, sheets
from core.http.calling import Asked, Calls
from members import list_exports, operators

log = logging.getLogger(__name__)

_PAGE = "100"
_CHUNK = 256 * 1024


class _NotWanted(Exception):
    """Nobody wants the file any more, or another worker has it."""


def exporter(services: admin_api.Services) -> Callable[[], Awaitable[int]]:
    """The job: makes what is waiting, one file after the other. Returns how many."""
    places = Places(routes.API.routes)
    calls = Calls(routes.API, services=services, witness=None)

    async def run() -> int:
        made = 0
        while (export := await list_exports.claim()) is not None:
            await _make(export, places, calls)
            made += 1
        await list_exports.forget_old()
        return made

    return run


async def _make(export: list_exports.Export, places: Places, calls: Calls) -> None:
    try:
        await _written(export, places, calls)
    except _NotWanted:
        return
    except errors.DomainError as refusal:
        await list_exports.fail(export, refusal.code)
    except Exception:  # an edge: one list that cannot be made keeps no other waiting
        log.exception("the file of a list could not be made")
        await list_exports.fail(export, "internal_error")


async def _written(export: list_exports.Export, places: Places, calls: Calls) -> None:
    found = await operators.on_duty(export.operator_id)
    if found is None:
        raise errors.Unauthenticated
    caller = admin_api.Operator(found, "")
    place = places.all[export.operation]
    look = Eyes(export.locale, places, lambda _page: False, place.route.tag)
    pages = _pages(export, place, calls, caller)
    sheet = cells.sheet(export.title, place, export.columns, look, pages)
    pieces = list_exports.Pieces(export)
    if export.form == "csv":
        async for part in sheets.as_csv(sheet):
            await pieces.write(part)
    else:
        with await sheets.as_xlsx([sheet]) as book:
            await _copied(book, pieces)
    await pieces.finish()


async def _copied(book: BinaryIO, pieces: list_exports.Pieces) -> None:
    while part := book.read(_CHUNK):
        await pieces.write(part)


async def _pages(
    export: list_exports.Export, place: Place, calls: Calls, caller: admin_api.Operator
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    query = dict(export.asked["query"])
    paged = place.query is not None and "cursor" in place.query.model_fields
    rows = 0
    while True:
        asked = Asked(path=export.asked["path"], query={**query, "limit": _PAGE} if paged else query)
        found = await calls.call(place.name, asked, request=None, caller=caller, locale=export.locale)
        noted = {**export.asked["path"], "query": query}
        await admin_api.taken_away(caller, place.route, noted, found, f"export-{export.id}")
        rows += len(found.items)
        yield [fields_of(item) for item in found.items]
        if not await list_exports.wrote(export, rows):
            raise _NotWanted
        if found.next_cursor is None:
            return
        query["cursor"] = found.next_cursor
