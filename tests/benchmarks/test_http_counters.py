"""What a request costs the database, held from above: more statements, round trips or log than this is a step back.

The bounds are what was counted when they were written. A change that needs more raises one on purpose, with its reason in the
commit; one that needs less lowers it.
"""

from __future__ import annotations

import pytest

from app import config, runtime
from benchmarks import bot_balance, counters, http_doors, http_order, place, seeds
from core import db
from ledger import proof

BALANCE = {"statements": 1, "round_trips": 1, "wal_bytes": 0, "rows_written": 0, "commits": 0}
PAY = {"statements": 1, "round_trips": 1, "wal_bytes": 4_000, "rows_written": 11, "commits": 1}
ORDER = {"statements": 2, "round_trips": 2, "wal_bytes": 6_900, "rows_written": 18, "commits": 1}
"""Three lines, placed and paid at once: one statement prices them, one does the rest."""
QUESTION = {"statements": 2, "round_trips": 2, "wal_bytes": 700, "rows_written": 1, "commits": 1}
"""余额 in the chat: one statement says who asks and what they have, one keeps question and reply."""

SHOP = 2_000
"""Customers and orders; reading a tenth of them to serve one would be a scan."""


@pytest.fixture
async def shop(database_url, redis_url, tmp_path, monkeypatch):
    monkeypatch.setattr("asyncpg.protocol.Protocol", counters.CountedProtocol)
    settings = tmp_path / "config.toml"
    settings.write_text(
        place.settings_toml(database_url, redis_url) + bot_balance.settings_toml(), encoding="utf-8"
    )
    async with runtime.opened(config.load(settings), pool_max=4) as found:
        yield found
        assert not await proof.check()


def within(found: dict[str, float], bounds: dict[str, int]) -> dict[str, float]:
    """What goes beyond its bound."""
    return {name: found[name] for name, most in bounds.items() if found[name] > most}


async def test_requests_cost_no_more_than_they_did(shop, database_url):
    customers = await seeds.customers(SHOP)
    await seeds.fund(customers, principal_fen=5_000_000, bonus_fen=500_000)
    found = await http_doors.balance_counters(database_url, shop, customers[0])
    assert not within(found, BALANCE | {"rows_scanned": SHOP // 10}), found

    people = await bot_balance.followers(customers)
    found = await bot_balance.question_counters(database_url, shop, people)
    assert not within(found, QUESTION | {"rows_scanned": SHOP // 10}), found

    placed = await (await seeds.Shelf.stocked()).orders(customers, SHOP)
    found = await http_doors.pay_counters(database_url, shop, placed)
    assert not within(found, PAY | {"rows_scanned": SHOP // 10}), found

    skus = await http_order.shelves()
    await db.execute("ANALYZE")  # as autovacuum would have, by whom plans made for a few SKUs end
    found = await http_order.order_counters(database_url, shop, customers, skus)
    assert not within(found, ORDER | {"rows_scanned": http_order.SKUS // 10}), found
