"""A small campaign among all tests; ``make due-chaos`` runs as many as are wanted."""

import asyncio

import pytest

from tests.due_chaos import campaign


@pytest.mark.timeout(300)
def test_every_period_ends_once_whatever_befalls_the_workers(database_url, servers):
    report = asyncio.run(
        campaign.at(database_url, 1, 11, postgres=servers.postgres, customers=10, days=2, blows=6)
    )
    assert report.failures == [], str(report)
    assert report.charged > 10 and report.owed > 10 and sum(report.faults.values()) >= 6, str(report)
