"""Connections of the pool go back without a word to the server, and still come out clean."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from tortoise import connections

from app import database
from core import clock
from core import db as core_db


@pytest.fixture
async def one_connection(database_url):
    async with database.opened(database_url, pool_min=1, pool_max=1):
        yield connections.get("default")


async def _add(name):
    await core_db.execute(
        "INSERT INTO customer (name, locale, state, created_at) VALUES ($1, 'zh-CN', 'active', $2)",
        name,
        clock.now(),
    )


async def test_a_connection_returns_to_the_pool_without_a_statement(one_connection):
    await core_db.fetchval("SELECT 1")
    said = []
    async with one_connection.acquire_connection() as connection:
        connection.add_query_logger(said.append)
    await core_db.fetchval("SELECT 1")
    await core_db.fetchval("SELECT 1")
    assert [query.query for query in said] == ["SELECT 1", "SELECT 1"]


async def test_a_failed_transaction_leaves_the_connection_clean(one_connection):
    with pytest.raises(asyncpg.PostgresError):
        async with core_db.transaction():
            await _add("小林")
            await core_db.execute("SET LOCAL statement_timeout = '7s'")
            await core_db.fetchval("SELECT 1 / 0")
    assert await core_db.fetchval("SELECT count(*) FROM customer") == 0
    assert await core_db.fetchval("SHOW statement_timeout") == "0"


async def test_a_cancelled_transaction_leaves_nothing_and_the_connection_works_on(one_connection):
    begun = asyncio.Event()

    async def slow():
        async with core_db.transaction():
            await _add("小林")
            begun.set()
            await core_db.fetchval("SELECT pg_sleep(30)")

    task = asyncio.create_task(slow())
    await begun.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await core_db.fetchval("SELECT count(*) FROM customer") == 0
    assert await core_db.fetchval("SELECT pg_current_xact_id_if_assigned() IS NULL")


async def test_a_transaction_left_open_by_mistake_is_rolled_back_on_return(one_connection):
    complaints = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: complaints.append(context["message"])
    )
    async with one_connection.acquire_connection() as connection:
        await connection.execute("BEGIN")
        await connection.execute("DELETE FROM tortoise_migrations")
    assert await core_db.fetchval("SELECT count(*) FROM tortoise_migrations") > 0
    assert "active transaction" in complaints[0]
