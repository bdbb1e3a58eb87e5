"""A server process of the real application with three more routes, the floors of the HTTP benchmarks: ``/bench/select-1`` asks the
database once, ``/bench/confirm`` acts on a channel's word that needs neither proof nor writing down, ``/bench/catalogue`` gives the rows of a page of
products as the database has them.

They pass the same edge as every request (request id, headers, access line).
"""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from unittest import mock

import pydantic_core
from aiohttp import web

from app import config, doors, log_lines, runtime, server_process
from billing import payments
from core import db
from gateways.channel import ChannelTrade
from miniapp_api import products
from shop import search, shelf

FLOOR = "/bench/select-1"
CONFIRM = "/bench/confirm"
CATALOGUE = "/bench/catalogue"


def assembled(found: runtime.Runtime) -> web.Application:
    """The real application, and the floor beside it."""
    application = _assemble(found)
    application.router.add_get(FLOOR, _select_1)
    application.router.add_post(CONFIRM, _confirm)
    application.router.add_get(CATALOGUE, _catalogue)
    return application


_assemble = doors.assemble


async def _select_1(_request: web.Request) -> web.Response:
    return web.json_response({"one": await db.fetchval("SELECT 1")})


async def _catalogue(request: web.Request) -> web.Response:
    """The statement of ``GET /api/v1/products`` and its rows as they come."""
    asked = products.ProductsQuery.model_validate(dict(request.query))
    wanted = search.Wanted(asked.q, asked.category_id, asked.from_fen, asked.until_fen, asked.order)
    found = search.statement(wanted, shelf.Looking(1), after=None, limit=asked.limit + 1)
    assert found is not None
    rows = await db.fetch(*found)
    body = pydantic_core.to_json([list(row) for row in rows])
    return web.Response(body=body, content_type="application/json")


async def _confirm(request: web.Request) -> web.Response:
    said = await request.json()
    trade = ChannelTrade(**{**said, "paid_at": datetime.fromisoformat(said["paid_at"])})
    return web.json_response({"outcome": await payments.confirm(trade)})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    settings = config.load(given.config)
    log_lines.to_stderr(settings.logging)
    with mock.patch.object(doors, "assemble", assembled):
        raise SystemExit(server_process.serve_one(settings, host="127.0.0.1", port=given.port))


if __name__ == "__main__":
    main()
