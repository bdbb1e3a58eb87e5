"""A small campaign among all tests; ``make message-chaos`` runs as many as are wanted."""

import asyncio

import pytest

from tests.message_chaos import campaign


@pytest.mark.timeout(300)
def test_nobody_is_told_anything_twice_or_at_night_whatever_befalls_the_workers(database_url, redis_url):
    report = asyncio.run(campaign.at(database_url, redis_url, 1, 11, customers=12, steps=5))
    assert report.failures == [], str(report)
    assert sum(report.ends.values()) > 50 and report.accepted > 15 and report.blows["outage"] == 1, str(
        report
    )
