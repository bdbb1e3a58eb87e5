"""What every test can ask for. Keep this list short; build rooms' own things in tests/<room>/.

``servers``     the session's PostgreSQL and Redis (or the ones YUCUN_TEST_DATABASE_URL and YUCUN_TEST_REDIS_URL name)
``database_url``  a migrated, empty database of this test's own time; nobody is connected to it yet
``db``          the same, opened: models and ``core.db`` work in the test; the books are proven after it
``redis_url``   an empty Redis database
``world``       all of it running: sandbox, server, people with phones (tests/world.py)

Rows are really committed, from as many connections as a test likes: before each test every other connection is ended and
the tables that have rows are emptied (``keeper``; measured: 3 ms; truncating them 10-40 ms, a fresh copy of the database 100-250 ms).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from redis import Redis

from app import database, local_servers
from core import clock, sealed
from core.sheets import reading
from tests import keeper, keys, once

once.begin()
reading._TIMEOUT_S = 60.0  # a busy machine is slow to start the process that reads files


def pytest_collection_finish():
    once.all_is_collected()


@dataclass(frozen=True)
class Servers:
    """Where the session's servers are."""

    database_url: str
    redis_url: str
    postgres: local_servers.postgres.LocalPostgres | None = None
    """Where it is the session's own: it may be crashed."""


@pytest.fixture(scope="session")
def servers():
    given_database = os.environ.get("YUCUN_TEST_DATABASE_URL")
    given_redis = os.environ.get("YUCUN_TEST_REDIS_URL")
    with contextlib.ExitStack() as stack:
        if not (given_database and given_redis):
            started = stack.enter_context(_local_servers())
        if given_database:
            url = stack.enter_context(_database_on(given_database))
        else:
            url = started.database_url("yucun_test")
        own = None if given_database else started.postgres
        yield Servers(url, given_redis or started.redis_url, own)


@pytest.fixture(scope="session")
def _migrated(servers):
    if "YUCUN_TEST_TEMPLATE" not in os.environ:
        keeper.prepare(servers.database_url)
    return servers.database_url


@pytest.fixture(scope="session")
def _keeper(_migrated):
    with keeper.Keeper(_migrated) as kept:
        yield kept


@pytest.fixture
def database_url(_migrated, _keeper):
    _keeper.empty()
    return _migrated


@pytest.fixture
def _proven(database_url, _keeper, request):
    yield
    if "broken_books" not in request.keywords:
        violations = _keeper.violations()
        assert not violations, f"the books do not balance after this test: {violations}"


@pytest.fixture
async def db(database_url, _proven):
    async with database.opened(database_url, pool_min=2, pool_max=10) as context:
        yield context


@pytest.fixture
def redis_url(servers):
    with Redis.from_url(servers.redis_url) as redis:
        redis.flushdb()
    return servers.redis_url


@pytest.fixture
async def world(db, database_url, redis_url, tmp_path):
    from tests import world

    async with world.opened(tmp_path, database_url=database_url, redis_url=redis_url) as running:
        yield running


@pytest.fixture(autouse=True)
def _clock_at_rest():
    """A test that moves the clock moves it for itself only."""
    yield
    clock.set_offset(timedelta())
    clock.stand_at(None)
    clock.set_zone("Asia/Shanghai")


@pytest.fixture(autouse=True)
def _keys_at_rest():
    """What a test seals is sealed with the tests' key, where it says no other."""
    sealed.use(keys.RING)
    yield
    sealed.use(keys.RING)


@pytest.fixture(autouse=True)
def _terms_at_rest():
    """The same for the shop's terms."""
    yield
    if "billing.terms" in sys.modules:
        sys.modules["billing.terms"].use()


@pytest.fixture(autouse=True)
def _policy_at_rest():
    """And for how its customers are told."""
    yield
    if "notifications.policy" in sys.modules:
        sys.modules["notifications.policy"].use()


@pytest.fixture(autouse=True)
def _people_at_rest():
    """And for when its people are there."""
    yield
    if "members.people_rules" in sys.modules:
        sys.modules["members.people_rules"].use()


@pytest.fixture(autouse=True)
def _sign_in_at_rest():
    """And for how operators sign in."""
    yield
    if "members.sign_in_rules" in sys.modules:
        sys.modules["members.sign_in_rules"].use()


@pytest.fixture(autouse=True)
def _rules_at_rest():
    """What this process knows of the rules for deductions is another database's in the next test."""
    if "billing.deduction_rules" in sys.modules:
        sys.modules["billing.deduction_rules"].forget()


@contextlib.contextmanager
def _local_servers():
    home = Path(tempfile.mkdtemp(prefix="yucun-tests-"))
    home.chmod(0o755)  # root's PostgreSQL runs as another user; its own directory inside stays closed
    try:
        with local_servers.start(home, durable=False) as started:
            yield started
    finally:
        local_servers.erase(home)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _database_on(server_url):
    """A database of this session's own on a server somebody else runs."""
    name = f"yucun_test_{secrets.token_hex(6)}"
    template = os.environ.get(
        "YUCUN_TEST_TEMPLATE", "template1"
    )  # a migrated one, where many sessions follow each other
    asyncio.run(_execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        asyncio.run(_execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _execute(url, sql):
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
