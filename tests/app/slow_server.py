"""A server process with one more address, ``/slow``, that takes until nobody is let in any more; for tests of stopping."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web

from app import config, doors, server_process
from core import db


async def slow(request):
    print("working", flush=True)
    while await _lets_in(request.url.port):
        await asyncio.sleep(0.05)
    return web.Response(text=str(await db.fetchval("SELECT 'finished'")))


async def _lets_in(port):
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def others(_runtime):
    application = web.Application()
    application.router.add_get("/", slow)
    return {"/slow": application}


if __name__ == "__main__":
    doors.others = others
    settings = config.load(Path(sys.argv[1]))
    sys.exit(server_process.serve_one(settings, host="127.0.0.1", port=settings.server.port))
