"""The connection a task is on."""

import asyncio

import pytest
from tortoise import connections

from core import db as database


async def test_who_hangs_up_while_their_connection_goes_back_is_not_left_on_it(db, monkeypatch):
    await database.execute("SELECT 1")
    pool, going_back = type(connections.get("default")._pool), asyncio.Event()
    give_back = pool.release

    async def slowly(self, connection, **named):
        await give_back(self, connection, **named)
        going_back.set()
        await asyncio.sleep(60)

    async def caller():
        try:
            async with database.transaction():
                monkeypatch.setattr(pool, "release", slowly)
        finally:
            monkeypatch.undo()
            assert database.pool() is not None
            await database.execute("SELECT 1")

    calling = asyncio.ensure_future(caller())
    await going_back.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
