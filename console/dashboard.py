"""The first page: how the shop stands today."""

from __future__ import annotations

from aiohttp import web

from console.request import page, say


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/", _today)


async def _today(request: web.Request) -> web.StreamResponse:
    return page(request, "dashboard.jinja", title=say(request, "today"))
