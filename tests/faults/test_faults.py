"""A small campaign among all tests; ``make faults`` runs as many stories as are wanted."""

import asyncio

import pytest

from core import db as database
from sandbox.money import Movement
from tests import factories
from tests.faults import campaign, compare, shop


@pytest.mark.timeout(300)
def test_every_fen_that_the_channels_have_is_credited_sent_back_or_quarantined_once(
    database_url, redis_url, servers, tmp_path
):
    place = shop.Place(database_url, redis_url, servers.postgres)
    report = asyncio.run(campaign.at(tmp_path, place, 20, 7, processes=1, between_blows_s=(1.5, 4.0)))
    assert report.failures == [], str(report)
    assert report.movements > 10 and sum(report.faults.values()) > 20, str(report)


@pytest.mark.broken_books
async def test_a_fen_that_is_missing_here_or_there_is_noticed(db):
    customer = await factories.customer(principal=1_000)
    (paid,) = await db_rows("SELECT payment_no, channel_trade_no FROM payment")
    there = Movement(1, "paid", "wechat_pay", "p1", *paid, 1_000, "")
    assert await compare.failures([there]) == []
    for books in ([], [there, there], [Movement(1, "paid", "wechat_pay", "p1", *paid, 999, "")]):
        assert len(await compare.failures(books)) >= 2, customer


async def db_rows(statement):
    return [tuple(row) for row in await database.fetch(statement)]
