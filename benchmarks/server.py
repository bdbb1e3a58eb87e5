"""A server process of the real application with one more route, ``/bench/select-1``: the floor of the HTTP benchmarks.

The floor passes the same edge as every request (request id, headers, access line) and asks the same database once.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest import mock

from aiohttp import web

from app import config, doors, log_lines, runtime, server_process
from core import db

FLOOR = "/bench/select-1"


def assembled(found: runtime.Runtime) -> web.Application:
    """The real application, and the floor beside it."""
    application = _assemble(found)
    application.router.add_get(FLOOR, _select_1)
    return application


_assemble = doors.assemble


async def _select_1(_request: web.Request) -> web.Response:
    return web.json_response({"one": await db.fetchval("SELECT 1")})


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
