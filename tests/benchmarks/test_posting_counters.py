"""What paying costs the database, held from above like the requests of ``test_http_counters``; the bounds are raised on purpose only."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from app import database
from benchmarks import counters, seeds
from ledger import accounts, posting, proof
from shop import orders
from tests.benchmarks.test_http_counters import within

PAY = {"statements": 1, "round_trips": 1, "wal_bytes": 4_000, "rows_written": 11, "commits": 1}
PAY_16 = {"statements": 2, "round_trips": 2, "wal_bytes": 70_000, "rows_written": 176, "commits": 2}
POST_ONE = {"statements": 1, "round_trips": 1, "wal_bytes": 1_480, "rows_written": 5, "commits": 1}

SHOP = 1_000
"""Customers and orders; reading a tenth of them to serve one would be a scan."""


@pytest.fixture
async def customers(database_url, monkeypatch):
    monkeypatch.setattr("asyncpg.protocol.Protocol", counters.CountedProtocol)
    async with database.opened(database_url, pool_min=1, pool_max=4):
        made = await seeds.customers(SHOP)
        await seeds.fund(made, principal_fen=5_000_000, bonus_fen=500_000)
        yield made
        assert not await proof.check()


async def pay(order):
    await orders.pay(order.customer_id, order.order_no, key=uuid.uuid4().hex)


async def test_paying_an_order_costs_no_more_than_it_did(customers, database_url):
    placed = await (await seeds.Shelf.stocked()).orders(customers, SHOP)
    for _ in range(3):
        await pay(placed.pop())
    found = await counters.per_operation(database_url, lambda _: pay(placed.pop()))
    assert not within(found, PAY | {"rows_scanned": SHOP // 10}), found


async def test_paying_sixteen_at_once_costs_two_statements(customers, database_url):
    placed = await (await seeds.Shelf.stocked()).orders(customers, SHOP)

    async def sixteen(_number):
        await asyncio.gather(*(pay(placed.pop()) for _ in range(16)))

    for number in range(3):
        await sixteen(number)
    found = await counters.per_operation(database_url, sixteen)
    assert not within(found, PAY_16 | {"rows_scanned": SHOP // 10}), found


async def test_posting_one_debit_costs_no_more_than_it_did(customers, database_url):
    async def post(number):
        code = accounts.of_customer(customers[number])
        leg = posting.debit(code, accounts.REVENUE, 100)
        await posting.post_one(posting.Transfer(uuid.uuid4().hex, "spend", (leg,), operator=code))

    for number in range(3):
        await post(number + 100)
    found = await counters.per_operation(database_url, post)
    assert not within(found, POST_ONE | {"rows_scanned": SHOP // 10}), found
