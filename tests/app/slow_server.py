"""A server process with one more address, ``/slow``, that takes a second; for tests of stopping."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web

from app import config, doors, server_process
from core import db


async def slow(_request):
    print("working", flush=True)
    await asyncio.sleep(1)
    return web.Response(text=str(await db.fetchval("SELECT 'finished'")))


def others(_runtime):
    application = web.Application()
    application.router.add_get("/", slow)
    return {"/slow": application}


if __name__ == "__main__":
    doors.others = others
    settings = config.load(Path(sys.argv[1]))
    sys.exit(server_process.serve_one(settings, host="127.0.0.1", port=settings.server.port))
