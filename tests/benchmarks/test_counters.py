"""The counters of an operation, on operations whose cost is known."""

from __future__ import annotations

import pytest

from app import database
from benchmarks import counters
from core import clock
from core import db as core_db


@pytest.fixture
async def counted_db(database_url, monkeypatch):
    monkeypatch.setattr("asyncpg.protocol.Protocol", counters.CountedProtocol)
    async with database.opened(database_url, pool_min=1, pool_max=2):
        yield database_url


async def test_reading_costs_one_round_trip_and_writes_nothing(counted_db):
    async def act(_number):
        await core_db.fetchval("SELECT count(*) FROM account WHERE code = 'house:revenue'")

    await act(0)
    found = await counters.per_operation(counted_db, act, times=6)
    assert (found["statements"], found["round_trips"]) == (1, 1)
    assert (found["rows_written"], found["wal_bytes"], found["commits"]) == (0, 0, 0)


async def test_writing_in_a_transaction_counts_its_rows_once_and_its_frame_as_round_trips(counted_db):
    async def act(number):
        async with core_db.transaction():
            for name in ("小林", "小陈"):
                await core_db.execute(
                    "INSERT INTO customer (name, locale, state, created_at) VALUES ($1, 'zh-CN', 'active', $2)",
                    f"{name}{number}", clock.now(),
                )  # fmt: skip

    await act(0)
    found = await counters.per_operation(counted_db, act, times=6)
    assert (found["statements"], found["round_trips"]) == (2, 4)
    assert (found["rows_written"], found["commits"]) == (2, 1)
    assert 100 < found["wal_bytes"] < 2000


async def test_scanning_a_table_shows(counted_db):
    await core_db.execute(
        "INSERT INTO customer (name, locale, state, created_at) SELECT 'x', 'zh-CN', 'active', $1 FROM generate_series(1, 300)",
        clock.now(),
    )

    async def act(_number):
        await core_db.fetchval("SELECT count(*) FROM customer WHERE locale = 'y'")

    await act(0)
    found = await counters.per_operation(counted_db, act, times=6)
    assert found["rows_scanned"] == pytest.approx(300, rel=0.25)
